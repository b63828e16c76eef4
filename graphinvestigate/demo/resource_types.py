"""What a description of a Graph resource consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ALL_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_EQ = frozenset({"eq"})


@dataclass(frozen=True, slots=True)
class Filterable:
    """A property that ``$filter`` takes.

    Parameters
    ----------
    kind : {"string", "time", "int", "bool", "enum"}
        What its values are.
    operators : frozenset of str
        ``eq ne gt ge lt le startswith``, as far as documented.
    enum : str or None
        The enumeration's name, for ``enum``.
    many : bool
        A collection: reached through ``any()`` only.
    loose_gt : bool
        ``gt`` also returns equal values, as observed.
    """

    kind: str
    operators: frozenset[str] = _EQ
    enum: str | None = None
    many: bool = False
    loose_gt: bool = False


@dataclass(frozen=True, slots=True)
class Veil:
    """Where late members of an enumeration stand: under ``key`` of the record, or anywhere within ``under``."""

    key: str
    enum: str
    under: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection of Graph.

    Parameters
    ----------
    path : str
        Path below the version, without the leading slash; ``{id}`` stands for the record it belongs to.
    type_name : str
        Its type, as error messages name it.
    context : str
        What follows ``$metadata#``.
    service : str
        Whose throttling limit it shares.
    permissions : tuple of str
        Application permissions that suffice; `named` is what the 403 names, where that is more.
    properties : frozenset of str
        All properties, as ``$select`` and error messages know them.
    filters : mapping
        What ``$filter`` takes, by path (``status/errorCode``).
    default_top, max_top : int
        Page size without ``$top``, and the largest.
    over_top : {"clamp", "400", "incidents"}
        What a larger ``$top`` leads to.
    options : frozenset of str
        Query options taken on the collection; `one` on a single record.
    ignored : frozenset of str
        Query options that change nothing.
    order_by : frozenset of str
        What ``$orderby`` takes.
    licence : str
        The licence without which Graph refuses, as `Emulator` takes it in ``unlicensed``.
    directory : bool
        A directory object: errors in the directory's words, ``$select`` leaves nothing else, and ``$count`` needs
        ``ConsistencyLevel: eventual``.
    shown : frozenset of str or None
        Properties shown without ``$select``; None shows all.
    keys : tuple of str
        Properties that find a record as its id does, whatever their case; ``deviceId=`` stands before a value that
        only counts when it is named in the path.
    """

    path: str
    type_name: str
    context: str
    service: str
    permissions: tuple[str, ...]
    properties: frozenset[str]
    filters: Mapping[str, Filterable]
    default_top: int
    max_top: int
    over_top: str
    options: frozenset[str]
    one: frozenset[str] = frozenset({"$select"})
    named: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    order_by: frozenset[str] = frozenset()
    expand: frozenset[str] = frozenset()
    veils: tuple[Veil, ...] = ()
    licence: str = ""
    directory: bool = False
    shown: frozenset[str] | None = None
    keys: tuple[str, ...] = ()
