"""Nodes and times of a large graph in a few buffers: each becomes a Python object when it is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphinvestigate.linking.nodes import Entity, Node, Record

_AT_ONCE = 20_000
NO_MOMENT = int(np.iinfo(np.int64).min)
"""An unknown time; numpy's NaT."""


def in_bytes(texts: Sequence[str]) -> pa.LargeBinaryArray:
    """Return texts as UTF-8, one after the other; halves of surrogate pairs, which JSON may hold, as they are."""
    try:
        return pa.array(texts, pa.large_string()).cast(pa.large_binary())
    except UnicodeEncodeError:
        return pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.large_binary())


def text_in(found: bytes) -> str:
    """Return the text of bytes of `in_bytes`."""
    return found.decode("utf-8", "surrogatepass")


def without_beginning(texts: pa.LargeBinaryArray, size: int) -> pa.LargeBinaryArray:
    """Return texts without their first bytes, which each of them has."""
    _, offsets, data = texts.buffers()
    cuts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    cuts, body = cuts - cuts[0], np.frombuffer(data or b"", np.uint8)[cuts[0] : cuts[-1]]
    kept = np.ones(len(body), np.bool_)
    for place in range(size):
        kept[cuts[:-1] + place] = False
    shorter = cuts - size * np.arange(len(cuts))
    buffers = [None, pa.py_buffer(shorter), pa.py_buffer(body[kept])]
    return pa.Array.from_buffers(pa.large_binary(), len(texts), buffers)


class NodeList(Sequence[Node]):
    """Nodes of a graph in their order: records before entities, by kind and key.

    Parameters
    ----------
    sorts : sequence of (bool, str)
        Whether it is a record, and its kind; in order.
    sort : ndarray of int
        Per node its place in `sorts`, ascending.
    keys : pyarrow.LargeBinaryArray
        Per node its id or key, ascending within a sort.
    """

    def __init__(self, sorts: Sequence[tuple[bool, str]], sort: NDArray[Any], keys: pa.LargeBinaryArray) -> None:
        self.sorts = tuple(sorts)
        self.starts = np.searchsorted(sort, np.arange(len(sorts) + 1))
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, at: int) -> Node: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Node]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return tuple(self[place] for place in range(*at.indices(len(self))))
        place = range(len(self))[at]
        made, kind = self._made(int(np.searchsorted(self.starts, place, side="right")) - 1)
        return made(kind, text_in(self._keys[place].as_py()))

    def __iter__(self) -> Iterator[Node]:
        for number, (first, end) in enumerate(zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)):
            made, kind = self._made(number)
            for begin in range(first, end, _AT_ONCE):
                for key in self._keys[begin : min(begin + _AT_ONCE, end)].to_pylist():
                    yield made(kind, text_in(key))

    def _made(self, number: int) -> tuple[type[Record] | type[Entity], str]:
        is_record, kind = self.sorts[number]
        return (Record if is_record else Entity), kind

    def find(self, kind: str, key: str) -> int | None:
        """Return the place of a node."""
        wanted = key.encode("utf-8", "surrogatepass")
        for number, (_, named) in enumerate(self.sorts):
            if named != kind:
                continue
            low, high = int(self.starts[number]), int(self.starts[number + 1])
            while low < high:
                middle = (low + high) // 2
                if self._keys[middle].as_py() < wanted:
                    low = middle + 1
                else:
                    high = middle
            if low < self.starts[number + 1] and self._keys[low].as_py() == wanted:
                return low
        return None

    def per_node(self, of_sort: Sequence[Any], dtype: Any) -> NDArray[Any]:
        """Return what goes for each sort of node, per node."""
        return np.repeat(np.array(of_sort, dtype), np.diff(self.starts))


class Places(Mapping[Node, int]):
    """From nodes to their places in a `NodeList`."""

    def __init__(self, nodes: NodeList) -> None:
        self._nodes = nodes

    def __getitem__(self, node: Node) -> int:
        found = self._nodes.find(node[0], node[1])
        if found is None:
            raise KeyError(node)
        return found

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)


class Moments(Sequence[str]):
    """Times as ISO texts in UTC, ascending; kept as numbers.

    Parameters
    ----------
    microseconds : ndarray of int64
        Since 1970, UTC.
    """

    def __init__(self, microseconds: NDArray[np.int64]) -> None:
        self.microseconds = microseconds

    def __len__(self) -> int:
        return len(self.microseconds)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return Moments(self.microseconds[at])
        return f"{np.datetime64(int(self.microseconds[at]), 'us')}Z"


def microseconds(texts: Sequence[str | None]) -> NDArray[np.int64]:
    """Read ISO texts in UTC as entity graphs write them; `NO_MOMENT` for None."""
    plain = ["NaT" if text is None else text.removesuffix("Z") for text in texts]
    return np.array(plain, dtype="datetime64[us]").view(np.int64)
