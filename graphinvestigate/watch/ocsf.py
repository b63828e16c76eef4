"""Records that a watch tells of, as OCSF 1.5 events; alerts and detections are findings as in `exports`.

| record | class |
|---|---|
| alert, risk detection | Detection Finding (2004) |
| incident | Incident Finding (2005) |
| sign-in | Authentication (3002) |
| audit of a user's account | Account Change (3001) |
| any other audit | API Activity (6003) |
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from graphinvestigate.exports.ocsf import VERSION
from graphinvestigate.frames.schema import RESOURCES

Json = dict[str, Any]

_OTHER, _UNKNOWN = 99, 0
_SEVERITIES = {"informational": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
_STANDING = {
    **dict.fromkeys(("active", "awaitingaction"), (1, "New")),
    "inprogress": (2, "In Progress"),
    "resolved": (4, "Resolved"),
    "redirected": (5, "Closed"),
}
_VERDICTS = {
    "falsepositive": (1, "False Positive"),
    "truepositive": (2, "True Positive"),
    "informationalexpectedactivity": (5, "Benign"),
}
# What an audit says was done to an account, by the words that it begins with → OCSF's activity.
_ACCOUNT = {
    **dict.fromkeys(("add user", "invite external user", "create user"), (1, "Create")),
    "enable account": (2, "Enable"),
    "change user password": (3, "Password Change"),
    "change password": (3, "Password Change"),
    **dict.fromkeys(("reset user password", "reset password"), (4, "Password Reset")),
    "disable account": (5, "Disable"),
    **dict.fromkeys(("delete user", "hard delete user"), (6, "Delete")),
    "user registered": (10, "MFA Factor Enable"),
    "user deleted security info": (11, "MFA Factor Disable"),
}
_CRUD = {"add": 1, "create": 1, "assign": 1, "get": 2, "read": 2, "update": 3, "set": 3, "delete": 4, "remove": 4}


def ocsf_event(record_kind: str, record: Json, *, word: str) -> Json | None:
    """Give a record as an OCSF event.

    Parameters
    ----------
    record_kind : str
        ``incident``, ``sign_in`` or ``directory_audit``.
    record : dict
        As Graph sent it.
    word : str
        ``new`` or ``changed``.

    Returns
    -------
    dict or None
        None for another kind, and for a record without a time: an event happened at one.
    """
    make = _MAKERS.get(record_kind)
    made = make(record, word == "new") if make is not None else None
    return _without_nothing(made) if made is not None else None


def _incident(record: Json, new: bool) -> Json | None:
    created, updated = _time(record.get("createdDateTime")), _time(record.get("lastUpdateDateTime"))
    if created is None and updated is None:
        return None
    standing = _text(record.get("status"))
    status = _STANDING.get(standing.lower(), (_OTHER, standing) if standing else (_UNKNOWN, "Unknown"))
    severity = _SEVERITIES.get(_text(record.get("severity")).lower(), (_UNKNOWN, "Unknown"))
    verdict = _VERDICTS.get(_text(record.get("classification")).lower(), (None, None))
    assigned = _text(record.get("assignedTo"))
    activity = 3 if status[0] in (4, 5) else 1 if new else 2
    finding = {
        "uid": str(record.get("id")),
        "title": _text(record.get("displayName")),
        "created_time": created,
        "modified_time": updated,
        "src_url": _text(record.get("incidentWebUrl")),
        "desc": _text(record.get("description")),
    }
    return {
        **_head(2005, activity, created if new and created is not None else (updated or created), record, "incident"),
        "severity_id": severity[0], "severity": severity[1], "status_id": status[0], "status": status[1],
        "finding_info_list": [_without_nothing(finding)], "start_time": created, "message": finding["title"],
        "assignee": {"name": assigned} if assigned else None,
        "assignee_group": None if assigned else {"name": "nobody"},
        "verdict_id": verdict[0], "verdict": verdict[1], "src_url": finding["src_url"],
    }  # fmt: skip


def _sign_in(record: Json, _: bool) -> Json | None:
    at = _time(record.get("createdDateTime"))
    if at is None:
        return None
    state = _object(record.get("status"))
    code = state.get("errorCode")
    failed = code not in (0, None)
    user = {
        "uid": _text(record.get("userId")), "name": _text(record.get("userPrincipalName")),
        "full_name": _text(record.get("userDisplayName")),
    }  # fmt: skip
    risk = _text(record.get("riskLevelDuringSignIn")).lower()
    device = _object(record.get("deviceDetail"))
    return {
        **_head(3002, 1, at, record, "sign_in"),
        "severity_id": {"high": 4, "medium": 3, "low": 2}.get(risk, 1),
        "user": _without_nothing(user) or {"name": "unknown"},
        "service": _without_nothing(
            {"name": _text(record.get("appDisplayName")), "uid": _text(record.get("appId"))}
        ) or {"name": "unknown"},
        "src_endpoint": _endpoint(record, device),
        "status_id": 2 if failed else 1 if code == 0 else _UNKNOWN,
        "status": "Failure" if failed else "Success" if code == 0 else "Unknown",
        "status_code": str(code) if code is not None else None, "status_detail": _text(state.get("failureReason")),
        "is_remote": True,
        "is_mfa": _text(record.get("authenticationRequirement")).lower() == "multifactorauthentication" or None,
        "logon_type_id": None if record.get("isInteractive") is None else 2 if record["isInteractive"] else _OTHER,
        "logon_type": None if record.get("isInteractive") is not False else "Non-interactive",
        "session": _without_nothing({"uid": _text(record.get("sessionId"))}),
    }  # fmt: skip


def _endpoint(record: Json, device: Json) -> Json | None:
    place = _object(record.get("location"))
    country = _text(place.get("countryOrRegion"))
    location = {"city": _text(place.get("city")), "region": _text(place.get("state"))}
    location["country"] = country if len(country) == 2 else ""
    return _without_nothing(
        {
            "ip": _text(record.get("ipAddress")), "uid": _text(device.get("deviceId")),
            "hostname": _text(device.get("displayName")), "location": _without_nothing(location),
        }
    )  # fmt: skip


def _audit(record: Json, _: bool) -> Json | None:
    at = _time(record.get("activityDateTime"))
    if at is None:
        return None
    by = _object(record.get("initiatedBy"))
    user, app = _object(by.get("user")), _object(by.get("app"))
    actor: Json = {}
    if user:
        actor["user"] = _account(user) or {"name": "unknown"}
    if app:
        actor |= {"app_name": _text(app.get("displayName")), "app_uid": _text(app.get("appId"))}
    actor = _without_nothing(actor) or {"app_name": "Microsoft Entra"}
    listed = record.get("targetResources")
    targets = [one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)]
    result = _text(record.get("result")).lower()
    status = {"success": (1, "Success"), "failure": (2, "Failure")}.get(result, (_OTHER, result or "unknown"))
    operation = _text(record.get("activityDisplayName")).strip() or "unknown"
    shared = {
        "severity_id": 1, "actor": actor, "message": operation, "status_id": status[0], "status": status[1],
        "status_detail": _text(record.get("resultReason")),
    }  # fmt: skip
    account = next((one for one in targets if _text(one.get("type")).lower() == "user" and _account(one)), None)
    done = next((found for words, found in _ACCOUNT.items() if operation.lower().startswith(words)), None)
    source = _text(user.get("ipAddress"))
    if account is not None and done is not None:
        head = _head(3001, done[0], at, record, "directory_audit")
        return {**head, **shared, "user": _account(account), "src_endpoint": {"ip": source} if source else None}
    activity = _CRUD.get(operation.split()[0].lower(), _OTHER)
    return {
        **_head(6003, activity, at, record, "directory_audit"),
        **shared,
        "activity_name": operation if activity == _OTHER else None,
        "api": {"operation": operation, "service": {"name": _text(record.get("loggedByService")) or "Microsoft Entra"}},
        "src_endpoint": {"ip": source} if source else {"svc_name": "Microsoft Entra"},
        "resources": [
            _without_nothing(
                {"uid": _text(one.get("id")), "name": _text(one.get("displayName")), "type": _text(one.get("type"))}
            )
            for one in targets
            if _text(one.get("id")) or _text(one.get("displayName"))
        ],
    }


def _account(value: Json) -> Json:
    return _without_nothing(
        {
            "uid": _text(value.get("id")),
            "name": _text(value.get("userPrincipalName")),
            "full_name": _text(value.get("displayName")),
        }
    ) if value.get("id") or value.get("userPrincipalName") else {}  # fmt: skip


def _head(number: int, activity: int, at: int | None, record: Json, kind: str) -> Json:
    tenant = _text(record.get("tenantId")) or _text(record.get("resourceTenantId"))
    product = {"name": _text(record.get("loggedByService")) or _PRODUCTS[kind], "vendor_name": "Microsoft"}
    return {
        "activity_id": activity,
        "category_uid": number // 1000,
        "class_uid": number,
        "type_uid": number * 100 + activity,
        "time": at,
        "metadata": _without_nothing(
            {
                "version": VERSION,
                "product": product,
                "uid": str(record.get("id")),
                "tenant_uid": tenant,
                "correlation_uid": _text(record.get("correlationId")),
            }
        ),
    }


def _time(value: Any) -> int | None:
    try:
        when = datetime.fromisoformat(str(value)).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    milliseconds = (when.days * 86_400 + when.seconds) * 1000 + when.microseconds // 1000
    return milliseconds if milliseconds > 0 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _without_nothing(value: Json) -> Json:
    return {name: one for name, one in value.items() if one is not None and one not in ("", {}, [])}


_PRODUCTS = {
    "incident": "Microsoft Defender XDR",
    "sign_in": "Microsoft Entra ID",
    "directory_audit": "Microsoft Entra",
}
_MAKERS: dict[str, Callable[[Json, bool], Json | None]] = {
    RESOURCES["incidents"].record_kind: _incident,
    RESOURCES["sign_ins"].record_kind: _sign_in,
    RESOURCES["directory_audits"].record_kind: _audit,
}
