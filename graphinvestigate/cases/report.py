"""The report: a case as one HTML file that opens with no network, and prints."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import networkx as nx
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import linking
from graphinvestigate.cases import questions, summary, telling
from graphinvestigate.cases.defanging import own_domains, teller, told, without_links
from graphinvestigate.cases.dossier import Dossier
from graphinvestigate.files import write_atomic
from graphinvestigate.linking import Entity
from graphinvestigate.views.graph_plot import plot_entity_graph
from graphinvestigate.views.static import Block, Items, Section, Table, page
from graphinvestigate.views.timeline import plot_timeline

TIMED = ("alerts", "incidents", "risk_detections", "risky_users", "sign_ins")
PATH = ("hop", "record_kind", "record_id", "field", "value", "time")
INDICATORS = ("type", "indicator", "verdict", "why", "first_seen", "last_seen", "alerts", "shared")
SIGN_INS = (
    *("created_date_time", "user_principal_name", "ip_address", "location_city", "location_country_or_region"),
    *("app_display_name", "status_error_code", "risk_level_during_sign_in"),
)
DETECTIONS = ("activity_date_time", "user_principal_name", "risk_event_type", "risk_level", "risk_state", "ip_address")
STANDING = ("user_principal_name", "risk_level", "risk_state", "risk_detail", "risk_last_updated_date_time")
REQUESTS = (
    *("resource", "since", "until", "filters_server", "filters_local", "rows_received", "rows_kept"),
    *("requests", "waited_seconds", "complete", "note", "pull_id"),
)
QUESTIONS = "Four questions"
UNFOLDED = ("How it unfolded", "Timeline")
_MOST_ENTITIES, _MOST_STEPS = 50, 200
_MOST_TO_CHECK = 10_000  # requests and files: who checks needs all of them


def write_report(path: str | os.PathLike[str], dossier: Dossier) -> Path:
    """Write a case as one self-contained HTML file.

    Parameters
    ----------
    path : str or path
        The file; an older one is replaced, whole or not at all.
    dossier : Dossier
        From `dossier_of`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OSError
        The file cannot be written there.
    """
    return write_atomic(path, report_html(dossier, sections(dossier)))


def report_html(dossier: Dossier, parts: Sequence[Section]) -> str:
    """Write the page of a dossier and its sections: the same ones give the same bytes."""
    tenants = f"tenant {', '.join(dossier.tenants[:3])}" if dossier.tenants else ""
    return page(title(dossier), parts, generated=dossier.saved, about=tenants)


def title(dossier: Dossier) -> str:
    """The report's heading: the case, and what its tenant is known as; the tenant's id stands below."""
    domains = own_domains(dossier.graph)
    return without_links(f"{dossier.name}{f' · {domains[0]}' if domains else ''}")


def sections(dossier: Dossier) -> list[Section]:
    """The report's sections, in order; those with nothing to say are left out, but for what was not checked.

    None of them has an address that becomes a link; those of the appendix have IP addresses and domains as they are.
    """
    return [*told(_told(dossier), teller(dossier.graph)), *told(_appendix(dossier), without_links)]


def _told(dossier: Dossier) -> list[Section]:
    parts = [
        Section("Summary", telling.opening(dossier)),
        _listed("Findings", telling.findings(dossier)),
        _questions(dossier),
        _unfolded(dossier),
        _path(dossier),
        _graph(dossier),
        _entities(dossier),
        _indicators(dossier),
        _listed("Actions taken in the tenant", _writes(dossier)),
        _listed("Notes", telling.remarks(dossier)),
        Section("Checked, and not checked", [Table(dossier.checklist, ("item", "state", "why", "source"))]),
        _done(dossier),
        *(Section(f"Figure: {name}", [figure]) for name, figure in dossier.figures.items()),
    ]
    return [part for part in parts if part is not None]


def _appendix(dossier: Dossier) -> list[Section]:
    """For who wants to check: every record, every request, every file."""
    return [
        *(Section(f"Appendix: table {name}", [table]) for name, table in dossier.tables.items()),
        *_records(dossier),
        Section("Appendix: requests to Microsoft Graph", [_requests(dossier)]),
        _hashes(dossier),
    ]


def timeline(dossier: Dossier) -> go.Figure:
    """The report's timeline: the incident's alerts and its user's risk detections, by tactic; else all of it."""
    frames = [telling.incident_alerts(dossier)] if "alerts" in dossier.frames else []
    if dossier.incident is None:
        frames = [dossier.frames[name] for name in TIMED if name in dossier.frames]
        return plot_timeline(*frames, lanes="record_kind")
    detections = dossier.frames.get("risk_detections")
    if dossier.user is not None and detections is not None:
        frames.append(detections[detections["user_id"] == dossier.user.key])
    return plot_timeline(*frames, lanes="tactic")


def around(dossier: Dossier) -> nx.MultiDiGraph:
    """The part of the graph that the report draws: the incident, its alerts, whom they name, and the path's nodes."""
    if dossier.incident is None:
        return dossier.graph
    near = set(linking.neighborhood(dossier.graph, dossier.incident, hops=2))
    near |= {node for path in dossier.paths for node in path.nodes}
    return dossier.graph.subgraph(near)


def _listed(name: str, texts: list[str], *, ordered: bool = False) -> Section | None:
    return Section(name, [Items(texts, ordered=ordered)]) if texts else None


def _questions(dossier: Dossier) -> Section | None:
    if dossier.story is None:
        return None
    return Section(QUESTIONS, questions.blocks(dossier.story, dossier.frames, dossier.checklist))


def _unfolded(dossier: Dossier) -> Section | None:
    if not any(name in dossier.frames for name in TIMED):
        return None
    blocks: list[Block] = [timeline(dossier)]
    if dossier.incident is not None and "alerts" in dossier.frames:
        blocks.append(Table(summary.story(dossier, dossier.triage), summary.STORY))
    return Section(UNFOLDED[0] if dossier.incident is not None else UNFOLDED[1], blocks)


def _path(dossier: Dossier) -> Section | None:
    if dossier.user is None or dossier.host is None:
        return None
    name = f"From the {telling.name_of(dossier, dossier.user)} to the {telling.name_of(dossier, dossier.host)}"
    if not dossier.paths:
        return Section(name, [dossier.paths.reason or "no path"])
    first = dossier.paths[0]
    blocks: list[Block] = [Items(first.sentences, ordered=True)]
    blocks.append(Table(first.frame, PATH, "The records and fields behind each hop"))
    for other in dossier.paths[1:]:
        blocks += ["Another way:", Items(other.sentences, ordered=True)]
    return Section(name, blocks)


def _graph(dossier: Dossier) -> Section | None:
    part = around(dossier)
    if not len(part):
        return None
    ends: list[Entity] = [one for one in (dossier.user, dossier.address, dossier.host) if one is not None]
    return Section("Entity graph", [plot_entity_graph(part, highlight=ends)])


def _entities(dossier: Dossier) -> Section | None:
    if not len(dossier.entities):
        return None
    first = dossier.entities.head(_MOST_ENTITIES)
    of = sum(isinstance(node, Entity) for node in dossier.graph)
    words = [f"The first {len(first)} of {of:,} entities; the case's graph has all of them."] if of > len(first) else []
    return Section("Who and what matters, and why", [*words, Table(first, summary.ENTITIES)])


def _indicators(dossier: Dossier) -> Section | None:
    if not len(dossier.indicators):
        return None
    words = (
        "What to look for elsewhere. Everything the alerts name is listed, harmless things too, and what else the "
        "story of the attack takes for the attacker's: see the verdict, why, and what is shared, before blocking. "
        "Written so that nothing turns it into a link."
    )
    warned = [telling.REDACTED] if telling.is_redacted(dossier) else []
    return Section("Indicators", [*warned, words, Table(dossier.indicators, INDICATORS)])


def _writes(dossier: Dossier) -> list[str]:
    if not telling.writes(dossier):
        return [
            "The case holds no change to the tenant. What was changed by other means, or through a client that was not "
            "added to the case, is not known here."
        ]
    return [text for text in telling.steps(dossier) if "wrote to the tenant" in text]


def _records(dossier: Dossier) -> list[Section]:
    parts = []
    if len(dossier.ranking):
        parts.append(Section("Appendix: incidents", [Table(dossier.ranking, summary.INCIDENTS)]))
    if "alerts" in dossier.frames:
        parts.append(Section("Appendix: alerts", [Table(summary.queue(dossier, dossier.triage), summary.TRIAGE)]))
    for name, word, columns, time in (
        ("risk_detections", "risk detections", DETECTIONS, "activity_date_time"),
        ("risky_users", "risky users", STANDING, "risk_last_updated_date_time"),
        ("sign_ins", "sign-ins", SIGN_INS, "created_date_time"),
    ):
        frame = dossier.frames.get(name)
        if frame is not None and len(frame):
            shown = [column for column in columns if column in frame.columns]
            parts.append(Section(f"Appendix: {word}", [Table(frame[shown].sort_values(time, kind="stable"), shown)]))
    for name, frame in dossier.frames.items():
        if name not in TIMED and len(frame):
            shown = [column for column in frame.columns if column not in ("raw", "record_kind")][:8]
            parts.append(Section(f"Appendix: {name.replace('_', ' ')}", [Table(frame, shown)]))
    return parts


def _done(dossier: Dossier) -> Section | None:
    steps = telling.steps(dossier)
    if not steps:
        return None
    earlier = len(steps) - _MOST_STEPS
    words = [f"{earlier:,} earlier steps are not listed here: case.actions has all of them."] if earlier > 0 else []
    return Section("What was done", [*words, Items(steps[-_MOST_STEPS:], ordered=True)])


def _requests(dossier: Dossier) -> Table:
    waited = dossier.coverage["waited_seconds"].round(1)
    return Table(dossier.coverage.assign(waited_seconds=waited), REQUESTS, max_rows=_MOST_TO_CHECK)


def _hashes(dossier: Dossier) -> Section:
    files = pd.DataFrame(
        [(name, entry.size, entry.sha256) for name, entry in sorted(dossier.files.items())],
        columns=["file", "bytes", "SHA-256"],
    )
    tools = ", ".join(f"{name} {version}" for name, version in sorted(dossier.tools.items()))
    words = (
        f"Case {dossier.case_id}. The SHA-256 of the case is {dossier.content_sha256}: graphinvestigate verify prints "
        "it where no file and nothing in the manifest was changed, graphinvestigate replay builds this report anew."
    )
    return Section("Appendix: files and hashes", [words, Table(files, max_rows=_MOST_TO_CHECK), f"Made with {tools}."])
