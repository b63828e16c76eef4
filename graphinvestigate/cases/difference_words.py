"""Differences in words: a headline, and one sentence per thing that is new. Plain text, not escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from graphinvestigate.linking.labels import kind_word

CHANGES = {
    "change": "str", "record_kind": "str", "id": "str", "label": "str", "field": "str", "before": "str", "after": "str",
}  # fmt: skip
_WORDS = {"sign_ins": "sign-ins"}
# Fields that decide what is done next; of others only their number is told.
_TOLD = (
    *("severity", "status", "classification", "determination", "assigned_to", "risk_level", "risk_state"),
    *("incident_id", "redirect_incident_id", "risk_detail", "display_name", "title"),
)
_MERGED = "redirect_incident_id"
_HEADLINES = {
    ("risky_user", "risk_level"): "user risk",
    ("incident", "severity"): "incident severity",
    ("alert", "severity"): "alert severity",
}
_MOST = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """What is new in the newer of two.

    Attributes
    ----------
    headline : str
        In a few words: "2 new alerts, user risk medium → high, merged into 28301".
    sentences : list of str
        In detail, one sentence each; empty where nothing differs.
    changes : DataFrame
        One row is one new or gone record, or one changed field: `change`, `record_kind`, `id`, `label`, `field`,
        `before`, `after`.
    """

    headline: str
    sentences: list[str] = field(repr=False)
    changes: pd.DataFrame = field(repr=False)

    def __str__(self) -> str:
        return self.headline


def sentences(kind: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Tell the differences of one kind of records.

    Parameters
    ----------
    kind : str
        Such as ``alerts``.
    rows : iterable of mapping
        In the columns of `CHANGES`; of a new record `after` is its severity.
    """
    words = _WORDS.get(kind, kind.replace("_", " "))
    word = words.removesuffix("s")
    new, gone, changed = [], [], {}  # type: ignore[var-annotated]
    for row in rows:
        if row["change"] == "changed":
            changed.setdefault(row["id"], []).append(row)
        else:
            (new if row["change"] == "new" else gone).append(row)
    said = []
    if new:
        named = [f"{_name(row)} ({row['after']})" if row.get("after") else _name(row) for row in new]
        said.append(f"{counted(len(new), f'new {word}', f'new {words}')}: {some(named)}.")
    for fields in changed.values():
        said += _of_one(word, fields)
    if gone:
        said.append(
            f"{counted(len(gone), f'{word} is', f'{words} are')} only in the older one: {some(map(_name, gone))}."
        )
    return said


def _of_one(word: str, fields: list[Mapping[str, Any]]) -> list[str]:
    """What changed in one record."""
    name = f"{word} {_name(fields[0])} ({fields[0]['id']})" if fields[0]["label"] else f"{word} {fields[0]['id']}"
    merged = next((one["after"] for one in fields if one["field"] == _MERGED and one["after"]), None)
    others = [one for one in fields if not (merged and one["field"] == _MERGED)]
    known = [one for one in others if one["field"] in _TOLD]
    parts = [f"{_field(one['field'])} {one['before'] or 'none'} → {one['after'] or 'none'}" for one in known]
    if len(others) > len(known):
        parts.append(counted(len(others) - len(known), "other field", "other fields"))
    said = [f"The {name} was merged into {merged}."] if merged else []
    return [*said, f"The {name} changed: {', '.join(parts)}."] if parts else said


def _name(row: Mapping[str, Any]) -> str:
    return f"“{row['label'] or row['id']}”"


def told(rows: list[dict[str, Any]], said: list[str], extra: Iterable[str] = ()) -> Difference:
    """Put a difference together: its headline is made of what counts most.

    Parameters
    ----------
    rows : list of dict
        In the columns of `CHANGES`.
    said : list of str
        Sentences.
    extra : iterable of str
        More for the headline.
    """
    changes = pd.DataFrame(rows, columns=list(CHANGES)).astype(CHANGES)
    changes.loc[changes["change"] == "new", "after"] = None
    parts = _by_kind(changes[changes["change"] == "new"], "new {}", "new {}s")
    moves = changes[changes["change"] == "changed"]
    for (kind, name), prefix in _HEADLINES.items():
        these = moves[(moves["record_kind"] == kind) & (moves["field"] == name)]
        parts += dict.fromkeys(f"{prefix} {_none(row.before)} → {_none(row.after)}" for row in these.itertuples())
    merges = moves[(moves["field"] == _MERGED) & moves["after"].notna()]
    parts += dict.fromkeys(f"merged into {one}" for one in merges["after"])
    resolved = moves[(moves["field"] == "status") & moves["after"].str.casefold().eq("resolved")]
    parts += _by_kind(resolved, "{} resolved", "{}s resolved")
    gone = int(changes["change"].eq("gone").sum())
    parts += [f"{counted(gone, 'record', 'records')} gone"] if gone else []
    parts += extra
    if not parts and len(moves):
        parts = [counted(moves["id"].nunique(), "record changed", "records changed")]
    return Difference(", ".join(parts) or (said[0].rstrip(".") if said else "nothing new"), said, changes)


def _by_kind(rows: pd.DataFrame, one: str, several: str) -> list[str]:
    return [
        counted(group["id"].nunique(), one.format(kind_word(str(kind))), several.format(kind_word(str(kind))))
        for kind, group in rows.groupby("record_kind", sort=False)
    ]


def _none(value: Any) -> str:
    return value if isinstance(value, str) else "none"


def some(words: Iterable[str]) -> str:
    """The first few, and how many more."""
    words = list(words)
    shown = ", ".join(words[:_MOST])
    return f"{shown} and {len(words) - _MOST:,} more" if len(words) > _MOST else shown


def counted(n: int, one: str, several: str) -> str:
    """A number with its noun."""
    return f"{n:,} {one if n == 1 else several}"


def _field(name: str) -> str:
    return "risk" if name == "risk_level" else name.replace("_", " ")
