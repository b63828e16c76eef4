"""What Graph offers per resource, as data: paths, permissions, page sizes, query options and filters.

The facts come from Graph's reference pages and from what was observed where those are silent.
"""

from __future__ import annotations

from dataclasses import replace

from graphinvestigate.demo.resource_types import ALL_COMPARISONS, Filterable, Resource, Veil
from graphinvestigate.demo.resources_others import NESTED, OTHERS, RISKY_USER_READ

_EQ_STARTS = frozenset({"eq", "startswith"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _security(enum: str) -> Filterable:
    return Filterable("enum", ALL_COMPARISONS, enum)


_TIME = Filterable("time", ALL_COMPARISONS)
_ALERT_READ = ("SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All")
_INCIDENT_READ = ("SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All")

_INCIDENT_FILTERS = {
    "assignedTo": Filterable("string", ALL_COMPARISONS),
    "classification": _security("alertClassification"),
    "createdDateTime": _TIME,
    "determination": _security("alertDetermination"),
    "lastUpdateDateTime": _TIME,
    "severity": _security("alertSeverity"),
    "status": _security("incidentStatus"),
}

ALERTS = Resource(
    path="security/alerts_v2",
    type_name="microsoft.graph.security.alert",
    context="security/alerts_v2",
    service="security",
    permissions=_ALERT_READ,
    named=_ALERT_READ + _INCIDENT_READ,
    properties=_words(
        "id actorDisplayName additionalData alertPolicyId alertWebUrl assignedTo categories category "
        "classification comments createdDateTime customDetails description detectionSource detectorId "
        "determination evidence firstActivityDateTime incidentId incidentWebUrl investigationState "
        "lastActivityDateTime lastUpdateDateTime mitreTechniques productName providerAlertId "
        "recommendedActions resolvedDateTime serviceSource severity status systemTags tenantId "
        "threatDisplayName threatFamilyName title"
    ),
    filters={
        **_INCIDENT_FILTERS,
        "status": _security("alertStatus"),
        "serviceSource": _security("serviceSource"),
    },
    default_top=100,
    max_top=1000,
    over_top="clamp",
    options=_words("$count $filter $skip $top $orderby $select"),
    order_by=_words("createdDateTime lastUpdateDateTime"),
    veils=(
        Veil("serviceSource", "serviceSource"),
        Veil("detectionSource", "detectionSource"),
        Veil("remediationStatus", "evidenceRemediationStatus", under="evidence"),
    ),
)

INCIDENTS = Resource(
    path="security/incidents",
    type_name="microsoft.graph.security.incident",
    context="security/incidents",
    service="security",
    permissions=_INCIDENT_READ,
    properties=_words(
        "id assignedTo classification comments createdDateTime customTags description determination "
        "displayName incidentWebUrl lastModifiedBy lastUpdateDateTime priorityScore redirectIncidentId "
        "resolvingComment severity status summary systemTags tenantId alerts"
    ),
    filters=_INCIDENT_FILTERS,
    default_top=50,
    max_top=50,
    over_top="incidents",
    options=_words("$count $filter $skip $top $orderby $select $expand"),
    one=_words("$select $expand"),
    order_by=_words("createdDateTime lastUpdateDateTime"),
    expand=_words("alerts"),
    veils=(Veil("status", "incidentStatus"),),
)

RISK_DETECTIONS = Resource(
    path="identityProtection/riskDetections",
    type_name="microsoft.graph.riskDetection",
    context="riskDetections",
    service="identityProtection",
    permissions=("IdentityRiskEvent.Read.All",),
    properties=_words(
        "id activity activityDateTime additionalInfo correlationId detectedDateTime detectionTimingType "
        "ipAddress lastUpdatedDateTime location requestId riskDetail riskEventType riskLevel riskState "
        "source tokenIssuerType userDisplayName userId userPrincipalName"
    ),
    filters={
        **dict.fromkeys(
            _words(
                "id correlationId ipAddress requestId riskEventType source userDisplayName userId userPrincipalName"
            ),
            Filterable("string"),
        ),
        **dict.fromkeys(("activityDateTime", "detectedDateTime"), Filterable("time", ALL_COMPARISONS - {"ne"})),
        "lastUpdatedDateTime": Filterable("time", ALL_COMPARISONS - {"ne"}, loose_gt=True),
        "activity": Filterable("enum", enum="activityType"),
        "detectionTimingType": Filterable("enum", enum="riskDetectionTimingType"),
        "riskDetail": Filterable("enum", enum="riskDetail"),
        "riskLevel": Filterable("enum", enum="riskLevel"),
        "riskState": Filterable("enum", enum="riskState"),
        "tokenIssuerType": Filterable("enum", enum="tokenIssuerType"),
    },
    default_top=20,
    max_top=500,
    over_top="400",
    options=_words("$filter $select $top"),
    veils=(
        Veil("riskDetail", "riskDetail"),
        Veil("tokenIssuerType", "tokenIssuerType"),
        Veil("activity", "activityType"),
    ),
    licence="Entra ID P1",
)

RISKY_USERS = Resource(
    path="identityProtection/riskyUsers",
    type_name="microsoft.graph.riskyUser",
    context="riskyUsers",
    service="identityProtection",
    permissions=RISKY_USER_READ,
    properties=_words(
        "id isDeleted isProcessing riskDetail riskLastUpdatedDateTime riskLevel riskState userDisplayName "
        "userPrincipalName history"
    ),
    filters={
        **dict.fromkeys(("id", "userDisplayName", "userPrincipalName"), Filterable("string")),
        **dict.fromkeys(("isDeleted", "isProcessing"), Filterable("bool")),
        "riskLastUpdatedDateTime": Filterable("time", ALL_COMPARISONS - {"ne"}),
        "riskDetail": Filterable("enum", enum="riskDetail"),
        "riskLevel": Filterable("enum", enum="riskLevel"),
        "riskState": Filterable("enum", enum="riskState"),
    },
    default_top=20,
    max_top=500,
    over_top="400",
    options=_words("$filter $select $top $count"),
    veils=(Veil("riskDetail", "riskDetail"),),
    licence="Entra ID P2",
)

EVENT_TYPES = "signInEventTypes"

_SIGN_IN_FILTERS = {
    **dict.fromkeys(
        _words("appId clientAppUsed correlationId id resourceDisplayName resourceId userId"),
        Filterable("string"),
    ),
    **dict.fromkeys(
        _words(
            "appDisplayName deviceDetail/browser deviceDetail/operatingSystem ipAddress location/city "
            "location/state location/countryOrRegion userDisplayName userPrincipalName"
        ),
        Filterable("string", _EQ_STARTS),
    ),
    "conditionalAccessStatus": Filterable("enum", enum="conditionalAccessStatus"),
    "riskDetail": Filterable("enum", enum="riskDetail"),
    "riskLevelAggregated": Filterable("enum", enum="riskLevel"),
    "riskLevelDuringSignIn": Filterable("enum", enum="riskLevel"),
    "riskState": Filterable("enum", enum="riskState"),
    "status/errorCode": Filterable("int"),
    "createdDateTime": Filterable("time", frozenset({"eq", "le", "ge"})),
    "riskEventTypes": Filterable("enum", enum="riskEventType", many=True),
    "riskEventTypes_v2": Filterable("string", _EQ_STARTS, many=True),
}

SIGN_INS = Resource(
    path="auditLogs/signIns",
    type_name="microsoft.graph.signIn",
    context="auditLogs/signIns",
    service="auditLogs",
    permissions=("AuditLog.Read.All",),
    properties=_words(
        "id appDisplayName appId appliedConditionalAccessPolicies authenticationAppDeviceDetails "
        "clientAppUsed conditionalAccessStatus correlationId createdDateTime deviceDetail homeTenantId "
        "ipAddress isInteractive location resourceDisplayName resourceId resourceTenantId riskDetail "
        "riskEventTypes riskEventTypes_v2 riskLevelAggregated riskLevelDuringSignIn riskState "
        "servicePrincipalId servicePrincipalName status userAgent userDisplayName userId userPrincipalName"
    ),
    filters=_SIGN_IN_FILTERS,
    default_top=1000,
    max_top=1000,
    over_top="400",
    options=_words("$filter $top $orderby $select"),
    ignored=_words("$count"),
    order_by=_words("createdDateTime"),
    veils=(
        Veil("riskDetail", "riskDetail"),
        Veil("result", "appliedConditionalAccessPolicyResult", under="appliedConditionalAccessPolicies"),
    ),
    licence="Entra ID P1",
)
SIGN_INS_BETA = replace(
    SIGN_INS,
    properties=SIGN_INS.properties
    | _words(
        "alternateSignInName appOwnerTenantId appTokenProtectionStatus authenticationContextClassReferences "
        "authenticationAppPolicyEvaluationDetails authenticationDetails authenticationMethodsUsed "
        "authenticationProcessingDetails authenticationProtocol authenticationRequirement "
        "authenticationRequirementPolicies autonomousSystemNumber azureResourceId clientCredentialType "
        "clientSessionId conditionalAccessAudiences crossTenantAccessType federatedCredentialId "
        "flaggedForReview globalSecureAccessIpAddress homeTenantName incomingTokenType "
        "ipAddressFromResourceProvider isTenantRestricted isThroughGlobalSecureAccess "
        "managedServiceIdentity mfaDetail networkLocationDetails originalRequestId originalTransferMethod "
        "privateLinkDetails processingTimeInMilliseconds resourceOwnerTenantId resourceServicePrincipalId "
        "servicePrincipalCredentialKeyId servicePrincipalCredentialThumbprint sessionId "
        "sessionLifetimePolicies signInEventTypes signInIdentifier signInIdentifierType "
        "signInTokenProtectionStatus tokenIssuerName tokenIssuerType tokenProtectionStatusDetails "
        "uniqueTokenIdentifier userType"
    ),
    filters={
        **_SIGN_IN_FILTERS,
        EVENT_TYPES: Filterable("string", frozenset({"eq", "ne"}), many=True),
    },
    veils=(*SIGN_INS.veils, Veil("tokenIssuerType", "tokenIssuerType")),
)

RISK_DETECTIONS_BETA = replace(
    RISK_DETECTIONS, properties=RISK_DETECTIONS.properties | _words("mitreTechniqueId riskType")
)

VERSIONS = ("v1.0", "beta")
RESOURCES: dict[tuple[str, str], Resource] = {
    (version, resource.path.lower()): resource
    for version, resources in {
        "v1.0": (ALERTS, INCIDENTS, RISK_DETECTIONS, RISKY_USERS, SIGN_INS, *OTHERS),
        "beta": (ALERTS, INCIDENTS, RISK_DETECTIONS_BETA, RISKY_USERS, SIGN_INS_BETA, *OTHERS),
    }.items()
    for resource in resources
}
"""Resources by version and lower-case path: Graph reads paths without case."""

NESTED_RESOURCES: dict[str, Resource] = {resource.path.lower(): resource for resource in NESTED}
"""What belongs to one record each, by lower-case path with ``{id}``, the same in both versions."""

OPERATION_PERMISSIONS = (
    "SecurityData.Manage.All",
    "ThreatHunting.Read.All",
    "ThreatIndicators.ReadWrite.OwnedBy",
    "ThreatIntelligence.Read.All",
    "User.RevokeSessions.All",
)
"""What opens operations and no collection."""

PERMISSIONS: tuple[str, ...] = tuple(
    sorted(
        {p for r in (*RESOURCES.values(), *NESTED_RESOURCES.values()) for p in r.permissions}
        | set(OPERATION_PERMISSIONS)
    )
)
"""Every application permission that opens something here."""
