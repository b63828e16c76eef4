"""The table of entities: what it lists, how it sorts and filters, and that it selects everywhere."""

from __future__ import annotations

import unicodedata
from typing import Any

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.views.style import severity_rank
from graphinvestigate.widgets import EntityExplorer


@pytest.fixture
def explorer(graph: nx.MultiDiGraph) -> EntityExplorer:
    """An explorer of the small tenant."""
    return EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph)


def say(explorer: EntityExplorer, **message: Any) -> None:
    """What the page says of the table."""
    sheet = explorer.entities._grid.widget
    sheet._handle_custom_msg({"version": sheet.version, **message}, [])


def test_it_lists_what_is_drawn_the_gravest_first(explorer: EntityExplorer) -> None:
    """Every drawn entity once, ordered by severity and then by links; what the graph filters away is gone here too."""
    shown, facts = explorer.entities.shown, explorer._state.facts
    assert set(shown) == {node for node in explorer.drawn if isinstance(node, gi.Entity)}
    keys = [(-severity_rank(facts.worst(node)), -len(facts.near(node))) for node in shown]
    assert keys == sorted(keys)
    explorer.filter(kinds_off=["file"])
    assert {node.kind for node in explorer.entities.shown} == {node.kind for node in shown} - {"file"}


@pytest.mark.parametrize("column", ["kind", "name", "links", "first_seen", "last_seen", "severity"])
def test_a_header_sorts_and_turns(explorer: EntityExplorer, column: str) -> None:
    """Pressed twice, a header gives the other direction; rows stay the same rows."""
    header = [one.name for one in explorer.entities._grid.columns].index(column)
    say(explorer, type="sort", column=header)
    first = explorer.entities.shown
    say(explorer, type="sort", column=header)
    second = explorer.entities.shown
    g, facts = explorer.graph, explorer._state.facts
    value = {
        "kind": lambda n: n.kind != "ip" and n.kind,
        "name": lambda n: explorer._state.called(n).casefold(),
        "links": lambda n: len(facts.near(n)),
        "first_seen": lambda n: g.nodes[n].get("first_seen") or "",
        "last_seen": lambda n: g.nodes[n].get("last_seen") or "",
        "severity": lambda n: severity_rank(facts.worst(n)),
    }[column]
    if column != "kind":
        up = [value(node) for node in first]
        assert up in (sorted(up), sorted(up, reverse=True))
        assert [value(node) for node in second] == up[::-1]
    assert set(first) == set(second)
    assert first != second


def test_words_narrow_it_down(explorer: EntityExplorer) -> None:
    """Each word has to occur in kind, name, key, identifiers or note; nothing else changes, and it is no step."""
    user = max((n for n in explorer.graph if n.kind == "user"), key=explorer.graph.degree)
    explorer.note(user, words="Asked for her badge")
    steps, before = len(explorer._history.done), len(explorer.entities.shown)
    explorer.entities.text.value = "USER badge"
    assert explorer.entities.shown == [user]
    assert f"1 of {before} entities shown" in explorer.entities._grid.widget.note
    explorer.entities.text.value = ""
    assert len(explorer.entities.shown) == before
    assert len(explorer._history.done) == steps


def test_rows_select_everywhere(explorer: EntityExplorer) -> None:
    """Click, Ctrl, Shift and Ctrl+A on rows select in the graph; what is selected in the graph is marked here."""
    rows = explorer.entities.shown
    say(explorer, type="pick", how="only", row=3)
    assert explorer.selected == explorer.selection.node == rows[3]
    rows = explorer.entities.shown
    say(explorer, type="pick", how="toggle", row=5)
    assert set(explorer._state.nodes) == {rows[3], rows[5]}
    assert len(explorer._state.nodes) == 2
    say(explorer, type="pick", how="toggle", row=5)
    assert len(explorer._state.nodes) == 1
    say(explorer, type="pick", how="range", row=6, anchor=2)
    assert explorer._state.nodes == (*explorer.entities.shown[2:6], explorer.entities.shown[6])
    say(explorer, type="pick", how="extend", row=9, anchor=8)
    assert len(explorer._state.nodes) == 7
    say(explorer, type="all")
    assert set(explorer._state.nodes) == set(explorer.entities.shown)
    say(explorer, type="none")
    assert explorer.selected is None
    node = explorer.entities.shown[-1]
    explorer.select(node)
    grid = explorer.entities._grid
    assert [explorer.entities._nodes[at] for at in grid._marked.nonzero()[0]] == [node]
    assert grid.widget.cursor == explorer.entities.shown.index(node)


def test_selecting_does_not_send_the_rows_anew(explorer: EntityExplorer) -> None:
    """While the drawing shows the same the grid keeps its place: only marks change."""
    shown = explorer.entities.shown
    explorer.select(shown[0])
    version = explorer.entities._grid.widget.version
    explorer.select(shown[1])
    assert explorer.entities._grid.widget.version == version
    explorer.hide(shown[1])
    assert explorer.entities._grid.widget.version > version


def test_an_unknown_column_is_refused(explorer: EntityExplorer) -> None:
    """It says which there are, and the order stays."""
    before = explorer.entities.shown
    with pytest.raises(gi.UsageError, match="last_seen"):
        explorer.entities.sort("colour")
    assert explorer.entities.shown == before


def test_hostile_names_stay_text(explorer: EntityExplorer) -> None:
    """No invisible character of a name, note or key reaches the page."""
    node = explorer.entities.shown[0]
    explorer.rename(node, name="<b>x</b>\u202egnp.exe\x1b[1m")
    explorer.note(node, words="\u202ea\x07")
    sent: list[Any] = []
    grid = explorer.entities._grid
    grid.widget.send = lambda message, *_: sent.append(message)  # type: ignore[method-assign]
    say(explorer, type="pages", pages=[0])
    words = [cell[0] + cell[2] for page in sent[0]["pages"] for row in page["rows"] for cell in row]
    assert any("<b>x</b>" in one for one in words)
    assert not [c for one in words for c in one if unicodedata.category(c) in {"Cf", "Cc"}]
