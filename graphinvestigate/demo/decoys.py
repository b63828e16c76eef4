"""What makes naive triage fail: false positives, an announced test, one noisy host, merged and odd records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo import words
from graphinvestigate.demo.evidence import Scene
from graphinvestigate.demo.noise import analyst_of, noise_details
from graphinvestigate.demo.people import Cast, Person
from graphinvestigate.demo.plan import Draft, Planner
from graphinvestigate.demo.risk import Detection


@dataclass(frozen=True)
class Decoys:
    """Planned incidents beside the attack, and which of their records the truth names."""

    drafts: tuple[Draft, ...]
    unrelated: tuple[str, ...]
    without_incident: str
    unknown_evidence: str
    hostile: str
    alerted: tuple[str, ...]  # ids of risk detections that have an alert


def plan_decoys(
    cast: Cast, planner: Planner, *, size: int, victim: Person | None, detections: Sequence[Detection]
) -> Decoys:
    """Draw the decoys; a tenant of fewer than 60 alerts gets one of each."""
    small, rng = size < 60, planner.rng
    drafts = [*_false_positives(cast, planner, small=small), _test(cast, planner, small=small)]
    drafts.append(_noisy(cast, planner, size=size))
    if rng.random() < 0.5:
        drafts.append(_blocked(cast, planner))
    unrelated = _unrelated(cast, planner, victim or rng.choice(cast.people[5:-4]), count=1 if small else 3)
    hostile = _single(cast, planner, "hostile", "dlp_files", user=cast.people[0], subject=rng.choice(words.HOSTILE))
    unknown = _single(cast, planner, "unknown", "unknown_type", user=cast.people[3])
    orphan = _single(cast, planner, None, "smartscreen", user=cast.people[4])
    drafts += [*unrelated, hostile, unknown, orphan]
    drafts.append(_single(cast, planner, "names", "two_tenants", user=cast.namesake))
    paired = [d for d in detections if d.request_id][: 1 if small else 3]
    drafts += [_risk_alert(planner, number, detection) for number, detection in enumerate(paired)]
    if not small:
        drafts += _known_faces(cast, planner)
    drafts += _merged(planner, victim)
    return Decoys(
        drafts=tuple(drafts),
        unrelated=tuple(s.alert_id for draft in unrelated for s in draft.scenes) if victim else (),
        without_incident=orphan.scenes[0].alert_id,
        unknown_evidence=unknown.scenes[0].alert_id,
        hostile=hostile.scenes[0].alert_id,
        alerted=tuple(detection.id for detection in paired),
    )


def _details(cast: Cast, planner: Planner) -> dict[str, str]:
    return noise_details(planner.rng, cast, planner.count)


def _closed(name: str, scenes: Sequence[Scene], verdict: tuple[str, str], analyst: str, *comments: str) -> Draft:
    return Draft(
        name,
        tuple(scenes),
        status="resolved",
        classification=verdict[0],
        determination=verdict[1],
        assigned_to=analyst,
        comments=comments,
    )


def _verdict(verdict: tuple[str, str], analyst: str) -> dict[str, Any]:
    return {
        "status": "resolved",
        "mood": "benign",
        "classification": verdict[0],
        "determination": verdict[1],
        "assigned_to": analyst,
    }


def _false_positives(cast: Cast, planner: Planner, *, small: bool) -> list[Draft]:
    """High, alone, and found to be nothing."""
    rng, drafts = planner.rng, []
    for number, kind in enumerate(("agent_lsass", "malware_high", "exfiltration")[: 2 if small else 3]):
        verdict = ("falsePositive", rng.choice(("notMalicious", "lineOfBusinessApplication")))
        analyst, user = analyst_of(cast, rng), rng.choice(cast.people[5:-4])
        server = kind == "agent_lsass"
        scene = planner.scene(
            kind,
            at=planner.ago(30, 300),
            user=cast.service if server else user,
            host=rng.choice(cast.servers) if server else user.laptop,
            address=rng.choice(cast.far),
            details=_details(cast, planner),
            **_verdict(verdict, analyst),
        )
        drafts.append(_closed(f"false positive {number}", [scene], verdict, analyst, "Known software, see the list."))
    return drafts


def _test(cast: Cast, planner: Planner, *, small: bool) -> Draft:
    """A penetration test: many tactics, high, announced and closed as expected."""
    rng, tester = planner.rng, planner.rng.choice(cast.people[-12:-4])
    verdict = ("informationalExpectedActivity", "securityTesting")
    analyst, server = analyst_of(cast, rng), rng.choice(cast.servers)
    names = ["scan", "lateral", "credential_dump", "powershell"] + ([] if small else ["task", "beacon", "recon"])
    rng.shuffle(names)
    at, scenes = planner.ago(60, 320), []
    details, address = _details(cast, planner), rng.choice(cast.far)
    for name in names:
        at += rng.randrange(1, 40) * 600_000_000
        on_server = name == "credential_dump"
        scenes.append(
            planner.scene(
                name,
                at=at,
                user=tester,
                host=server if on_server else tester.laptop,
                other_host=server,
                address=address,
                details=details,
                **_verdict(verdict, analyst),
            )
        )
    comment = "Announced penetration test, window agreed with the service desk."
    return _closed("test", scenes, verdict, analyst, comment)


def _noisy(cast: Cast, planner: Planner, *, size: int) -> Draft:
    """One host, one tactic, many medium alerts, still open."""
    rng, user = planner.rng, planner.rng.choice(cast.people[5:-4])
    count = 5 if size < 60 else min(60, max(14, size // 10))
    unwanted, begin = rng.choice(words.UNWANTED), planner.ago(14, 130)
    room = (cast.now - begin) // (count + 1)
    scenes = []
    for number in range(count):
        details = _details(cast, planner) | {"unwanted": unwanted}
        at = begin + number * room + rng.randrange(room)
        scenes.append(planner.scene("pua", at=at, user=user, host=user.laptop, mood="remediated", details=details))
    return Draft("noisy", tuple(scenes), status=rng.choice(("active", "inProgress")))


def _blocked(cast: Cast, planner: Planner) -> Draft:
    """High and open, but prevented, and nothing else happened there."""
    user = planner.rng.choice(cast.people[5:-4])
    scene = planner.scene(
        "malware_high",
        at=planner.ago(10, 90),
        user=user,
        host=user.laptop,
        mood="prevented",
        details=_details(cast, planner),
    )
    return Draft("blocked", (scene,))


def _unrelated(cast: Cast, planner: Planner, person: Person, *, count: int) -> list[Draft]:
    """Low alerts about somebody, each an incident of its own."""
    drafts = []
    for number, name in enumerate(("mail_reported", "malware", "country")[:count]):
        scene = planner.scene(
            name,
            at=planner.ago(20, 500),
            user=person,
            host=person.laptop if name == "malware" else None,
            address=planner.rng.choice(cast.far),
            mood="prevented" if name == "malware" else "unknown",
            details=_details(cast, planner),
        )
        drafts.append(Draft(f"unrelated {number}", (scene,)))
    return drafts


def _single(cast: Cast, planner: Planner, name: str | None, kind: str, *, user: Person, **details: str) -> Draft:
    """One alert, still open."""
    scene = planner.scene(
        kind,
        at=planner.ago(12, 400),
        user=user,
        host=user.laptop,
        mood="unknown",
        details=_details(cast, planner) | details,
    )
    return Draft(name, (scene,))


def _risk_alert(planner: Planner, number: int, detection: Detection) -> Draft:
    """The low alert that belongs to an ordinary risk detection."""
    scene = planner.scene(
        "unfamiliar",
        at=detection.activity,
        user=detection.person,
        address=detection.address,
        mood="unknown",
        alert_id=f"ad{detection.id}",
        provider_id=detection.id,
        details={"request_id": detection.request_id or ""},
    )
    return Draft(f"risk {number}", (scene,))


def _known_faces(cast: Cast, planner: Planner) -> list[Draft]:
    """The renamed person before and after, the guest, and the service account on a server."""
    former = cast.renamed.former
    assert former is not None
    before, after = former.until - 9 * 36_000_000_000, former.until + 20 * 36_000_000_000
    scenes = [
        planner.scene("mail_reported", at=at, user=cast.renamed, mood="unknown", details=_details(cast, planner))
        for at in (before, after)
    ]
    guest = planner.scene(
        "country", at=planner.ago(20, 300), user=cast.guest, address=cast.guest.home, mood="unknown", details={}
    )
    service = planner.scene(
        "admin_script",
        at=planner.ago(20, 300),
        user=cast.service,
        host=planner.rng.choice(cast.servers),
        mood="unknown",
        details={},
    )
    known = (*scenes, guest, service)
    return [Draft(f"known {number}", (scene,)) for number, scene in enumerate(known)]


def _merged(planner: Planner, victim: Person | None) -> list[Draft]:
    """Incidents that were merged into others: they hold no alerts any more and say where these went."""
    targets = ["noisy", *(["attack"] if victim else [])]
    return [
        Draft(
            f"merged {target}",
            status="redirected",
            redirect=target,
            title=f"{title} involving one user",
            severity="medium",
            created=planner.ago(5, 20),
        )
        for target, title in zip(
            targets, ("Unwanted software was detected", "Suspicious inbox manipulation rule"), strict=False
        )
    ]
