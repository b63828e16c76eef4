"""What the panes say about an alert and about a node of the entity graph: HTML with escaped values."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate import linking, text
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.explain import rows_of
from graphinvestigate.views.graph_words import noted
from graphinvestigate.views.style import kind_look, severity
from graphinvestigate.widgets.safe import Safe, join, safe_html

SHAPES = {"high": "◆", "medium": "■", "low": "●", "informational": "○", "none": "-", "unknown": "?"}
MOST_LINKS = 10
MOST_EVIDENCE = 30
_ALERT_FACTS = {
    "status": "Status",
    "service_source": "Source",
    "detection_source": "Detected by",
    "category": "Category",
    "mitre_techniques": "ATT&CK techniques",
    "first_activity_date_time": "First activity",
    "last_activity_date_time": "Last activity",
    "created_date_time": "Created",
    "incident_id": "Incident",
    "classification": "Classification",
    "determination": "Determination",
    "assigned_to": "Assigned to",
    "actor_display_name": "Actor",
    "threat_display_name": "Threat",
    "threat_family_name": "Threat family",
    "id": "Alert id",
}
# What names an evidence item, the most telling first.
NAMING = (
    "process_command_line",
    "image_file_file_name",
    "primary_address",
    "user_account_user_principal_name",
    "user_account_account_name",
    "device_dns_name",
    "host_name",
    "ip_address",
    "file_details_file_name",
    "url",
    "domain_name",
    "subject",
    "display_name",
    "service_principal_name",
    "resource_name",
    "registry_key",
    "name",
    "value",
    "cluster_by_value",
    "account",
    "destination_address",
)
EVIDENCE_COLUMNS = ("evidence_type", "verdict", "roles", *NAMING)
_UNSAID = {
    "kind",
    "label",
    "identifiers",
    "id",
    "title",
    "display_name",
    "severity",
    "read",
    "categories",
    "facts",
    "observations",
    "annotations",
    "refused",
}
_TIMES = {"time", "end_time", "updated", "first_seen", "last_seen"}


def severity_class(value: object) -> str:
    """Give the class that colours a severity."""
    return f"gi-{severity(value)}"


def severity_words(value: object) -> str:
    """Give a severity as shape and word; a word that Graph has since added stays as it came."""
    name = severity(value)
    word = value if isinstance(value, str) and value else "unknown"
    return f"{SHAPES[name]} {word}"


def facts(pairs: Iterable[tuple[str, object]]) -> Safe:
    """List names and values; values that are not known are left out."""
    items = [
        safe_html(
            "<tr><th>{name}</th><td>{value}</td></tr>", name=name, value=value if isinstance(value, Safe) else words
        )
        for name, value in pairs
        if (words := plain(value))
    ]
    return safe_html('<table class="gi-facts">{items}</table>', items=join(items))


def plain(value: Any) -> str:
    """Write one value of a frame or a node as text; unknown is empty."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Iterable):
        return ", ".join(filter(None, map(plain, value)))
    return str(value)


def alert_details(row: pd.DataFrame, evidence: pd.DataFrame) -> Safe:
    """Say what is known of an alert.

    Parameters
    ----------
    row : pandas.DataFrame
        The alert, one row.
    evidence : pandas.DataFrame
        Its evidence, one row per item.

    Returns
    -------
    Safe
        Facts, description, evidence and recommended actions.
    """
    alert = row.iloc[0]
    parts = [
        safe_html("<h3>{title}</h3>", title=plain(alert.get("title")) or "(no title)"),
        _badge(alert.get("severity")),
        facts((name, alert.get(column)) for column, name in _ALERT_FACTS.items()),
    ]
    if description := plain(alert.get("description")):
        parts.append(safe_html("<h4>Description</h4><p>{text}</p>", text=description))
    parts.append(safe_html("<h4>Evidence ({n})</h4>", n=len(evidence)))
    parts.append(_evidence_table(evidence))
    if actions := plain(alert.get("recommended_actions")):
        parts.append(safe_html("<h4>Recommended actions</h4>"))
        lines = [line.strip(" \t\ufffd•-") for line in actions.splitlines()]
        parts.append(_list(line for line in lines if line))
    return join(parts)


def node_details(g: nx.MultiDiGraph, node: Entity | Record, *, called: str = "", note: str = "") -> Safe:
    """Say what is known of a node, and why each of its neighbours is linked to it.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph.
    node : Entity or Record
        One of its nodes.
    called, note : str
        What a user calls it, and wrote about it.

    Returns
    -------
    Safe
        Facts, identifiers and one sentence per link.
    """
    attributes = g.nodes[node]
    known: list[tuple[str, object]] = [("Kind", kind_look(node.kind).word)]
    known += [(_spoken(key), _moment(key, value)) for key, value in attributes.items() if key not in _UNSAID]
    known += [(_spoken(key), value) for key, value in (attributes.get("facts") or {}).items()]
    known.append(("Id" if isinstance(node, Record) else "Key", node[1]))
    own = node_name(g, node)
    parts = [safe_html("<h3>{name}</h3>", name=called or own)]
    if called and called != own:
        known.insert(0, ("In the records", own))
    if note:
        parts.append(safe_html('<p class="gi-note">{note}</p>', note=note))
    if attributes.get("severity"):
        parts.append(_badge(attributes["severity"]))
    parts.append(facts(known))
    if identifiers := attributes.get("identifiers"):
        parts.append(safe_html("<h4>Known by</h4>"))
        parts.append(_list(identifiers))
    if others := noted(attributes):
        parts.append(safe_html("<h4>Noted by others</h4>"))
        parts.append(_list(others))
    if refused := attributes.get("refused"):
        parts.append(safe_html("<h4>Kept apart</h4>"))
        parts.append(_list([f"{one['identifier']}: {one['reason']}" for one in refused]))
    neighbours = set(nx.all_neighbors(g, node)) - {node}
    parts.append(safe_html("<h4>Why linked ({n})</h4>", n=len(neighbours)))
    parts.append(_list(_sentences(g, node, heapq.nsmallest(MOST_LINKS, neighbours))))
    parts.append(_more(len(neighbours) - MOST_LINKS, "links: gi.why(explorer.graph, a, b) explains any of them"))
    return join(parts)


def link_details(g: nx.MultiDiGraph, a: Entity | Record, b: Entity | Record) -> Safe:
    """Say why two nodes are linked: one row per reference.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph.
    a, b : Entity or Record
        Two of its nodes.

    Returns
    -------
    Safe
    """
    reasons = linking.why(g, a, b)
    rows = [
        safe_html(
            "<tr><td>{sentence}</td><td>{kind} {record}<br>{field} = {value}</td><td>{time}</td></tr>",
            sentence=plain(reason["sentence"]),
            kind=kind_look(plain(reason["record_kind"])).word,
            record=plain(reason["record_id"]),
            field=plain(reason["field"]),
            value=plain(reason["value"]),
            time=plain(reason["time"]),
        )
        for _, reason in reasons.head(MOST_EVIDENCE).iterrows()
    ]
    return safe_html(
        '<h3>{a} ↔ {b}</h3><h4>Why linked ({n})</h4><table class="gi-table">'
        "<tr><th>Because</th><th>Record and field</th><th>Time</th></tr>{rows}</table>{more}",
        a=node_name(g, a),
        b=node_name(g, b),
        n=len(reasons),
        rows=join(rows),
        more=_more(len(reasons) - len(rows), "references: gi.why(explorer.graph, a, b) gives them all"),
    )


def node_name(g: nx.MultiDiGraph, node: Entity | Record) -> str:
    """Give what people call a node: its title or label, else its key."""
    attributes = g.nodes[node]
    return str(attributes.get("title") or attributes.get("display_name") or attributes.get("label") or node[1])


def plan(steps: Sequence[tuple[str, str]], *, window: str, done: bool) -> Safe:
    """Say what a pivot will ask, or has asked: names in one line, the whole queries when it is opened.

    Parameters
    ----------
    steps : sequence of (str, str)
        Of each request its name and what it asks, in words.
    window : str
        How far back.
    done : bool
        Whether it was asked already.

    Returns
    -------
    Safe
    """
    return safe_html(
        '<details class="gi-muted"><summary>{verb} ({window}): {names}</summary><ul>{asks}</ul></details>',
        verb="Asked" if done else "Will ask Graph for",
        window=window,
        names=" · ".join(dict.fromkeys(name.partition(":")[0].replace("_", " ") for name, _ in steps)),
        asks=join(safe_html("<li>{ask}</li>", ask=ask) for _, ask in steps),
    )


def coverage_table(coverage: pd.DataFrame) -> Safe:
    """Show what a pivot asked for and what came back."""
    shown = [column for column in coverage.columns if coverage[column].notna().any()]
    head = join(safe_html("<th>{name}</th>", name=column.replace("_", " ")) for column in shown)
    rows = join(
        safe_html("<tr>{cells}</tr>", cells=join(safe_html("<td>{v}</td>", v=plain(row[c])) for c in shown))
        for _, row in coverage.iterrows()
    )
    return safe_html(
        "<details><summary>Coverage of the last pivot: {n} requests asked</summary>"
        '<div style="overflow-x:auto"><table class="gi-table"><tr>{head}</tr>{rows}</table></div></details>',
        n=len(coverage),
        head=head,
        rows=rows,
    )


def step_words(entry: Mapping[str, Any]) -> str:
    """Say one entry of the log.

    Parameters
    ----------
    entry : mapping
        As in ``explorer.log``.

    Returns
    -------
    str
    """
    words = str(entry["action"]).replace("_", " ")
    if entry["action"] in {"undo", "redo"}:
        words += f" {str(entry['of']).replace('_', ' ')}"
    if "kind" in entry:
        words += f" {kind_look(entry['kind']).word} {entry['label']}"
    elif entry.get("label"):
        words += f" {entry['label']}"
    if entry["action"] == "pivot":
        counted = ", ".join(f"{rows} {name.replace('_', ' ')}" for name, rows in entry.get("rows", {}).items())
        outcome = entry.get("error") or f"{counted or 'nothing'}; {entry['new_nodes']} new nodes"
        return f"{words} since {entry['since'] or 'ever'}: {outcome}"
    skipped = {"action", "of", "kind", "key", "label", "identifiers"}
    said = [f"{name.replace('_', ' ')}: {plain(value)}" for name, value in entry.items() if name not in skipped]
    return f"{words} ({'; '.join(said)})" if said else words


def log_lines(log: Sequence[Mapping[str, Any]]) -> Safe:
    """Show what was done, the latest first.

    Parameters
    ----------
    log : sequence of mappings

    Returns
    -------
    Safe
    """
    numbered = list(enumerate(log, start=1))[-300:]
    lines = [safe_html("<div>{n}. {words}</div>", n=n, words=step_words(entry)) for n, entry in reversed(numbered)]
    return safe_html("<details open><summary>Log ({n})</summary>{lines}</details>", n=len(log), lines=join(lines))


def _spoken(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _moment(key: str, value: object) -> object:
    return f"{value[:19].replace('T', ' ')} UTC" if key in _TIMES and isinstance(value, str) else value


def _sentences(g: nx.MultiDiGraph, node: Entity | Record, neighbours: Iterable[Entity | Record]) -> list[str]:
    found = []
    for other in neighbours:
        reasons = first_reason(g, node, other)
        if reasons is not None:
            sentence, n = reasons
            found.append(f"{sentence} (+{n - 1} more references)" if n > 1 else sentence)
    return found


def first_reason(g: nx.MultiDiGraph, a: Entity | Record, b: Entity | Record) -> tuple[str, int] | None:
    """Give the oldest sentence that ``linking.why`` has on a link, and how many there are; None without a link.

    A frame for each of ten links would take longer than all the rest of an action.
    """
    rows = [
        row
        for ends in ((a, b), (b, a))
        for relation, attributes in (g.get_edge_data(*ends) or {}).items()
        for row in rows_of(g, *ends, relation, attributes["references"])
    ]
    if not rows:
        return None
    _, sentence, *_ = min(rows, key=lambda row: (row[-1] is None, *(str(part) for part in (row[-1], *row[2:5]))))
    return sentence, len(rows)


def _badge(value: object) -> Safe:
    word = severity_words(value)
    return safe_html('<p class="gi-sev {name}">{word} severity</p>', name=severity_class(value), word=word)


def _list(items: Iterable[str]) -> Safe:
    return safe_html("<ul>{items}</ul>", items=join(safe_html("<li>{item}</li>", item=item) for item in items))


def _evidence_table(evidence: pd.DataFrame) -> Safe:
    if evidence.empty:
        return safe_html('<p class="gi-muted">{text}</p>', text="Graph names no evidence for this alert.")
    rows = [
        safe_html(
            "<tr><td>{kind}</td><td>{what}</td><td>{verdict}</td></tr>",
            kind=(plain(item.get("evidence_type")) or "unknown").removesuffix("Evidence"),
            what=_what(item),
            verdict=" · ".join(filter(None, [plain(item.get("verdict")), plain(item.get("roles"))])) or "-",
        )
        for _, item in evidence.head(MOST_EVIDENCE).iterrows()
    ]
    return safe_html(
        '<table class="gi-table"><tr><th>Type</th><th>What</th><th>Verdict · roles</th></tr>{rows}</table>{more}',
        rows=join(rows),
        more=_more(len(evidence) - len(rows), "items: gi.evidence(picker.selected) gives them all"),
    )


def _more(n: int, what: str) -> Safe:
    return safe_html('<p class="gi-muted">+{n} more {what}.</p>', n=n, what=what) if n > 0 else Safe("")


def _what(item: pd.Series[Any]) -> str:
    for column in NAMING:
        if words := plain(item.get(column)):
            return text.defang(words) if column == "url" else words
    return "-"
