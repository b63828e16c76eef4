"""Who and what the evidence of each alert names: for the queue's column, its filters and its search."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from graphinvestigate.frames import evidence as evidence_of
from graphinvestigate.views.tables import IMPACTED
from graphinvestigate.views.timeline_naming import Naming
from graphinvestigate.widgets.alert_details import NAMING

MOST_NAMES = 3
# Whom and what alerts hit, as the queue lists them; then addresses, which it can be filtered by as well.
_ENTITIES = (*IMPACTED, ("ipEvidence", ("ip_address",)))
_COLUMNS = sorted({*NAMING, *(name for _, names in _ENTITIES for name in names)})
_REST = len(_ENTITIES)


class Names:
    """Names per alert, in the order of their weight.

    Parameters
    ----------
    alerts : pandas.DataFrame
        One row per alert.

    Attributes
    ----------
    shown, folded : object arrays of shape (names,)
        Each name as it was written first, and without case.
    first : int64 array of shape (alerts + 1,)
        Where the names of each alert begin.
    whom : Naming
        Whom each alert names, for lanes of a timeline.
    code, rank : int32 and int8 arrays
        Names of alerts: place in `shown`; what it is: impacted, an address, or only mentioned.
    """

    def __init__(self, alerts: pd.DataFrame) -> None:
        # Numbered instead of called by their ids, which may be missing or those of another tenant's alert.
        numbered = alerts.assign(id=np.arange(len(alerts)))
        evidence = evidence_of(numbered, columns=_COLUMNS)
        self.whom = Naming()  # a timeline of these alerts has lanes for whom they name
        self.whom.know(alerts, evidence)
        at, text, rank = _mentions(evidence)
        self.code, self.folded = _factorized(text.str.casefold())
        first_written = np.zeros(len(self.folded), dtype=np.int64)
        first_written[self.code[::-1]] = np.arange(len(text))[::-1]
        self.shown = text.to_numpy(dtype=object)[first_written]
        order = np.lexsort((np.arange(len(at)), rank, at))
        at, self.code, self.rank = at[order], self.code[order], rank[order]
        new = _new_pairs(at, self.code)
        at, self.code, self.rank = at[new], self.code[new], self.rank[new]
        self.first = np.searchsorted(at, np.arange(len(alerts) + 1))
        self.at = at

    def of(self, alert: int) -> list[str]:
        """Give whom and what an alert hit."""
        rows = slice(self.first[alert], self.first[alert + 1])
        return self.shown[self.code[rows][self.rank[rows] < _REST - 1]].tolist()

    def words(self, alert: int) -> str:
        """Give the same in words: at most three names, then how many more."""
        names = self.of(alert)
        more = f" +{len(names) - MOST_NAMES}" if len(names) > MOST_NAMES else ""
        return ", ".join(names[:MOST_NAMES]) + more

    def leading(self) -> np.ndarray:
        """Give each alert's place in the order of first names; those of no name have -1."""
        place = np.empty(len(self.folded), dtype=np.int64)
        place[np.argsort(self.folded.astype(str), kind="stable")] = np.arange(len(self.folded))
        start = self.first[:-1]
        some = start < self.first[1:]
        some[some] = self.rank[start[some]] < _REST - 1
        leading = np.full(len(start), -1, dtype=np.int64)
        leading[some] = place[self.code[start[some]]]
        return leading

    def naming(self, names: Collection[str]) -> np.ndarray:
        """Tell which alerts name one of these entities, in whatever case."""
        wanted = np.isin(self.folded, [name.casefold() for name in names])
        return self._mask(wanted[self.code] & (self.rank < _REST))

    def saying(self, word: str) -> np.ndarray:
        """Tell which alerts have a word in anything that their evidence names; the word is case-folded."""
        wanted = np.fromiter((word in name for name in self.folded), dtype=bool, count=len(self.folded))
        return self._mask(wanted[self.code])

    def counts(self, among: np.ndarray) -> np.ndarray:
        """Count for each name the alerts among these that it can be filtered by."""
        kept = among[self.at] & (self.rank < _REST)
        return np.bincount(self.code[kept], minlength=len(self.folded))

    def entities(self) -> np.ndarray:
        """Give the places of the names that can be filtered by."""
        return np.unique(self.code[self.rank < _REST])

    def _mask(self, mentions: np.ndarray) -> np.ndarray:
        mask = np.zeros(len(self.first) - 1, dtype=bool)
        mask[self.at[mentions]] = True
        return mask


def _mentions(evidence: pd.DataFrame) -> tuple[np.ndarray, pd.Series[str], np.ndarray]:
    """Give what every item of evidence says: the alert, the text, and its rank."""
    alert = evidence["alert_id"].to_numpy(dtype=np.int64)
    kinds = evidence["evidence_type"]
    at, texts, ranks = [np.empty(0, np.int64)], [pd.Series([], dtype="str")], [np.empty(0, np.int8)]

    def keep(rows: np.ndarray, values: pd.Series[str], rank: int) -> None:
        known = (values.notna() & (values != "")).to_numpy()
        at.append(alert[rows[known]])
        texts.append(values[known])
        ranks.append(np.full(int(known.sum()), rank, dtype=np.int8))

    for rank, (kind, names) in enumerate(_ENTITIES):
        rows = np.flatnonzero(kinds == kind)
        part = evidence.iloc[rows]
        values = part[names[0]].astype("str")
        for other in names[1:]:
            values = values.where(values.notna(), part[other].astype("str"))
        keep(rows, values, rank)
    everywhere = np.arange(len(evidence))
    for name in NAMING:
        keep(everywhere, evidence[name].astype("str"), _REST)
    return np.concatenate(at), pd.concat(texts, ignore_index=True), np.concatenate(ranks)


def _factorized(values: pd.Series[str]) -> tuple[np.ndarray, np.ndarray]:
    codes, found = pd.factorize(values)
    return codes.astype(np.int32), np.array([*found], dtype=object)


def _new_pairs(at: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Mark the first mention of each name in each alert."""
    _, first = np.unique(at * (int(code.max(initial=0)) + 1) + code, return_index=True)
    new = np.zeros(len(at), dtype=bool)
    new[first] = True
    return new
