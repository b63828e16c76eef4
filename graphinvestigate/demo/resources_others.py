"""More of what Graph offers: audits, histories, service principals, scores, users and devices.

Page sizes of audits and scores are documented nowhere; they follow those of their neighbours.
"""

from __future__ import annotations

from graphinvestigate.demo.resource_types import ALL_COMPARISONS, Filterable, Resource, Veil

_EQ_STARTS = frozenset({"eq", "startswith"})
_MOMENT = Filterable("time", frozenset({"eq", "ge", "le"}))
_TIME = Filterable("time", ALL_COMPARISONS - {"ne"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _strings(text: str, operators: frozenset[str] = frozenset({"eq"})) -> dict[str, Filterable]:
    return dict.fromkeys(text.split(), Filterable("string", operators))


_RISK = {
    "riskDetail": Filterable("enum", enum="riskDetail"),
    "riskLevel": Filterable("enum", enum="riskLevel"),
    "riskState": Filterable("enum", enum="riskState"),
}
RISKY_USER_READ = ("IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All")
_RISKY_PRINCIPAL_READ = (
    "IdentityRiskyServicePrincipal.Read.All",
    "IdentityRiskyServicePrincipal.ReadWrite.All",
)
_SCORES = ("SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All")

RISKY_USER_HISTORY = Resource(
    path="identityProtection/riskyUsers/{id}/history",
    type_name="microsoft.graph.riskyUserHistoryItem",
    context="riskyUsers('{id}')/history",
    service="identityProtection",
    permissions=RISKY_USER_READ,
    properties=_words(
        "id activity history initiatedBy isDeleted isProcessing riskDetail riskLastUpdatedDateTime riskLevel "
        "riskState userDisplayName userId userPrincipalName"
    ),
    filters=_strings("id userId userPrincipalName") | _RISK | {"riskLastUpdatedDateTime": _TIME},
    default_top=20,
    max_top=500,
    over_top="400",
    options=_words("$filter $select $top"),
    veils=(Veil("riskDetail", "riskDetail"), Veil("detail", "riskDetail", under="activity")),
    licence="Entra ID P2",
)

PRINCIPAL_DETECTIONS = Resource(
    path="identityProtection/servicePrincipalRiskDetections",
    type_name="microsoft.graph.servicePrincipalRiskDetection",
    context="servicePrincipalRiskDetections",
    service="identityProtection",
    permissions=("IdentityRiskEvent.Read.All",),
    properties=_words(
        "id activity activityDateTime additionalInfo appId correlationId detectedDateTime detectionTimingType "
        "ipAddress keyIds lastUpdatedDateTime location requestId riskDetail riskEventType riskLevel riskState "
        "servicePrincipalDisplayName servicePrincipalId source tokenIssuerType"
    ),
    filters={
        **_strings(
            "id appId correlationId ipAddress requestId riskEventType servicePrincipalDisplayName "
            "servicePrincipalId source"
        ),
        **dict.fromkeys(("activityDateTime", "detectedDateTime", "lastUpdatedDateTime"), _TIME),
        **_RISK,
        "activity": Filterable("enum", enum="activityType"),
        "detectionTimingType": Filterable("enum", enum="riskDetectionTimingType"),
        "tokenIssuerType": Filterable("enum", enum="tokenIssuerType"),
    },
    default_top=20,
    max_top=500,
    over_top="400",
    options=_words("$filter $select $top"),
    veils=(
        Veil("activity", "activityType"),
        Veil("riskDetail", "riskDetail"),
        Veil("tokenIssuerType", "tokenIssuerType"),
    ),
    licence="Workload ID Premium",
)

RISKY_PRINCIPALS = Resource(
    path="identityProtection/riskyServicePrincipals",
    type_name="microsoft.graph.riskyServicePrincipal",
    context="riskyServicePrincipals",
    service="identityProtection",
    permissions=_RISKY_PRINCIPAL_READ,
    properties=_words(
        "id appId displayName history isEnabled isProcessing riskDetail riskLastUpdatedDateTime riskLevel "
        "riskState servicePrincipalType"
    ),
    filters={
        **_strings("id appId displayName servicePrincipalType"),
        **dict.fromkeys(("isEnabled", "isProcessing"), Filterable("bool")),
        **_RISK,
        "riskLastUpdatedDateTime": _TIME,
    },
    default_top=20,
    max_top=500,
    over_top="400",
    options=_words("$filter $select $top $count"),
    veils=(Veil("riskDetail", "riskDetail"),),
    licence="Workload ID Premium",
)

DIRECTORY_AUDITS = Resource(
    path="auditLogs/directoryAudits",
    type_name="microsoft.graph.directoryAudit",
    context="auditLogs/directoryAudits",
    service="auditLogs",
    permissions=("AuditLog.Read.All", "Directory.Read.All"),
    properties=_words(
        "id activityDateTime activityDisplayName additionalDetails category correlationId initiatedBy "
        "loggedByService operationType result resultReason targetResources"
    ),
    filters={
        **_strings(
            "category correlationId id loggedByService initiatedBy/user/id initiatedBy/user/displayName "
            "initiatedBy/app/appId initiatedBy/app/displayName"
        ),
        **_strings("activityDisplayName initiatedBy/user/userPrincipalName", _EQ_STARTS),
        "activityDateTime": _MOMENT,
        "result": Filterable("enum", enum="operationResult"),
        "targetResources": Filterable("string", many=True),
        "targetResources/id": Filterable("string"),
        "targetResources/displayName": Filterable("string", _EQ_STARTS),
        "targetResources/userPrincipalName": Filterable("string", _EQ_STARTS),
    },
    default_top=1000,
    max_top=1000,
    over_top="400",
    options=_words("$filter $top $orderby $select"),
    ignored=_words("$count"),
    order_by=_words("activityDateTime"),
)

SECURE_SCORES = Resource(
    path="security/secureScores",
    type_name="microsoft.graph.secureScore",
    context="security/secureScores",
    service="security",
    permissions=_SCORES,
    properties=_words(
        "id activeUserCount averageComparativeScores azureTenantId controlScores createdDateTime currentScore "
        "enabledServices licensedUserCount maxScore vendorInformation"
    ),
    filters={**_strings("id azureTenantId vendorInformation/provider"), "createdDateTime": _TIME},
    default_top=100,
    max_top=1000,
    over_top="clamp",
    options=_words("$count $filter $skip $top $select $orderby"),
    order_by=_words("createdDateTime"),
)

SECURE_SCORE_PROFILES = Resource(
    path="security/secureScoreControlProfiles",
    type_name="microsoft.graph.secureScoreControlProfile",
    context="security/secureScoreControlProfiles",
    service="security",
    permissions=_SCORES,
    properties=_words(
        "id actionType actionUrl azureTenantId complianceInformation controlCategory controlStateUpdates "
        "deprecated implementationCost lastModifiedDateTime maxScore rank remediation remediationImpact service "
        "threats tier title userImpact vendorInformation"
    ),
    filters=_strings("id azureTenantId controlCategory service title tier vendorInformation/provider"),
    default_top=100,
    max_top=1000,
    over_top="clamp",
    options=_words("$count $filter $skip $top $select"),
)

NAMED_LOCATIONS = Resource(
    path="identity/conditionalAccess/namedLocations",
    type_name="microsoft.graph.namedLocation",
    context="identity/conditionalAccess/namedLocations",
    service="identityProtection",  # counted with it, whatever the path says
    permissions=("Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"),
    properties=_words(
        "id countriesAndRegions countryLookupMethod createdDateTime displayName includeUnknownCountriesAndRegions "
        "ipRanges isTrusted modifiedDateTime"
    ),
    filters=_strings("displayName", _EQ_STARTS) | dict.fromkeys(("createdDateTime", "modifiedDateTime"), _TIME),
    default_top=100,
    max_top=999,
    over_top="clamp",
    options=_words("$count $filter $orderby $select $skip $top"),
    order_by=_words("createdDateTime displayName modifiedDateTime"),
)

_USER_SHOWN = _words(
    "id businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname "
    "userPrincipalName"
)
USERS = Resource(
    path="users",
    type_name="microsoft.graph.user",
    context="users",
    service="directory",
    permissions=(
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    properties=_USER_SHOWN
    | _words(
        "accountEnabled companyName createdDateTime creationType deletedDateTime department employeeId "
        "externalUserState identities lastPasswordChangeDateTime mailNickname onPremisesDomainName "
        "onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled otherMails proxyAddresses "
        "securityIdentifier signInSessionsValidFromDateTime usageLocation userType"
    ),
    filters={
        **_strings("id department mailNickname onPremisesSecurityIdentifier usageLocation userType"),
        **_strings("displayName givenName mail surname userPrincipalName", _EQ_STARTS),
        "accountEnabled": Filterable("bool"),
        "createdDateTime": _MOMENT,
    },
    default_top=100,
    max_top=999,
    over_top="400",
    options=_words("$filter $select $top $count"),
    directory=True,
    shown=_USER_SHOWN,
    keys=("userPrincipalName",),
)

_DEVICE_READ = ("Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
_DEVICE_PROPERTIES = _words(
    "id accountEnabled alternativeSecurityIds approximateLastSignInDateTime complianceExpirationDateTime "
    "deletedDateTime deviceCategory deviceId deviceMetadata deviceOwnership deviceVersion displayName "
    "enrollmentProfileName enrollmentType isCompliant isManaged isManagementRestricted isRooted managementType "
    "manufacturer mdmAppId model onPremisesLastSyncDateTime onPremisesSecurityIdentifier onPremisesSyncEnabled "
    "operatingSystem operatingSystemVersion physicalIds profileType registrationDateTime systemLabels trustType"
)
DEVICES = Resource(
    path="devices",
    type_name="microsoft.graph.device",
    context="devices",
    service="directory",
    permissions=_DEVICE_READ,
    properties=_DEVICE_PROPERTIES,
    filters={
        **_strings("id deviceId operatingSystem operatingSystemVersion trustType"),
        **_strings("displayName", _EQ_STARTS),
        **dict.fromkeys(_words("accountEnabled isCompliant isManaged"), Filterable("bool")),
        "approximateLastSignInDateTime": _MOMENT,
    },
    default_top=100,
    max_top=999,
    over_top="400",
    options=_words("$filter $select $top $count"),
    directory=True,
    keys=("deviceId=",),
)


def _devices_of(relation: str) -> Resource:
    return Resource(
        path=f"users/{{id}}/{relation}",
        type_name="microsoft.graph.directoryObject",
        context="directoryObjects",
        service="directory",
        permissions=("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
        properties=_DEVICE_PROPERTIES,
        filters={},
        default_top=100,
        max_top=999,
        over_top="400",
        options=_words("$select $top"),
        directory=True,
    )


OTHERS = (
    PRINCIPAL_DETECTIONS,
    RISKY_PRINCIPALS,
    DIRECTORY_AUDITS,
    SECURE_SCORES,
    SECURE_SCORE_PROFILES,
    NAMED_LOCATIONS,
    USERS,
    DEVICES,
)
NESTED = (RISKY_USER_HISTORY, _devices_of("ownedDevices"), _devices_of("registeredDevices"))
