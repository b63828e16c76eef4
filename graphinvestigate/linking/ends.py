"""All that edges end at, in buffers: records and identifiers, and the nodes that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphinvestigate.linking.compact import NodeList, in_bytes, text_in, without_beginning
from graphinvestigate.linking.identifiers import BARE_KEYS, RANKED, SCOPED, has_tenant
from graphinvestigate.linking.identity import in_tenant
from graphinvestigate.linking.identity_columns import Known
from graphinvestigate.linking.pools import Codes, joined

Sort = tuple[str, str]
"""Kind and type of an identifier; of a record its kind and no type."""

_FIRST_MARK = 0x100


def mark(sort: int) -> str:
    """Return the character that texts of one sort begin with, so that equal texts of two sorts stay apart."""
    return chr(_FIRST_MARK + sort)


@dataclass(slots=True, eq=False)
class Ends:
    """All that edges may end at, each once: identifiers and records.

    Attributes
    ----------
    sorts : list of (kind, type)
    sort : ndarray of int
        Place of each in `sorts`.
    marked : pyarrow.LargeBinaryArray
        The text of each, behind the character that says its sort.
    """

    sorts: list[Sort]
    sort: NDArray[Any]
    marked: pa.LargeBinaryArray

    def text(self, at: int) -> str:
        """Return the value of an identifier, the id of a record."""
        return text_in(self.marked[at].as_py())[1:]


def domains_in(tenant: str, domains: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Put a tenant in front of short names that have none, and join what is known of it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for before, seen in domains.items():
        name = in_tenant(("short_name", f"{before}/x" if before else "x"), tenant)[1]
        found[name.rpartition("/")[0]] |= seen
    return found


def ends_in(ends: Ends, code: NDArray[Any], tenant: str) -> tuple[Ends, NDArray[Any]]:
    """Put a tenant in front of identifiers that have none and mean something else in another tenant."""
    scoped = np.array([id_type in SCOPED for _, id_type in ends.sorts] or [False], np.bool_)[ends.sort]
    without = [at for at in np.flatnonzero(scoped).tolist() if not has_tenant(ends.text(at))]
    if not without:
        return ends, code
    spelled = []
    for at in without:
        text = text_in(ends.marked[at].as_py())
        spelled.append(text[0] + in_tenant((ends.sorts[ends.sort[at]][1], text[1:]), tenant)[1])
    both = pa.chunked_array([ends.marked, in_bytes(spelled)])
    encoded = pc.dictionary_encode(both).combine_chunks()
    again = encoded.indices.to_numpy()
    onward = again[: len(ends.sort)].copy()
    onward[without] = again[len(ends.sort) :]
    sort = np.zeros(len(encoded.dictionary), np.int16)
    sort[again] = np.concatenate([ends.sort, ends.sort[without]])
    return Ends(ends.sorts, sort, encoded.dictionary), onward[code]


def nodes_of(known: Known, ends: Ends, wanted: Codes) -> tuple[NodeList, Codes]:
    """Return the nodes in order, and for each end that is wanted its place among them.

    Where identifiers of two types spell one key, the weaker says its type.
    """
    keys = _keys(ends, wanted)
    kinds = sorted({(bool(id_type), kind) for kind, id_type in ends.sorts})  # records first
    number = {kind: place for place, kind in enumerate(kinds)}
    of_sort = np.array([number[bool(id_type), kind] for kind, id_type in ends.sorts] or [0], np.int16)
    block = of_sort[ends.sort[wanted]]
    order, twice = _sorted(block, keys)
    if len(twice):
        renamed = {}
        for group in twice:
            for one in sorted(wanted[group].tolist(), key=known.order)[1:]:
                id_type, text = ends.sorts[ends.sort[one]][1], ends.text(one)
                renamed[one] = f"{id_type}={text}".encode("utf-8", "surrogatepass")
        listed = keys.to_pylist()
        for at, one in enumerate(wanted.tolist()):
            if one in renamed:
                listed[at] = renamed[one]
        keys = pa.array(listed, pa.large_binary())
        order, _ = _sorted(block, keys)
    place = np.full(len(ends.sort), -1)
    place[wanted[order]] = np.arange(len(order))
    sorts = [(not is_entity, kind) for is_entity, kind in kinds]
    return NodeList(sorts, block[order], keys.take(pa.array(order))), place


def _keys(ends: Ends, wanted: Codes) -> pa.LargeBinaryArray:
    """Return the id of each record, and the key of each entity: its strongest identifier, with its type or bare."""
    parts, order = [], []
    sort = ends.sort[wanted]
    for number, (kind, id_type) in enumerate(ends.sorts):
        here = np.flatnonzero(sort == number)
        if not len(here):
            continue
        size = len(mark(number).encode())
        texts = without_beginning(ends.marked.take(pa.array(wanted[here])), size)
        if id_type and not (kind in BARE_KEYS and id_type in RANKED[kind]):
            named = pa.scalar(f"{id_type}=".encode("utf-8", "surrogatepass"), pa.large_binary())
            texts = pc.binary_join_element_wise(named, texts, pa.scalar(b"", pa.large_binary()))
        parts.append(texts)
        order.append(here)
    if not parts:
        return pa.array([], pa.large_binary())
    back = np.empty(len(wanted), np.int64)
    back[np.concatenate(order)] = np.arange(len(wanted))
    return pa.chunked_array(parts, pa.large_binary()).combine_chunks().take(pa.array(back))


def _sorted(block: NDArray[Any], keys: pa.LargeBinaryArray) -> tuple[Codes, list[Codes]]:
    """Return the order by block and key, and the groups that are equal in both."""
    found, twice = [], []
    for number in np.unique(block).tolist():
        here = np.flatnonzero(block == number)
        own = keys.take(pa.array(here))
        order = pc.sort_indices(own).to_numpy().astype(np.int64)
        found.append(here[order])
        if len(order) > 1:
            own = own.take(pa.array(order))
            same = pc.equal(own[1:], own[:-1]).to_numpy(zero_copy_only=False)
            if same.any():
                runs = np.split(here[order], np.flatnonzero(~same) + 1)
                twice += [run for run in runs if len(run) > 1]
    return joined(found), twice
