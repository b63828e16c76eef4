"""A whole Microsoft tenant, drawn from a seed: same seed and size, same bytes; details are made when looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from graphinvestigate.demo import draws
from graphinvestigate.demo.decoys import Decoys, plan_decoys
from graphinvestigate.demo.hosts import plan_hosts
from graphinvestigate.demo.noise import Noise
from graphinvestigate.demo.people import Cast, build_cast
from graphinvestigate.demo.plan import Draft, Planner
from graphinvestigate.demo.records import Records
from graphinvestigate.demo.render import IncidentFact, render_alert, render_incident
from graphinvestigate.demo.risk import (
    Detection,
    plan_detections,
    render_detection,
    render_risky_user,
    risky_users,
)
from graphinvestigate.demo.sign_ins import SignIns, render_sign_in, render_sign_in_beta
from graphinvestigate.demo.story import Plan, plan_attack, user_truth
from graphinvestigate.demo.tenant_collections import Belongings, other_collections
from graphinvestigate.demo.truth import Attack, RenamedTruth, Truth

FEWEST, MOST = 30, 1_000_000
Json = dict[str, Any]


class Tenant:
    """A tenant at one moment (`now`): its collections by Graph path, and the truth about it.

    Attributes
    ----------
    tenant_id, domain : str
        Its id and its domain.
    now : datetime
        The moment it is seen at, aware UTC; fixed by the seed.
    truth : Truth
        What happened in it.
    collections : dict of str to Records
        Records by path; "beta:auditLogs/signIns" also holds the non-interactive sign-ins, and
        "identityProtection/riskyUsers/{id}/history" the histories of all users.
    hosts : dict of str to HostFact
        What threat intelligence knows, by host name or address.
    """

    def __init__(self, seed: int, alerts: int, *, attack: bool | None) -> None:
        self.seed = seed
        self.now = _moment(seed)
        now = draws.to_ticks(self.now)
        self._cast = cast = build_cast(seed, now=now, size=alerts)
        self.tenant_id, self.domain, self.display_name = cast.tenant_id, cast.domain, cast.company
        planner = Planner(cast, draws.generator(seed, "plan"))
        plan = plan_attack(cast, planner, small=alerts < 60) if attack else None
        sign_ins = SignIns(cast, plan.sign_ins if plan else ())
        ordinary = plan_detections(cast, sign_ins, size=alerts)
        victim = plan.victim if plan else None
        decoys = plan_decoys(cast, planner, size=alerts, victim=victim, detections=ordinary)
        self._number_incidents([*(plan.drafts if plan else ()), *decoys.drafts], planner.count, alerts)
        detections = sorted([*ordinary, *(plan.detections if plan else ())], key=lambda d: (-d.detected, d.id))
        self.truth = _truth(cast, plan, decoys, ordinary, self._names)
        self.collections = self._collections(sign_ins, detections)
        self.collections |= other_collections(cast, plan, detections, size=alerts)
        self.hosts = plan_hosts(cast, plan)
        self._belongings = Belongings(cast, self.collections)

    def _number_incidents(self, drafts: list[Draft], planned: int, alerts: int) -> None:
        """Give all incidents their ids in the order of their creation, and planned alerts their incidents."""
        cast = self._cast
        noise = self._noise = Noise(cast, count=alerts - planned, first=planned)
        named = [draft for draft in drafts if draft.name is not None]
        began = np.concatenate(
            (np.array([draft.began() for draft in named], dtype=np.int64), noise.created[noise.starts])
        )
        self._incident_order = np.argsort(-began, kind="stable")
        rank = np.empty(len(began), dtype=np.int64)
        rank[self._incident_order] = np.arange(len(began))[::-1]
        self._base = draws.generator(cast.seed, "incident ids").randrange(1_000, 90_000)
        self._rank, self._planned_incidents = rank, len(named)
        self._names = {str(draft.name): self._incident_id(place) for place, draft in enumerate(named)}
        self._drafts = named
        self._facts = [draft.fact(self._names[str(draft.name)], self._names) for draft in named]
        owner = {s.ordinal: self._names.get(str(draft.name)) for draft in drafts for s in draft.scenes}
        scenes = {scene.ordinal: scene for draft in drafts for scene in draft.scenes}
        self._scenes = [scenes[ordinal] for ordinal in range(planned)]
        self._owners = [owner[ordinal] for ordinal in range(planned)]
        created = np.concatenate((np.array([s.created for s in self._scenes], dtype=np.int64), noise.created))
        self._alert_order = np.argsort(-created, kind="stable")
        self._incident_places: dict[str, int] | None = None

    def _incident_id(self, place: int) -> str:
        return str(self._base + int(self._rank[place]))

    def _alert(self, ordinal: int) -> Json:
        if ordinal < len(self._scenes):
            return render_alert(self._scenes[ordinal], self._cast, incident_id=self._owners[ordinal])
        place = int(self._noise.of[ordinal - len(self._scenes)]) + self._planned_incidents
        return render_alert(self._noise.scene(ordinal), self._cast, incident_id=self._incident_id(place))

    def _alert_id(self, ordinal: int) -> str:
        planned = ordinal < len(self._scenes)
        return self._scenes[ordinal].alert_id if planned else self._noise.alert_id(ordinal)

    def _incident(self, place: int) -> Json:
        return render_incident(self._incident_fact(place), self._cast)

    def _incident_fact(self, place: int) -> IncidentFact:
        if place < self._planned_incidents:
            return self._facts[place]
        return self._noise.incident(place - self._planned_incidents, self._incident_id(place))

    def incident_alerts(self, incident_id: str) -> list[str]:
        """The ids of an incident's alerts, oldest first; a merged incident has none.

        Raises
        ------
        KeyError
            There is no such incident.
        """
        if not incident_id.isdecimal() or not 0 <= int(incident_id) - self._base < len(self._rank):
            raise KeyError(incident_id)
        place = int(self._incident_order[len(self._rank) - 1 - (int(incident_id) - self._base)])
        if place < self._planned_incidents:
            scenes = sorted(self._drafts[place].scenes, key=lambda scene: (scene.created, scene.ordinal))
            return [scene.alert_id for scene in scenes]
        return [self._noise.alert_id(ordinal) for ordinal in self._noise.ordinals(place - self._planned_incidents)]

    def belonging(self, path: str, user_id: str) -> list[Json]:
        """The records under a path with ``{id}`` (``users/{id}/ownedDevices``) that belong to one user."""
        return self._belongings.of(path, user_id)

    def _collections(self, sign_ins: SignIns, detections: list[Detection]) -> dict[str, Records]:
        cast, users = self._cast, risky_users(detections)

        def signed(number: int, *, beta: bool) -> Json:
            return (render_sign_in_beta if beta else render_sign_in)(sign_ins.fact(number), cast)

        return {
            "security/alerts_v2": Records(self._alert_order, self._alert, self._alert_id),
            "security/incidents": Records(self._incident_order, self._incident, self._incident_id),
            "identityProtection/riskDetections": Records(
                range(len(detections)), lambda n: render_detection(detections[n]), lambda n: detections[n].id
            ),
            "identityProtection/riskyUsers": Records(
                range(len(users)), lambda n: render_risky_user(users[n]), lambda n: users[n].person.object_id
            ),
            "auditLogs/signIns": Records(
                sign_ins.order(interactive_only=True), partial(signed, beta=False), sign_ins.id_of
            ),
            "beta:auditLogs/signIns": Records(
                sign_ins.order(interactive_only=False), partial(signed, beta=True), sign_ins.id_of
            ),
        }

    def __repr__(self) -> str:
        return f"<Tenant {self.domain} seed={self.seed} alerts={len(self.collections['security/alerts_v2'])}>"


def build_tenant(seed: int = 0, alerts: int = 120, *, attack: bool | None = None) -> Tenant:
    """Build the tenant of a seed.

    Parameters
    ----------
    seed : int
        Draws everything: names, hosts, addresses, ids, times and order.
    alerts : int
        How many alerts it holds, 30 to 1,000,000.
    attack : bool or None
        Whether it was attacked; None lets the seed decide (about one in five holds no attack; seed 0 does).

    Raises
    ------
    ValueError
        `alerts` is outside its range.
    """
    if not FEWEST <= alerts <= MOST:
        raise ValueError(f"A demo tenant holds {FEWEST} to {MOST:,} alerts; {alerts} were asked for.")
    if attack is None:
        attack = seed == 0 or draws.generator(seed, "attacked").random() < 0.8
    return Tenant(seed, alerts, attack=attack)


def _moment(seed: int) -> datetime:
    """The moment a seed's tenant is seen at: some day in the first quarter of 2026."""
    rng = draws.generator(seed, "now")
    return datetime(2026, 1, 12, tzinfo=UTC) + timedelta(microseconds=rng.randrange(76 * 86_400_000_000))


def _truth(
    cast: Cast, plan: Plan | None, decoys: Decoys, ordinary: Sequence[Detection], names: Mapping[str, str]
) -> Truth:
    renamed = cast.renamed
    assert renamed.former is not None
    return Truth(
        seed=cast.seed,
        tenant_id=cast.tenant_id,
        domain=cast.domain,
        attack=Attack(
            incident_id=names["attack"],
            other_incident_ids=tuple(names[name] for name in ("attack part",) if name in names),
            **plan.truth,
        )
        if plan
        else None,
        redirected=tuple((names[str(d.name)], names[d.redirect]) for d in decoys.drafts if d.redirect is not None),
        false_positive_incident_ids=tuple(i for name, i in names.items() if name.startswith("false positive")),
        expected_activity_incident_id=names["test"],
        noisy_incident_id=names["noisy"],
        blocked_incident_id=names.get("blocked"),
        unrelated_alert_ids=decoys.unrelated,
        nat_ip=cast.nat.ip,
        renamed_user=RenamedTruth(renamed.object_id, renamed.former.upn, renamed.upn),
        guest=user_truth(cast.guest),
        namesakes=(user_truth(cast.namesake), user_truth(cast.foreign)),
        service_account=user_truth(cast.service),
        risk_without_alert_ids=tuple(d.id for d in ordinary if d.id not in decoys.alerted),
        alert_without_incident_id=decoys.without_incident,
        unknown_evidence_alert_id=decoys.unknown_evidence,
        hostile_alert_id=decoys.hostile,
    )
