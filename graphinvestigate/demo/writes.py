"""What callers may write: verdicts, comments, moved alerts, merged incidents, risk decisions, ended sessions.

Only the properties that Graph's pages name for an update are taken; everything else is a 400.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphinvestigate.demo.answers import ApiError, bad_request
from graphinvestigate.demo.operations import Call, Operation
from graphinvestigate.demo.render import PORTAL
from graphinvestigate.demo.resource_types import Resource
from graphinvestigate.demo.resources import ALERTS, INCIDENTS
from graphinvestigate.demo.resources_enums import RANKS, SENTINEL, member
from graphinvestigate.demo.resources_others import USERS
from graphinvestigate.demo.server_records import veiled
from graphinvestigate.demo.server_store import Record, Store
from graphinvestigate.demo.writes_risk import RiskWrites

ALERT_WRITE = ("SecurityAlert.ReadWrite.All",)
INCIDENT_WRITE = ("SecurityIncident.ReadWrite.All",)
MANAGE = ("SecurityData.Manage.All",)
REVOKE = ("User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_SEVERITIES = ("informational", "low", "medium", "high")
_MAX_COMMENT = 1000


class Writes:
    """The operations that change a tenant's store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> tuple[Operation, ...]:
        """Everything that can be written, and by whom."""
        alerts, incidents = ALERTS.path, INCIDENTS.path
        return (
            Operation("PATCH", f"{alerts}/{{id}}", "security", ALERT_WRITE, self._patch_alert),
            Operation("POST", f"{alerts}/{{id}}/comments", "security", ALERT_WRITE, self._comment(ALERTS)),
            Operation("POST", f"{alerts}/moveAlerts", "security", MANAGE, self._move),
            Operation("PATCH", f"{incidents}/{{id}}", "security", INCIDENT_WRITE, self._patch_incident),
            Operation("POST", f"{incidents}/{{id}}/comments", "security", INCIDENT_WRITE, self._comment(INCIDENTS)),
            Operation("POST", f"{incidents}/mergeIncidents", "security", MANAGE, self._merge),
            Operation("POST", "users/{id}/revokeSignInSessions", "directory", REVOKE, self._revoke, directory=True),
            *RiskWrites(self._store).operations(),
        )

    def _record(self, resource: Resource, record_id: str) -> Record:
        record = self._store.find(resource.path, record_id)
        if record is None:
            raise ApiError(404, "ResourceNotFound", f"Resource '{record_id}' does not exist.")
        return dict(record)

    def _shown(self, call: Call, resource: Resource, record: Record) -> Record:
        shown = record if call.all_members else veiled(record, resource)
        return {"@odata.context": f"{call.root}/$metadata#{resource.context}/$entity", **shown}

    def _patch_alert(self, call: Call) -> Record:
        alert, body = self._record(ALERTS, call.record_id), call.body()
        changes = _changes(
            body,
            ALERTS,
            {
                "status": _member_of("alertStatus", without=("unknown",)),
                "classification": _member_of("alertClassification", null=True),
                "determination": _member_of("alertDetermination", null=True),
                "assignedTo": _text_or_null,
            },
        )
        now = self._moment()
        if "status" in changes and changes["status"] != alert.get("status"):
            changes["resolvedDateTime"] = now if changes["status"] == "resolved" else None
        alert |= changes | {"lastUpdateDateTime": now}
        self._store.put(ALERTS.path, alert)
        return self._shown(call, ALERTS, alert)

    def _patch_incident(self, call: Call) -> Record:
        incident, body = self._record(INCIDENTS, call.record_id), call.body()
        changes = _changes(
            body,
            INCIDENTS,
            {
                "status": _member_of("incidentStatus", without=("redirected",)),
                "classification": _member_of("alertClassification"),
                "determination": _member_of("alertDetermination"),
                "assignedTo": _text_or_null,
                "customTags": _texts,
            },
        )
        incident |= changes | {"lastUpdateDateTime": self._moment(), "lastModifiedBy": _name(call)}
        self._store.put(INCIDENTS.path, incident)
        return self._shown(call, INCIDENTS, incident)

    def _comment(self, resource: Resource) -> Callable[[Call], Record]:
        def comment(call: Call) -> Record:
            record, body = self._record(resource, call.record_id), call.body()
            text = body.get("comment")
            if not isinstance(text, str) or not text.strip() or len(text) > _MAX_COMMENT:
                raise bad_request(f"The property 'comment' must be a text of 1 to {_MAX_COMMENT} characters.")
            self._add_comment(resource, record, text, call)
            context = f"{call.root}/$metadata#{resource.context}('{call.record_id}')/comments"
            return {"@odata.context": context, "value": record["comments"]}

        return comment

    def _add_comment(self, resource: Resource, record: Record, text: str, call: Call) -> None:
        now = self._moment()
        added = {"comment": text, "createdByDisplayName": _name(call), "createdDateTime": now}
        record["comments"] = [*(record.get("comments") or ()), added]
        record["lastUpdateDateTime"] = now
        self._store.put(resource.path, record)

    def _move(self, call: Call) -> Record:
        body = call.body()
        ids = texts_of(body, "alertIds")
        for alert_id in ids:
            self._record(ALERTS, alert_id)
        target = body.get("incidentId")
        if target is None:
            target = self._new_incident(ids)
        elif not isinstance(target, str):
            raise bad_request("The property 'incidentId' must be a text or null.")
        elif self._record(INCIDENTS, target).get("redirectIncidentId"):
            raise bad_request(f"Incident '{target}' was merged into another one.")
        self._put_alerts(ids, target)
        if body.get("alertComment"):
            for alert_id in ids:
                self._add_comment(ALERTS, self._record(ALERTS, alert_id), str(body["alertComment"]), call)
        return _merged(call, target)

    def _merge(self, call: Call) -> Record:
        """Merge into the incident that was created first; the others redirect to it."""
        body = call.body()
        ids = texts_of(body, "incidentIds")
        if len(ids) < 2:
            raise bad_request("At least two incidents are needed for a merge.")
        incidents = [self._record(INCIDENTS, incident_id) for incident_id in ids]
        if any(incident.get("redirectIncidentId") for incident in incidents):
            raise bad_request("An incident that was merged into another one cannot be merged again.")
        target = min(incidents, key=lambda one: (one["createdDateTime"], one["id"]))["id"]
        for incident in incidents:
            if incident["id"] == target:
                continue
            self._put_alerts(self._store.incident_alerts(incident["id"]), target)
            now = self._moment()
            changes = {"status": "redirected", "redirectIncidentId": target, "lastUpdateDateTime": now}
            self._store.put(INCIDENTS.path, incident | changes)
        kept = self._record(INCIDENTS, target)
        severities = [kept.get("severity"), *(incident.get("severity") for incident in incidents)]
        kept["severity"] = max((s for s in severities if s in _SEVERITIES), key=_SEVERITIES.index, default="low")
        kept["lastUpdateDateTime"] = self._moment()
        self._store.put(INCIDENTS.path, kept)
        if body.get("incidentComment"):
            self._add_comment(INCIDENTS, kept, str(body["incidentComment"]), call)
        return _merged(call, target)

    def _put_alerts(self, ids: Sequence[str], target: str) -> None:
        for alert_id in ids:
            alert = self._record(ALERTS, alert_id)
            before = alert.get("incidentId")
            if before == target:
                continue
            if before is not None:
                left = [one for one in self._store.incident_alerts(before) if one != alert_id]
                self._store.set_incident_alerts(before, left)
            self._store.set_incident_alerts(target, [*self._store.incident_alerts(target), alert_id])
            url = f"{PORTAL}/incidents/{target}?tid={self._store.tenant_id}"
            alert |= {"incidentId": target, "incidentWebUrl": url, "lastUpdateDateTime": self._moment()}
            self._store.put(ALERTS.path, alert)

    def _new_incident(self, ids: Sequence[str]) -> str:
        """Make an incident for these alerts, as like the newest one as it can be."""
        alerts = [self._record(ALERTS, alert_id) for alert_id in ids]
        newest = dict(self._store.all(INCIDENTS.path)[0])
        target = str(1 + max(int(i["id"]) for i in self._store.all(INCIDENTS.path)))
        now = self._moment()
        self._store.set_incident_alerts(target, [])
        severities = [alert["severity"] for alert in alerts]
        nothing = dict.fromkeys(set(newest) - {"tenantId", "systemTags", "@odata.type"})
        newest |= nothing | {
            "id": target,
            "status": "active",
            "incidentWebUrl": f"{PORTAL}/incidents/{target}?tid={self._store.tenant_id}",
            "displayName": alerts[0]["title"],
            "createdDateTime": now,
            "lastUpdateDateTime": now,
            "classification": "unknown",
            "determination": "unknown",
            "severity": max(severities, key=_SEVERITIES.index),
            "customTags": [],
            "comments": [],
        }
        self._store.put(INCIDENTS.path, newest)
        return target

    def _revoke(self, call: Call) -> Record:
        user = self._store.find(USERS.path, call.record_id) or next(
            (u for u in self._store.all(USERS.path) if u["userPrincipalName"].lower() == call.record_id.lower()), None
        )
        if user is None:
            raise ApiError(404, "Request_ResourceNotFound", f"Resource '{call.record_id}' does not exist.")
        self._store.put(USERS.path, {**user, "signInSessionsValidFromDateTime": self._moment()})
        return {"@odata.context": f"{call.root}/$metadata#Edm.Boolean", "value": True}

    def _moment(self) -> str:
        return self._store.tick().strftime("%Y-%m-%dT%H:%M:%SZ")


def _merged(call: Call, target: str) -> Record:
    context = f"{call.root}/$metadata#microsoft.graph.security.mergeResponse"
    return {"@odata.context": context, "targetIncidentId": target}


def _name(call: Call) -> str:
    """Who writes, as comments and incidents show it."""
    return f"App {call.caller.app_id}" if call.caller.app_id else "Investigation app"


Check = Callable[[str, Any], Any]


def _changes(body: dict[str, Any], resource: Resource, checks: dict[str, Check]) -> dict[str, Any]:
    """The properties to write; a 400 for any that cannot be, and for none at all."""
    named = {name: value for name, value in body.items() if not name.startswith("@")}
    for name in sorted(set(named) - set(checks)):
        if name not in resource.properties:
            raise bad_request(f"The property '{name}' does not exist on type '{resource.type_name}'.")
        raise bad_request(f"The property '{name}' cannot be updated.")
    if not named:
        raise bad_request("Empty Payload. JSON content expected.")
    return {name: checks[name](name, value) for name, value in named.items()}


def _member_of(enum: str, *, without: tuple[str, ...] = (), null: bool = False) -> Check:
    def check(name: str, value: Any) -> Any:
        if value is None and null:
            return None
        known = isinstance(value, str) and value.casefold() in RANKS[enum]
        if not known or member(enum, value) in (SENTINEL, *without):
            raise bad_request(f"Cannot convert the value of '{name}' to the expected enumeration '{enum}'.")
        return member(enum, value)

    return check


def _text_or_null(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise bad_request(f"The property '{name}' must be a text or null.")
    return value


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise bad_request(f"The property '{name}' must be a list of texts.")
    return list(value)


def texts_of(body: dict[str, Any], name: str) -> list[str]:
    """The non-empty list of different texts under a name; a 400 for anything else."""
    found = list(dict.fromkeys(_texts(name, body.get(name))))
    if not found:
        raise bad_request(f"The property '{name}' must not be empty.")
    return found
