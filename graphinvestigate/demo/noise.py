"""The ordinary alerts of a tenant: planned as a few numbers each, drawn in bulk, detailed only when looked at."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphinvestigate.demo import draws, words
from graphinvestigate.demo.evidence import Scene
from graphinvestigate.demo.people import Cast, Host, Person
from graphinvestigate.demo.render import IncidentFact, alert_id, highest, incident_title
from graphinvestigate.demo.templates import TEMPLATES

WINDOW_DAYS = 30
ANALYSTS = 3


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of ordinary incident: its alerts in turn, how common it is, and how it ends if somebody looks."""

    templates: tuple[str, ...]
    weight: int
    endings: tuple[tuple[str | None, str | None, str], ...]
    open_mood: str = "unknown"


_FALSE = ("falsePositive", "notMalicious", "benign")
_EXPECTED = ("informationalExpectedActivity", "confirmedActivity", "benign")
_BUSINESS = ("informationalExpectedActivity", "lineOfBusinessApplication", "benign")
_AUTOMATIC: tuple[None, None, str] = (None, None, "remediated")
_PHISH = ("truePositive", "phishing", "remediated")
_MALWARE = ("truePositive", "malware", "remediated")
_UNWANTED = ("truePositive", "unwantedSoftware", "remediated")

SCENARIOS = (
    Scenario(("mail_reported",), 14, (_FALSE, _EXPECTED, _PHISH)),
    Scenario(("phish_removed",), 14, (_AUTOMATIC, _AUTOMATIC, _PHISH), "remediated"),
    Scenario(("phish_removed", "mail_reported"), 5, (_PHISH, _AUTOMATIC), "remediated"),
    Scenario(("unfamiliar",), 10, (_FALSE, _EXPECTED)),
    Scenario(("country",), 7, (_FALSE, _EXPECTED)),
    Scenario(("travel",), 7, (_FALSE, _EXPECTED)),
    Scenario(("malware",), 10, (_MALWARE, _AUTOMATIC), "prevented"),
    Scenario(("pua", "pua", "smartscreen"), 8, (_UNWANTED, _AUTOMATIC), "remediated"),
    Scenario(("smartscreen",), 8, (_AUTOMATIC, _EXPECTED), "prevented"),
    Scenario(("admin_script",), 6, (_FALSE, _BUSINESS)),
    Scenario(("brute_force",), 5, (_FALSE, _EXPECTED)),
    Scenario(("dlp",), 9, (_EXPECTED, _BUSINESS)),
    Scenario(("cloud_vm",), 3, (_FALSE, _EXPECTED)),
    Scenario(("rare_agent",), 4, (_FALSE, _EXPECTED)),
    Scenario(("low_consent",), 4, (_BUSINESS, _EXPECTED)),
    Scenario(("recon",), 2, (_FALSE, _BUSINESS)),
    Scenario(("agent_lsass",), 1, (_FALSE, ("falsePositive", "lineOfBusinessApplication", "benign"))),
)
_ALWAYS_CLOSED = ("agent_lsass",)


class Noise:
    """A tenant's ordinary incidents and alerts; everything about one of them is drawn from its number.

    Parameters
    ----------
    cast : Cast
        Who can be in them.
    count : int
        How many alerts in all.
    first : int
        The ordinal of the first of them (below it: planned alerts).
    """

    def __init__(self, cast: Cast, *, count: int, first: int) -> None:
        self.cast, self.count, self.first = cast, count, first
        self._ids = draws.salt(cast.seed, "alert ids")
        seed = cast.seed
        sizes = _sizes(seed, count)
        number = len(sizes)
        self.sizes = sizes
        self.starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64) if number else sizes
        weights = np.cumsum([scenario.weight for scenario in SCENARIOS])
        pick = draws.bulk(seed, "scenario", number) % np.uint32(weights[-1])
        self.scenario = np.searchsorted(weights, pick, side="right").astype(np.uint8)
        skew = draws.bulk(seed, "user", number).astype(np.uint64)
        skew = (skew + ((skew * skew) >> np.uint64(32))) >> np.uint64(1)  # some people are busier than others
        self.user = ((skew * np.uint64(len(cast.people))) >> np.uint64(32)).astype(np.int32)
        age = 900 + draws.bulk(seed, "age", number).astype(np.int64) % (WINDOW_DAYS * 86_400 - 20_000)
        part = draws.bulk(seed, "tick", number).astype(np.int64) % draws.SECOND
        self.began = cast.now - age * draws.SECOND - part
        self.of = np.repeat(np.arange(number, dtype=np.int32), sizes)
        self.created = self._times(age)

    def _times(self, age: NDArray[np.int64]) -> NDArray[np.int64]:
        """When each alert was created: evenly spread behind its incident's beginning, never after now."""
        seed = self.cast.seed
        step = 60 + draws.bulk(seed, "step", len(self.sizes)).astype(np.int64) % 9000
        step = np.minimum(step, (age - 60) // (self.sizes + 1)) * draws.SECOND
        place = np.arange(self.count, dtype=np.int64) - self.starts[self.of] if self.count else self.starts
        jitter = draws.bulk(seed, "jitter", self.count).astype(np.int64) * 4096 % np.maximum(step[self.of], 1)
        times = self.began[self.of] + np.where(place > 0, place * step[self.of] + jitter, 0)
        precision = np.array(draws.PRECISIONS, dtype=np.int64)
        precision = precision[draws.bulk(seed, "precision", self.count) % len(draws.PRECISIONS)]
        return times - times % precision

    def alert_id(self, ordinal: int) -> str:
        """The id of one alert, without detailing it."""
        place = ordinal - self.first
        incident = int(self.of[place])
        scenario = SCENARIOS[self.scenario[incident]]
        name = scenario.templates[(place - int(self.starts[incident])) % len(scenario.templates)]
        service = TEMPLATES[name].service
        return alert_id(service, base=self._ids, ordinal=ordinal, created=int(self.created[place]))

    def ordinals(self, incident: int) -> range:
        """The ordinals of an incident's alerts, oldest first."""
        start = self.first + int(self.starts[incident])
        return range(start, start + int(self.sizes[incident]))

    def scene(self, ordinal: int) -> Scene:
        """All about one alert."""
        return self._scenes(int(self.of[ordinal - self.first]), (ordinal,))[0]

    def incident(self, incident: int, incident_id: str) -> IncidentFact:
        """All about one incident."""
        scenes = self._scenes(incident, self.ordinals(incident))
        head = scenes[0]
        return IncidentFact(
            id=incident_id,
            title=incident_title(scenes),
            severity=highest(scenes),
            status={"new": "active"}.get(head.status, head.status),
            created=head.created,
            updated=max(scene.updated for scene in scenes),
            classification=head.classification or "unknown",
            determination=head.determination or "unknown",
            assigned_to=head.assigned_to,
            score=None if head.ordinal % 2 else 5 + head.ordinal % 40,
        )

    def _scenes(self, incident: int, ordinals: range | tuple[int, ...]) -> list[Scene]:
        rng = draws.numbered(draws.salt(self.cast.seed, "incidents"), incident)
        scenario = SCENARIOS[self.scenario[incident]]
        head = TEMPLATES[scenario.templates[0]]
        start = int(self.starts[incident])
        last = int(self.created[start + int(self.sizes[incident]) - 1])
        user, host = self._who(rng, head.recipe, int(self.user[incident]))
        address = rng.choice(self.cast.far)
        details = noise_details(rng, self.cast, incident)
        now = self.cast.now
        closed = scenario.templates[0] in _ALWAYS_CLOSED or rng.random() < (
            0.93 if now - last > 5 * draws.DAY else 0.55
        )
        later = min(last + rng.randrange(20 * draws.MINUTE, 40 * draws.HOUR), now - rng.randrange(draws.MINUTE))
        later = max(draws.coarse(later, rng), last)
        status, verdict = ("resolved", rng.choice(scenario.endings)) if closed else (_open_status(rng), None)
        analyst = analyst_of(self.cast, rng) if status != "new" and verdict != _AUTOMATIC else None
        found = []
        for ordinal in ordinals:
            place = ordinal - self.first
            created = int(self.created[place])
            own = draws.numbered(draws.salt(self.cast.seed, "scenes"), ordinal)
            first = draws.coarse(created - own.randrange(draws.MINUTE, 3 * draws.HOUR), own)
            template = TEMPLATES[scenario.templates[(place - start) % len(scenario.templates)]]
            found.append(
                Scene(
                    ordinal=ordinal,
                    template=template,
                    alert_id=self.alert_id(ordinal),
                    severity=template.severity,
                    status=status,
                    mood=verdict[2] if verdict else scenario.open_mood,
                    created=created,
                    first=first,
                    last=first + (created - first) * own.randrange(4) // 4,
                    updated=later if closed else min(created + own.randrange(draws.HOUR), now),
                    resolved=later if closed else None,
                    classification=verdict[0] if verdict else None,
                    determination=verdict[1] if verdict else None,
                    assigned_to=analyst,
                    user=user,
                    host=host,
                    address=address,
                    details=details,
                )
            )
        return found

    def _who(self, rng: random.Random, recipe: tuple[str, ...], index: int) -> tuple[Person, Host | None]:
        person, chance = self.cast.people[index], rng.random()
        if "device" not in recipe:
            return (self.cast.guest if chance < 0.03 else person), None
        if chance < 0.06:
            return self.cast.service, rng.choice(self.cast.servers)
        return person, person.laptop


def _sizes(seed: int, count: int) -> NDArray[np.int64]:
    """How many alerts each incident has; they add up to `count`."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    limits = np.array([60, 80, 90, 94, 96, 97, 98, 99], dtype=np.uint32)
    sizes = 1 + np.searchsorted(limits, draws.bulk(seed, "size", count) % np.uint32(100), side="right")
    ends = np.cumsum(sizes)
    number = int(np.searchsorted(ends, count)) + 1
    sizes = sizes[:number].astype(np.int64)
    sizes[-1] -= int(ends[number - 1]) - count
    return sizes


def _open_status(rng: random.Random) -> str:
    return "inProgress" if rng.random() < 0.3 else "new"


def analyst_of(cast: Cast, rng: random.Random) -> str:
    """One of the few people who work on incidents."""
    return cast.people[-1 - rng.randrange(ANALYSTS)].upn


def noise_details(rng: random.Random, cast: Cast, number: int) -> dict[str, str]:
    """Names that fill an ordinary alert: sender, subject, file, threat, app, rule."""
    domain = f"{rng.choice(words.DOMAIN_FIRST)}{rng.choice(words.LURE_WORDS)}.example"
    subject = rng.choice(words.SUBJECTS).replace("{number}", str(1000 + number % 9000))
    hostile = rng.random() < 0.04
    return {
        "subject": rng.choice(words.HOSTILE) if hostile else subject,
        "file": rng.choice(words.HOSTILE) if hostile else rng.choice(words.FILES),
        "threat": rng.choice(words.MALWARE),
        "unwanted": rng.choice(words.UNWANTED),
        "app": rng.choice(words.OAUTH_NAMES),
        "rule": rng.choice(words.RULE_NAMES),
        "sender": f"{rng.choice(words.LURE_WORDS)}@{domain}",
        "sender_ip": rng.choice(cast.far).ip,
        "url": f"https://{domain}/{rng.choice(words.LURE_WORDS)}/{draws.hex_digits(cast.seed, number, 8)}",
    }
