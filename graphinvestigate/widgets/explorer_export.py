"""What an explorer shows as one page that needs neither kernel nor network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from graphinvestigate import linking
from graphinvestigate.linking import Entity
from graphinvestigate.views.graph_plot import figure_of
from graphinvestigate.views.static import Section, Table, page
from graphinvestigate.views.timeline import plot_timeline
from graphinvestigate.widgets.canvas import within
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.step_words import step_words


def page_of(state: State, kinds: Mapping[str, int], log: Sequence[Mapping[str, Any]]) -> str:
    """Write the page.

    Parameters
    ----------
    state : State
    kinds : mapping of str to int
        How many nodes of each kind the whole graph holds.
    log : sequence of mappings
        What was done.

    Returns
    -------
    str
        HTML with the graph as it is drawn, the timeline, the entities shown, paths, notes and the log.
    """
    frames = [within(frame, state.filters.since, state.filters.until) for frame in state.frames.values()]
    sections = [
        Section("Entity graph", [figure_of(state.model(kinds, (900, 560)))]),
        Section("Timeline", [plot_timeline(*frames, lanes="record_kind")]),
        *_paths(state),
        Section("Entities shown", [_entities(state)]),
    ]
    rows = [(node.kind, state.called(node), words) for node, words in state.notes.items()]
    rows += [(n.kind, state.called(n), one.text) for n, notes in state.case_notes.on.items() for one in notes]
    for pair, notes in state.case_notes.links.items():
        rows += [("link", " ↔ ".join(state.called(end) for end in sorted(pair)), one.text) for one in notes]
    rows += [("case", "", one.text) for one in state.case_notes.elsewhere]
    if rows:
        sections.append(Section("Notes", [pd.DataFrame(rows, columns=["kind", "name", "note"])]))
    if state.coverage is not None:
        sections.append(Section("Coverage of the last pivot", [state.coverage]))
    steps = [
        (n, str(entry.get("at", ""))[:19].replace("T", " "), step_words(entry, state.called_by_key))
        for n, entry in enumerate(log, start=1)
    ]
    done = pd.DataFrame(steps, columns=["step", "when, UTC", "what"])
    sections.append(Section("What was done", [done]))
    return page("Investigation", sections)


def _paths(state: State) -> list[Section]:
    sections = []
    for number, way in enumerate(state.paths, start=1):
        rows = [linking.why(state.graph, a, b).head(1) for a, b in pairwise(way)]
        frame = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
        title = f"Path {number} from {state.called(way[0])} to {state.called(way[-1])}"
        sections.append(Section(title, [Table(frame, ["sentence", "record_kind", "record_id", "field", "time"])]))
    return sections


def _entities(state: State) -> pd.DataFrame:
    shown = [node for node in state.positions if isinstance(node, Entity)]
    table = linking.entities(state.graph.subgraph(state.positions))
    names = {tuple(node): state.called(node) for node in shown}
    table["label"] = [names[key] for key in zip(table["kind"], table["key"], strict=True)]
    columns = ["kind", "label", "key", "alerts", "max_severity", "risk_level", "first_seen", "last_seen", "why"]
    return table[columns]
