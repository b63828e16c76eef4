"""What the explorer says and hears: kinds by their names, nodes by theirs, and what Enter presses."""

from __future__ import annotations

import re

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.widgets import EntityExplorer
from tests.widgets.test_explorer_actions import most_linked


@pytest.fixture
def explorer(graph: nx.MultiDiGraph) -> EntityExplorer:
    """An explorer with a user selected."""
    return EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, selected=most_linked(graph, "user"), since=None)


def test_each_kind_that_is_not_drawn_is_counted_once_and_by_its_name(explorer: EntityExplorer) -> None:
    """Kinds that share a symbol are still other kinds: none is called "other", and none stands twice."""
    explorer.neighborhood(most_linked(explorer.graph, "ip", 3))
    line = re.search(r"Not drawn yet: ([^<]*)", explorer._left_out.value)[1]
    words = [re.sub(r"^[\d,]+ ", "", one) for one in line.split(", ")]
    assert len(words) == len(set(words)) > 8
    assert not {"other", "others"} & set(words)


def test_a_kind_without_a_symbol_of_its_own_is_called_by_its_name(explorer: EntityExplorer) -> None:
    """A logon or a session is no "other" in the details, on the button, in the log or in the table."""
    explorer.pivot()
    node = next(one for one in sorted(explorer.graph) if one.kind == "identity_logon")
    explorer.select(node)
    assert "<td>identity logon</td>" in explorer._details.value
    assert "select identity logon" in explorer._lines.value
    assert "other" not in {row[1] for row in explorer._entities._rows}


def test_the_log_names_all_that_an_action_was_about(explorer: EntityExplorer) -> None:
    """Both ends of a path are called what people call them, in the log and in the page that is saved; no ids."""
    user, host = explorer.selected, most_linked(explorer.graph, "host")
    explorer.rename(user, name="the patient zero")
    assert explorer.find_paths(user, host)
    name = explorer.graph.nodes[host]["label"]
    assert f"find paths host {name}, with user the patient zero" in explorer._lines.value
    assert user.key not in explorer._lines.value
    page = explorer._texts()["html"]()
    assert "with user the patient zero" in page


def test_a_long_selection_is_one_line_of_the_log(explorer: EntityExplorer) -> None:
    """Of many that were selected at once the log names a few and counts the others."""
    users = sorted(node for node in explorer.graph if node.kind == "user")[:9]
    explorer.select(*users)
    line = explorer._lines.value
    assert line.count("user ") == 4
    assert "and 5 more" in line


def test_enter_in_a_box_presses_one_button(explorer: EntityExplorer) -> None:
    """Each box that Enter works in tells its words before the key does more, and has one button beside it to press."""
    bar = explorer._node_bar
    beside = {}
    for row in bar.widget.children:
        pressed = [one for one in row.children if "gi-default" in getattr(one, "_dom_classes", ())]
        beside |= {box: pressed for box in row.children if box in (bar.words, bar.target)}
    assert beside == {bar.words: [bar.note], bar.target: [bar.find]}
    assert not any(box.continuous_update for box in beside), "letters that are under way would be lost"


def test_the_timeline_counts_in_words_that_wrap(explorer: EntityExplorer) -> None:
    """What the timeline holds stands above it as text, not in the drawing, whose edge would cut it off."""
    explorer.pivot()
    head = explorer.timeline._head.value
    for kind, frame in explorer._state.frames.items():
        assert re.search(rf"\b{len(frame):,} {kind.replace('_', '.')[:5]}", head), kind
    assert "subtitle" not in explorer.timeline._view.figure.replace('"subtitle":{}', "")


def test_a_selected_alert_says_where_a_pivot_may_start(explorer: EntityExplorer) -> None:
    """A record is no start, but it names some: they are said by name, users first."""
    user = explorer.selected
    alert = next(node for node in sorted(nx.all_neighbors(explorer.graph, user)) if node.kind == "alert")
    explorer.select(alert)
    assert explorer._button.disabled
    assert f"the selected alert names user {explorer._state.called(user)}" in explorer._plan.value


def test_a_name_that_is_not_found_leaves_no_other_name_on_the_button(explorer: EntityExplorer) -> None:
    """Whom the box named before is not asked for when the next name is not found: the selected entity is."""
    explorer._choice.value = "nobody@nowhere.example"
    assert "nobody@nowhere.example" in explorer._button.description
    with pytest.raises(gi.EntityNotFoundError):
        explorer._look_up("nob")
    assert "nobody" not in explorer._button.description
    assert explorer._state.called(explorer.selected) in explorer._button.description
