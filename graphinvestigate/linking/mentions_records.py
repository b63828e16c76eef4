"""What the records other than alerts name: incidents, risk detections, risky users, sign-ins (see `tables`)."""

from __future__ import annotations

from graphinvestigate.linking.tables import Slot, Table, Tie

_USER = (("object_id", "userId"), ("upn", "userPrincipalName"))
_LABELS = ("userPrincipalName", "userDisplayName")

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
                facts=("location.city", "location.countryOrRegion"),
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
                facts=("location.city", "location.countryOrRegion"),
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
            Slot(
                "service_principal",
                "service_principal",
                (("object_id", "servicePrincipalId"),),
                relation="signed_in_as",
                labels=("servicePrincipalName",),
            ),
        ),
        ties=(
            Tie("user", "signed_in_from", "ip"),
            Tie("user", "signed_in_with", "host"),
            Tie("service_principal", "signed_in_from", "ip"),
        ),
    ),
}
