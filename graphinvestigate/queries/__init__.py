"""Ask Graph for records as DataFrames, and see what was asked and what came back."""

from graphinvestigate.queries.access import check_access
from graphinvestigate.queries.alerts import get_alert, list_alerts
from graphinvestigate.queries.coverage import coverage
from graphinvestigate.queries.directory import get_user, list_directory_audits, list_user_devices
from graphinvestigate.queries.hunting import run_hunting_query
from graphinvestigate.queries.incidents import get_incident, list_incidents
from graphinvestigate.queries.policies import list_named_locations
from graphinvestigate.queries.refreshing import Refresh, refresh
from graphinvestigate.queries.risk import list_risk_detections, list_risky_users
from graphinvestigate.queries.risk_others import (
    list_risky_service_principals,
    list_risky_user_history,
    list_service_principal_risk_detections,
)
from graphinvestigate.queries.scores import list_secure_score_control_profiles, list_secure_scores
from graphinvestigate.queries.sign_ins import list_sign_ins
from graphinvestigate.queries.threat_intelligence import get_host_reputation, list_passive_dns

__all__ = [
    "Refresh",
    "check_access",
    "coverage",
    "get_alert",
    "get_host_reputation",
    "get_incident",
    "get_user",
    "list_alerts",
    "list_directory_audits",
    "list_incidents",
    "list_named_locations",
    "list_passive_dns",
    "list_risk_detections",
    "list_risky_service_principals",
    "list_risky_user_history",
    "list_risky_users",
    "list_secure_score_control_profiles",
    "list_secure_scores",
    "list_service_principal_risk_detections",
    "list_sign_ins",
    "list_user_devices",
    "refresh",
    "run_hunting_query",
]
