"""What is selected, shared by the widgets of one investigation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

import pandas as pd
import traitlets

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.turns import each_in_turn
from graphinvestigate.widgets.controls import turn_of

Node: TypeAlias = Entity | Record
Span: TypeAlias = tuple[pd.Timestamp, pd.Timestamp]


@each_in_turn(turn_of)
class Selection(traitlets.HasTraits):
    """What is selected now: entities and records such as alerts, one of them current; and a time range.

    Widgets that share one selection follow each other: each says with :meth:`select` and its like what its user
    selects, and observes ``edition`` for what the others do. `nodes` and `node` always change together, and
    `edition` after both.

    Attributes
    ----------
    nodes : tuple of Entity or Record
        What is selected, each once, in the order in which it was; assigning selects just these.
    node : Entity, Record or None
        The current one, which details are about: one of `nodes`, None when nothing is selected. Assigning selects
        just this one.
    time_range : (pandas.Timestamp, pandas.Timestamp) or None
        From when to when (UTC) views that follow it show something; None is all of time.
    edition : int
        Grows with every change of `nodes` or `node`.
    label_of : callable or None
        How a view that holds the graph calls a node: for views that know it by its key alone. It gives None for a
        node that it does not know.
    """

    nodes = traitlets.Any(default_value=(), help="Entities and Records, each once")
    node = traitlets.Any(default_value=None, allow_none=True, help="Entity, Record or None")
    time_range = traitlets.Any(default_value=None, allow_none=True, help="start and end, UTC, or None")
    edition = traitlets.Int(0)

    def __init__(self) -> None:
        self._kept: tuple[tuple[Node, ...], Node | None] = ((), None)
        self._log: list[dict[str, Any]] = []
        self._by = "code"
        self.label_of: Callable[[Node], str | None] | None = None
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        with turn_of(self):
            super().__setattr__(name, value)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every change, oldest first, as plain values: a copy.

        A change of what is selected has ``action`` (select), ``by`` (which widget, or code), ``removed`` and
        ``added`` (ids per run of one kind, in order), ``current`` and ``selected`` (how many are, afterwards);
        :func:`replayed` gives back what they lead to. A change of the time range has ``start`` and ``end``; what else a
        widget did has what it gave to :meth:`note`.
        """
        return [dict(entry) for entry in self._log]

    @property
    def alert(self) -> str | None:
        """The id of the current node, if that is an alert."""
        node = self.node
        return node.id if isinstance(node, Record) and node.kind == "alert" else None

    def label(self, node: Node) -> str:
        """Give what a node is called: its label where a view knows it, else its key or id."""
        return (self.label_of and self.label_of(node)) or node[1]

    def select(self, *nodes: Node, current: Node | None = None, by: str = "code") -> None:
        """Select these and nothing else.

        Parameters
        ----------
        *nodes : Entity or Record
            What to select, in this order; what is named twice is selected once. None of them clears.
        current : Entity or Record, optional
            Which of them is the current one; the last if not given.
        by : str
            Who selects: for the log.

        Raises
        ------
        UsageError
            One of them is neither, or `current` is none of them.
        """
        chosen = tuple(dict.fromkeys(_checked(nodes)))
        if current is None:
            current = chosen[-1] if chosen else None
        elif current not in chosen:
            raise UsageError(f"the current node is one of those selected; {current!r:.80} is not")
        if (chosen, current) != self._kept:
            self._become(chosen, current, by)

    def add(self, *nodes: Node, by: str = "code") -> None:
        """Select these too; the last of them becomes the current one."""
        if nodes:
            self.select(*self.nodes, *nodes, current=nodes[-1], by=by)

    def remove(self, *nodes: Node, by: str = "code") -> None:
        """Select these no longer; if the current one goes, the last that stays becomes current."""
        gone = set(_checked(nodes))
        kept = [node for node in self.nodes if node not in gone]
        self.select(*kept, current=None if self.node in gone or not kept else self.node, by=by)

    def toggle(self, node: Node, *, by: str = "code") -> None:
        """Select this too, or no longer."""
        (self.remove if node in self.nodes else self.add)(node, by=by)

    def clear(self, *, by: str = "code") -> None:
        """Select nothing."""
        self.select(by=by)

    def set_time_range(self, start: datetime | str | None, end: datetime | str | None, *, by: str = "code") -> None:
        """Set from when to when views that follow show something.

        Parameters
        ----------
        start, end : aware datetime, ISO text with its zone, or None
            Both, or neither for all of time.
        by : str
            Who does: for the log.

        Raises
        ------
        UsageError
            Only one is given, one has no time zone, or the end is before the start.
        """
        self._by = by
        try:
            self.time_range = None if start is None and end is None else (start, end)
        finally:
            self._by = "code"

    def note(self, action: str, *, by: str, **values: Any) -> None:
        """Write into the log what a user did that selects nothing, such as filtering; `values` are plain."""
        self._log.append({"action": action, "by": by, **values})

    # ---- how traits stay together ---------------------------------------------------------------------------

    def _become(self, nodes: tuple[Node, ...], node: Node | None, by: str) -> None:
        self._log.append(_entry(self._kept[0], nodes, node, by))
        self._kept = (nodes, node)
        with self.hold_trait_notifications():
            self.nodes, self.node = nodes, node
            self.edition += 1

    @traitlets.validate("nodes")
    def _each_a_node_once(self, proposal: dict[str, Any]) -> tuple[Node, ...]:
        if proposal["value"] is self._kept[0]:  # they were looked at when they were selected
            return self._kept[0]
        return tuple(dict.fromkeys(_checked(proposal["value"])))

    @traitlets.validate("node")
    def _a_node_or_none(self, proposal: dict[str, Any]) -> Node | None:
        node = proposal["value"]
        if node is not None:
            _checked([node])
        return node

    @traitlets.validate("time_range")
    def _two_times(self, proposal: dict[str, Any]) -> Span | None:
        return _span(proposal["value"])

    # These run before any widget's observer: what was assigned to one trait holds in the other before others look.
    @traitlets.observe("nodes")
    def _nodes_assigned(self, _: Any) -> None:
        if self.nodes != self._kept[0]:
            self.select(*self.nodes)

    @traitlets.observe("node")
    def _node_assigned(self, _: Any) -> None:
        if self.node != self._kept[1]:
            self.select(*() if self.node is None else (self.node,))

    @traitlets.observe("time_range")
    def _time_range_assigned(self, _: Any) -> None:
        start, end = (time.isoformat() for time in self.time_range) if self.time_range else (None, None)
        self._log.append({"action": "time_range", "by": self._by, "start": start, "end": end})

    def __repr__(self) -> str:
        if len(self.nodes) > 1:
            return f"Selection({len(self.nodes)} nodes, current {self.node!r})"
        return f"Selection({self.node!r})"


def replayed(log: Iterable[dict[str, Any]]) -> tuple[tuple[Node, ...], Node | None]:
    """Give what is selected after the changes of a log.

    Parameters
    ----------
    log : iterable of dict
        As in ``Selection.log``, also after a trip through JSON.

    Returns
    -------
    nodes : tuple of Entity or Record
    node : Entity, Record or None
    """
    nodes: dict[Node, None] = {}
    node = None
    for entry in log:
        if entry["action"] != "select":
            continue
        for gone in _unpacked(entry["removed"]):
            del nodes[gone]
        nodes |= dict.fromkeys(_unpacked(entry["added"]))
        node = None if entry["current"] is None else next(_unpacked([(entry["current"][0], [entry["current"][1]])]))
    return tuple(nodes), node


def _entry(before: tuple[Node, ...], after: tuple[Node, ...], node: Node | None, by: str) -> dict[str, Any]:
    stays = set(after) if before else set()
    was = set(before) if after else set()
    kept = tuple(one for one in before if one in stays)
    if after[: len(kept)] == kept:
        gone, new = [one for one in before if one not in stays], [one for one in after if one not in was]
    else:  # the order changed: only all of it says how
        gone, new = list(before), list(after)
    return {
        "action": "select",
        "by": by,
        "removed": _packed(gone),
        "added": _packed(new),
        "current": None if node is None else [_named(node), node[1]],
        "selected": len(after),
    }


def _named(node: Node) -> str:
    """Name a node's kind; a record's with a mark, for kinds that Graph might yet give to both."""
    return f"{'record' if isinstance(node, Record) else 'entity'}:{node.kind}"


def _packed(nodes: Sequence[Node]) -> list[list[Any]]:
    """Write nodes as plain values, each kind once per run: a hundred thousand ids are no hundred thousand lists."""
    if len({(node.__class__, node[0]) for node in nodes}) == 1:
        return [[_named(nodes[0]), [node[1] for node in nodes]]]
    return [[kind, [node[1] for node in run]] for kind, run in groupby(nodes, _named)]


def _unpacked(runs: Iterable[Sequence[Any]]) -> Iterator[Any]:
    for named, ids in runs:
        what, _, kind = named.partition(":")
        make = Record if what == "record" else Entity
        yield from (make(kind, key) for key in ids)


def _checked(nodes: Iterable[Any]) -> list[Node]:
    if isinstance(nodes, (Entity, Record, str)):  # each of them could be iterated, and none is meant to be
        nodes = [nodes]
    checked = list(nodes)
    for node in checked:
        if not isinstance(node, (Entity, Record)):
            raise UsageError(f"only an Entity or a Record can be selected, not {type(node).__name__}: {node!r:.80}")
    return checked


def _span(value: Any) -> Span | None:
    if value is None:
        return None
    form = "a time range is None or two datetimes with a zone, the earlier first"
    try:
        start, end = (pd.Timestamp(time) for time in value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{form}; not {value!r:.80}") from error
    if start is pd.NaT or end is pd.NaT or start.tzinfo is None or end.tzinfo is None or end < start:
        raise UsageError(f"{form}; not {value!r:.80}")
    return start.tz_convert("UTC"), end.tz_convert("UTC")
