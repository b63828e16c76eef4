"""What the records other than alerts name: incidents, risk, sign-ins, audits, directory objects (see `tables`)."""

from __future__ import annotations

from graphinvestigate.linking.mentions_directory import DIRECTORY
from graphinvestigate.linking.tables import Slot, Table, Tie

_USER = (("object_id", "userId"), ("upn", "userPrincipalName"))
_LABELS = ("userPrincipalName", "userDisplayName")
_LOCATION = ("location.city", "location.countryOrRegion")
_INSTANCE_OF = Tie("service_principal", "instance_of", "app")


def _service_principal(path: str, relation: str, label: str, *facts: str) -> Slot:
    return Slot(
        "service_principal",
        "service_principal",
        (("object_id", path),),
        relation=relation,
        labels=(label,),
        facts=facts,
    )


def _app(label: str) -> Slot:
    return Slot("app", "app", (("app_id", "appId"),), labels=(label,))


RECORDS: dict[str, Table] = {
    "alert": Table(
        "alert",
        (Slot("incident", "incident", (("id", "incidentId"),), relation="contains_alert", inverse=True),),
    ),
    "incident": Table(
        "incident",
        (
            Slot("alert", "alert", (("id", "id"),), "alerts[]", relation="contains_alert"),
            Slot("redirected", "incident", (("id", "redirectIncidentId"),), relation="redirected_to"),
        ),
    ),
    "risk_detection": Table(
        "risk_detection",
        (
            Slot("user", "user", _USER, relation="risk_detected_for", labels=_LABELS, facts=("userDisplayName",)),
            Slot(
                "ip",
                "ip",
                (("ip", "ipAddress"),),
                relation="risk_detected_from",
                facts=_LOCATION,
            ),
            Slot("sign_in", "sign_in", (("id", "requestId"),), relation="detected_in_sign_in"),
        ),
        ties=(Tie("user", "active_from", "ip"),),
    ),
    "risky_user": Table(
        "risky_user",
        (
            Slot(
                "user",
                "user",
                (("object_id", "id"), ("upn", "userPrincipalName")),
                relation="risk_standing_of",
                labels=_LABELS,
                facts=("userDisplayName",),
            ),
        ),
    ),
    "sign_in": Table(
        "sign_in",
        (
            Slot("user", "user", _USER, relation="signed_in", labels=_LABELS, facts=("userDisplayName",)),
            Slot(
                "ip",
                "ip",
                (("ip", "ipAddress"),),
                relation="signed_in_from",
                facts=_LOCATION,
            ),
            Slot(
                "host",
                "host",
                (("device_id", "deviceDetail.deviceId"), ("host_name", "deviceDetail.displayName")),
                relation="signed_in_with",
                labels=("deviceDetail.displayName",),
                label_place=2,
                facts=("deviceDetail.operatingSystem", "deviceDetail.trustType"),
            ),
            Slot("app", "app", (("app_id", "appId"),), relation="signed_in_through", labels=("appDisplayName",)),
            Slot(
                "resource", "app", (("app_id", "resourceId"),), relation="signed_in_to", labels=("resourceDisplayName",)
            ),
            _service_principal("servicePrincipalId", "signed_in_as", "servicePrincipalName"),
        ),
        ties=(
            Tie("user", "signed_in_from", "ip"),
            Tie("user", "signed_in_with", "host"),
            Tie("service_principal", "signed_in_from", "ip"),
            _INSTANCE_OF,
        ),
    ),
    "service_principal_risk_detection": Table(
        "service_principal_risk_detection",
        (
            _service_principal("servicePrincipalId", "risk_detected_for", "servicePrincipalDisplayName"),
            _app("servicePrincipalDisplayName"),
            Slot("ip", "ip", (("ip", "ipAddress"),), relation="risk_detected_from", facts=_LOCATION),
            Slot("sign_in", "sign_in", (("id", "requestId"),), relation="detected_in_sign_in"),
        ),
        ties=(Tie("service_principal", "active_from", "ip"), _INSTANCE_OF),
    ),
    "risky_service_principal": Table(
        "risky_service_principal",
        (
            _service_principal("id", "risk_standing_of", "displayName", "servicePrincipalType"),
            _app("displayName"),
        ),
        ties=(_INSTANCE_OF,),
    ),
    **DIRECTORY,
}
