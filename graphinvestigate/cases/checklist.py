"""What was checked and what was not: by what was asked of Graph, and by what analysts say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from graphinvestigate.cases import asked
from graphinvestigate.notes import Note, place_words
from graphinvestigate.queries.coverage import CUT

COLUMNS = ("item", "state", "why", "source")
# What an investigation of a user usually needs, in words; a kind that was never asked for is said to be so.
EXPECTED: Mapping[str, str] = {
    "alerts": "alerts",
    "incidents": "incidents",
    "risk_detections": "risk detections",
    "risky_users": "risky users",
    "sign_ins": "sign-ins",
    "directory_audits": "directory audits (new credentials, consents, role changes)",
}
ONLY_QUERIES = "only what the queries asked for (see the requests)"
ONLY_INTERACTIVE = "a replayed session shows among the non-interactive ones: that none shows here proves nothing"


def checklist(notes: Iterable[Note], coverage: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List what was checked and what was not.

    Parameters
    ----------
    notes : iterable of Note
        Those that stand.
    coverage : pandas.DataFrame
        Of the case's requests.
    frames : mapping of str to DataFrame
        Its records.

    Returns
    -------
    pandas.DataFrame
        One row per item: `item`, `state` (``checked`` or ``not checked``), `why`, and `source` (``requests`` or
        ``analyst``). What was not asked for is listed as not checked: not seen is never the same as not there.
    """
    rows: list[tuple[str, str, str, str]] = []
    asked_of = coverage[~coverage["note"].fillna("").str.contains(asked.AT_HAND, regex=False)]
    others = {name: str(name).replace("_", " ") for name in coverage["resource"].dropna() if name not in EXPECTED}
    for resource, words in {**EXPECTED, **others}.items():
        own = asked_of[asked_of["resource"] == resource]
        if not len(own) and resource not in frames:
            rows.append((words, "not checked", "never asked for in this case", "requests"))
            continue
        rows += _of(resource, words, own.assign(whole=asked.whole(own), note=own["note"].fillna("")))
    known = "non-interactive sign-ins" in {row[0] for row in rows}
    if "sign_ins" in frames and not known and not all_sign_ins(frames["sign_ins"]):
        rows.append(("non-interactive sign-ins", "not checked", ONLY_INTERACTIVE, "requests"))
    for note in notes:
        if note.kind == "check":
            about = "; ".join(place_words(place) for place in note.places)
            rows.append((note.text, note.value, about, "analyst"))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")
    return table.sort_values("state", ascending=False, kind="stable", ignore_index=True)


def _of(resource: str, words: str, own: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """What the requests for one resource say of it."""
    short = own[own["complete"].fillna(True).eq(False)]
    done = own[own["complete"].fillna(False)]
    came = [_answered_later(one, done) for one in short.itertuples()]
    short = short[~pd.Series(came, index=short.index, dtype="bool")]
    rows = [(words, "not checked", why, "requests") for why in asked.fell_short(short)]
    others = done.head(0)
    if resource == "sign_ins" and len(done):
        others = done[asked.asks_for(done, asked.NON_INTERACTIVE)]
        done = done[asked.asks_for(done, asked.INTERACTIVE)]
    said = ONLY_QUERIES if resource == "hunting" and len(done) else asked.looked(done)
    cut = list(dict.fromkeys(done.loc[done["note"].str.contains(CUT, regex=False), "note"]))
    if said is not None:
        rows.append((words, "checked", said, "requests"))
    elif cut:
        rows += [(words, "not checked", why, "requests") for why in cut]
    elif len(others):
        rows.append((words, "not checked", "only the non-interactive ones were asked for", "requests"))
    elif not len(short):
        rows.append((words, "checked", "records read from files: what was asked for is not known here", "requests"))
    if resource == "sign_ins" and len(done) + len(others):
        rows.append(_unseen(others))
    return rows


def _answered_later(short: Any, done: pd.DataFrame) -> bool:
    """Tell whether what a request did not bring came whole later: it was gone on with, or the same was asked again."""
    gone_on_with = done["note"].str.contains(asked.GONE_ON_WITH, regex=False)
    if ids := asked.ids(_text(short.filters_server)):
        found = done.loc[(done.index > short.Index) | gone_on_with, "filters_server"].fillna("")
        return ids <= {one for text in found for one in asked.ids(text)}
    # Times are in whole seconds: of two requests within one, the order is not known.
    bounded = done["until"].notna() & bool(pd.notna(short.until))
    later = done[(done.index > short.Index) | bounded | gone_on_with]
    later = later[later["since"].isna() | (later["since"] <= short.since)]
    later = later[later["until"].isna() | (later["until"] >= short.until)]
    same = [later[name].fillna("").eq(_text(getattr(short, name))) for name in ("filters_server", "filters_local")]
    return bool((same[0] & same[1]).any())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _unseen(asked_for: pd.DataFrame) -> tuple[str, str, str, str]:
    """What is known of the sign-ins that Graph v1.0 does not list."""
    if asked_for["whole"].any():
        return "non-interactive sign-ins", "checked", str(asked.looked(asked_for)), "requests"
    why = f"{asked.SOME}; {ONLY_INTERACTIVE}" if len(asked_for) else ONLY_INTERACTIVE
    return "non-interactive sign-ins", "not checked", why, "requests"


def all_sign_ins(sign_ins: pd.DataFrame) -> bool:
    """Tell whether non-interactive sign-ins are among them."""
    if "sign_in_event_types" not in sign_ins.columns:
        return False
    told = sign_ins["sign_in_event_types"].dropna()
    return any("nonInteractiveUser" in kinds for kinds in told)
