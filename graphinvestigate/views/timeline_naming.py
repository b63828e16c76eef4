"""Whom records name: the user or host of each row, for lanes. Alerts that were read before are not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from graphinvestigate.frames import evidence as evidence_of

_NAMED_BY = ("user_account_user_principal_name", "user_account_account_name", "device_dns_name", "host_name")
_SAME = ("pull_id", "last_update_date_time")
"""What tells two copies of an alert apart, besides its id."""
_BREATH = 2_000  # alerts between two breaths: some 30 ms of one core


class Naming:
    """Reads whom alerts name, which takes seconds of a hundred thousand: of a frame that grew it reads what is new."""

    def __init__(self) -> None:
        self._before: tuple[pd.DataFrame, np.ndarray, pd.Series] | None = None

    def know(self, frame: pd.DataFrame, evidence: pd.DataFrame) -> None:
        """Take over what somebody else read of alerts, who needed it too.

        Parameters
        ----------
        frame : DataFrame
            Alerts.
        evidence : DataFrame
            All their evidence, whose ``alert_id`` is each alert's place in `frame`.
        """
        named = _named(evidence).astype({"alert_id": "int64"})
        self._before = (frame, *_paired(named.set_axis(["row", "name"], axis=1), len(frame)))

    def pairs(
        self, kind: str, frame: pd.DataFrame, breathe: Callable[[], object] | None = None
    ) -> tuple[np.ndarray, pd.Series]:
        """Give pairs of row and user or host; rows that name none come once, without a name.

        Parameters
        ----------
        kind : str
            The kind of records.
        frame : DataFrame
        breathe : callable, optional
            Called again and again while alerts are read; once it answers true, they are read without it.

        Returns
        -------
        rows, names : int64 array, Series
            Names are case-folded; named rows come first, each in the order of the frame.
        """
        rows = np.arange(len(frame))
        if kind == "alert" and "evidence" in frame.columns:
            return self._of_alerts(frame, breathe)
        if kind == "evidence":
            return rows, _named(frame, keep_all=True)["name"]
        if "user_principal_name" in frame.columns:
            return rows, frame["user_principal_name"].astype("str").str.casefold()
        return rows, pd.Series([None] * len(frame), dtype="object")

    def _of_alerts(self, frame: pd.DataFrame, breathe: Callable[[], object] | None) -> tuple[np.ndarray, pd.Series]:
        before = self._before
        known = np.full(len(frame), -1, dtype=np.int64) if before is None else _places(frame, before[0])
        new = np.flatnonzero(known < 0)
        at, names = _read(frame if len(new) == len(frame) else frame.iloc[new], breathe)
        at = new[at]
        if before is not None and len(new) < len(frame):
            _, old_at, old_names = before
            moved = np.full(len(before[0]), -1, dtype=np.int64)
            moved[known[known >= 0]] = np.flatnonzero(known >= 0)
            stays = moved[old_at] >= 0
            at = np.concatenate([moved[old_at[stays]], at])
            names = pd.concat([old_names[stays], names], ignore_index=True)
            order = np.lexsort((np.arange(len(at)), at, names.isna().to_numpy()))
            at, names = at[order], names.iloc[order]
        self._before = (frame, at, names)
        return at, names


def _places(frame: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Give where each row of a frame stands in one that was read; -1 for what is another record or another copy."""
    missing = np.full(len(frame), -1, dtype=np.int64)
    told = [name for name in _SAME if name in frame.columns and name in known.columns]
    ids, known_ids = (pd.Index(one["id"].astype("object")) for one in (frame, known))
    if not told or not ids.is_unique or not known_ids.is_unique:
        return missing
    at = known_ids.get_indexer(ids)
    met = np.flatnonzero(at >= 0)
    same = np.ones(len(met), dtype=bool)
    for name in told:
        ours, theirs = frame[name].iloc[met], known[name].iloc[at[met]]
        same &= ours.reset_index(drop=True).eq(theirs.reset_index(drop=True)).fillna(False).to_numpy(dtype=bool)
    missing[met[same]] = at[met[same]]
    return missing


def _read(frame: pd.DataFrame, breathe: Callable[[], object] | None) -> tuple[np.ndarray, pd.Series]:
    rows = np.arange(len(frame))
    if not len(frame):
        return rows, pd.Series([], dtype="object")
    named = pd.concat([_named(evidence_of(part, columns=_NAMED_BY)) for part in _in_parts(frame, breathe)])
    position = pd.Series(rows, index=frame["id"].astype("object").to_numpy())
    position = position[~position.index.duplicated()]
    return _paired(pd.DataFrame({"row": named["alert_id"].map(position), "name": named["name"]}).dropna(), len(frame))


def _paired(pairs: pd.DataFrame, n: int) -> tuple[np.ndarray, pd.Series]:
    """Give each row's names once, in whatever case they are written, then the rows of `n` that have none."""
    rows = np.arange(n)
    pairs = pairs.assign(folded=pairs["name"].str.casefold()).drop_duplicates(["row", "folded"])
    rest = rows[~np.isin(rows, pairs["row"].to_numpy(dtype=np.int64))]
    at = np.concatenate([pairs["row"].to_numpy(dtype=np.int64), rest])
    return at, pd.concat([pairs["folded"].astype("object"), pd.Series([None] * len(rest), dtype="object")])


def _in_parts(frame: pd.DataFrame, breathe: Callable[[], object] | None) -> Iterator[pd.DataFrame]:
    """Give a frame whole; to who breathes, piece by piece with a breath after each, until somebody waits."""
    if breathe is None or len(frame) <= _BREATH:
        yield frame
        return
    for first in range(0, len(frame), _BREATH):
        yield frame.iloc[first : first + _BREATH]
        if breathe() and first + _BREATH < len(frame):  # the rest at once: a whole is read with all cores
            yield frame.iloc[first + _BREATH :]
            return


def _named(evidence: pd.DataFrame, *, keep_all: bool = False) -> pd.DataFrame:
    name = pd.Series(None, index=evidence.index, dtype="object")
    for column in _NAMED_BY:
        if column in evidence.columns:
            name = name.where(name.notna(), evidence[column].astype("object"))
    name = name.where(name.notna(), None)
    table = pd.DataFrame({"alert_id": evidence["alert_id"], "name": name})
    return table if keep_all else table.dropna()
