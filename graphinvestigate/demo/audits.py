"""The directory's audit log: what people, administrators and apps changed, and the consent of a story.

Entra logs changes of the directory alone. A mailbox rule or a forwarding address is Exchange's business and never
stands here; it shows in alerts and in hunting.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo import draws, words
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Cast, Person
from graphinvestigate.demo.risk import Detection
from graphinvestigate.demo.story import Plan
from graphinvestigate.demo.templates import TEMPLATES

DAYS = 30
_APPROVALS = ("Microsoft Approval Management", "65d91a3d-ab74-42e6-8a2f-0add61688c74")
_SCOPES = "openid profile offline_access Mail.ReadWrite Mail.Send Files.Read.All"
_PLAIN_SCOPES = "openid profile User.Read Calendars.Read"


@dataclass(frozen=True, slots=True)
class Audit:
    """All that is known about one change before it is rendered."""

    at: int
    activity: str
    category: str
    service: str
    operation: str
    correlation_id: str
    actor: Person | None
    ip: str | None
    app: tuple[str, str] | None
    targets: tuple[dict[str, Any], ...]
    result: str = "success"
    reason: str = ""


def plan_audits(
    cast: Cast, plan: Plan | None, detections: Sequence[Detection], *, size: int
) -> list[tuple[str, Audit]]:
    """Every change of the last weeks with its id, newest first."""
    rng = draws.generator(cast.seed, "audits")
    found = [change for number in range(rng.randint(70, 120) + size // 100) for change in _ordinary(cast, rng, number)]
    found += _rename(cast)
    found += [_password_reset(cast, fact) for fact in detections if fact.detail.endswith("SecuredPasswordReset")]
    if plan is not None:
        found += _story_consent(cast, plan)
    found.sort(key=lambda change: (-change.at, change.correlation_id, change.activity))
    base = draws.salt(cast.seed, "audit ids")
    return [
        (f"Directory_{draws.guid(base, n)}_{draws.hex_digits(base, n, 5).upper()}_{n}", c) for n, c in enumerate(found)
    ]


def _target(kind: str, identifier: str | None, name: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "displayName": name,
        "type": kind,
        "userPrincipalName": more.get("upn"),
        "groupType": more.get("group_type"),
        "modifiedProperties": more.get("changes", []),
    }


def _change(name: str, before: Any, after: Any) -> dict[str, Any]:
    """A changed property: both values are JSON text, as the log writes them."""
    old = None if before is None else json.dumps(before, ensure_ascii=False)
    return {"displayName": name, "oldValue": old, "newValue": json.dumps(after, ensure_ascii=False)}


def _person(person: Person, at: int, changes: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return _target("User", person.object_id, None, upn=person.upn_at(at), changes=list(changes))


def _administrator(cast: Cast) -> Person:
    return cast.people[0]


def _ordinary(cast: Cast, rng: random.Random, number: int) -> list[Audit]:
    """One ordinary change, or the several records that a consent makes."""
    at = draws.coarse(cast.now - rng.randrange(draws.HOUR, DAYS * draws.DAY), rng)
    correlation = draws.guid(draws.salt(cast.seed, "audit correlations"), number)
    person, admin = rng.choice(cast.people), _administrator(cast)
    own = rng.choice((cast.nat, person.home)).ip
    common: dict[str, Any] = {"at": at, "correlation_id": correlation, "app": None}
    by_admin = common | {"actor": admin, "ip": cast.nat.ip}
    by_user = common | {"actor": person, "ip": own}
    kind = rng.randrange(12)
    if kind <= 2:
        group = rng.choice(words.DEPARTMENTS)
        changes = [
            _change("Group.ObjectID", None, draws.guid(len(group), 7)),
            _change("Group.DisplayName", None, group),
        ]
        joined = _target("Group", draws.guid(len(group), 7), None, group_type="azureAD")
        member = _person(person, at, changes)
        return [_audit(by_admin, "Add member to group", "GroupManagement", "Assign", member, joined)]
    if kind <= 4:
        changes = [_change("Department", [rng.choice(words.DEPARTMENTS)], [person.department])]
        return [_audit(by_admin, "Update user", "UserManagement", "Update", _person(person, at, changes))]
    if kind <= 6:
        laptop = person.laptop
        assert laptop is not None
        target = _target("Device", draws.guid(draws.salt(cast.seed, "device objects"), person.index), laptop.name)
        by_app = common | {"actor": None, "ip": None, "app": ("Device Registration Service", "")}
        return [_audit(by_app, "Update device", "Device", "Update", target)]
    if kind == 7:
        return [
            _audit(
                by_user,
                "User registered security info",
                "UserManagement",
                "Update",
                _person(person, at),
                service="Authentication Methods",
                reason="User registered Authenticator App with Notification and Code",
            )
        ]
    if kind == 8:
        failed = rng.random() < 0.4
        return [
            _audit(
                by_user,
                "Change password (self-service)",
                "UserManagement",
                "Update",
                _person(person, at),
                service="Core Directory",
                result="failure" if failed else "success",
                reason="OnPremisesAdminActionRequired" if failed else "",
            )
        ]
    if kind == 9:
        name = rng.choice(("Expense Scanner", "Team Polls", "Travel Planner", "Whiteboard Export"))
        app_id = draws.guid(draws.salt(cast.seed, "ordinary apps"), len(name))
        return _consent(cast, common | {"actor": person, "ip": own}, name, app_id, _PLAIN_SCOPES)
    if kind == 10:
        by_app = common | {"actor": None, "ip": None, "app": _APPROVALS}
        return [_audit(by_app, "Create request approval", "GroupManagement", "Add", _target("Request", None, None))]
    role = rng.choice(("Helpdesk Administrator", "Reports Reader", "Message Center Reader"))
    given = _target("Role", draws.guid(len(role), 11), role)
    return [_audit(by_admin, "Add member to role", "RoleManagement", "Assign", _person(person, at), given)]


def _audit(
    common: dict[str, Any],
    activity: str,
    category: str,
    operation: str,
    *targets: dict[str, Any],
    service: str = "Core Directory",
    result: str = "success",
    reason: str = "",
) -> Audit:
    return Audit(
        activity=activity,
        category=category,
        operation=operation,
        service=service,
        targets=targets,
        result=result,
        reason=reason,
        **common,
    )


def principal_id(app_id: str, cast: Cast) -> str:
    """The object id of an app's service principal in this tenant, the same as in alert evidence."""
    return draws.guid(int(app_id[:8], 16), cast.seed)


def _consent(cast: Cast, common: dict[str, Any], name: str, app_id: str, scopes: str) -> list[Audit]:
    """The four records of a user's consent, one correlation id, a moment apart."""
    at, person = common["at"], common["actor"]
    app = _target("ServicePrincipal", principal_id(app_id, cast), name)
    graph = _target("ServicePrincipal", draws.guid(3, cast.seed), "Microsoft Graph")
    granted = [
        _change("DelegatedPermissionGrant.Scope", None, scopes),
        _change("DelegatedPermissionGrant.ConsentType", None, "Principal"),
        _change("ServicePrincipal.ObjectID", None, principal_id(app_id, cast)),
    ]
    consented = [
        _change("ConsentContext.IsAdminConsent", None, "False"),
        _change("ConsentContext.OnBehalfOfAll", None, "False"),
        _change("ConsentAction.Permissions", None, f"[] => [[Scope: {scopes}, ConsentType: Principal]]"),
    ]

    def later(seconds: int) -> dict[str, Any]:
        return common | {"at": min(at + seconds * draws.SECOND, cast.now)}

    manage = "ApplicationManagement"
    grant_target, consent_target = {**graph, "modifiedProperties": granted}, {**app, "modifiedProperties": consented}
    added = {**app, "modifiedProperties": [_change("AppId", None, [app_id])]}
    return [
        _audit(common, "Add service principal", manage, "Add", added),
        _audit(later(1), "Add delegated permission grant", manage, "Assign", grant_target),
        _audit(later(1), "Add app role assignment grant to user", "UserManagement", "Assign", app, _person(person, at)),
        _audit(later(2), "Consent to application", manage, "Assign", consent_target),
    ]


def _story_consent(cast: Cast, plan: Plan) -> list[Audit]:
    """The consent that the phished session gave; it was given through the phishing proxy."""
    scene = next(s for s in plan.scenes if s.template is TEMPLATES["oauth_grant"])
    common = {
        "at": scene.first,
        "correlation_id": draws.guid(draws.salt(cast.seed, "story consent"), 0),
        "actor": plan.victim,
        "ip": plan.truth["proxy_ip"],
        "app": None,
    }
    return _consent(cast, common, plan.truth["oauth_app_name"], plan.truth["oauth_app_id"], _SCOPES)


def _rename(cast: Cast) -> list[Audit]:
    """The administrator's change of a person's name."""
    person = cast.renamed
    assert person.former is not None
    changes = [
        _change("DisplayName", [person.former.display_name], [person.display_name]),
        _change("UserPrincipalName", [person.former.upn], [person.upn]),
        _change("Included Updated Properties", None, "DisplayName, UserPrincipalName"),
    ]
    at = person.former.until
    common = {
        "at": at,
        "correlation_id": draws.guid(draws.salt(cast.seed, "rename"), 0),
        "actor": _administrator(cast),
        "ip": cast.nat.ip,
        "app": None,
    }
    return [_audit(common, "Update user", "UserManagement", "Update", _person(person, at, changes))]


def _password_reset(cast: Cast, fact: Detection) -> Audit:
    """The secured reset that closed a risk detection."""
    common = {
        "at": fact.updated,
        "correlation_id": draws.guid(draws.salt(cast.seed, "resets"), fact.updated & 0xFFFF),
        "actor": fact.person,
        "ip": fact.person.home.ip or cast.nat.ip,
        "app": None,
    }
    return _audit(
        common,
        "Reset password (self-service)",
        "UserManagement",
        "Update",
        _person(fact.person, fact.updated),
        service="Self-service Password Management",
        reason="Successfully completed reset.",
    )


def render_audit(identifier: str, fact: Audit) -> dict[str, Any]:
    """One change as `/auditLogs/directoryAudits` gives it."""
    user = app = None
    if fact.actor is not None:
        user = {
            "id": fact.actor.object_id,
            "displayName": None,
            "userPrincipalName": fact.actor.upn_at(fact.at),
            "ipAddress": fact.ip or "",
        }
    if fact.app is not None:
        name, app_id = fact.app
        app = {
            "appId": app_id or None,
            "displayName": name,
            "servicePrincipalId": draws.guid(len(name), 5),
            "servicePrincipalName": None,
        }
    return {
        "id": identifier,
        "category": fact.category,
        "correlationId": fact.correlation_id,
        "result": fact.result,
        "resultReason": fact.reason,
        "activityDisplayName": fact.activity,
        "activityDateTime": stamp(fact.at),
        "loggedByService": fact.service,
        "operationType": fact.operation,
        "initiatedBy": {"user": user, "app": app},
        "targetResources": list(fact.targets),
        "additionalDetails": [],
    }
