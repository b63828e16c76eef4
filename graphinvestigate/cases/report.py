"""The report: an investigation as one HTML file that opens with no network."""

from __future__ import annotations

import os
from pathlib import Path

import networkx as nx
import plotly.graph_objects as go

from graphinvestigate import linking
from graphinvestigate.cases import summary
from graphinvestigate.files import write_atomic
from graphinvestigate.linking import Entity
from graphinvestigate.views.graph_plot import plot_entity_graph
from graphinvestigate.views.static import Block, Section, Table, page
from graphinvestigate.views.timeline import plot_timeline
from graphinvestigate.walkthrough import Investigation


def write_report(path: str | os.PathLike[str], found: Investigation) -> Path:
    """Write an investigation as one self-contained HTML file.

    Parameters
    ----------
    path : str or path
        The file; an older one is replaced, whole or not at all.
    found : Investigation
        From `walkthrough.investigate`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OSError
        The file cannot be written there.
    """
    target = Path(path)
    title = f"Investigation of tenant {found.tenant_id}"
    write_atomic(target, page(title, sections(found), generated=found.finished))
    return target


def sections(found: Investigation) -> list[Section]:
    """The report's sections, in order."""
    opening: list[Block] = [summary.verdict(found), *summary.pivots(found)]
    parts = [Section("Summary", opening)]
    if found.incident is not None:
        parts += [
            Section("How it unfolded", [_timeline(found), Table(summary.story(found), summary.STORY)]),
            _path_section(found),
            Section("Entity graph", [plot_entity_graph(around(found), highlight=_ends(found))]),
        ]
    else:
        parts.append(Section("Timeline", [_timeline(found)]))
    parts += [
        Section("Who and what matters, and why", [Table(found.entities.head(50), summary.ENTITIES)]),
        Section("Incidents", [Table(found.ranking, summary.INCIDENTS)]),
        Section("Alert queue", [Table(summary.queue(found), summary.TRIAGE)]),
        Section("What was asked, and what came back", [Table(found.coverage, summary.COVERAGE)]),
        Section("Not known", summary.unknowns(found)),
    ]
    return parts


def around(found: Investigation) -> nx.MultiDiGraph:
    """The part of the graph that the report draws: the incident, its alerts, whom they name, and the path's nodes."""
    assert found.incident is not None
    near = set(linking.neighborhood(found.graph, found.incident, hops=2))
    near |= {node for path in found.paths for node in path.nodes}
    return found.graph.subgraph(near)


def _ends(found: Investigation) -> list[Entity]:
    return [entity for entity in (found.user, found.address, found.host) if entity is not None]


def _timeline(found: Investigation) -> go.Figure:
    frames = [summary.incident_alerts(found) if found.incident is not None else found.frames["alerts"]]
    if found.incident is not None and found.pivots and "risk_detections" in found.pivots[0].frames:
        frames.append(found.pivots[0].frames["risk_detections"])
    return plot_timeline(*frames, lanes="tactic")


def _path_section(found: Investigation) -> Section:
    labels = [found.graph.nodes[end]["label"] if end else "?" for end in (found.user, found.host)]
    title = f"From {labels[0]} to {labels[1]}"
    if not found.paths:
        return Section(title, [found.paths.reason or "no path"])
    first = found.paths[0]
    columns = ["hop", "record_kind", "record_id", "field", "value", "time"]
    return Section(title, [*first.sentences, Table(first.frame, columns, "The records and fields behind each hop")])
