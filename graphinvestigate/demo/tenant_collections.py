"""The collections of a tenant beyond alerts, incidents, risk and sign-ins, and what belongs to one user each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from graphinvestigate.demo.audits import plan_audits, principal_id, render_audit
from graphinvestigate.demo.directory import accounts, device_id, owned, render_device, render_user
from graphinvestigate.demo.named_locations import NUMBER, location_id, render_location
from graphinvestigate.demo.people import Cast
from graphinvestigate.demo.principals import plan_principals, render_principal_detection, render_risky_principal
from graphinvestigate.demo.records import Records
from graphinvestigate.demo.risk import Detection
from graphinvestigate.demo.risk_history import render_history, risk_history
from graphinvestigate.demo.scores import CONTROLS, DAYS, render_profile, render_score, score_id
from graphinvestigate.demo.story import Plan

HISTORY = "identityProtection/riskyUsers/{id}/history"
OWNED = ("users/{id}/ownedDevices", "users/{id}/registeredDevices")


def other_collections(
    cast: Cast, plan: Plan | None, detections: Sequence[Detection], *, size: int
) -> dict[str, Records]:
    """Records by path; the risk history of all users stands under one path that holds ``{id}``."""
    audits = plan_audits(cast, plan, detections, size=size)
    principals = plan_principals(cast, plan)
    history = risk_history(detections)
    people, devices = accounts(cast), owned(cast)

    def listed(count: int, render: Callable[[int], dict[str, Any]], identify: Callable[[int], str]) -> Records:
        return Records(range(count), render, identify)

    return {
        HISTORY: listed(len(history), lambda n: render_history(history[n], cast), lambda n: history[n].id),
        "identityProtection/servicePrincipalRiskDetections": listed(
            len(principals), lambda n: render_principal_detection(principals[n], cast), lambda n: principals[n].id
        ),
        "identityProtection/riskyServicePrincipals": listed(
            len(principals),
            lambda n: render_risky_principal(principals[n], cast),
            lambda n: principal_id(principals[n].app_id, cast),
        ),
        "auditLogs/directoryAudits": listed(len(audits), lambda n: render_audit(*audits[n]), lambda n: audits[n][0]),
        "security/secureScores": listed(DAYS, partial(render_score, cast=cast), partial(score_id, cast=cast)),
        "security/secureScoreControlProfiles": listed(
            len(CONTROLS), partial(render_profile, cast=cast), lambda n: CONTROLS[n][0]
        ),
        "identity/conditionalAccess/namedLocations": listed(
            NUMBER, partial(render_location, cast=cast), partial(location_id, cast=cast)
        ),
        "users": listed(len(people), lambda n: render_user(people[n], cast), lambda n: people[n].object_id),
        "devices": listed(
            len(devices), lambda n: render_device(*devices[n], cast), lambda n: device_id(cast, devices[n][0])
        ),
    }


class Belongings:
    """What belongs to one user: the risk history and the devices.

    Parameters
    ----------
    cast : Cast
        Whose they are.
    collections : mapping
        Where they are.
    """

    def __init__(self, cast: Cast, collections: dict[str, Records]) -> None:
        self._collections = collections
        self._devices = {person.object_id: device_id(cast, person) for person, _ in owned(cast)}
        self._history: dict[str, list[int]] | None = None

    def of(self, path: str, user_id: str) -> list[dict[str, Any]]:
        """The records under `path`, which holds ``{id}``, of one user; none if there are none."""
        if path == HISTORY:
            items = self._collections[HISTORY]
            if self._history is None:
                places: dict[str, list[int]] = {}
                for number, item in enumerate(items):
                    places.setdefault(item["userId"], []).append(number)
                self._history = places
            return [items[number] for number in self._history.get(user_id, ())]
        if path not in OWNED:
            raise KeyError(path)
        place = self._collections["devices"].position(self._devices.get(user_id, ""))
        if place is None:
            return []
        return [{"@odata.type": "#microsoft.graph.device", **self._collections["devices"][place]}]
