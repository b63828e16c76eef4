"""An investigation in sentences and small tables, for briefing and report alike. Plain text, not escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from graphinvestigate.cases.checklist import all_sign_ins
from graphinvestigate.linking import Record
from graphinvestigate.views.style import source_word
from graphinvestigate.views.tables import triage_table
from graphinvestigate.walkthrough import Investigation

TRIAGE = ("severity", "title", "status", "source", "entities", "first activity (UTC)")
STORY = ("time (UTC)", "severity", "category", "title", "source", "entities")
ENTITIES = ("kind", "label", "score", "alerts", "max_severity", "risk_level", "why")
INCIDENTS = ("id", "display_name", "severity", "status", "score", "why")
COVERAGE = (
    *("resource", "filters_server", "filters_local", "rows_received", "rows_kept", "count_expected"),
    *("requests", "waited_seconds", "complete", "note"),
)
SIGN_IN_GAP = (
    "Sign-ins are the interactive ones that Graph v1.0 lists. A replayed session shows among the non-interactive "
    "ones: that none shows here proves nothing."
)


PIVOTS_ASKED = (
    "The sign-ins of the whole tenant are the interactive ones that Graph v1.0 lists; non-interactive ones were asked "
    "for only where pivots began ({who}). A replayed session shows among them: that none shows elsewhere proves "
    "nothing."
)


class Told(Protocol):
    """What an investigation and a case's dossier have in common."""

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Records by kind."""

    @property
    def evidence(self) -> pd.DataFrame | None:
        """Of the alerts."""

    @property
    def graph(self) -> Any:
        """The entity graph."""

    @property
    def incident(self) -> Record | None:
        """The one that it is about."""


def verdict(found: Investigation) -> str:
    """The outcome in one or two sentences."""
    counted = f"{len(found.frames['alerts'])} alerts in {len(found.frames.get('incidents', ()))} incidents"
    if found.incident is None:
        return (
            f"No incident here looks like an intrusion ({counted} were read). Each is listed with what speaks for it."
        )
    row = incident_row(found)
    named = f"{row['display_name']} ({row['severity']}, {row['status']})"
    return f"Incident {row['id']} looks like an intrusion: {named}. {row['why']}"


def incident_row(found: Investigation) -> pd.Series:
    """The incident's row of the ranking."""
    assert found.incident is not None
    return found.ranking[found.ranking["id"] == found.incident.id].iloc[0]


def queue(found: Told, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """The alert queue: one row per alert, open ones first, then the most severe.

    Parameters
    ----------
    found : Investigation or Dossier
    table : pandas.DataFrame, optional
        What `triage_table` gives for it, where it is at hand.
    """
    table = triage_table(found.frames["alerts"], found.evidence) if table is None else table
    closed = table["status"].str.lower().eq("resolved")
    ordered = pd.concat([table[~closed], table[closed]])
    return _worded(ordered, "first activity (UTC)")


def story(found: Told, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """The incident's alerts as they happened: one row per alert, oldest first. Arguments as in `queue`."""
    table = triage_table(found.frames["alerts"], found.evidence) if table is None else table
    table = table[table["id"].isin(incident_alerts(found)["id"])]
    return _worded(table.sort_values(["first_activity", "id"], na_position="last"), "time (UTC)")


def incident_alerts(found: Told) -> pd.DataFrame:
    """The alerts of the incident that matters; none where none does."""
    alerts = found.frames["alerts"]
    if found.incident is None:
        return alerts.head(0)
    ids = {n.id for n in found.graph.successors(found.incident) if isinstance(n, Record) and n.kind == "alert"}
    return alerts[alerts["id"].isin(ids)]


def _worded(table: pd.DataFrame, time: str) -> pd.DataFrame:
    """Times to the minute, and sources as words ("Defender for Endpoint")."""
    words = table["source"].map(source_word, na_action="ignore").astype("str")
    return table.assign(source=words, **{time: table["first_activity"].dt.strftime("%Y-%m-%d %H:%M")})


def in_short(found: Investigation) -> list[str]:
    """How it started, who and what is touched, how far it could go, what was missed: one sentence or two each."""
    return [f"{question} {answer}" for question, answer in found.story.answers.items()]


def ranked(found: Investigation, top: int) -> list[str]:
    """One sentence per entity, the most important first: who or what, its score, and why."""
    return [
        f"{row.kind} {row.label} (score {row.score:.1f}): {row.why}" for row in found.entities.head(top).itertuples()
    ]


def pivots(found: Investigation) -> list[str]:
    """One sentence per pivot: where from, and what came."""
    said = []
    for one in found.pivots:
        label = found.graph.nodes[one.entity]["label"]
        said.append(f"From the {one.entity.kind} {label}: {counted({k: len(v) for k, v in one.frames.items()})}.")
    return said


def unknowns(found: Investigation) -> list[str]:
    """What was not seen and may matter: never the same as clean."""
    said = [
        f"{row.resource.replace('_', ' ')}: {row.note}"
        for row in found.coverage.itertuples()
        if not row.complete or pd.isna(row.complete)
    ]
    if "sign_ins" in found.frames and not all_sign_ins(found.frames["sign_ins"]):
        asked = [one for one in found.pivots if "sign_ins" in one.frames and all_sign_ins(one.frames["sign_ins"])]
        who = ", ".join(str(found.graph.nodes[one.entity]["label"]) for one in asked)
        said.append(PIVOTS_ASKED.format(who=who) if asked else SIGN_IN_GAP)
    return said


def counted(numbers: Mapping[str, int]) -> str:
    """Numbers of rows by source, in words: "1 alert, 15 sign-ins"."""
    words = {"sign_ins": "sign-ins"}
    named = [(n, words.get(source, source.replace("_", " "))) for source, n in numbers.items()]
    return ", ".join(f"{n:,} {name.removesuffix('s')}{'' if n == 1 else 's'}" for n, name in named)
