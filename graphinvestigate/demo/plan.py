"""What stories and decoys are planned with: numbered scenes, and incidents that get their ids last."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.evidence import Scene
from graphinvestigate.demo.people import Cast
from graphinvestigate.demo.render import IncidentFact, alert_id, highest, incident_title
from graphinvestigate.demo.templates import TEMPLATES

DELAYS = {"mdo": (8, 50), "idp": (3, 20), "mcas": (25, 100), "gov": (40, 120), "mde": (2, 14)}


@dataclass(frozen=True)
class Draft:
    """A planned incident; `name` None stands for alerts that belong to no incident."""

    name: str | None
    scenes: tuple[Scene, ...] = ()
    status: str = "active"
    classification: str = "unknown"
    determination: str = "unknown"
    assigned_to: str | None = None
    comments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    redirect: str | None = None
    title: str = ""
    severity: str = ""
    created: int = 0
    score: int | None = None

    def began(self) -> int:
        """When the incident was created: with its first alert."""
        return min((scene.created for scene in self.scenes), default=self.created)

    def fact(self, identifier: str, ids: dict[str, str]) -> IncidentFact:
        """The incident under its id; `ids` are the ids of all planned incidents by name."""
        scenes = sorted(self.scenes, key=lambda scene: (scene.created, scene.ordinal))
        return IncidentFact(
            id=identifier,
            title=self.title or incident_title(scenes),
            severity=self.severity or highest(scenes),
            status=self.status,
            created=self.began(),
            updated=max((scene.updated for scene in scenes), default=self.created + draws.MINUTE),
            classification=self.classification,
            determination=self.determination,
            assigned_to=self.assigned_to,
            redirect=ids[self.redirect] if self.redirect else None,
            comments=self.comments,
            tags=self.tags,
            score=self.score,
        )


@dataclass
class Planner:
    """Hands out numbers to planned alerts and fills in what a scene can do without."""

    cast: Cast
    rng: random.Random
    count: int = 0
    _ids: int = field(default=0)

    def __post_init__(self) -> None:
        self._ids = draws.salt(self.cast.seed, "alert ids")

    def scene(self, name: str, *, at: int, until: int | None = None, mood: str = "active", **facts: Any) -> Scene:
        """One planned alert about what happened from `at` to `until`; it is created some minutes later."""
        template, rng = TEMPLATES[name], self.rng
        low, high = DELAYS.get(template.service, (5, 40))
        last = at if until is None else until
        created = min(last + rng.randrange(low * draws.MINUTE, high * draws.MINUTE), self.cast.now)
        created = max(draws.coarse(created, rng), last)
        updated = facts.pop("updated", None) or min(created + rng.randrange(3 * draws.HOUR), self.cast.now)
        ordinal, self.count = self.count, self.count + 1
        known = {"severity": template.severity, "status": "new"} | facts
        known.setdefault("alert_id", alert_id(template.service, base=self._ids, ordinal=ordinal, created=created))
        if known["status"] == "resolved":
            known["resolved"] = max(updated, created)
        return Scene(
            ordinal=ordinal,
            template=template,
            mood=mood,
            created=created,
            first=at,
            last=last,
            updated=max(updated, created),
            **known,
        )

    def ago(self, low: float, high: float) -> int:
        """A moment between `low` and `high` hours before now, in one of Graph's precisions."""
        span = self.rng.randrange(int(low * draws.HOUR), int(high * draws.HOUR))
        return draws.coarse(self.cast.now - span, self.rng)
