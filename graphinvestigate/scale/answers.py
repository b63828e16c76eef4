"""What engines computed, as the DataFrames that a lake returns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import BARE_KEYS, RANKED
from graphinvestigate.text import log

_LEVELS = {
    "alerts": "severity", "incidents": "severity", "risk_detections": "risk_level", "risky_users": "risk_level",
    "service_principal_risk_detections": "risk_level", "risky_service_principals": "risk_level",
    "sign_ins": "risk_level_during_sign_in", "directory_audits": "result",
}  # fmt: skip
_SPAN = re.compile(r"([0-9]{1,6})\s*(s|min|h|d|w)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
UTC_TIMES = "datetime64[us, UTC]"
_GAPS_SAID = 3
_NOT_PULLED = "not pulled:"


def level_of(name: str) -> str:
    """Give the column that says how grave a record is; its id's neighbour `pull_id` where none does.

    Parameters
    ----------
    name : str
        Of the resource.

    Returns
    -------
    str
    """
    return _LEVELS.get(name, "pull_id")


def width_of(text: str) -> int:
    """Read a span of time, such as ``15min``, ``1h`` or ``1d``, as microseconds.

    Raises
    ------
    UsageError
        It is none.
    """
    found = _SPAN.fullmatch(text.strip().casefold()) if isinstance(text, str) else None
    if found is None or int(found[1]) == 0:
        raise UsageError(f"width takes a span such as '15min', '1h' or '1d'; got {log(repr(text))[:60]}.")
    return int(found[1]) * _SECONDS[found[2]] * 1_000_000


def times_of(micros: pa.ChunkedArray) -> pd.Series:
    """Make times of microseconds since 1970."""
    return pd.Series(micros.cast(pa.timestamp("us")).to_numpy()).dt.tz_localize("UTC").astype(UTC_TIMES)


def parted(identities: pa.ChunkedArray) -> tuple[list[str], list[str]]:
    """Take ``kind|type|value`` apart into the kind and the key of an entity, as graphs write it."""
    kinds, keys = [], []
    for text in identities.to_pylist():
        kind, id_type, value = text.split("|", 2)
        kinds.append(kind)
        bare = kind in BARE_KEYS and id_type in RANKED[kind]
        keys.append(value if bare else f"{id_type}={value}")
    return kinds, keys


def entity_rows(table: pa.Table) -> pd.DataFrame:
    """Make the frame of an entity table."""
    kinds, keys = parted(table["entity"])
    rows = pd.DataFrame(
        {
            "kind": pd.array(kinds, dtype="str"),
            "key": pd.array(keys, dtype="str"),
            "first_seen": times_of(table["first_seen"]),
            "last_seen": times_of(table["last_seen"]),
            "records": table["records"].to_numpy().astype(np.int64),
            "mentions": table["mentions"].to_numpy().astype(np.int64),
        }
    )
    return rows.sort_values(["records", "kind", "key"], ascending=[False, True, True], ignore_index=True)


def pair_rows(table: pa.Table) -> pd.DataFrame:
    """Make the frame of who is named together."""
    left, right = parted(table["left"]), parted(table["right"])
    rows = pd.DataFrame(
        {
            "left_kind": pd.array(left[0], dtype="str"),
            "left_key": pd.array(left[1], dtype="str"),
            "right_kind": pd.array(right[0], dtype="str"),
            "right_key": pd.array(right[1], dtype="str"),
            "records": table["records"].to_numpy().astype(np.int64),
        }
    )
    order = ["records", "left_kind", "left_key", "right_kind", "right_key"]
    return rows.sort_values(order, ascending=[False, True, True, True, True], ignore_index=True)


def timeline_rows(parts: Iterable[tuple[str, str, pa.Table]], width: int) -> pd.DataFrame:
    """Make the frame of a timeline of parts: record kind, the column of its level, its bins."""
    frames = []
    for kind, level, table in parts:
        levels = table[level].to_pylist() if level in _LEVELS.values() else [""] * len(table)
        frames.append(
            pd.DataFrame(
                {
                    "record_kind": pd.array([kind] * len(table), dtype="str"),
                    "time": times_of(pa.chunked_array([np.asarray(table["bin"].to_numpy(), np.int64) * width])),
                    "level": pd.array(levels, dtype="str"),
                    "records": table["records"].to_numpy().astype(np.int64),
                }
            )
        )
    empty = pd.DataFrame(
        {
            "record_kind": pd.array([], dtype="str"),
            "time": pd.Series([], dtype=UTC_TIMES),
            "level": pd.array([], dtype="str"),
            "records": np.empty(0, np.int64),
        }
    )
    whole = pd.concat(frames, ignore_index=True) if frames else empty
    counted = whole.groupby(["record_kind", "time", "level"], as_index=False, sort=True)["records"].sum()
    return counted if len(counted) else empty


def day_span(days: pd.DataFrame) -> tuple[int, int]:
    """Give the first and the last nanosecond of the days of a timeline; of none, the day of 1970."""
    if not len(days):
        return 0, _SECONDS["d"] * 10**9 - 1
    times = days["time"].astype("datetime64[ns, UTC]").astype("int64")
    return int(times.min()), int(times.max()) + _SECONDS["d"] * 10**9 - 1


def coverage_of(
    pulls: pd.DataFrame, frames: Mapping[str, pd.DataFrame], window: tuple[int | None, int | None] = (None, None)
) -> pd.DataFrame:
    """Say of each source how many rows were found, what of it the lake holds, and what of the window was never pulled.

    Parameters
    ----------
    pulls : DataFrame
        As `Lake.pulls` returns it.
    frames : mapping of str to DataFrame
        What was found, by source.
    window : (int or None, int or None)
        What was asked for, in microseconds since 1970.
    """
    asked = [pd.NaT if end is None else pd.Timestamp(end, unit="us", tz="UTC") for end in window]
    rows = []
    for name in sorted({*pulls["source"], *frames}):
        own = pulls[pulls["source"] == name]
        windows = own[own["what"] == "window"].sort_values("since")
        note = _gaps(list(zip(windows["since"], windows["until"], strict=True)), asked)
        rows.append(
            {
                "source": name,
                "rows": len(frames.get(name, ())),
                "since": windows["since"].min(),
                "until": windows["until"].max(),
                "last_pull": own["started"].max(),
                "note": note if len(own) else "added by hand: nothing says what is missing",
            }
        )
    found = pd.DataFrame(rows, columns=["source", "rows", "since", "until", "last_pull", "note"])
    for name in ("since", "until", "last_pull"):  # (of nothing but missing times the zone is not known)
        found[name] = pd.to_datetime(found[name], utc=True).astype(UTC_TIMES)
    return found


def never_pulled(coverage: pd.DataFrame, sources: Iterable[str]) -> str:
    """Say what of a window was never pulled of some sources; those of which the same is missing together."""
    said = coverage[coverage["source"].isin(list(sources)) & coverage["note"].str.startswith(_NOT_PULLED)]
    named = said.groupby("note", sort=False)["source"].agg(", ".join)
    return "; ".join(f"{names.replace('_', ' ')} {note}" for note, names in named.items())


def _gaps(windows: list[tuple[pd.Timestamp, pd.Timestamp]], asked: list[pd.Timestamp]) -> str:
    """Say which spans lie between the first and the last that was pulled, or asked for, and in none that was pulled."""
    if not windows:
        return ""  # of standings: all of them come each time
    since, until = asked
    gaps, end = [], windows[0][0] if since is pd.NaT else since
    for start, stop in windows:
        if until is not pd.NaT and start >= until:
            break
        if start > end:
            gaps.append((end, start))
        end = max(end, stop)
    if until is not pd.NaT and until > end:
        gaps.append((end, until))
    said = "; ".join(f"{first:%Y-%m-%dT%H:%MZ} to {last:%Y-%m-%dT%H:%MZ}" for first, last in gaps[:_GAPS_SAID])
    more = f" and {len(gaps) - _GAPS_SAID} more" if len(gaps) > _GAPS_SAID else ""
    return f"{_NOT_PULLED} {said}{more}" if gaps else ""
