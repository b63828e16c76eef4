"""Hubs: what so many share that a way through it says nothing. They are drawn and named, and not walked through."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphinvestigate.errors import EntityNotFoundError, UsageError
from graphinvestigate.linking.explain import node_of
from graphinvestigate.linking.identifiers import ip_text, is_private_ip
from graphinvestigate.linking.index import GraphIndex, Mask, index_of
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Entity, Node
from graphinvestigate.wanted import takes

HUB_COLUMNS = ("kind", "key", "label", "how", "why", "users", "hosts", "ties")
Hubs: TypeAlias = pd.DataFrame | Iterable[Entity | str] | None

_FEWEST, _SHARE = 10, 0.25  # what so many users, and so large a part of them, share is everybody's
_FEWEST_OF_PRINCIPALS = 8  # hosts of one account, accounts of one host
_FEWEST_TIES = 100
_OUTLIER = 3.5 * 1.4826  # deviations, as estimated by the median deviation
_SMALLEST_DEVIATION = 0.3  # in doublings: where most are alike, twice as many is no outlier yet
_MOST_NAMED = 100  # a record that names more than this says little about any of them
_NOT_INNOCENT = frozenset({"attacker", "commandandcontrol"})


class Hub(NamedTuple):
    """Why a node is a hub: ``how`` is listed, named location, private range, shared or degree."""

    how: str
    why: str


@takes
def find_hubs(g: nx.MultiDiGraph, *, hubs: Hubs = None) -> pd.DataFrame:
    """List what is drawn but not walked through, and why.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    hubs : DataFrame or iterable of Entity or str, optional
        More hubs: named locations as `list_named_locations` gives them (the trusted ranges count), or entities,
        names and networks (``203.0.113.0/24``). Those given to `entity_graph` count too.

    Returns
    -------
    DataFrame
        One row per hub: ``kind``, ``key``, ``label``, ``how`` (listed, named location, private range, shared,
        degree), ``why`` (a sentence), ``users`` and ``hosts`` (how many are tied to it, or named beside it by one
        record), ``ties``. Most ties first.

    Raises
    ------
    EntityNotFoundError
        Nothing goes by one of ``hubs``.
    UsageError
        One of them is neither an entity, a name nor a network.

    Notes
    -----
    Shared: at least ten users (or hosts) and a quarter of all, or far more than others of its kind (more than 3.5
    deviations above the median, on a scale of doublings); for an account eight hosts, for a host eight accounts, far
    above the rest. Degree: a hundred ties, far above its kind. What evidence calls an attacker or malicious is no
    hub by numbers: an address that many were attacked from must be walked.
    """
    index = index_of(g)
    found = hubs_of(g, index, hubs)
    users, hosts = spreads(index)
    ties = index.degree()
    rows = [
        (*index.nodes[at], _label(g, index.nodes[at]), *hub, int(users[at]), int(hosts[at]), int(ties[at]))
        for at, hub in sorted(found.items(), key=lambda item: (-int(ties[item[0]]), item[0]))
    ]
    table = pd.DataFrame(rows, columns=list(HUB_COLUMNS))
    for column in HUB_COLUMNS[:5]:
        table[column] = table[column].astype("str")
    for column in HUB_COLUMNS[5:]:
        table[column] = table[column].astype("Int64")
    return table


def hubs_of(g: nx.MultiDiGraph, index: GraphIndex, hubs: Hubs = None) -> dict[int, Hub]:
    """Return the hubs of a graph by their place in its index; given ones come before those that are detected."""
    given = listed(hubs)
    kept = listed(g.graph.get("hubs"))
    key = repr(("hubs", kept, given))
    known: dict[int, Hub] | None = index.known.get(key)
    if known is None:
        of_graph = [_places(g, index, item, missing_is_error=False) for item in kept]
        of_call = [_places(g, index, item, missing_is_error=True) for item in given]
        known = {at: hub for places in (*of_graph, *of_call) for at, hub in places.items()}
        for at, hub in _detected(g, index).items():
            known.setdefault(at, hub)
        index.known[key] = known
    return known


def _places(g: nx.MultiDiGraph, index: GraphIndex, item: dict[str, str], *, missing_is_error: bool) -> dict[int, Hub]:
    """Where one given hub stands in the index; one that a graph was built with need not be in each part of it."""
    if "network" in item:
        network = ipaddress.ip_network(item["network"], strict=False)
        addresses = np.flatnonzero(index.of_kind("ip") & ~index.record).tolist()
        return {at: Hub(item["how"], item["why"]) for at in addresses if _is_within(index.nodes[at][1], network)}
    try:
        node = node_of(g, Entity(item["kind"], item["key"]) if "kind" in item else item["name"])
    except EntityNotFoundError:
        if missing_is_error:
            raise
        return {}
    return {index.place[node]: Hub("listed", "It is listed as a hub.")}


def closed_by(index: GraphIndex, hubs: Iterable[int]) -> Mask:
    """Return the mask of nodes that are not walked through."""
    closed = np.zeros(len(index.nodes), dtype=np.bool_)
    closed[list(hubs)] = True
    return closed


def listed(hubs: Any) -> list[dict[str, str]]:
    """Turn given hubs into plain values that a graph can keep: networks, entities and names.

    Raises
    ------
    UsageError
        A value that is none of them, or a frame that holds no named locations.
    """
    if hubs is None:
        return []
    if isinstance(hubs, pd.DataFrame):
        if {"kind", "key"} <= set(hubs.columns):
            return [{"kind": str(row.kind), "key": str(row.key)} for row in hubs.itertuples()]
        if "ip_ranges" in hubs.columns:
            return [network for row in hubs.itertuples() for network in _trusted(row)]
        raise UsageError("this frame lists no hubs: give named locations, a table of find_hubs, entities or networks")
    if isinstance(hubs, str | Entity):
        hubs = (hubs,)
    return [_one(item) for item in hubs]


def spreads(index: GraphIndex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many users and how many hosts each node meets: tied to it, or named beside it by one record."""
    known: tuple[NDArray[np.int64], NDArray[np.int64]] | None = index.known.get("spreads")
    if known is None:
        known = index.known["spreads"] = (_spread(index, "user"), _spread(index, "host"))
    return known


def _spread(index: GraphIndex, kind: str) -> NDArray[np.int64]:
    size = len(index.nodes)
    principals = np.flatnonzero(index.of_kind(kind) & ~index.record)
    met: list[NDArray[np.int64]] = []
    few = index.record & (index.degree() <= _MOST_NAMED)
    for side in (index.out, index.into):
        near, whose = side.steps(principals)[0], side.owners(principals)
        met.append(near.astype(np.int64) * size + whose)
        through = few[near]
        records, whose = near[through], whose[through]
        for onward in (index.out, index.into):
            far, owners = onward.steps(records)[0], np.repeat(whose, np.diff(onward.start)[records])
            met.append(far.astype(np.int64) * size + owners)
    pairs = np.unique(np.concatenate(met))
    there, who = pairs // size, pairs % size
    return np.bincount(there[there != who], minlength=size)


def _detected(g: nx.MultiDiGraph, index: GraphIndex) -> dict[int, Hub]:
    known: dict[int, Hub] | None = index.known.get("hubs")
    if known is None:
        known = index.known["hubs"] = _private(index) | _by_numbers(g, index)
    return known


def _private(index: GraphIndex) -> dict[int, Hub]:
    why = Hub("private range", "A private address: other machines have it on other networks.")
    addresses = np.flatnonzero(index.of_kind("ip") & ~index.record).tolist()
    return {at: why for at in addresses if is_private_ip(index.nodes[at][1])}


def _by_numbers(g: nx.MultiDiGraph, index: GraphIndex) -> dict[int, Hub]:
    users, hosts = spreads(index)
    ties = index.degree()
    is_user, is_host = (index.of_kind(kind) & ~index.record for kind in ("user", "host"))
    principal = is_user | is_host
    found: dict[int, Hub] = {}
    for spread, every, word in ((users, is_user, "users"), (hosts, is_host, "hosts")):
        total = int(every.sum())
        far = _outliers(index, spread)
        own = np.where(principal, _FEWEST_OF_PRINCIPALS, _FEWEST)
        share = ~principal & (spread >= _SHARE * total)
        counts = ~index.record & ~every & (spread >= own) & (share | far)
        for at in np.flatnonzero(counts).tolist():
            if at not in found or found[at].how != "shared":
                found[at] = Hub("shared", f"{int(spread[at])} of {total} {word} share it.")
    many = ~principal & (ties >= _FEWEST_TIES) & _outliers(index, ties)
    for at in np.flatnonzero(many).tolist():
        kind = kind_word(index.nodes[at].kind)
        found.setdefault(at, Hub("degree", f"{int(ties[at])} ties, far more than any usual {kind}."))
    return {at: hub for at, hub in found.items() if not _accused(g, index.nodes[at])}


def _outliers(index: GraphIndex, values: NDArray[np.int64]) -> Mask:
    """Which nodes have far more than others of their kind; kinds of fewer than five tell nothing."""
    scale = np.log2(1.0 + values)
    far = np.zeros(len(values), dtype=np.bool_)
    for code in range(len(index.kinds)):
        same = index.kind == code
        if int(same.sum()) < 5:
            continue
        middle = float(np.median(scale[same]))
        deviation = max(float(np.median(np.abs(scale[same] - middle))), _SMALLEST_DEVIATION)
        far |= same & (scale > middle + _OUTLIER * deviation)
    return far


def _accused(g: nx.MultiDiGraph, node: Node) -> bool:
    """Whether evidence calls it malicious, or an attacker."""
    for _, _, attrs in g.in_edges(node, data=True):
        roles = {str(role).casefold() for role in attrs.get("roles") or ()}
        if attrs.get("verdict") == "malicious" or roles & _NOT_INNOCENT:
            return True
    return False


def _is_within(key: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        address = ipaddress.ip_address(key)
    except ValueError:
        return False
    return address.version == network.version and address in network


def _one(item: Any) -> dict[str, str]:
    if isinstance(item, Entity):
        return {"kind": item.kind, "key": item.key}
    if isinstance(item, Mapping):  # as a graph keeps it
        return dict(item)
    if not isinstance(item, str):
        raise UsageError(f"hubs= takes entities, names and networks, or a frame of named locations; got {item!r}")
    try:
        return {"network": str(ipaddress.ip_network(item, strict=False)), "how": "listed", "why": "Listed as a hub."}
    except ValueError:
        return {"name": ip_text(item) or item}


def _trusted(row: Any) -> list[dict[str, str]]:
    """The ranges of a trusted named location."""
    ranges = row.ip_ranges
    if isinstance(ranges, str):  # as frames hold it: JSON
        try:
            ranges = json.loads(ranges)
        except ValueError:
            return []
    if row.is_trusted is pd.NA or not row.is_trusted or not isinstance(ranges, list):
        return []
    why = f"In the trusted named location '{row.display_name}'."
    found = []
    for item in ranges:
        text = item.get("cidrAddress") if isinstance(item, Mapping) else item
        try:
            network = ipaddress.ip_network(str(text), strict=False)
        except ValueError:
            continue
        found.append({"network": str(network), "how": "named location", "why": why})
    return found


def _label(g: nx.MultiDiGraph, node: Node) -> str:
    return str(g.nodes[node].get("label") or node[1])
