"""The pane beside the drawing: what is known of a node, what others note and keep apart, and what is not listed."""

from __future__ import annotations

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.widgets import node_details as panes
from graphinvestigate.widgets.node_details import link_details, node_details


@pytest.fixture
def user(graph: nx.MultiDiGraph) -> gi.Entity:
    """The user with most neighbours."""
    return max(
        (node for node in graph if node.kind == "user"), key=lambda node: len(set(nx.all_neighbors(graph, node)))
    )


def test_what_was_kept_apart_and_what_others_note_stand_there(graph: nx.MultiDiGraph, user: gi.Entity) -> None:
    """A refused identifier with its reason, and annotations with their source: silence would look like agreement."""
    g = graph.copy()
    assert "Kept apart" not in node_details(g, user)
    assert "Noted by others" not in node_details(g, user)
    g.nodes[user]["refused"] = [{"identifier": "upn=other@contoso.com", "reason": "two object ids contradict"}]
    g.nodes[user]["annotations"] = {"<b>list</b>": {"watched": True}}
    html = node_details(g, user)
    assert "<h4>Kept apart</h4><ul><li>upn=other@contoso.com: two object ids contradict</li></ul>" in html
    assert "<h4>Noted by others</h4><ul><li>watched True (&lt;b&gt;list&lt;/b&gt;)</li></ul>" in html


def test_links_that_are_not_listed_are_counted(
    graph: nx.MultiDiGraph, user: gi.Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten of a node's links have their sentence; how many more there are, and who tells them, is said."""
    n = len(set(nx.all_neighbors(graph, user)) - {user})
    assert n > panes.MOST_LINKS
    assert f"+{n - panes.MOST_LINKS} more links: gi.why" in node_details(graph, user)
    monkeypatch.setattr(panes, "MOST_LINKS", n)
    assert "more links: gi.why" not in node_details(graph, user)


def test_references_that_are_not_listed_are_counted(
    graph: nx.MultiDiGraph, user: gi.Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a link's references the first stand there, and the number of the others."""
    other = max(set(nx.all_neighbors(graph, user)) - {user}, key=lambda node: len(gi.why(graph, user, node)))
    n = len(gi.why(graph, user, other))
    assert "more references" not in link_details(graph, user, other)
    monkeypatch.setattr(panes, "MOST_REASONS", 1)
    assert n > 1
    html = link_details(graph, user, other)
    assert f"Why linked ({n})" in html
    assert f"+{n - 1} more references: gi.why" in html
