"""What was checked and what was not: by what was asked of Graph, and by what analysts say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from graphinvestigate.notes import Note, place_words

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
    others = {name: str(name).replace("_", " ") for name in coverage["resource"].dropna() if name not in EXPECTED}
    for resource, words in {**EXPECTED, **others}.items():
        asked = coverage[coverage["resource"] == resource]
        if not len(asked) and resource not in frames:
            rows.append((words, "not checked", "never asked for in this case", "requests"))
            continue
        short = asked[asked["complete"].fillna(True).eq(False)]
        whole = asked[asked["complete"].fillna(False)]
        reasons = dict.fromkeys(short["note"].dropna())
        rows += [(words, "not checked", why or "the answer was not complete", "requests") for why in reasons]
        if len(whole):
            rows.append((words, "checked", _windows(whole), "requests"))
        elif not len(short):
            rows.append((words, "checked", "records read from files: what was asked for is not known here", "requests"))
    if "sign_ins" in frames and not all_sign_ins(frames["sign_ins"]):
        rows.append(("non-interactive sign-ins", "not checked", ONLY_INTERACTIVE, "requests"))
    for note in notes:
        if note.kind == "check":
            about = "; ".join(place_words(place) for place in note.places)
            rows.append((note.text, note.value, about, "analyst"))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")
    return table.sort_values("state", ascending=False, kind="stable", ignore_index=True)


def _windows(asked: pd.DataFrame) -> str:
    """How far back the widest complete request went."""
    open_ended = asked["since"].isna().any()
    first, last = asked["since"].min(), asked["until"].max()
    begin = "as far as Graph keeps them" if open_ended else f"from {first:%Y-%m-%d %H:%M} UTC"
    end = "" if pd.isna(last) else f" to {last:%Y-%m-%d %H:%M} UTC"
    narrowed = asked["filters_local"].fillna("").ne("") | asked["filters_server"].fillna("").str.contains(" eq ")
    only = "; only some (see the requests)" if narrowed.all() else ""
    return f"{begin}{end}{only}"


def all_sign_ins(sign_ins: pd.DataFrame) -> bool:
    """Tell whether non-interactive sign-ins are among them."""
    if "sign_in_event_types" not in sign_ins.columns:
        return False
    told = sign_ins["sign_in_event_types"].dropna()
    return any("nonInteractiveUser" in kinds for kinds in told)
