"""How far requests looked: windows that were asked for whole, and questions about some records only."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from graphinvestigate.queries.coverage import BY_ID, CUT

GONE_ON_WITH = "gone on with"  # in the note of a request that brought the rest of one that broke off
AT_HAND = "nothing was asked"  # in the note of what was narrowed down from frames
INTERACTIVE, NON_INTERACTIVE = "interactiveUser", "nonInteractiveUser"
ASK_AGAIN = "A pivot's Go on (found.resume()) asks for it again; add what comes to the case."
SOME = "only some (see the requests)"

_WINDOW = re.compile(r"[\w/]+ (?:ge|gt|le|lt) [0-9TZ:.+-]+")
_KIND = re.compile(r"signInEventTypes/any\(t: t eq '(\w+)'\)")
_KINDS = re.compile(rf"\(?{_KIND.pattern}(?: or {_KIND.pattern})*\)?".replace("(\\w+)", "\\w+"))
_GRAPH_SAYS = re.compile(r" Graph says: .*?\(request-id [^)]*\)\.?", re.DOTALL)
_BETWEEN = re.compile(r"\band\b|\s+")
_MOST_WINDOWS = 3
_MOST_QUERIES, _MOST_QUERY = 10, 60
_FAILED = "asked, and it failed: "
_EVER, _NOW = pd.Timestamp.min.tz_localize("UTC"), pd.Timestamp.max.tz_localize("UTC")


def whole(asked: pd.DataFrame) -> pd.Series:
    """Tell which requests asked for everything in their window, and got it.

    Parameters
    ----------
    asked : pandas.DataFrame
        Rows of a case's coverage.

    Returns
    -------
    pandas.Series of bool
        False where a filter, an id or a limit left something out, and where it is not known.
    """
    found = [
        row.complete is True and row.filters_local == "" and CUT not in row.note and _only_a_window(row.filters_server)
        for row in _plain(asked).itertuples()
    ]
    return pd.Series(found, index=asked.index, dtype="bool")


def ids(filters: str) -> set[str]:
    """Give the ids of the single records that a request asked for; none where it asked for something else."""
    return set(filters.removeprefix(BY_ID).split(", ")) if filters.startswith(BY_ID) else set()


def asks_for(asked: pd.DataFrame, kind: str) -> pd.Series:
    """Tell which requests asked for a kind of sign-ins; Graph v1.0, whose filters name none, has interactive ones."""
    found = [kind in (_KIND.findall(row.filters_server) or [INTERACTIVE]) for row in _plain(asked).itertuples()]
    return pd.Series(found, index=asked.index, dtype="bool")


def windows(asked: pd.DataFrame) -> str:
    """Say how far requests looked: windows that touch are one, and a gap between two is not passed over."""
    spans = sorted(
        (_EVER if pd.isna(row.since) else row.since, _NOW if pd.isna(row.until) else row.until)
        for row in asked.itertuples()
    )
    joined: list[tuple[pd.Timestamp, pd.Timestamp]] = []
    for since, until in spans:
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    shown = joined[-_MOST_WINDOWS:]
    said = " and ".join(_words(since, until) for since, until in shown)
    return said if len(shown) == len(joined) else f"{said}, and {len(joined) - len(shown)} windows before"


def looked(asked: pd.DataFrame) -> str | None:
    """Say in one sentence how far a resource was read; None where that cannot be said of any part of it.

    Parameters
    ----------
    asked : pandas.DataFrame
        The complete requests for it, with the column `whole`.
    """
    wide, some = asked[asked["whole"]], asked[~asked["whole"] & ~asked["note"].str.contains(CUT, regex=False)]
    if not len(wide):
        return f"{windows(some)}; {SOME}" if len(some) else None
    said = windows(wide)
    beyond = windows(pd.concat([wide, some])) if len(some) else said
    return said if beyond == said else f"{said}; beyond that {SOME}"


def fell_short(asked: pd.DataFrame) -> list[str]:
    """Say why requests did not bring all, each reason once; of those that brought nothing also what to do next.

    Parameters
    ----------
    asked : pandas.DataFrame
        Requests for one resource that are not complete.
    """
    reasons: dict[str, set[str]] = {}
    for row in asked.itertuples():
        failed = isinstance(row.pull_id, str) and row.pages == 0 and not _text(row.lacking)
        query = _hunted(_text(row.filters_server)) if failed and row.resource == "hunting" else ""
        # What Graph says stands with the request; it names the one request, and each would be a reason of its own.
        why = f"{_FAILED}{_GRAPH_SAYS.sub('', row.note)} {ASK_AGAIN}" if failed else row.note
        reasons.setdefault(why or "the answer was not complete", set()).add(query)
    return [why.replace(_FAILED, _failed(sorted(queries - {""})), 1) for why, queries in reasons.items()]


def _hunted(query: str) -> str:
    """The table that a query begins with, behind the lines that bind its parameters."""
    lines = [line for line in query.splitlines() if line.strip() and not (line[:4] == "let " and line[-1] == ";")]
    return lines[0].partition("|")[0].strip()[:_MOST_QUERY] if lines else ""


def _failed(queries: list[str]) -> str:
    shown = "; ".join(queries[:_MOST_QUERIES])
    more = f"; and {len(queries) - _MOST_QUERIES} more" if len(queries) > _MOST_QUERIES else ""
    return f"asked, and it failed ({shown}{more}): " if shown else _FAILED


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _only_a_window(filters: str) -> bool:
    return not _BETWEEN.sub("", _WINDOW.sub("", _KINDS.sub("", filters)))


def _words(since: pd.Timestamp, until: pd.Timestamp) -> str:
    begin = "as far as Graph keeps them" if since == _EVER else f"from {since:%Y-%m-%d %H:%M} UTC"
    return begin if until == _NOW else f"{begin} to {until:%Y-%m-%d %H:%M} UTC"


def _plain(asked: pd.DataFrame) -> pd.DataFrame:
    names: dict[str, Any] = {name: asked[name].fillna("") for name in ("filters_server", "filters_local", "note")}
    complete = [None if pd.isna(one) else bool(one) for one in asked["complete"]]
    return asked.assign(**names, complete=pd.Series(complete, index=asked.index, dtype="object"))
