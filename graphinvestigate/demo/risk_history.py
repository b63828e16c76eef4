"""How the risk of each user came and went, one item per change, told from the detections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Cast
from graphinvestigate.demo.risk import LEVELS, Detection


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A user's standing from one moment on."""

    id: str
    at: int
    cause: Detection
    level: str
    state: str
    detail: str
    closing: bool


def risk_history(detections: Sequence[Detection]) -> list[HistoryItem]:
    """All users' items, newest first; each user's newest one is the standing that `risky_users` gives."""
    by_user: dict[str, list[Detection]] = {}
    for fact in detections:
        by_user.setdefault(fact.person.object_id, []).append(fact)
    items = [item for facts in by_user.values() for item in _of_one_user(facts)]
    return sorted(items, key=lambda item: (-item.at, item.id))


def _of_one_user(facts: Sequence[Detection]) -> list[HistoryItem]:
    """An open detection counts from its last update, a closed one from its detection until then."""
    events: list[tuple[int, bool, str, Detection]] = []
    for fact in facts:
        if fact.state == "atRisk":
            events.append((fact.updated, False, fact.id, fact))
        else:
            events += [(fact.detected, False, fact.id, fact), (fact.updated, True, fact.id, fact)]
    live: dict[str, Detection] = {}
    items = []
    for number, (at, closing, _, fact) in enumerate(sorted(events, key=lambda event: event[:3])):
        if closing:
            live.pop(fact.id, None)
        else:
            live[fact.id] = fact
        items.append(
            HistoryItem(
                id=f"{fact.person.object_id}{draws.dotnet_ticks(at)}{number:03d}",
                at=at,
                cause=fact,
                level=max((one.level for one in live.values()), key=LEVELS.index, default="none"),
                state="atRisk" if live else fact.state,
                detail="none" if live else fact.detail,
                closing=closing,
            )
        )
    return items


def render_history(item: HistoryItem, cast: Cast) -> dict[str, Any]:
    """One item as `/identityProtection/riskyUsers/{id}/history` gives it."""
    person = item.cause.person
    by_admin = item.closing and item.cause.detail.startswith("admin")
    return {
        "id": item.id,
        "isDeleted": False,
        "isProcessing": False,
        "riskLastUpdatedDateTime": stamp(item.at),
        "riskLevel": item.level,
        "riskState": item.state,
        "riskDetail": item.detail,
        "userDisplayName": person.name_at(item.at),
        "userPrincipalName": person.upn_at(item.at),
        "userId": person.object_id,
        "initiatedBy": cast.people[0].object_id if by_admin else None,
        "activity": {
            "riskEventTypes": [] if item.closing else [item.cause.kind],
            "detail": item.cause.detail if item.closing else "none",
        },
    }
