"""What follows from a case's records alone, with no client: entity graph, timeline, report; and hashes of all."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import linking
from graphinvestigate.cases.columns import column_sha256
from graphinvestigate.cases.contents import Contents
from graphinvestigate.cases.dossier import Dossier, dossier_of
from graphinvestigate.cases.graph_json import FILE as GRAPH, graph_pieces
from graphinvestigate.cases.manifest import Manifest
from graphinvestigate.cases.markdown import markdown
from graphinvestigate.cases.records import MAPPED, kind_of
from graphinvestigate.cases.report import UNFOLDED, report_html, sections, timeline, title
from graphinvestigate.files import sha256, sha256_of
from graphinvestigate.views.static import Section, section_html

SETTINGS = ("hubs", "merges", "splits", "tenant")


def graph_of(frames: Mapping[str, pd.DataFrame], *, like: nx.MultiDiGraph | None = None) -> nx.MultiDiGraph:
    """Build the entity graph of a case's records.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By kind; those that `entity_graph` takes are linked.
    like : networkx.MultiDiGraph, optional
        A graph whose own settings hold for this one too: hubs, what was joined and split by hand, its tenant.

    Returns
    -------
    networkx.MultiDiGraph
    """
    takes = set(inspect.signature(linking.entity_graph).parameters)
    settings = {name: like.graph[name] for name in SETTINGS if name in like.graph} if like is not None else {}
    linked: dict[str, Any] = {name: frame for name, frame in frames.items() if name in takes and len(frame)}
    mapped = [frame for frame in frames.values() if len(frame) and kind_of(frame) == MAPPED]
    return linking.entity_graph(**linked, records=mapped, **settings)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A case, built anew.

    Attributes
    ----------
    dossier : Dossier
        With the entity graph as it was saved.
    graph : networkx.MultiDiGraph
        As the records give it.
    timeline : plotly Figure
    sections : list of Section
    report, markdown : str
        The report's HTML, and the ticket's text.
    """

    dossier: Dossier
    graph: nx.MultiDiGraph = field(repr=False)
    timeline: go.Figure = field(repr=False)
    sections: list[Section] = field(repr=False)
    report: str = field(repr=False)
    markdown: str = field(repr=False)


def rebuild(manifest: Manifest, contents: Contents) -> Rebuilt:
    """Build everything anew from a case's files.

    Parameters
    ----------
    manifest : Manifest
    contents : Contents
        As they were read from the files.

    Returns
    -------
    Rebuilt
    """
    dossier = dossier_of(manifest, contents)
    parts = sections(dossier)
    figures = [block for part in parts for block in part.blocks if isinstance(block, go.Figure)]
    return Rebuilt(
        dossier=dossier,
        graph=graph_of(contents.frames, like=contents.graph),
        timeline=figures[0] if any(part.title in UNFOLDED for part in parts) else timeline(dossier),
        sections=parts,
        report=report_html(dossier, parts),
        markdown=markdown(dossier),
    )


def derived(manifest: Manifest, contents: Contents) -> dict[str, Any]:
    """Hash what is built anew: what a replay is compared with.

    Returns
    -------
    dict
        `frames` (per kind `rows` and per column its `dtype` and hash), `graph`, `timeline` and `report` (with one
        hash per section, so that a difference has a place), `markdown`. Of the graph also `file`, the hash of the saved
        one: what that one says beyond the records it said when it was saved.
    """
    built = rebuild(manifest, contents)
    made = hashes(contents.frames, built)
    if GRAPH in manifest.files:
        made["graph"]["file"] = manifest.files[GRAPH].sha256
    return made


def hashes(frames: Mapping[str, pd.DataFrame], built: Rebuilt) -> dict[str, Any]:
    """Hash frames and everything else; `derived` says what comes back."""
    return {
        "frames": {
            name: {
                "rows": len(frame),
                "columns": {str(c): [str(frame[c].dtype), column_sha256(frame[c])] for c in frame.columns},
            }
            for name, frame in frames.items()
        },
        "graph": {
            "sha256": sha256_of(graph_pieces(built.graph)),
            "nodes": built.graph.number_of_nodes(),
            "edges": built.graph.number_of_edges(),
        },
        "timeline": {"sha256": _figure_sha256(built.timeline)},
        "report": {
            "sha256": sha256(built.report),
            "title": title(built.dossier),
            "sections": [[one.title, sha256(section_html(one))] for one in built.sections],
        },
        "markdown": {"sha256": sha256(built.markdown)},
    }


def _figure_sha256(figure: go.Figure) -> str:
    return sha256(json.dumps(json.loads(figure.to_json(engine="json")), sort_keys=True))
