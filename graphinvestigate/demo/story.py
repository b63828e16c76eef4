"""The attack: a way in, a foreign replay of the session, a mailbox rule, an app, a laptop, credentials, data."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from graphinvestigate.demo import draws, words
from graphinvestigate.demo.evidence import Scene
from graphinvestigate.demo.grouping import grouped
from graphinvestigate.demo.noise import analyst_of
from graphinvestigate.demo.people import Address, Cast, Host, Person
from graphinvestigate.demo.plan import Draft, Planner
from graphinvestigate.demo.risk import Detection
from graphinvestigate.demo.sign_ins import Risk, SignIn
from graphinvestigate.demo.templates import TEMPLATES
from graphinvestigate.demo.truth import HostTruth, Part, Step, UserTruth

_HOME_PAGE = ("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca")
_GRAPH = ("Microsoft Graph", "00000003-0000-0000-c000-000000000000")
_MAIL = ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000")
STEP_OF = {
    "phish_click": "phish",
    "password_spray": "password spray",
    "anonymous_ip": "risk alert",
    "anomalous_token": "risk alert",
    "inbox_rule": "mailbox rule",
    "forwarding": "mail forwarding",
    "oauth_grant": "oauth grant",
    "oauth_mail": "oauth download",
    "mshta": "laptop",
    "powershell": "execution",
    "task": "persistence",
    "beacon": "command and control",
    "lateral": "lateral movement",
    "credential_dump": "credential dump",
    "exfiltration": "exfiltration",
}


@dataclass(frozen=True)
class Plan:
    """The attack's records before rendering, and its truth but for the incidents' ids.

    `drafts` are the incidents that its alerts were put in, the main one first; `scenes` its own alerts.
    """

    drafts: tuple[Draft, ...]
    scenes: tuple[Scene, ...]
    sign_ins: tuple[SignIn, ...]
    detections: tuple[Detection, ...]
    victim: Person
    truth: dict[str, Any]


def user_truth(person: Person) -> UserTruth:
    """An account as the truth names it."""
    return UserTruth(person.object_id, person.upn, person.display_name, person.home_tenant)


def host_truth(host: Host) -> HostTruth:
    """A host as the truth names it."""
    return HostTruth(host.mde_id, host.entra_id, host.fqdn)


def plan_attack(cast: Cast, planner: Planner, *, small: bool) -> Plan:
    """Draw who, where, when and in which order, then write the truth down."""
    rng = planner.rng
    victim = rng.choice(
        [p for p in cast.people[5:-4] if p.laptop and p.laptop.managed and p.laptop.platform != "macOS"]
    )
    laptop = victim.laptop
    assert laptop is not None
    proxy, replay, remote, beacon = _addresses(cast, rng)
    moves = rng.random() < 0.6
    dumped = rng.choice(cast.servers) if moves else laptop
    entry = entry_of(cast.seed)
    url, sender = _lure(rng)
    optional = ["forwarding", "task", "beacon", "powershell", "oauth_mail"]
    extra = [] if small else rng.sample(optional, rng.randint(1, 4))
    times = _times(cast, rng, entry, moves=moves, extra=extra)

    sign_ins = _sign_ins(cast, rng, victim, proxy, replay, times)
    phished = next(sign_in for sign_in in sign_ins if sign_in.interactive and not sign_in.error)
    detections = _detections(cast, rng, victim, proxy, phished)
    sign_ins = tuple(replace(s, risk=_risk_of(detections)) if s is phished else s for s in sign_ins)
    app_name, app_id = rng.choice(words.OAUTH_NAMES), draws.guid(draws.salt(cast.seed, "attacker app"), 0)
    details = {
        "url": url,
        "sender": sender,
        "sender_ip": cast.spare[4],
        "subject": rng.choice(words.SUBJECTS).replace("{number}", str(rng.randint(1000, 9999))),
        "request_id": phished.id,
        "session_id": phished.session_id,
        "browser": phished.browser,
        "system": phished.system,
        "agent": phished.agent,
        "rule": rng.choice(words.RULE_NAMES),
        "app": app_name,
        "app_id": app_id,
        "file": f"{draws.hex_digits(cast.seed, 11, 6)}.{rng.choice(('dmp', 'bin', 'log', 'tmp'))}",
        "task": rng.choice(("OneSync", "EdgeTelemetry", "AdobeRefresh", "DriverSvc")),
        "remote": rng.choice(("mega", "box", "pcloud", "s3")),
    }
    store = f"https://{rng.choice(words.DOMAIN_FIRST)}-{rng.choice(words.LURE_WORDS)}.example/upload"
    where: dict[str, dict[str, Any]] = {
        "phish_click": {"mood": "remediated" if rng.random() < 0.3 else "active"},
        "password_spray": {"address": proxy, "severity": rng.choice(("medium", "high")) if entry == "spray" else ""},
        "mshta": {"host": laptop, "severity": rng.choice(("low", "medium"))},
        "powershell": {"host": laptop},
        "task": {"host": laptop},
        "beacon": {"host": laptop, "address": beacon},
        "lateral": {"host": laptop, "other_host": dumped},
        "credential_dump": {
            "host": dumped,
            "mood": "malicious",
            "user": cast.service if moves and rng.random() < 0.5 else victim,
        },
        "exfiltration": {"host": dumped, "address": remote, "mood": "malicious", "details": details | {"url": store}},
    }
    scenes = []
    for name, (at, until) in times.items():
        if name not in STEP_OF:
            continue
        facts: dict[str, Any] = {"user": victim, "details": details} | where.get(name, {})
        if facts.get("mood") == "remediated":
            facts["status"] = "resolved"
        scenes.append(planner.scene(name, at=at, until=until, **facts))
    for detection in detections[:1]:
        name = "anonymous_ip" if detection.kind == "anonymizedIPAddress" else "anomalous_token"
        scenes.append(
            planner.scene(
                name,
                at=phished.at,
                user=victim,
                address=proxy,
                details=details,
                severity=detection.level,
                alert_id=f"ad{detection.id}",
                provider_id=detection.id,
            )
        )
    scenes.sort(key=lambda scene: (scene.created, scene.ordinal))
    handled = rng.random() < 0.25
    draft = Draft(
        "attack",
        tuple(scenes),
        status="inProgress" if handled else "active",
        assigned_to=analyst_of(cast, rng) if handled else None,
        score=rng.randint(70, 99) if rng.random() < 0.5 else None,
    )
    drafts, strays = grouped(cast, planner, draft, victim, small=small)
    alert_of = {scene.template: scene.alert_id for scene in scenes}
    mailed = entry == "phish"
    truth = {
        "entry": entry,
        "entry_alert_id": alert_of[TEMPLATES[_ENTRIES[entry]]],
        "alert_ids": tuple(scene.alert_id for scene in scenes),
        "stray_alert_ids": tuple(scene.alert_id for scene in strays),
        "user": user_truth(victim),
        "laptop": host_truth(laptop),
        "dumped_host": host_truth(dumped),
        "lateral_movement": moves,
        "proxy_ip": proxy.ip,
        "replay_ip": replay.ip,
        "exfiltration_ip": remote.ip,
        "phish_url": url,
        "phish_sender": sender if mailed else None,
        "oauth_app_id": app_id,
        "oauth_app_name": app_name,
        "phish_alert_id": alert_of[TEMPLATES["phish_click"]] if mailed else None,
        "credential_alert_id": alert_of[TEMPLATES["credential_dump"]],
        "exfiltration_alert_id": alert_of[TEMPLATES["exfiltration"]],
        "sign_in_id": phished.id,
        "replay_sign_in_ids": tuple(s.id for s in sign_ins if not s.interactive),
        "risk_detection_ids": tuple(detection.id for detection in detections),
        "steps": _steps(scenes, sign_ins, detections),
        "parts": _parts(scenes, cast, victim, proxy, replay, details, store),
    }
    return Plan(drafts, tuple(scenes), sign_ins, detections, victim, truth)


_ENTRIES = {"phish": "phish_click", "spray": "password_spray", "laptop": "mshta"}


def entry_of(seed: int) -> str:
    """How the attack of a seed begins; seed 0 begins with a link in a message."""
    if seed == 0:
        return "phish"
    return draws.weighted(draws.generator(seed, "entry"), (("phish", 2), ("spray", 1), ("laptop", 1)))


def _parts(
    scenes: list[Scene],
    cast: Cast,
    victim: Person,
    proxy: Address,
    replay: Address,
    details: dict[str, Any],
    store: str,
) -> tuple[Part, ...]:
    """Everybody and everything the attack consists of."""
    parts = {Part("user", victim.object_id, "victim"), Part("mailbox", victim.upn, "victim")}
    parts |= {Part("ip", proxy.ip, "attacker"), Part("ip", replay.ip, "attacker")}
    parts |= {Part("url", details["url"], "attacker"), Part("url", store, "attacker")}
    parts.add(Part("app", details["app_id"], "attacker"))
    for scene in scenes:
        hosts = [host for host in (scene.host, scene.other_host) if host is not None]
        parts |= {Part("host", host.mde_id, "victim") for host in hosts}
        if scene.user is cast.service:
            parts.add(Part("user", cast.service.object_id, "victim"))
        if scene.address is not None:
            parts.add(Part("ip", scene.address.ip, "attacker"))
        if scene.template is TEMPLATES["phish_click"]:
            parts |= {Part("mailbox", details["sender"], "attacker"), Part("ip", details["sender_ip"], "attacker")}
    return tuple(sorted(parts, key=lambda part: (part.kind, part.id)))


def _addresses(cast: Cast, rng: random.Random) -> tuple[Address, Address, Address, Address]:
    """The phishing proxy, where the session is replayed, where data goes, and the beacon's address."""
    places = rng.sample(words.FAR_PLACES, 4)
    ips = list(cast.spare[:4])
    if rng.random() < 0.25:
        ips[1] = (
            f"2001:db8:{rng.randrange(0x1000, 0xFFFF):x}:{rng.randrange(0x1000, 0xFFFF):x}::{rng.randrange(2, 99):x}"
        )
    proxy, replay, remote, beacon = (Address(ip, *place) for ip, place in zip(ips, places, strict=True))
    return proxy, replay, remote, beacon


def _lure(rng: random.Random) -> tuple[str, str]:
    """The phishing page and the sender of the message."""
    first, second = rng.sample(words.LURE_WORDS, 2)
    host = f"{first}-{second}{rng.randint(2, 98)}.example"
    path = "".join(rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=9))
    sender = f"{rng.choice(words.GIVEN)}.{rng.choice(words.FAMILY)}@{rng.choice(words.DOMAIN_FIRST)}{second}.example"
    return f"https://{host}/{path}?id={rng.randrange(10**6)}", sender.lower()


def _times(cast: Cast, rng: random.Random, entry: str, *, moves: bool, extra: list[str]) -> dict[str, tuple[int, int]]:
    """When each step began and ended, in ticks; the order of the middle differs from seed to seed."""
    cloud = ["inbox_rule", "oauth_grant", *(name for name in ("forwarding", "oauth_mail") if name in extra)]
    head, tail = cloud[:2], cloud[2:]
    rng.shuffle(head)
    host = ["mshta", *(name for name in ("powershell", "task", "beacon") if name in extra)]
    if entry == "laptop":
        host.remove("mshta")
    last = [*(["lateral"] if moves else []), "credential_dump", "exfiltration"]
    # Some go for the mailbox first, some for the machine.
    order = [*host, *head, *tail, *last] if entry == "spray" and rng.random() < 0.5 else [*head, *tail, *host, *last]
    hours = rng.uniform(6, 22)
    begin = cast.now - int((hours + rng.uniform(6, 70)) * draws.HOUR)
    weights = [rng.uniform(0.5, 2) for _ in order]
    click = begin + rng.randrange(4 * draws.MINUTE, 50 * draws.MINUTE)
    times = {
        _ENTRIES[entry]: (begin, click),
        "sign_in": (click + rng.randrange(40, 120) * draws.SECOND + rng.randrange(draws.SECOND),) * 2,
    }
    replay = times["sign_in"][0] + rng.randrange(6 * draws.MINUTE, 90 * draws.MINUTE)
    times["replay"] = (replay, begin + int(hours * draws.HOUR))
    at, rest = replay, begin + int((hours - 1.5) * draws.HOUR) - replay
    for name, weight in zip(order, weights, strict=True):
        at += max(int(rest * weight / sum(weights)), 3 * draws.MINUTE)
        start = draws.coarse(at, rng)
        times[name] = (start, start + rng.randrange(draws.SECOND, 2 * draws.MINUTE))
    return times


def _sign_ins(
    cast: Cast, rng: random.Random, victim: Person, proxy: Address, replay: Address, times: dict[str, tuple[int, int]]
) -> tuple[SignIn, ...]:
    """A failed and a successful interactive sign-in through the proxy, then the session elsewhere."""
    base = draws.salt(cast.seed, "story sign-ins")
    session, moment = draws.guid(base, 900), times["sign_in"][0]
    system, browser, agent = words.PHISH_AGENT
    common: dict[str, Any] = {"person": victim, "device": None, "session_id": session}
    through = common | {"interactive": True, "address": proxy, "app": _HOME_PAGE, "resource": _HOME_PAGE}
    through |= {"system": system, "browser": browser, "agent": agent}
    found = [
        SignIn(
            id=draws.guid(base, 0),
            correlation_id=draws.guid(base, 500),
            at=moment - 25 * draws.SECOND,
            error=50074,
            **through,
        ),
        SignIn(id=draws.guid(base, 1), correlation_id=draws.guid(base, 500), at=moment, **through),
    ]
    start, end = times["replay"]
    tool = rng.choice(words.REPLAY_AGENTS)
    away = common | {"interactive": False, "address": replay, "system": "", "browser": "", "agent": tool}
    away["original_request"] = found[1].id
    moments = [start, *sorted(rng.randrange(start, end) for _ in range(rng.randint(3, 9)))]
    for number, at in enumerate(moments, start=2):
        resource = rng.choice((_GRAPH, _MAIL))
        found.append(
            SignIn(
                id=draws.guid(base, number),
                correlation_id=draws.guid(base, 500 + number),
                at=draws.coarse(at, rng),
                app=rng.choice((_MAIL, ("Microsoft Office", "d3590ed6-52b3-4102-aeff-aad2292ab01c"))),
                resource=resource,
                **away,
            )
        )
    return tuple(found)


def _detections(
    cast: Cast, rng: random.Random, victim: Person, proxy: Address, phished: SignIn
) -> tuple[Detection, ...]:
    """One or two detections about the sign-in through the proxy."""
    kinds = ["anonymizedIPAddress", "anomalousToken"]
    rng.shuffle(kinds)
    base = draws.salt(cast.seed, "story detections")
    found = []
    for number, kind in enumerate(kinds[: rng.choice((1, 2, 2))]):
        detected = phished.at + rng.randrange(draws.MINUTE, 20 * draws.MINUTE)
        found.append(
            Detection(
                id=draws.hex_digits(base, number, 64),
                kind=kind,
                level=rng.choice(("medium", "high")),
                state="atRisk",
                detail="none",
                timing="realtime" if kind == "anonymizedIPAddress" else "offline",
                person=victim,
                address=proxy,
                request_id=phished.id,
                correlation_id=phished.correlation_id,
                activity=phished.at,
                detected=detected,
                updated=detected + rng.randrange(draws.MINUTE),
                agent=phished.agent,
            )
        )
    return tuple(found)


def _risk_of(detections: tuple[Detection, ...]) -> Risk:
    """What the sign-in itself says of its detections."""
    level = "high" if any(d.level == "high" for d in detections) else "medium"
    return Risk(level, tuple(d.kind for d in detections), "atRisk", "none")


def _steps(scenes: list[Scene], sign_ins: tuple[SignIn, ...], detections: tuple[Detection, ...]) -> tuple[Step, ...]:
    names = {TEMPLATES[name]: step for name, step in STEP_OF.items()}
    steps = [Step(names[scene.template], draws.to_datetime(scene.first), "alert", scene.alert_id) for scene in scenes]
    steps += [
        Step("sign in" if s.interactive else "replay", draws.to_datetime(s.at), "signIn", s.id)
        for s in sign_ins
        if not s.error
    ]
    steps += [Step("risk", draws.to_datetime(d.detected), "riskDetection", d.id) for d in detections]
    return tuple(sorted(steps, key=lambda step: (step.time, step.record_kind, step.record_id)))
