"""What a graph keeps of each kind of record: when it happened, which version is newer, headline facts, its tenant."""

from __future__ import annotations

from dataclasses import dataclass

from graphinvestigate.linking.mentions_records import RECORDS
from graphinvestigate.linking.tables import Table


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record, by the columns of its frame.

    Attributes
    ----------
    table : Table
        Which places name whom.
    begin : tuple of str
        Columns of the event time; the first with a value counts.
    end : str
        Column of the end; empty where it is an instant.
    updated : str
        Column that says which of two versions is newer; empty where there is one only.
    headlines : tuple of str
        Columns that become attributes of the record's node.
    tenant : str
        Column of the record's tenant.
    """

    table: Table
    begin: tuple[str, ...]
    end: str = ""
    updated: str = ""
    headlines: tuple[str, ...] = ()
    tenant: str = "tenant_id"


_RISK = ("risk_event_type", "risk_level", "risk_state", "risk_detail", "activity", "source")

KINDS: dict[str, RecordKind] = {
    "alert": RecordKind(
        RECORDS["alert"],
        ("first_activity_date_time", "created_date_time"),
        "last_activity_date_time",
        "last_update_date_time",
        (
            *("title", "severity", "status", "category", "categories", "service_source", "detection_source"),
            *("classification", "determination", "mitre_techniques", "incident_id"),
        ),
    ),
    "incident": RecordKind(
        RECORDS["incident"],
        ("created_date_time",),
        updated="last_update_date_time",
        headlines=(
            *("display_name", "severity", "status", "classification", "determination"),
            "redirect_incident_id",
        ),
    ),
    "risk_detection": RecordKind(
        RECORDS["risk_detection"],
        ("activity_date_time", "detected_date_time"),
        updated="last_updated_date_time",
        headlines=_RISK,
    ),
    "risky_user": RecordKind(
        RECORDS["risky_user"],
        ("risk_last_updated_date_time",),
        updated="risk_last_updated_date_time",
        headlines=("risk_level", "risk_state", "risk_detail", "user_principal_name"),
    ),
    "sign_in": RecordKind(
        RECORDS["sign_in"],
        ("created_date_time",),
        headlines=(
            *("app_display_name", "status_error_code", "status_failure_reason", "is_interactive", "client_app_used"),
            *("location_city", "location_country_or_region", "risk_level_during_sign_in", "risk_state", "ip_address"),
            *("resource_display_name", "service_principal_name"),
        ),
        tenant="resource_tenant_id",
    ),
    "directory_audit": RecordKind(
        RECORDS["directory_audit"],
        ("activity_date_time",),
        headlines=(
            *("activity_display_name", "category", "operation_type", "result", "result_reason", "logged_by_service"),
        ),
    ),
    "service_principal_risk_detection": RecordKind(
        RECORDS["service_principal_risk_detection"],
        ("activity_date_time", "detected_date_time"),
        updated="last_updated_date_time",
        headlines=(*_RISK, "service_principal_display_name"),
    ),
    "risky_service_principal": RecordKind(
        RECORDS["risky_service_principal"],
        ("risk_last_updated_date_time",),
        updated="risk_last_updated_date_time",
        headlines=("risk_level", "risk_state", "risk_detail", "display_name", "service_principal_type"),
    ),
    "directory_user": RecordKind(
        RECORDS["directory_user"],
        (),  # a standing, not an event
        headlines=("user_principal_name", "display_name", "user_type", "account_enabled", "job_title", "department"),
    ),
    "directory_device": RecordKind(
        RECORDS["directory_device"],
        (),
        headlines=("display_name", "operating_system", "trust_type", "is_compliant", "is_managed", "account_enabled"),
    ),
}
