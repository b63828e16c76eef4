"""`export_graph`: an entity graph as a file in the format that its name asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import networkx as nx

from graphinvestigate.errors import UsageError
from graphinvestigate.exports.dot import dot
from graphinvestigate.exports.flat import check_graph, flat
from graphinvestigate.exports.json_graphs import node_link
from graphinvestigate.exports.ocsf import ocsf
from graphinvestigate.exports.opengraph import opengraph
from graphinvestigate.exports.places import checked, place
from graphinvestigate.exports.stix import stix
from graphinvestigate.exports.tables import csv_pair
from graphinvestigate.exports.timesketch import timesketch
from graphinvestigate.exports.xml_graphs import gexf, graphml
from graphinvestigate.wanted import takes


class _Format(NamedTuple):
    suffixes: tuple[str, ...]
    write: Callable[[nx.MultiDiGraph], bytes | tuple[bytes, bytes]]


_FORMATS: dict[str, _Format] = {
    "graphml": _Format((".graphml",), lambda g: graphml(flat(g))),
    "gexf": _Format((".gexf",), lambda g: gexf(flat(g))),
    "stix": _Format((".stix.json", ".stix"), stix),
    "opengraph": _Format((".opengraph.json", ".bloodhound.json"), opengraph),
    "ocsf": _Format((".ocsf.jsonl", ".ocsf.json"), ocsf),
    "node_link": _Format((".json",), node_link),
    "csv": _Format((".csv",), lambda g: csv_pair(flat(g))),
    "timesketch": _Format((".jsonl",), timesketch),
    "dot": _Format((".dot", ".gv"), lambda g: dot(flat(g))),
}


@takes
def export_graph(
    g: nx.MultiDiGraph, path: str | os.PathLike[str], *, format: str | None = None, overwrite: bool = False
) -> list[Path]:
    """Write an entity graph for another tool.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph, whole or a part; it is not changed.
    path : path
        The file. Where `format` is not given, the end of its name says it.
    format : str, optional
        ==============  =========================  ==================================================================
        format          ends in                    read by
        ==============  =========================  ==================================================================
        ``graphml``     ``.graphml``               Gephi, yEd, Cytoscape, networkx
        ``gexf``        ``.gexf``                  Gephi, its timeline included
        ``node_link``   ``.json``                  networkx, d3: the one format that keeps everything
        ``csv``         ``.csv``                   spreadsheets, databases: two files, ``…-nodes`` and ``…-edges``
        ``stix``        ``.stix.json``             OpenCTI, MISP, any reader of STIX 2.1
        ``opengraph``   ``.opengraph.json``        BloodHound (kinds ``GI_…``; users meet those that it collected)
        ``ocsf``        ``.ocsf.jsonl``            data lakes and SIEMs: OCSF 1.5 detection findings of alerts and risk
        ``timesketch``  ``.jsonl``                 Timesketch: the records that have a time, as events
        ``dot``         ``.dot``, ``.gv``          Graphviz
        ==============  =========================  ==================================================================
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    list of Path
        The files written, each whole. The same graph gives the same bytes. Times are UTC, in ISO 8601.

    Raises
    ------
    UsageError
        It is no entity graph, the format is unknown, or the path cannot be written safely or is taken.
    OSError
        The disk is full, or writing is not allowed there; nothing is left behind.

    Warns
    -----
    UserWarning
        The format cannot hold something, such as control characters in XML, or records without a time on a timeline;
        it says how much was left out.

    Notes
    -----
    Ids are ``kind:key``. In GraphML, GEXF and CSV lists become JSON and unknown values are absent; only node-link
    JSON has ``observations``, from which `merge_graphs` works. CSV is safe to open in a spreadsheet (see `to_csv`).
    """
    check_graph(g)
    target = Path(checked(path, overwrite=True if format == "csv" or _is_csv(path) else overwrite))
    chosen = _FORMATS[_named(format)] if format is not None else _FORMATS[_of_suffix(target)]
    targets = [target]
    if chosen is _FORMATS["csv"]:
        targets = [
            checked(target.with_name(f"{target.stem}-{part}{target.suffix}"), overwrite=overwrite)
            for part in ("nodes", "edges")
        ]
    contents = _contents(chosen, g)
    return place(list(zip(targets, contents, strict=True)), overwrite=overwrite)


def graph_files(g: nx.MultiDiGraph, name: str, *, format: str) -> list[tuple[str, bytes]]:
    """Give what `export_graph` would write, for those who place it elsewhere, such as a browser that saves it.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it is not changed.
    name : str
        The files' name without its ending.
    format : str
        As in `export_graph`.

    Returns
    -------
    list of (str, bytes)
        Names and contents.

    Raises
    ------
    UsageError
        It is no entity graph, or the format is unknown.
    """
    check_graph(g)
    chosen = _FORMATS[_named(format)]
    ends = ("-nodes", "-edges") if chosen is _FORMATS["csv"] else ("",)
    return [
        (f"{name}{end}{chosen.suffixes[0]}", content) for end, content in zip(ends, _contents(chosen, g), strict=True)
    ]


def _contents(chosen: _Format, g: nx.MultiDiGraph) -> tuple[bytes, ...]:
    written = chosen.write(g)
    return written if isinstance(written, tuple) else (written,)


def _is_csv(path: str | os.PathLike[str]) -> bool:
    return isinstance(path, str | os.PathLike) and str(path).lower().endswith(".csv")


def _named(format: str) -> str:
    if format not in _FORMATS:
        raise UsageError(f"there is no format {format!r}; there are {', '.join(_FORMATS)}.")
    return format


def _of_suffix(path: Path) -> str:
    name = path.name.lower()
    for known, one in _FORMATS.items():  # the longer endings stand before `.json`
        if name.endswith(one.suffixes):
            return known
    endings = ", ".join(suffix for one in _FORMATS.values() for suffix in one.suffixes)
    raise UsageError(f"the name {path.name!r} says no format: end it in one of {endings}, or name one with format=…")
