"""What `stage` gives: a table of changes, a dry run of them, and the real one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from graphinvestigate import text
from graphinvestigate.actions.history import CHANGED, CHANGES, CONFLICT, RESULTS, UNKNOWN, WOULD_CHANGE, shown, table
from graphinvestigate.actions.kinds import REVOKE_PERMISSION, Item
from graphinvestigate.actions.looking import look
from graphinvestigate.actions.sending import Row, Sender
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import UsageError
from graphinvestigate.turns import Turn

_SHOWN_ROWS = 20
_SHOWN = ("record_kind", "id", "label", "field", "before", "after")


class Staged:
    """Changes that are ready to be sent, and are not yet. Made by `stage`; two join with ``+``.

    Attributes
    ----------
    changes : DataFrame
        One row is one change: `record_kind`, `id`, `label`, `field`, its value `before` (as it was read) and
        `after`, and the `permission` that it takes.
    """

    def __init__(self, client: GraphClient, items: Sequence[Item]) -> None:
        self._client = client
        self._items = tuple(items)
        self._done: set[tuple[str, str, str]] = set()
        self._turn = Turn()

    @property
    def changes(self) -> pd.DataFrame:
        """The table of what will change, against the records as they were read."""
        return table((row for item in self._items for row in rows_of(item, item.read)), CHANGES)

    def apply(self, *, dry_run: bool = True, overwrite: bool = False) -> Applied:
        """Look each record up as it stands now, and say what would change; or change it.

        Parameters
        ----------
        dry_run : bool
            Send nothing. Only ``False`` sends, and only then a permission to write is asked for.
        overwrite : bool
            Send also to records that changed since they were read; without it they are reported as conflicts.

        Returns
        -------
        Applied
            ``.results`` has one row per change, with its outcome. Doing it again sends only what was not done.

        Raises
        ------
        UsageError
            `dry_run` or `overwrite` is no bool.
        GraphInvestigateError
            The records could not be looked up at all; nothing was sent.
        """
        if not isinstance(dry_run, bool) or not isinstance(overwrite, bool):
            raise UsageError("apply takes dry_run=True or False, and overwrite=True or False.")
        with Turn() if dry_run else self._turn:  # of two threads the second finds sent what the first one sent
            found = look(self._client, self._items)
            sender = Sender(self._client, self._done, dry_run=dry_run, overwrite=overwrite)
            for item, seen in zip(self._items, found, strict=True):
                sender.take(item, seen, rows_of(item, seen.record))
            return Applied(table(sender.finish(), RESULTS), dry_run=dry_run)

    def __add__(self, other: Staged) -> Staged:
        if not isinstance(other, Staged):
            return NotImplemented
        if other._client is not self._client:
            raise UsageError("These were staged for two clients: apply each by itself.")
        return Staged(self._client, [*self._items, *other._items])

    def __len__(self) -> int:
        return len(self.changes)

    def _headline(self) -> str:
        records = len({(item.kind.name, item.id) for item in self._items})
        told = f"{len(self)} change{'s' * (len(self) != 1)} to {records} record{'s' * (records != 1)}"
        return f"Staged, nothing is sent before .apply(dry_run=False): {told}"

    def __repr__(self) -> str:
        return _plain(self._headline(), self.changes, _SHOWN)

    def _repr_html_(self) -> str:
        return _html(self._headline(), self.changes, _SHOWN)


class Applied:
    """What became of staged changes.

    Attributes
    ----------
    results : DataFrame
        One row is one change, as in `history`: its value `before` (as Graph has it now) and `after`, the `outcome`,
        the `reason`.
    dry_run : bool
        Whether nothing was sent.
    """

    def __init__(self, results: pd.DataFrame, *, dry_run: bool) -> None:
        self.results = results
        self.dry_run = dry_run

    @property
    def conflicts(self) -> pd.DataFrame:
        """The rows of `results` whose record changed since it was read."""
        return self.results[self.results["outcome"] == CONFLICT]

    def _headline(self) -> str:
        counts = self.results["outcome"].value_counts()
        order = sorted(counts.index, key=lambda name: (name not in (CHANGED, WOULD_CHANGE), name == UNKNOWN, name))
        told = ", ".join(f"{counts[name]} {name}" for name in order)
        return f"{'Dry run, nothing was sent' if self.dry_run else 'Applied'}: {told}"

    def __repr__(self) -> str:
        return _plain(self._headline(), self.results, (*_SHOWN, "outcome", "reason"))

    def _repr_html_(self) -> str:
        return _html(self._headline(), self.results, (*_SHOWN, "outcome", "reason"))


def rows_of(item: Item, record: Any) -> list[Row]:
    """One row per change of an item, against the record as it stands."""
    common = {"record_kind": item.kind.name, "id": item.id, "label": item.label}
    rows: list[Row] = [
        {**common, "field": name, "before": shown(there), "after": shown(wanted), "permission": item.kind.write}
        for name, (there, wanted) in item.targets(record).items()
    ]
    if item.comment is not None:
        rows.append(
            {**common, "field": "comment", "before": None, "after": item.comment, "permission": item.kind.write}
        )
    if item.revoke:
        rows.append(
            {**common, "field": "sessions", "before": None, "after": "revoked", "permission": REVOKE_PERMISSION}
        )
    return rows


def _cells(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[list[str]]:
    for row in frame.head(_SHOWN_ROWS)[list(columns)].itertuples(index=False):
        yield [value if isinstance(value, str) else "" for value in row]


def _more(frame: pd.DataFrame) -> str:
    return f"… and {len(frame) - _SHOWN_ROWS} more rows" if len(frame) > _SHOWN_ROWS else ""


def _plain(headline: str, frame: pd.DataFrame, columns: Sequence[str]) -> str:
    lines = [list(columns), *([text.terminal(cell, limit=40) for cell in row] for row in _cells(frame, columns))]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(part for part in (headline, *drawn, _more(frame)) if part)


def _html(headline: str, frame: pd.DataFrame, columns: Sequence[str]) -> str:
    head = "".join(f"<th>{text.html(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{text.html(cell, limit=200)}</td>" for cell in row) + "</tr>"
        for row in _cells(frame, columns)
    )
    more = f"<p>{text.html(_more(frame))}</p>" if _more(frame) else ""
    return f"<p>{text.html(headline)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
