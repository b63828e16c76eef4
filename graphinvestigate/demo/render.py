"""Scenes and plans become alerts and incidents, every property of v1.0 in Graph's spelling."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.evidence import Scene
from graphinvestigate.demo.evidence_cloud import RECIPES
from graphinvestigate.demo.people import Cast
from graphinvestigate.demo.templates import SERVICES

PORTAL = "https://security.microsoft.com"
_FAMILIES = {"threat": "Trojan", "unwanted": "PUA"}
RANKS = ("informational", "low", "medium", "high")
_ADVICE = (
    "1. Check what the user and the device did around the time of the alert.\n"
    "2. Look for the same addresses, files and messages elsewhere.\n"
    "3. If it was not expected, reset the credentials and isolate the device."
)


@dataclass(frozen=True, slots=True)
class IncidentFact:
    """All that is known about one incident before it is rendered; times are ticks."""

    id: str
    title: str
    severity: str
    status: str
    created: int
    updated: int
    classification: str = "unknown"
    determination: str = "unknown"
    assigned_to: str | None = None
    redirect: str | None = None
    comments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    score: int | None = None


class Details(dict[str, str]):
    """Details of a scene for a title; what is not known stays empty."""

    def __missing__(self, key: str) -> str:
        """Nothing is known under this name."""
        return ""


def title_of(scene: Scene) -> str:
    """The alert's title with its threat, app, host, subject filled in."""
    return scene.template.title.format_map(_known(scene))


def _known(scene: Scene) -> Details:
    known = Details(scene.details)
    known["host"] = scene.host.name if scene.host else ""
    known["peer"] = scene.other_host.name if scene.other_host else ""
    known["country"] = scene.address.country_name if scene.address else ""
    return known


def alert_id(service: str, *, base: int, ordinal: int, created: int) -> str:
    """An id in the style of the alert's product."""
    kind = SERVICES[service]
    if kind.style == "ticks":
        return f"{kind.prefix}{draws.dotnet_ticks(created)}_{draws.signed32(base, ordinal)}"
    if kind.style == "guid":
        return kind.prefix + draws.guid(base, ordinal)
    return kind.prefix + draws.hex_digits(base, ordinal, 24 if kind.style == "hex24" else 64)


def render_alert(scene: Scene, cast: Cast, *, incident_id: str | None) -> dict[str, Any]:
    """One alert as `/security/alerts_v2` gives it."""
    template, service = scene.template, SERVICES[scene.template.service]
    rng = draws.numbered(draws.salt(cast.seed, "alerts"), scene.ordinal)
    known = _known(scene)
    kind = next((kind for kind in ("threat", "unwanted") if f"{{{kind}}}" in template.title), None)
    threat = scene.details.get(kind) if kind else None
    alert: dict[str, Any] = {
        "id": scene.alert_id,
        "providerAlertId": scene.provider_id or _provider_id(scene.alert_id, service.style),
        "incidentId": incident_id,
        "status": scene.status,
        "severity": scene.severity,
        "classification": scene.classification,
        "determination": scene.determination,
        "serviceSource": service.source,
        "detectionSource": template.detection,
        "productName": service.product,
        "detectorId": draws.guid(len(template.title) * 7919, len(template.description)),
        "tenantId": cast.tenant_id,
        "title": template.title.format_map(known),
        "description": template.description.format_map(known),
        "recommendedActions": _ADVICE if template.service != "mcas" else "",
        "category": template.category,
        "categories": [template.category],
        "assignedTo": scene.assigned_to,
        "alertWebUrl": f"{PORTAL}/alerts/{scene.alert_id}?tid={cast.tenant_id}",
        "incidentWebUrl": f"{PORTAL}/incidents/{incident_id}?tid={cast.tenant_id}" if incident_id else None,
        "actorDisplayName": None,
        "threatDisplayName": f"{_FAMILIES[str(kind)]}:Win32/{threat}.A!ml" if threat else None,
        "threatFamilyName": threat,
        "mitreTechniques": list(template.techniques),
        "createdDateTime": stamp(scene.created),
        "lastUpdateDateTime": stamp(scene.updated),
        "resolvedDateTime": stamp(scene.resolved) if scene.resolved is not None else None,
        "firstActivityDateTime": stamp(scene.first),
        "lastActivityDateTime": stamp(scene.last),
        "alertPolicyId": draws.guid(cast.seed, 77) if template.service == "dlp" else None,
        "investigationState": _investigation(scene, rng),
        "systemTags": [],
        "additionalData": {"OriginSource": service.product} if rng.random() < 0.2 else None,
        "customDetails": {"RuleName": [template.title], "Threshold": ["3"]} if template.service == "sen" else None,
        "comments": comments_of(scene.comments, scene.updated),
    }
    alert["evidence"] = [item for name in template.recipe for item in RECIPES[name](scene, cast, rng)]
    if template.detection == "microsoft365Defender":
        alert["correlationConfidence"] = {"level": "experimental", "score": 0.5}
    return alert


def _provider_id(identifier: str, style: str) -> str:
    return identifier if style == "ticks" else identifier[2:]


def _investigation(scene: Scene, rng: random.Random) -> str:
    if scene.template.service != "mde":
        return "unsupportedAlertType" if scene.template.service == "mdo" else "unknown"
    if scene.mood in ("prevented", "remediated"):
        return "successfullyRemediated"
    return rng.choice(("queued", "terminatedBySystem", "unsupportedAlertType"))


def comments_of(texts: Sequence[str], when: int) -> list[dict[str, Any]]:
    """Comments as alerts and incidents carry them."""
    return [{"comment": text, "createdByDisplayName": "SOC analyst", "createdDateTime": stamp(when)} for text in texts]


def render_incident(fact: IncidentFact, cast: Cast) -> dict[str, Any]:
    """One incident as `/security/incidents` gives it, without its alerts."""
    return {
        "id": fact.id,
        "tenantId": cast.tenant_id,
        "status": fact.status,
        "incidentWebUrl": f"{PORTAL}/incidents/{fact.id}?tid={cast.tenant_id}",
        "redirectIncidentId": fact.redirect,
        "displayName": fact.title,
        "createdDateTime": stamp(fact.created),
        "lastUpdateDateTime": stamp(fact.updated),
        "assignedTo": fact.assigned_to,
        "classification": fact.classification,
        "determination": fact.determination,
        "severity": fact.severity,
        "customTags": list(fact.tags),
        "systemTags": [],
        "description": None,
        "summary": None,
        "lastModifiedBy": fact.assigned_to or "Microsoft 365 Defender-IncidentCreation",
        "resolvingComment": fact.comments[-1] if fact.comments and fact.status == "resolved" else None,
        "priorityScore": fact.score,
        "comments": comments_of(fact.comments, fact.updated),
    }


def incident_title(scenes: Sequence[Scene]) -> str:
    """What the portal would call an incident of these alerts."""
    tactics = list(dict.fromkeys(_spaced(scene.template.category) for scene in scenes))
    hosts = list(dict.fromkeys(h.mde_id for scene in scenes for h in (scene.host, scene.other_host) if h))
    sources = {scene.template.service for scene in scenes}
    where = "one endpoint" if len(hosts) == 1 else "multiple endpoints"
    where = f"on {where}" if hosts else "involving one user"
    if len(tactics) > 1:
        reported = "multiple sources" if len(sources) > 1 else "one source"
        return f"Multi-stage incident involving {tactics[0]} & {tactics[-1]} {where} reported by {reported}"
    return f"{title_of(scenes[0])} {where}"


def _spaced(category: str) -> str:
    """`CredentialAccess` as the portal writes it: `Credential access`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", category).capitalize()


def highest(scenes: Sequence[Scene]) -> str:
    """The highest severity among the alerts."""
    return max((scene.severity for scene in scenes), key=RANKS.index)
