"""What stands where: columns of the tables → properties of Graph's records, from the documentation of both.

Sentinel: https://learn.microsoft.com/azure/azure-monitor/reference/tables/signinlogs (and its neighbours); advanced
hunting: https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables. In Sentinel's tables ``TenantId`` is
the workspace, and ``ResourceId`` the Azure resource of the log: neither is what Graph calls so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from graphinvestigate.linking.hunted import EVENTS as EVENTS

Reader = Literal[
    "text", "time", "number", "bool", "dynamic", "object", "texts", "lower", "techniques", "service", "detector"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table, and the property that it becomes.

    Attributes
    ----------
    column : str
    path : str
        Graph's property, with dots; of several columns for one path the first that has a value counts.
    reader : str
        How the value is read: `text`, `time`, `number`, `bool`, `dynamic` (JSON, also as text),
        `object` (an object, also as text), `texts` (a list of
        texts, also as JSON or separated by commas), `lower` (an enum member: its first letter small), `techniques`
        (ATT&CK's ids out of a list of names), `service` and `detector` (an enum member for the name of a product or of
        what detected it).
    """

    column: str
    path: str
    reader: Reader = "text"


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table whose rows are records that Graph gives too.

    Attributes
    ----------
    name : str
        The table's.
    resource : str
        Of the records.
    fields : tuple of Field
    constant : dict of str to object
        Properties that all its rows have.
    """

    name: str
    resource: str
    fields: tuple[Field, ...]
    constant: dict[str, object] = field(default_factory=dict)


def _fields(texts: str, *more: tuple[str, str, Reader]) -> tuple[Field, ...]:
    """Give fields of texts whose property has the column's name with a small first letter, and others."""
    same = (Field(name, name[0].lower() + name[1:]) for name in texts.split())
    return (*(Field(*one) for one in more), *same)


_SIGN_IN: tuple[tuple[str, str, Reader], ...] = (
    ("Id", "id", "text"),
    ("CreatedDateTime", "createdDateTime", "time"),
    ("TimeGenerated", "createdDateTime", "time"),
    ("IPAddress", "ipAddress", "text"),
    ("IPAddressFromResourceProvider", "ipAddressFromResourceProvider", "text"),
    ("IsInteractive", "isInteractive", "bool"),
    ("ResourceIdentity", "resourceId", "text"),
    ("ResourceTenantId", "resourceTenantId", "text"),
    ("AADTenantId", "resourceTenantId", "text"),
    ("ProcessingTimeInMilliseconds", "processingTimeInMilliseconds", "number"),
    ("Status", "status", "object"),
    ("ResultType", "status.errorCode", "number"),
    ("ResultDescription", "status.failureReason", "text"),
    ("LocationDetails", "location", "object"),
    ("Location", "location.countryOrRegion", "text"),
    ("DeviceDetail", "deviceDetail", "object"),
    ("MfaDetail", "mfaDetail", "object"),
    ("AuthenticationDetails", "authenticationDetails", "dynamic"),
    ("ConditionalAccessPolicies", "appliedConditionalAccessPolicies", "dynamic"),
    ("RiskEventTypes_V2", "riskEventTypes_v2", "texts"),
    ("AppliedConditionalAccessPolicies", "appliedConditionalAccessPolicies", "dynamic"),
    ("RiskEventTypes", "riskEventTypes", "texts"),
    ("UserType", "userType", "lower"),
    ("NetworkLocationDetails", "networkLocationDetails", "dynamic"),
    ("AuthenticationProcessingDetails", "authenticationProcessingDetails", "dynamic"),
    ("AuthenticationRequirementPolicies", "authenticationRequirementPolicies", "dynamic"),
    ("AuthenticationMethodsUsed", "authenticationMethodsUsed", "texts"),
    ("ConditionalAccessAudiences", "conditionalAccessAudiences", "texts"),
    ("TokenProtectionStatusDetails", "tokenProtectionStatusDetails", "object"),
    ("FlaggedForReview", "flaggedForReview", "bool"),
    ("IsThroughGlobalSecureAccess", "isThroughGlobalSecureAccess", "bool"),
)
_SIGN_IN_TEXTS = (
    "AlternateSignInName AppDisplayName AppId AppOwnerTenantId AuthenticationProtocol AuthenticationRequirement "
    "ClientAppUsed "
    "ConditionalAccessStatus CorrelationId CrossTenantAccessType GlobalSecureAccessIpAddress HomeTenantId "
    "OriginalRequestId OriginalTransferMethod ResourceDisplayName ResourceOwnerTenantId SignInIdentifierType "
    "RiskDetail RiskLevelAggregated RiskLevelDuringSignIn RiskState "
    "ServicePrincipalId ServicePrincipalName "
    "SessionId SignInIdentifier TokenIssuerName TokenIssuerType UserAgent UserDisplayName UserId "
    "UserPrincipalName"
)


def _sign_ins(name: str, event_type: str, interactive: bool) -> TableOf:
    return TableOf(
        name,
        "sign_ins",
        _fields(_SIGN_IN_TEXTS, *_SIGN_IN),
        {"signInEventTypes": [event_type], "isInteractive": interactive},
    )


RECORDS = {
    table.name: table
    for table in (
        _sign_ins("SigninLogs", "interactiveUser", True),
        _sign_ins("AADNonInteractiveUserSignInLogs", "nonInteractiveUser", False),
        _sign_ins("AADServicePrincipalSignInLogs", "servicePrincipal", False),
        TableOf(
            "AADUserRiskEvents",
            "risk_detections",
            _fields(
                "Id CorrelationId DetectionTimingType RequestId RiskDetail RiskEventType RiskLevel RiskState Source "
                "TokenIssuerType UserDisplayName UserId UserPrincipalName",
                ("ActivityDateTime", "activityDateTime", "time"),
                ("DetectedDateTime", "detectedDateTime", "time"),
                ("LastUpdatedDateTime", "lastUpdatedDateTime", "time"),
                ("Activity", "activity", "lower"),
                ("IpAddress", "ipAddress", "text"),
                ("Location", "location", "object"),
                ("AdditionalInfo", "additionalInfo", "text"),
            ),
        ),
        TableOf(
            "AADRiskyUsers",
            "risky_users",
            _fields(
                "Id RiskDetail RiskLevel RiskState UserDisplayName UserPrincipalName",
                ("RiskLastUpdatedDateTime", "riskLastUpdatedDateTime", "time"),
                ("TimeGenerated", "riskLastUpdatedDateTime", "time"),
                ("IsDeleted", "isDeleted", "bool"),
                ("IsProcessing", "isProcessing", "bool"),
            ),
        ),
        TableOf(
            "AuditLogs",
            "directory_audits",
            _fields(
                "Id ActivityDisplayName Category CorrelationId LoggedByService ResultReason",
                ("ActivityDateTime", "activityDateTime", "time"),
                ("TimeGenerated", "activityDateTime", "time"),
                ("OperationName", "activityDisplayName", "text"),
                ("AADOperationType", "operationType", "text"),
                ("Result", "result", "lower"),
                ("InitiatedBy", "initiatedBy", "object"),
                ("TargetResources", "targetResources", "dynamic"),
                ("AdditionalDetails", "additionalDetails", "dynamic"),
            ),
        ),
        TableOf(
            "SecurityAlert",
            "alerts",
            (
                Field("VendorOriginalId", "providerAlertId"),
                Field("AlertName", "title"),
                Field("DisplayName", "title"),
                Field("Description", "description"),
                Field("AlertSeverity", "severity", "lower"),
                Field("Status", "status", "lower"),
                Field("StartTime", "firstActivityDateTime", "time"),
                Field("EndTime", "lastActivityDateTime", "time"),
                Field("TimeGenerated", "createdDateTime", "time"),
                Field("ProcessingEndTime", "lastUpdateDateTime", "time"),
                Field("ProductName", "productName"),
                Field("ProductName", "serviceSource", "service"),
                Field("AlertLink", "alertWebUrl"),
                Field("RemediationSteps", "recommendedActions"),
                Field("Tactics", "categories", "texts"),
                Field("Techniques", "mitreTechniques", "techniques"),
                Field("AlertType", "detectorId"),
                Field("ExtendedProperties", "additionalData", "dynamic"),
            ),
        ),
        TableOf(
            "SecurityIncident",
            "incidents",
            (
                Field("ProviderIncidentId", "id"),
                Field("IncidentName", "id"),
                Field("Title", "displayName"),
                Field("Description", "description"),
                Field("Severity", "severity", "lower"),
                Field("Status", "status", "lower"),
                Field("Classification", "classification", "lower"),
                Field("CreatedTime", "createdDateTime", "time"),
                Field("LastModifiedTime", "lastUpdateDateTime", "time"),
                Field("IncidentUrl", "incidentWebUrl"),
                Field("Owner.assignedTo", "assignedTo"),
                Field("Labels", "customTags", "texts"),
            ),
        ),
        TableOf(
            "AlertInfo",
            "alerts",
            (
                Field("AlertId", "id"),
                Field("Title", "title"),
                Field("Category", "category"),
                Field("Severity", "severity", "lower"),
                Field("ServiceSource", "productName"),
                Field("ServiceSource", "serviceSource", "service"),
                Field("DetectionSource", "detectionSource", "detector"),
                Field("AttackTechniques", "mitreTechniques", "techniques"),
                Field("Timestamp", "createdDateTime", "time"),
                Field("TimeGenerated", "createdDateTime", "time"),
                Field("Timestamp", "firstActivityDateTime", "time"),
                Field("TimeGenerated", "firstActivityDateTime", "time"),
            ),
        ),
    )
}

OF_EVIDENCE = TableOf(
    "AlertEvidence",
    "alerts",
    (
        Field("AlertId", "id"),
        Field("Title", "title"),
        Field("Categories", "categories", "texts"),
        Field("Severity", "severity", "lower"),
        *(one for one in RECORDS["AlertInfo"].fields if one.column in ("ServiceSource", "DetectionSource")),
        Field("AttackTechniques", "mitreTechniques", "techniques"),
        Field("Timestamp", "createdDateTime", "time"),
        Field("TimeGenerated", "createdDateTime", "time"),
    ),
)
"""What a row of ``AlertEvidence`` says of its alert, where no row of ``AlertInfo`` does."""
