"""What the queue can be filtered by, with counts that say what a press would bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.tactics import TACTICS, tactic_of

SEVERITIES = ("high", "medium", "low", "informational")
STATUSES = ("new", "inProgress", "resolved")
UNKNOWN = "unknown"
NO_TACTIC = "no tactic"
FACETS = ("severity", "status", "source", "tactic")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of the queue: alerts that meet every condition; an empty one asks nothing.

    Attributes
    ----------
    severity, status, source, tactic : frozenset of str
        One of these values, as `Facet.values` writes them.
    entity : frozenset of str
        The evidence names one of these, in whatever case.
    text : str
        Each of these words occurs somewhere in the alert's row or among what its evidence names.
    since, until : pandas.Timestamp or None
        The alert was active at or after the one and before the other (UTC).
    """

    severity: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()
    source: frozenset[str] = frozenset()
    tactic: frozenset[str] = frozenset()
    entity: frozenset[str] = frozenset()
    text: str = ""
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None

    def without(self, name: str) -> Filters:
        """Give the same conditions but one."""
        return replace(self, **{name: getattr(Filters(), name)})


NO_FILTERS = Filters()


class Facet:
    """One property of alerts with few values.

    Attributes
    ----------
    name : str
        Its column in the queue.
    values : list of str
        The documented ones first, then what else occurs; ``unknown`` last, where some alert has none.
    codes : int16 or int32 array of shape (alerts,)
        Place in `values`.
    """

    def __init__(self, name: str, column: pd.Series[str], documented: Sequence[str] = (), *, unknown: str = UNKNOWN):
        self.name = name
        codes, found = pd.factorize(column)
        spelled = {value.casefold(): value for value in [*found[::-1], *documented]}  # one spelling for each value
        ranks = {value.casefold(): rank for rank, value in enumerate(documented)}
        others = sorted(spelled.keys() - ranks.keys())
        ranks |= {folded: len(documented) + at for at, folded in enumerate(others)}
        self.values = [spelled[folded] for folded in ranks]
        place = [ranks[value.casefold()] for value in found]
        if (codes < 0).any():
            if unknown not in self.values:
                self.values.append(unknown)
            place.append(self.values.index(unknown))
        else:
            place.append(0)
        self.codes = np.array(place, dtype=np.int32)[codes]

    def chosen(self, names: Iterable[str]) -> frozenset[str]:
        """Give the values that are meant, in whatever case they are written; one that does not occur is refused."""
        known = {value.casefold(): value for value in self.values}
        asked = {name: known.get(name.casefold()) for name in names}
        unknown = sorted(name for name, value in asked.items() if value is None)
        if unknown:
            raise UsageError(
                f"{self.name} {', '.join(unknown)} is not in this queue: it has {', '.join(self.values) or 'none'}"
            )
        return frozenset(value for value in asked.values() if value is not None)

    def passes(self, values: Iterable[str]) -> np.ndarray:
        """Tell which alerts have one of these values."""
        wanted = np.isin(np.array(self.values, dtype=object), list(values))
        return wanted[self.codes]

    def counts(self, among: np.ndarray) -> dict[str, int]:
        """Count the alerts among these that have each value."""
        found = np.bincount(self.codes[among], minlength=len(self.values))
        return dict(zip(self.values, found.tolist(), strict=True))


def facets_of(table: pd.DataFrame) -> dict[str, Facet]:
    """Give what a queue's table can be filtered by.

    Parameters
    ----------
    table : pandas.DataFrame
        With severity, status, source (as Graph spells it) and category.

    Returns
    -------
    dict of str to Facet
    """
    tactic = table["category"].map({name: tactic_of(name) for name in table["category"].dropna().unique()})
    found = set(tactic.dropna())
    return {
        "severity": Facet("severity", table["severity"], SEVERITIES),
        "status": Facet("status", table["status"], STATUSES),
        "source": Facet("source", table["source"]),
        "tactic": Facet("tactic", tactic, [name for name in TACTICS if name in found], unknown=NO_TACTIC),
    }


def together(parts: Mapping[str, np.ndarray], n: int, *, but: str = "") -> np.ndarray:
    """Tell which of n alerts meet every condition, or all conditions but one."""
    passes = np.ones(n, dtype=bool)
    for name, mask in parts.items():
        if name != but:
            passes &= mask
    return passes


def word_masks(text: str, sayings: Sequence[Callable[[str], np.ndarray]]) -> list[np.ndarray]:
    """Tell for each word of a text which alerts say it anywhere."""
    return [np.logical_or.reduce([saying(word) for saying in sayings]) for word in text.casefold().split()]
