"""What there is to read in things of every kind: with the fields in which it stands, and as a scan reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.cases.redaction.cases import case_files, case_things
from graphinvestigate.cases.redaction.documents import Taker, gather
from graphinvestigate.cases.redaction.frames import gather_frame, gather_labels
from graphinvestigate.cases.redaction.graphs import gather_graph
from graphinvestigate.cases.saying import Sayings
from graphinvestigate.frames.raw import RawDtype

_ROWS = 10_000


def opened(things: Iterable[Any]) -> Iterator[Any]:
    """Cases as what is in them, everything else as it is."""
    for thing in things:
        if isinstance(thing, Sayings):
            yield from case_things(thing)
        else:
            yield thing


def is_figure(thing: Any) -> bool:
    """Whether it is one of plotly's."""
    return hasattr(thing, "to_plotly_json")


def is_notebook(thing: Any) -> bool:
    """Whether it is one, as JSON or as nbformat has it."""
    return isinstance(thing, dict) and "cells" in thing and "nbformat" in thing


def gather_thing(thing: Any, taker: Taker) -> None:
    """Hand every text that stands in a field to who wants it; what has no fields gives nothing."""
    if isinstance(thing, pd.DataFrame):
        gather_frame(thing, taker)
        gather_labels(thing.index, taker)
    elif isinstance(thing, nx.MultiDiGraph):
        gather_graph(thing, taker)
    elif isinstance(thing, dict | list) and not is_notebook(thing):
        gather(thing, taker)


def as_bytes(thing: Any) -> bytes | Iterable[bytes]:
    """Everything that can be read in a thing, as text; of a case file by file."""
    if isinstance(thing, bytes):
        return thing
    if isinstance(thing, Sayings):
        return case_files(thing)
    if isinstance(thing, str):
        return thing.encode("utf-8", "surrogatepass")
    if isinstance(thing, pd.DataFrame):
        return _frame_texts(thing)
    if isinstance(thing, nx.MultiDiGraph):
        parts = [repr(thing.graph)]
        for node, attrs in thing.nodes(data=True):
            parts += [str(node[1]), *_strings(attrs)]
        for _, _, attrs in thing.edges(data=True):
            parts += _strings(attrs)
        return "\n".join(parts).encode("utf-8", "surrogatepass")
    if is_figure(thing):
        return "\n".join(_strings(json.loads(thing.to_json()))).encode("utf-8", "surrogatepass")
    return "\n".join(_strings(thing)).encode("utf-8", "surrogatepass")


def _frame_texts(frame: pd.DataFrame) -> Iterator[bytes]:
    """The texts of a frame, each once in some thousand rows, and its labels; row numbers name nobody."""
    index = frame.index
    numbered = index.name is None and not isinstance(index, pd.MultiIndex) and index.dtype.kind in "iu"
    labels = [] if numbered else [*map(str, index)]
    yield "\n".join([*labels, repr(frame.attrs)]).encode("utf-8", "surrogatepass")
    for at in range(frame.shape[1]):
        column = frame.iloc[:, [at]]
        step = _ROWS if isinstance(column.dtypes.iloc[0], RawDtype) else max(len(column), 1)
        for start in range(0, len(column), step):
            found: dict[str, None] = {}
            gather_frame(column.iloc[start : start + step], _into(found))
            yield "\n".join(found).encode("utf-8", "surrogatepass")


def _into(found: dict[str, None]) -> Taker:
    return lambda *_: found.setdefault


def names_of_fields(thing: Any) -> Iterator[str]:
    """Names of columns, fields and attributes."""
    if isinstance(thing, pd.DataFrame):
        yield from map(str, thing.columns)
        for column in thing.columns[[isinstance(dtype, RawDtype) for dtype in thing.dtypes]]:
            found: set[str] = set()

            def fields(pairs: list[tuple[str, Any]], put: Callable[..., None] = found.update) -> None:
                put([name for name, _ in pairs])

            for text in thing[column].dropna():
                json.loads(text, object_pairs_hook=fields, parse_int=str)
            yield from sorted(found)
    elif isinstance(thing, nx.MultiDiGraph):
        for attrs in thing.nodes.values():
            yield from names_of_fields(attrs)
    elif isinstance(thing, dict):
        for name, value in thing.items():
            yield str(name)
            yield from names_of_fields(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from names_of_fields(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
    elif value is not None:
        yield str(value)
