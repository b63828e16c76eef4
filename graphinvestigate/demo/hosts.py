"""What threat intelligence knows of hosts and addresses: those of a story, and the tenant's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from graphinvestigate.demo import draws
from graphinvestigate.demo.people import Cast
from graphinvestigate.demo.story import Plan
from graphinvestigate.demo.templates import TEMPLATES


@dataclass(frozen=True, slots=True)
class HostFact:
    """One host or address; `peers` are what it resolved to or from, times are ticks."""

    name: str
    classification: str
    score: int
    reasons: tuple[str, ...]
    first: int
    last: int
    peers: tuple[str, ...] = ()


def plan_hosts(cast: Cast, plan: Plan | None) -> dict[str, HostFact]:
    """Everything that is known, by name."""
    old = cast.now - 900 * draws.DAY
    known = [
        HostFact(cast.domain, "neutral", 0, (), old, cast.now, (cast.nat.ip,)),
        HostFact(cast.nat.ip, "neutral", 0, (), old, cast.now, (cast.domain,)),
    ]
    if plan is not None:
        known += _story_hosts(cast, plan)
    return {fact.name: fact for fact in known}


def _story_hosts(cast: Cast, plan: Plan) -> list[HostFact]:
    truth, scenes = plan.truth, {scene.template: scene for scene in plan.scenes}
    lure = urlsplit(truth["phish_url"]).hostname or ""
    store = urlsplit(scenes[TEMPLATES["exfiltration"]].details["url"]).hostname or ""
    sender = (truth["phish_sender"] or "").partition("@")[2]
    young = cast.now - 12 * draws.DAY
    new = HostFact("", "malicious", 90, ("Newly registered domain", "Name imitates a sign-in page"), young, cast.now)
    known = [
        replace(new, name=lure, score=100, peers=(truth["proxy_ip"],)),
        replace(new, name=truth["proxy_ip"], reasons=("Hosts a phishing page",), peers=(lure,)),
        replace(new, name=truth["replay_ip"], classification="suspicious", score=58, reasons=("Anonymizing host",)),
        replace(new, name=store, score=85, reasons=("Newly registered domain",), peers=(truth["exfiltration_ip"],)),
        replace(new, name=truth["exfiltration_ip"], score=80, reasons=("Receives stolen data",), peers=(store,)),
    ]
    if sender:
        known.append(
            replace(new, name=sender, classification="suspicious", score=65, reasons=("Newly registered domain",))
        )
    return known
