"""The shared selection: what is selected, in which order, which one is current, and how it came to that."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import graphinvestigate as gi
from graphinvestigate.linking import Entity, Record
from graphinvestigate.widgets import Selection
from graphinvestigate.widgets.selection import replayed

A, B, C = Record("alert", "a"), Entity("user", "b"), Record("alert", "c")
NODES = st.sampled_from([A, B, C, Entity("ip", "203.0.113.7"), Record("sign_in", "s")])
STEPS = st.lists(
    st.tuples(st.sampled_from(["select", "add", "remove", "toggle", "clear", "node", "nodes"]), st.lists(NODES)),
    max_size=12,
)


def act(selection: Selection, step: str, nodes: list) -> None:
    """Do one step to a selection."""
    if step == "toggle":
        for node in nodes:
            selection.toggle(node)
    elif step == "clear":
        selection.clear()
    elif step == "node":
        selection.node = nodes[0] if nodes else None
    elif step == "nodes":
        selection.nodes = nodes
    else:
        getattr(selection, step)(*nodes)


@given(STEPS)
def test_the_current_node_is_one_of_those_selected(steps: list) -> None:
    """Whatever is done: each node once, the current one among them, none only when nothing is selected."""
    selection = Selection()
    for step, nodes in steps:
        act(selection, step, nodes)
        assert len(set(selection.nodes)) == len(selection.nodes)
        assert (selection.node is None) == (selection.nodes == ())
        assert selection.node is None or selection.node in selection.nodes


@given(STEPS)
def test_the_log_leads_to_the_same_selection(steps: list) -> None:
    """What the log says, written as JSON and read again, leads to the same nodes, order and current one."""
    selection = Selection()
    for step, nodes in steps:
        act(selection, step, nodes)
        assert replayed(json.loads(json.dumps(selection.log))) == (selection.nodes, selection.node)


@given(STEPS)
def test_observers_never_see_a_selection_half_done(steps: list) -> None:
    """Whichever trait is observed, nodes and current node belong together, and each change has one edition."""
    selection = Selection()
    seen: list[int] = []

    def look(change) -> None:
        assert selection.node is None or selection.node in selection.nodes
        assert (selection.node is None) == (selection.nodes == ())
        if change["name"] == "edition":
            seen.append(change["new"])

    selection.observe(look, names=["nodes", "node", "edition"])
    for step, nodes in steps:
        act(selection, step, nodes)
    assert seen == list(range(1, len(selection.log) + 1))


def test_order_is_that_of_selecting() -> None:
    """Nodes stand in the order in which they were selected; adding one again makes it current and moves none."""
    selection = Selection()
    selection.select(A, B, A)
    assert selection.nodes == (A, B)
    assert selection.node == B
    selection.add(C, A)
    assert selection.nodes == (A, B, C)
    assert selection.node == A
    selection.remove(A)
    assert (selection.nodes, selection.node) == ((B, C), C)
    selection.select(C, B, current=C)
    assert (selection.nodes, selection.node) == ((C, B), C)


def test_assigning_one_node_selects_just_that() -> None:
    """`node = x` is enough for a widget that knows one node at a time."""
    selection = Selection()
    selection.select(A, B)
    selection.node = C
    assert selection.nodes == (C,)
    assert selection.alert == "c"
    selection.node = None
    assert selection.nodes == ()
    assert selection.alert is None


def test_an_observer_may_select_something_else() -> None:
    """A widget that answers a change with another one has the last word, in nodes, current node and log."""
    selection = Selection()

    def answer(_) -> None:
        if A in selection.nodes:
            selection.select(B, by="answer")

    selection.observe(answer, names="node")
    selection.select(A, C)
    assert (selection.nodes, selection.node) == ((B,), B)
    assert [entry["by"] for entry in selection.log] == ["code", "answer"]
    assert replayed(selection.log) == ((B,), B)


def test_nothing_changed_is_no_entry() -> None:
    """Selecting what is selected already tells nobody and writes nothing."""
    selection = Selection()
    selection.select(A)
    edition = selection.edition
    selection.select(A)
    selection.add(A)
    selection.remove(B)
    assert selection.edition == edition == len(selection.log) == 1


def test_a_log_entry_names_only_what_changed() -> None:
    """Growing a large selection by one writes one id, and the log given out is a copy."""
    selection = Selection()
    selection.select(*(Record("alert", f"a{at}") for at in range(5000)))
    selection.add(B, by="graph")
    entry = selection.log[-1]
    assert entry == {
        "action": "select", "by": "graph", "removed": [], "added": [["entity:user", ["b"]]],
        "current": ["entity:user", "b"], "selected": 5001,
    }  # fmt: skip
    selection.log.clear()
    assert len(selection.log) == 2


def test_only_nodes_can_be_selected() -> None:
    """Text, numbers and pairs that are no nodes are refused in every way of selecting, and nothing changes."""
    selection = Selection()
    selection.select(A)
    for wrong in ("alice", 3, ("user", "x"), [A]):
        for attempt in (
            lambda wrong=wrong: selection.select(wrong),
            lambda wrong=wrong: selection.add(wrong),
            lambda wrong=wrong: setattr(selection, "node", wrong),
        ):
            with pytest.raises(gi.UsageError, match="Entity or a Record"):
                attempt()
    with pytest.raises(gi.UsageError):
        selection.nodes = "alice"
    with pytest.raises(gi.UsageError, match="one of those selected"):
        selection.select(A, current=B)
    assert (selection.nodes, selection.node, selection.edition) == ((A,), A, 1)


def test_a_time_range_is_two_times_with_a_zone() -> None:
    """A range is kept in UTC and logged; a naive, reversed or half one is refused."""
    selection = Selection()
    start, end = pd.Timestamp("2026-03-02T01:00+01:00"), pd.Timestamp("2026-03-03", tz="UTC")
    selection.set_time_range(start, end, by="timeline")
    assert selection.time_range == (pd.Timestamp("2026-03-02", tz="UTC"), end)
    assert selection.log[-1] == {
        "action": "time_range", "by": "timeline",
        "start": "2026-03-02T00:00:00+00:00", "end": "2026-03-03T00:00:00+00:00",
    }  # fmt: skip
    for wrong in ((end, start), (start, None), (pd.Timestamp("2026-03-02"), end), (pd.NaT, end)):
        with pytest.raises(gi.UsageError, match="time range"):
            selection.set_time_range(*wrong)
    selection.time_range = None
    assert [entry["by"] for entry in selection.log] == ["timeline", "code"]
