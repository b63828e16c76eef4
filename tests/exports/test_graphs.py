"""Every format is read back by a reader that others wrote, and holds every node, edge and reason."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pydot
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record

SUFFIXES = (".graphml", ".gexf", ".json", ".csv", ".stix.json", ".opengraph.json", ".ocsf.jsonl", ".jsonl", ".dot")


def written(g: nx.MultiDiGraph, folder: Path, suffix: str, **arguments: Any) -> list[Path]:
    """Export, and hear no warning but the one of control characters or timeless records."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(GraphML|GEXF|CSV|BloodHound) cannot hold|.* no time ")
        return gi.export_graph(g, folder / f"graph{suffix}", **arguments)


def read_dot(text: str) -> pydot.Dot:
    """Read DOT with pydot's grammar, which warns of its own calls into its parser."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*deprecated", DeprecationWarning)
        (read,) = pydot.graph_from_dot_data(text)
    return read


def names(g: nx.MultiDiGraph) -> set[str]:
    """All nodes, as exports name them."""
    return {f"{kind}:{key}" for kind, key in g}


def triples(g: nx.MultiDiGraph) -> list[tuple[str, str, str]]:
    """All edges, as exports name them."""
    return sorted((f"{u[0]}:{u[1]}", f"{v[0]}:{v[1]}", relation) for u, v, relation in g.edges(keys=True))


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_networkx_reads_every_node_and_edge(g: nx.MultiDiGraph, tmp_path: Path, suffix: str) -> None:
    """All nodes, edges, labels, counts and references are read back by networkx, as the types they were."""
    (path,) = gi.export_graph(g, tmp_path / f"graph{suffix}")
    read = nx.read_graphml(path, force_multigraph=True) if suffix == ".graphml" else nx.read_gexf(path)
    assert set(read) == names(g)
    relation = "relation" if suffix == ".graphml" else "label"
    assert sorted((u, v, d[relation]) for u, v, d in read.edges(data=True)) == triples(g)
    for node, attrs in g.nodes(data=True):
        got = read.nodes[f"{node[0]}:{node[1]}"]
        assert got["label"] == attrs["label"]
        assert got["key"] == node[1]
        if isinstance(node, Entity):
            assert json.loads(got["identifiers"]) == attrs["identifiers"]
            assert json.loads(got["facts"]) == attrs["facts"]
    for source, target, data in read.edges(data=True):
        u, v = (Entity(*end.split(":", 1)) for end in (source, target))
        expected = g.edges[u, v, data[relation]]
        assert data["count"] == expected["count"]
        assert json.loads(data["references"]) == expected["references"]


def test_node_link_json_keeps_everything(hostile: nx.MultiDiGraph, g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """Node-link JSON gives back every attribute of every node and edge, hostile texts and nested values too."""
    for number, graph in enumerate((hostile, g)):
        (path,) = gi.export_graph(graph, tmp_path / f"{number}.json")
        read = nx.node_link_graph(json.loads(path.read_text("utf-8")), edges="edges")
        assert isinstance(read, nx.MultiDiGraph)
        assert set(read) == names(graph)
        for node, attrs in graph.nodes(data=True):
            expected = {name: value for name, value in attrs.items() if value is not None and name != "id"}
            assert read.nodes[f"{node[0]}:{node[1]}"] == expected | {"kind": node[0], "key": node[1]}
        for u, v, relation, attrs in graph.edges(keys=True, data=True):
            got = read.edges[f"{u[0]}:{u[1]}", f"{v[0]}:{v[1]}", relation]
            assert got == {name: value for name, value in attrs.items() if name != "relation"}


def test_the_csv_pair_holds_both_tables(g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """Two files, nodes and edges; every end of an edge is a node, and every text is what it was."""
    nodes_path, edges_path = gi.export_graph(g, tmp_path / "graph.csv")
    assert [nodes_path.name, edges_path.name] == ["graph-nodes.csv", "graph-edges.csv"]
    nodes, edges = (pd.read_csv(path, keep_default_na=False, dtype=str) for path in (nodes_path, edges_path))
    assert set(nodes["id"]) == names(g)
    assert sorted(edges[["source", "target", "relation"]].itertuples(index=False, name=None)) == triples(g)
    labels = dict(zip(nodes["id"], nodes["label"], strict=True))
    assert all(labels[f"{node[0]}:{node[1]}"].removeprefix("'") == attrs["label"] for node, attrs in g.nodes(data=True))


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_xml_keeps_what_xml_can_hold(hostile: nx.MultiDiGraph, tmp_path: Path, suffix: str) -> None:
    """Tags, quotes, line ends and tabs come back as they were; what XML has no way to write is left out and counted."""
    with pytest.warns(UserWarning, match=r"control character: \d+ characters were left out"):
        (path,) = gi.export_graph(hostile, tmp_path / f"graph{suffix}")
    read = nx.read_graphml(path) if suffix == ".graphml" else nx.read_gexf(path)
    (alert,) = (data for _, data in read.nodes(data=True) if data["kind"] == "alert")
    kept = hostile.nodes[Record("alert", "=1+1")]["label"]
    for gone in "\x00\x0b\x1b\ufffe":
        kept = kept.replace(gone, "")
    assert alert["label"] == kept
    assert json.loads(alert["categories"]) == [
        "Execution",
        hostile.nodes[Record("alert", "=1+1")]["label"].replace("\ufffe", ""),
    ]
    assert alert["count"] == str(2**70)  # no type of the format holds it
    assert alert["ratio"] == 0.5
    assert "updated" not in alert


def test_gexf_says_when(g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """In GEXF nodes and edges begin and end when they were first and last seen, so that Gephi can play them."""
    (path,) = gi.export_graph(g, tmp_path / "graph.gexf")
    read = nx.read_gexf(path)
    assert read.graph["mode"] == "dynamic"
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Entity) and attrs["first_seen"]:
            got = read.nodes[f"{node[0]}:{node[1]}"]
            assert (got["start"], got["end"]) == (attrs["first_seen"], attrs["last_seen"])


def test_dot_is_read_by_graphviz_grammar(hostile: nx.MultiDiGraph, g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """The grammar of pydot reads as many nodes and edges as there are, and no text ends its quotes."""
    for number, graph in enumerate((hostile, nx.MultiDiGraph(g.subgraph(sorted(g)[:60])))):
        (path,) = gi.export_graph(graph, tmp_path / f"{number}.dot")
        read = read_dot(path.read_text("utf-8"))
        drawn = [node for node in read.get_nodes() if node.get_name() not in ("node", "edge")]
        assert len(drawn) == len(graph)
        assert len(read.get_edges()) == graph.number_of_edges()
        keys = {json.loads(node.get("key")) for node in drawn}
        assert {key for _, key in graph if key.isascii() and key.isprintable() and "\\" not in key} <= keys
    text = (tmp_path / "0.dot").read_text("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_graph_gives_the_same_bytes(hostile: nx.MultiDiGraph, tmp_path: Path, suffix: str) -> None:
    """The order in which nodes and edges came, and how often one writes, do not show in the file; the graph stays."""
    other = nx.MultiDiGraph()
    other.add_nodes_from(reversed(list(hostile.nodes(data=True))))
    other.add_edges_from(reversed(list(hostile.edges(keys=True, data=True))))
    before = json.dumps(nx.node_link_data(hostile, edges="edges"), sort_keys=True)
    contents = []
    for number, graph in enumerate((hostile, other, hostile)):
        folder = tmp_path / str(number)
        folder.mkdir()
        contents.append([path.read_bytes() for path in written(graph, folder, suffix)])
    assert contents[0] == contents[1] == contents[2]
    assert json.dumps(nx.node_link_data(hostile, edges="edges"), sort_keys=True) == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_graph_is_a_valid_file(tmp_path: Path, suffix: str) -> None:
    """A graph without nodes gives a file that is read as empty."""
    paths = gi.export_graph(nx.MultiDiGraph(), tmp_path / f"graph{suffix}")
    text = paths[0].read_text("utf-8-sig")
    if suffix == ".graphml":
        assert len(nx.read_graphml(paths[0])) == 0
    elif suffix == ".gexf":
        assert len(nx.read_gexf(paths[0])) == 0
    elif suffix == ".dot":
        assert read_dot(text).get_edges() == []
    elif suffix.endswith(".jsonl"):
        assert text == ""
    elif suffix == ".csv":
        assert text == "id,kind,key,label\n"
    else:
        json.loads(text)


def test_the_name_says_the_format(g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """The end of the name chooses the format, `format` overrules it, and a name that says nothing is refused."""
    (first,) = gi.export_graph(g, tmp_path / "a.stix.json")
    (second,) = gi.export_graph(g, tmp_path / "b.txt", format="stix")
    assert first.read_bytes() == second.read_bytes()
    assert json.loads(gi.export_graph(g, tmp_path / "a.json")[0].read_bytes())["multigraph"] is True
    with pytest.raises(UsageError, match=r"\.graphml.*format="):
        gi.export_graph(g, tmp_path / "graph.txt")
    with pytest.raises(UsageError, match="graphml, gexf"):
        gi.export_graph(g, tmp_path / "graph.graphml", format="visio")
    assert not (tmp_path / "graph.txt").exists()


def test_only_entity_graphs_are_written(tmp_path: Path) -> None:
    """Another graph, or something else, is refused with a word on what is meant."""
    for wrong in (nx.Graph(), nx.MultiDiGraph([("a", "b")]), None):
        with pytest.raises(UsageError, match=r"gi\.entity_graph"):
            gi.export_graph(wrong, tmp_path / "graph.json")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
