"""The four questions of a case, answered with reasons: how it began, what is touched, how far it went, what was missed.

Plain text, not escaped; the answers are those of `linking.attack_story`.
"""

from __future__ import annotations

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.cases.contents import Contents
from graphinvestigate.linking import AttackStory, Entity, Record
from graphinvestigate.views.static import Block, Items, Table

STEPS = ("time (UTC)", "what", "sentence", "record_kind", "record_id")
TOUCHED = ("kind", "label", "part", "first seen (UTC)", "steps", "why", "record_kind", "record_id")
REACHED = ("kind", "label", "reached from (UTC)", "hops")
MISSED = ("gap", "certainty", "why", "record_kind", "record_id", "time (UTC)")

_SOURCES = {"alerts": "alerts", "risk_detections": "risk detections", "sign_ins": "sign-ins"}
_FIRST, _MOST_REACHED = 5, 50


def story_of(g: nx.MultiDiGraph, incident: Record | None, contents: Contents) -> AttackStory | None:
    """Tell the story of a case's incident from the records that the case holds; None where it is about none."""
    if incident is None:
        return None
    frames = {name: contents.frames.get(name) for name in _SOURCES}
    return linking.attack_story(g, **frames, incident=incident)


def attackers(story: AttackStory) -> dict[Entity, str]:
    """What a story takes for the attacker's, and why."""
    theirs = story.touched[story.touched["part"].eq("attacker")]
    return {Entity(row.kind, row.key): row.why for row in theirs.itertuples()}


def answers(story: AttackStory) -> list[str]:
    """Each question with its answer."""
    return [f"{question} {answer}" for question, answer in story.answers.items()]


def resting_on(frames: dict[str, pd.DataFrame], checklist: pd.DataFrame) -> str:
    """Say what the answers rest on, and what was not looked at: that is unknown, not absent."""
    held = [f"{len(frames[name]):,} {words}" for name, words in _SOURCES.items() if name in frames]
    never = [words for name, words in _SOURCES.items() if name not in frames]
    said = f"These answers rest on {', '.join(held) or 'the entity graph alone'}."
    if never:
        said += f" Without {' and '.join(never)}, which the case does not hold, much cannot be told."
    unseen = checklist[checklist["state"].eq("not checked") & checklist["source"].eq("requests")]
    if len(unseen):
        told = "; ".join(f"{row.item} ({row.why})" for row in unseen.itertuples())
        said += f" Not looked at: {told}."
    return f"{said} What these records do not show is unknown, not absent."


def blocks(story: AttackStory, frames: dict[str, pd.DataFrame], checklist: pd.DataFrame) -> list[Block]:
    """Return the section of a report: the answers, what they rest on, and the rows behind each."""
    found: list[Block] = [Items(answers(story)), f"Why this incident: {story.why}", resting_on(frames, checklist)]
    if len(story.steps):
        first = story.steps.head(_FIRST)
        found.append(Table(_timed(first, "time", "time (UTC)"), STEPS, "How it started: the first steps"))
    if len(story.touched):
        touched = _timed(story.touched, "first_seen", "first seen (UTC)")
        found.append(Table(touched, TOUCHED, "Who and what is touched, and what says so"))
    if story.reach is not None:
        caption = "How far it could go: what could be reached in the order of time"
        found.append(Table(_reached(story.reach), REACHED, caption))
        stops = [str(one["sentence"]) for one in story.reach.graph.get("not_walked", ())]
        found += [Items(stops)] if stops else []
    if len(story.missed):
        found.append(
            Table(_timed(story.missed, "time", "time (UTC)"), MISSED, "What was missed, and what cannot be told")
        )
    return found


def _timed(table: pd.DataFrame, column: str, heading: str) -> pd.DataFrame:
    return table.assign(**{heading: table[column].dt.strftime("%Y-%m-%d %H:%M")})


def _reached(reach: nx.MultiDiGraph) -> pd.DataFrame:
    rows = [
        (node.kind, str(attrs.get("label") or node[1]), _minute(attrs.get("reached")), attrs["hops"])
        for node, attrs in reach.nodes(data=True)
        if not isinstance(node, Record) and attrs.get("hops")
    ]
    rows.sort(key=lambda row: (row[3], row[2] or "", row[0], row[1]))
    return pd.DataFrame(rows[:_MOST_REACHED], columns=list(REACHED))


def _minute(text: str | None) -> str | None:
    return None if text is None else text[:16].replace("T", " ")
