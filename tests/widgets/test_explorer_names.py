"""The box for names: what the graph knows is selected, what it does not know yet can be asked for."""

from __future__ import annotations

import dataclasses

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.widgets import EntityExplorer
from graphinvestigate.widgets.shown import linked_by


def typed(explorer: EntityExplorer, name: str) -> None:
    """Type into the box and press Enter."""
    explorer._choice.value = name


@pytest.fixture
def client() -> gi.GraphClient:
    """A client of the tenant that the graph comes from."""
    return gi.connect_demo(seed=2, alerts=60)


@pytest.fixture
def user(graph: nx.MultiDiGraph) -> gi.Entity:
    """Somebody whom alerts name, known by object id, with a user principal name."""
    return max((node for node in graph if node.kind == "user"), key=lambda node: (len(linked_by(graph, node)), node))


def name_of(graph: nx.MultiDiGraph, user: gi.Entity) -> str:
    """The user principal name."""
    names = (text.partition("=") for text in graph.nodes[user]["identifiers"])
    return next(value for kind, _, value in names if kind == "upn")


def test_any_name_of_a_node_selects_it(client, graph, user) -> None:
    """Not only what the list offers: an address in capitals or an object id does, too, and the box is empty again."""
    explorer = EntityExplorer(client, graph)
    for name in (name_of(graph, user).upper(), f" {user.key} "):
        explorer.select()
        typed(explorer, name)
        assert explorer._messages.error is None
        assert explorer.selected == user
        assert explorer._choice.value == ""


def test_a_misspelt_name_is_answered(client, graph, user) -> None:
    """The error names what comes close; the name stays in the box to be mended, and nothing has changed."""
    explorer = EntityExplorer(client, graph, selected=user)
    wrong = name_of(graph, user).partition("@")[0][:-1]
    typed(explorer, wrong)
    assert isinstance(explorer._messages.error, gi.EntityNotFoundError)
    assert graph.nodes[user]["label"] in explorer._messages.widget.value
    assert explorer._choice.value == wrong
    assert explorer.selected == user


def test_an_investigation_starts_at_a_name_alone(client, graph, user) -> None:
    """With an empty graph, the button asks for a name: the user is found and selected; code does the same."""
    explorer = EntityExplorer(client, gi.entity_graph(), since=None)
    name = name_of(graph, user)
    typed(explorer, name)
    assert explorer.selected is None
    assert f"{name} is not in this graph yet" in explorer._plan.value
    assert "sign-ins" in explorer._plan.value
    assert not explorer._button.disabled
    explorer._button.click()
    assert explorer._messages.error is None
    assert explorer.selected == user, "known by its object id now"
    assert len(explorer.graph) > 20
    by_code = EntityExplorer(client, gi.entity_graph(), since=None)
    by_code.pivot(name)
    assert by_code.selected == user
    assert set(by_code.graph) == set(explorer.graph)
    assert [{**entry, "at": ""} for entry in by_code.log] == [{**entry, "at": ""} for entry in explorer.log]
    assert f"explorer.pivot(gi.Entity('user', '{name}'), since=None)" in explorer.to_code()
    explorer.undo()
    assert len(explorer.graph) == 0


def test_what_is_selected_meanwhile_is_pivoted_on(client, graph, user) -> None:
    """A stranger named in the box is forgotten with the next selection: the button says whom it asks for."""
    explorer = EntityExplorer(client, graph)
    typed(explorer, "203.0.113.254")
    assert "203.0.113.254" in explorer._button.description
    explorer.select(user)
    assert "203.0.113.254" not in explorer._button.description + explorer._plan.value


def test_a_stranger_whom_nothing_names_leaves_all_as_it_was(client, graph, user) -> None:
    """The pivot says that nothing came, its coverage stands there, and what was selected stays selected."""
    explorer = EntityExplorer(client, graph, selected=user)
    typed(explorer, "203.0.113.254")
    explorer._button.click()
    assert explorer._messages.error is None
    assert "the graph grew by 0 nodes" in explorer._messages.widget.value
    assert "requests asked" in explorer._coverage.value
    assert explorer.selected == user
    assert set(explorer.graph) == set(graph)


def test_text_that_could_be_several_things_is_asked_back(client, graph) -> None:
    """Neither the box nor the method guesses what an unknown name with dots is: the error gives the code for each."""
    explorer = EntityExplorer(client, graph)
    typed(explorer, "nowhere.example")
    assert isinstance(explorer._messages.error, gi.EntityNotFoundError)
    for kind in ("host", "domain"):
        with pytest.raises(gi.EntityNotFoundError, match=f"kind='{kind}', key='nowhere.example'"):
            explorer.pivot("nowhere.example")
    with pytest.raises(gi.EntityNotFoundError):
        explorer.pivot("nobody")


def test_a_path_leads_to_any_name_of_a_node(client, graph, user) -> None:
    """The box for a path's end takes what the list does not offer; what nobody goes by is answered and stays."""
    explorer = EntityExplorer(client, graph)
    host = max((node for node in graph if node.kind == "host"), key=graph.degree)
    explorer.select(user, host)
    bar = explorer._node_bar
    bar.target.value = wrong = name_of(graph, user).partition("@")[0][:-1]
    bar.find.click()
    assert isinstance(explorer._messages.error, gi.EntityNotFoundError)
    assert graph.nodes[user]["label"] in explorer._messages.widget.value
    assert bar.target.value == wrong
    assert explorer._state.paths == (), "it is not taken for the path between the two that are selected"
    explorer.select(host)
    bar.target.value = name_of(graph, user).upper()
    bar.find.click()
    assert explorer._messages.error is None
    assert explorer._state.paths[0][-1] == user
    assert bar.target.value == ""


def test_words_that_were_not_taken_stay_in_the_box(client, graph, user) -> None:
    """When a merge, a split, a name or a note fails, what somebody typed is still there."""
    other = max((node for node in graph if node.kind == "user" and node != user), key=graph.degree)
    explorer = EntityExplorer(client, graph)
    explorer.select(user, other)
    bar = explorer._node_bar
    bar.words.value = "one badge, two names"
    explorer._state = dataclasses.replace(explorer._state, nodes=(), current=None)  # gone before the click arrives
    bar._two = (user, user)
    for press in (bar.merge, bar.split, bar.rename, bar.note):
        press.disabled = False
        press.click()
        assert isinstance(explorer._messages.error, gi.UsageError)
        assert bar.words.value == "one badge, two names"


def test_an_empty_box_takes_no_name_and_no_note_away(client, graph, user) -> None:
    """Pressed by mistake, Rename and Note say what to do; a note that replaces another says what that was."""
    explorer = EntityExplorer(client, graph, selected=user)
    bar = explorer._node_bar
    bar.note.click()
    assert "write the note into the box first" in str(explorer._messages.error)
    bar.words.value = "called the help desk"
    bar.note.click()
    bar.words.value = "VIP"
    bar.rename.click()
    steps = len(explorer.log)
    for press in (bar.note, bar.rename):
        bar.words.value = "  "
        press.click()
        assert "takes away" in str(explorer._messages.error)
    assert (explorer._state.notes[user], explorer._state.names[user]) == ("called the help desk", "VIP")
    assert len(explorer.log) == steps
    bar.words.value = "password reset"
    bar.note.click()
    assert explorer._state.notes[user] == "password reset"
    assert "called the help desk" in explorer._messages.widget.value
    explorer.undo()
    assert explorer._state.notes[user] == "called the help desk"


def test_texts_of_any_length_stay_short_on_the_page(client, graph, user) -> None:
    """Ten thousand letters as a name to look for, or to be called by, make no page of letters."""
    explorer = EntityExplorer(client, graph, selected=user)
    typed(explorer, "x" * 10_000)
    assert len(str(explorer._messages.error)) < 500
    explorer.rename(name="y" * 10_000)
    assert explorer._details.value.count("y") < 300
    assert explorer._button.description.count("y") < 80


def test_an_empty_graph_says_how_to_begin(client) -> None:
    """Nothing can be selected in it: a name typed above starts the pivot."""
    explorer = EntityExplorer(client, gi.entity_graph())
    assert "this graph is empty, so type a name" in explorer._plan.value


def test_what_was_done_to_a_node_stays_with_it_under_its_stronger_key(client, graph, user) -> None:
    """A user known by name alone, then by object id: place, pin, name, note, path and selection go over with them."""
    name = name_of(graph, user)
    log = pd.DataFrame({"when": ["2026-03-14T05:00:00Z"], "who": [name], "from": ["203.0.113.201"]})
    records = gi.map_records(log, kind="vpn_log", time="when", user="who", ip="from")
    weak = gi.Entity("user", name)
    explorer = EntityExplorer(client, gi.entity_graph(records=[records]), since=None)
    assert weak in explorer.graph
    address = next(node for node in explorer.graph if node.kind == "ip")
    explorer.rename(weak, name="the phished one")
    explorer.note(weak, words="called the help desk")
    explorer.pin(weak)
    explorer.find_paths(weak, address)
    explorer.arrange("rings")
    place = explorer._state.positions[weak]
    explorer.hide(address)
    explorer.select(weak)
    explorer.pivot()
    state = explorer._state
    assert weak not in explorer.graph
    assert explorer.selected == user
    assert explorer.notes == {user: "called the help desk"}
    assert state.names == {user: "the phished one"}
    assert state.pinned == {user}
    assert state.hidden == {address}
    assert {way[0] for way in state.paths} == {user}
    assert state.positions[user] == place
    assert explorer._button.disabled, "the window was asked for them"
    explorer.undo()
    assert explorer.notes == {weak: "called the help desk"}
