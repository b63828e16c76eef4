"""How well an investigation tells the story of a tenant: ``python tests/benchmarks/bench_story.py [FIRST [COUNT]]``.

For each seed a demo tenant is built (another way in, other people, hosts, addresses and order, its alerts sometimes
torn apart or mixed with a stranger's, and 40 to 400 alerts of noise; some hold no attack at all). The real client
pulls it, `attack_story` answers, and the answers are compared with the tenant's truth, which was written down before
its records were rendered. "dulled" tenants lack the roles and verdicts of every third evidence item.

Seeds below 2000 were used while the code was written; those from 2000 on are for reporting.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.demo import faults
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant
from graphinvestigate.demo.transport import DemoClock, DemoTransport
from graphinvestigate.linking import AttackStory

KINDS = ("user", "host", "ip", "url", "mailbox", "app")
"""What the truth lists in full: processes, files and messages of the attack have no name before they are rendered."""
_RECORDS = {"signIn": "sign_in", "riskDetection": "risk_detection"}


@dataclass
class Score:
    """What was found, what was not, and what was made up."""

    seed: int
    entry: str | None
    found: bool
    entities: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    right_start: bool = False
    replay_found: bool = False
    wrong: set[Any] = field(default_factory=set)


def dulled(page: dict[str, Any]) -> dict[str, Any]:
    """A page of alerts in which every third evidence item has no role and no verdict."""
    for alert in page.get("value", ()):
        rng = random.Random(alert["id"])
        for item in alert["evidence"]:
            if rng.random() < 1 / 3:
                item["roles"], item["verdict"] = [], "unknown"
    return page


def pulled(tenant: Tenant, *, dull: bool) -> dict[str, pd.DataFrame]:
    """What the real client brings from a tenant's emulator."""
    clock = DemoClock()
    changes = [faults.Fault("/security/alerts_v2", faults.rewrite(dulled))] if dull else []
    emulator = Emulator(tenant, clock=clock.clock, faults=changes)
    transport = DemoTransport(emulator, demo_clock=clock)
    credential = EmulatorCredential(tenant.tenant_id)
    with connect(tenant_id=tenant.tenant_id, transport=transport, credential=credential) as client:
        return {
            "alerts": gi.list_alerts(client),
            "incidents": gi.list_incidents(client),
            "risk_detections": gi.list_risk_detections(client),
            "risky_users": gi.list_risky_users(client),
            "sign_ins": gi.list_sign_ins(client, event_types=["interactive", "nonInteractive"]),
        }


def told(tenant: Tenant, *, dull: bool = False) -> AttackStory:
    """The story that the calls tell of a tenant."""
    frames = pulled(tenant, dull=dull)
    g = gi.entity_graph(**frames)
    return gi.attack_story(g, **{name: frames[name] for name in ("alerts", "risk_detections", "sign_ins")})


def score(tenant: Tenant, *, dull: bool = False) -> Score:
    """Compare the story that is told with what happened."""
    attack = tenant.truth.attack
    story = told(tenant, dull=dull)
    result = Score(tenant.seed, attack.entry if attack else None, story.incident is not None)
    if attack is None:
        return result
    parts = {(part.kind, part.id.casefold()) for part in attack.parts}
    rows = story.touched[story.touched["kind"].isin(KINDS) & story.touched["part"].isin(("victim", "attacker"))]
    named = {(row.kind, row.key.casefold()) for row in rows.itertuples()}
    _count(result.entities, parts, named)
    happened = {(_RECORDS.get(step.record_kind, step.record_kind), step.record_id) for step in attack.steps}
    steps = [(row.record_kind, row.record_id) for row in story.steps.itertuples()]
    _count(result.steps, happened, set(steps))
    result.right_start = bool(steps) and steps[0] == ("alert", attack.entry_alert_id)
    elsewhere = story.missed[story.missed["gap"] == "session used elsewhere"]
    result.replay_found = attack.replay_ip in set(elsewhere["ip_address"])
    result.wrong = (parts ^ named) | (happened ^ set(steps))
    return result


def _count(counter: Counter[str], truth: set[Any], found: set[Any]) -> None:
    counter.update(right=len(truth & found), missed=len(truth - found), invented=len(found - truth))


def ratios(scores: list[Score], what: str) -> tuple[float, float]:
    """Precision and recall over all attacks together."""
    total: Counter[str] = sum((getattr(one, what) for one in scores), Counter())
    said, happened = total["right"] + total["invented"], total["right"] + total["missed"]
    return total["right"] / max(said, 1), total["right"] / max(happened, 1)


def tenant_of(seed: int) -> Tenant:
    """A seed's tenant, with as many alerts as the seed says."""
    return build_tenant(seed, random.Random(f"size {seed}").randrange(40, 400))


def report(scores: list[Score]) -> None:
    """Print what the scores say."""
    attacks = [one for one in scores if one.entry is not None]
    quiet = [one for one in scores if one.entry is None]
    print(f"  attacks {len(attacks)} ({dict(Counter(one.entry for one in attacks))}), quiet {len(quiet)}")
    print(f"  attacks found {sum(one.found for one in attacks)}, false alarms {sum(one.found for one in quiet)}")
    for what in ("entities", "steps"):
        precision, recall = ratios(attacks, what)
        print(f"  {what}: precision {precision:.3f}, recall {recall:.3f}")
    print(f"  started where it did: {sum(one.right_start for one in attacks)} of {len(attacks)}")
    print(f"  replay found though nothing names it: {sum(one.replay_found for one in attacks)} of {len(attacks)}")
    worst = sorted((one for one in attacks if one.wrong), key=lambda one: -len(one.wrong))[:5]
    for one in worst:
        print(f"  seed {one.seed}: {sorted(map(str, one.wrong))[:6]}")


def main() -> None:
    """Score the seeds asked for, plain and dulled."""
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for dull in (False, True):
        begun = time.perf_counter()
        scores = [score(tenant_of(seed), dull=dull) for seed in range(first, first + count)]
        print(f"{'dulled' if dull else 'plain'}, seeds {first} to {first + count - 1}:")
        report(scores)
        print(f"  {(time.perf_counter() - begun) / count:.2f} s a tenant, pull included")


if __name__ == "__main__":
    main()
