"""Rows of the tables that presets read, with columns as documented; dynamic ones are texts."""

# ruff: noqa: E501 (a row reads better whole)

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

TENANT = "11111111-0000-4000-8000-000000000001"
WORKSPACE = "99999999-9999-4999-8999-999999999999"
ALICE, BOB = (f"aaaaaaaa-0000-4000-8000-00000000000{letter}" for letter in "ab")
DEVICE = "0123456789" * 4
HASH = "cd" * 32
AT = datetime(2026, 2, 3, 10, 11, 12, 345678, tzinfo=UTC)
HOUR = timedelta(hours=1)

ENTITIES = [
    {"$id": "2", "Name": "alice", "UPNSuffix": "example.org", "AadUserId": ALICE, "Type": "account"},
    {"$id": "3", "HostName": "laptop-7", "DnsDomain": "corp.example.org", "MdatpDeviceId": DEVICE, "Type": "host"},
    {"$id": "4", "Address": "203.0.113.7", "Type": "ip"},
    {"$id": "5", "Name": "x.exe", "Type": "file", "FileHashes": [{"$ref": "6"}]},
    {"$id": "6", "Algorithm": "SHA256", "Value": HASH, "Type": "filehash"},
    {"$id": "8", "ProcessId": "0x1f4", "CreationTimeUtc": "2026-02-03T10:00:00Z", "ImageFile": {"$ref": "5"},
     "Account": {"$ref": "2"}, "Host": {"$ref": "3"}, "Type": "process"},
]  # fmt: skip


def sign_in(**own: Any) -> dict[str, Any]:
    """A row of one of the tables of sign-ins."""
    return {
        "TenantId": WORKSPACE, "TimeGenerated": AT, "CreatedDateTime": AT, "Id": "s-1", "CorrelationId": "c-1",
        "UserId": ALICE, "UserPrincipalName": "Alice@Example.org", "UserDisplayName": "Alice", "IPAddress": "203.0.113.7",
        "AppId": "00000003-0000-0000-c000-000000000000", "AppDisplayName": "Mail", "ResultType": "0",
        "AADTenantId": TENANT, "LocationDetails": json.dumps({"city": "X", "countryOrRegion": "DE"}),
        "DeviceDetail": json.dumps({"deviceId": BOB, "displayName": "laptop-7"}), "RiskState": "atRisk",
    } | own  # fmt: skip


def of_device(**own: Any) -> dict[str, Any]:
    """A row of one of the tables of a device's events."""
    return {
        "Timestamp": AT, "DeviceId": DEVICE, "DeviceName": "laptop-7.corp.example.org", "ReportId": 7,
        "ActionType": "Seen", "AccountDomain": "corp", "AccountName": "alice", "AccountSid": "S-1-5-21-1-2-3-1001",
        "AccountObjectId": ALICE, "AccountUpn": "alice@example.org", "RemoteIP": "203.0.113.7",
        "InitiatingProcessAccountObjectId": BOB, "InitiatingProcessAccountUpn": "bob@example.org",
        "InitiatingProcessAccountSid": "S-1-5-21-1-2-3-1002", "InitiatingProcessAccountDomain": "corp",
        "InitiatingProcessAccountName": "bob", "SHA256": HASH, "SHA1": "ab" * 20, "InitiatingProcessSHA256": HASH,
    } | own  # fmt: skip


ROWS: dict[str, list[dict[str, Any]]] = {
    "SecurityAlert": [
        {
            "TenantId": WORKSPACE, "SystemAlertId": f"00000000-0000-4000-8000-00000000000{n}", "VendorOriginalId": f"da{n}_1",
            "ProviderName": "MDATP", "DisplayName": "A title", "AlertSeverity": "High", "Status": "New", "StartTime": AT,
            "EndTime": AT + HOUR, "TimeGenerated": AT + HOUR, "ProcessingEndTime": AT + 2 * HOUR,
            "AlertLink": f"https://security.microsoft.com/alerts/da{n}_1?tid={TENANT}", "Tactics": "InitialAccess",
            "Techniques": '["T1078"]', "Entities": json.dumps(ENTITIES[: 6 - n]), "ExtendedProperties": '{"a": "b"}',
        }
        for n in range(3)
    ],
    "SecurityIncident": [
        {
            "TenantId": WORKSPACE, "IncidentName": "6dfa10b7", "ProviderIncidentId": "4711", "Title": "t",
            "Severity": "Medium", "Status": "Closed", "Classification": "TruePositive", "CreatedTime": AT,
            "LastModifiedTime": AT + HOUR, "Owner": '{"assignedTo": "al"}', "Labels": '[{"labelName": "vip"}]',
            "AlertIds": '["s-1"]',
        }
    ],
    "SigninLogs": [sign_in(), sign_in(Id="s-2", IPAddress="10.0.0.7", UserId=BOB, UserPrincipalName="bob@example.org")],
    "AADNonInteractiveUserSignInLogs": [sign_in(Id="n-1"), sign_in(Id="n-2", UserPrincipalName=None)],
    "AADServicePrincipalSignInLogs": [
        sign_in(Id="p-1", UserId=None, UserPrincipalName=None, ServicePrincipalId=BOB, ServicePrincipalName="app")
    ],
    "AADUserRiskEvents": [
        {
            "Id": "r-1", "UserId": ALICE, "UserPrincipalName": "alice@example.org", "IpAddress": "203.0.113.7",
            "RiskLevel": "high", "RiskEventType": "unfamiliarFeatures", "ActivityDateTime": AT, "RequestId": "s-1",
            "DetectedDateTime": AT + HOUR, "LastUpdatedDateTime": AT + HOUR, "TimeGenerated": AT + HOUR,
            "Location": '{"city": "X", "countryOrRegion": "DE"}', "TenantId": WORKSPACE,
        }
    ],
    "AADRiskyUsers": [
        {"Id": ALICE, "UserPrincipalName": "alice@example.org", "RiskLevel": "high", "RiskState": "atRisk",
         "RiskLastUpdatedDateTime": AT, "TimeGenerated": AT, "IsDeleted": False, "TenantId": WORKSPACE},
    ],
    "AuditLogs": [
        {
            "Id": "a-1", "OperationName": "Add user", "ActivityDateTime": AT, "Result": "success", "TenantId": WORKSPACE,
            "InitiatedBy": json.dumps({"user": {"id": ALICE, "userPrincipalName": "alice@example.org"}}),
            "TargetResources": json.dumps([{"id": BOB, "type": "User", "userPrincipalName": "bob@example.org"}]),
        }
    ],
    "AlertInfo": [
        {"Timestamp": AT, "AlertId": "da0_1", "Title": "A title", "Category": "InitialAccess", "Severity": "High",
         "DetectionSource": "Microsoft 365 Defender", "ServiceSource": "x", "AttackTechniques": '["X (T1078)"]'},
    ],
    "AlertEvidence": [
        {"Timestamp": AT, "AlertId": "da0_1", "EntityType": "User", "EvidenceRole": "Impacted", "AccountObjectId": who,
         "AccountUpn": f"{name}@example.org", "DeviceId": None, "RemoteIP": None, "SHA256": None}
        for who, name in ((ALICE, "alice"), (BOB, "bob"))
    ] + [
        {"Timestamp": AT, "AlertId": "da0_1", "EntityType": "Machine", "EvidenceRole": "Related", "AccountObjectId": None,
         "AccountUpn": None, "DeviceId": DEVICE, "RemoteIP": None, "SHA256": None},
        {"Timestamp": AT, "AlertId": "da0_1", "EntityType": "Ip", "EvidenceRole": "Related", "AccountObjectId": None,
         "AccountUpn": None, "DeviceId": None, "RemoteIP": "203.0.113.7", "SHA256": None},
    ],
    "DeviceLogonEvents": [of_device(ActionType="LogonSuccess"), of_device(ReportId=8, AccountObjectId=BOB)],
    "DeviceNetworkEvents": [of_device(RemoteUrl="https://evil.example.net/a")],
    "DeviceProcessEvents": [of_device(ProcessId=500, ProcessCreationTime=AT, FileName="x.exe")],
    "IdentityLogonEvents": [of_device(IPAddress="203.0.113.7", DestinationIPAddress="203.0.113.9")],
    "EmailEvents": [
        {"Timestamp": AT, "ReportId": "e-1", "NetworkMessageId": "11111111-2222-4333-8444-555555555555", "Subject": "hi",
         "RecipientEmailAddress": "alice@example.org", "RecipientObjectId": ALICE, "SenderIPv4": "203.0.113.7",
         "SenderFromAddress": "a@evil.example.net", "SenderMailFromAddress": "a@evil.example.net"},
    ],
    "UrlClickEvents": [
        {"Timestamp": AT, "ReportId": "u-1", "AccountUpn": "alice@example.org", "Url": "https://evil.example.net/a",
         "IPAddress": "203.0.113.7", "ActionType": "ClickAllowed", "NetworkMessageId": None},
    ],
    "CloudAppEvents": [
        {"Timestamp": AT, "ReportId": "c-1", "AccountObjectId": ALICE, "IPAddress": "203.0.113.7", "Application": "Mail",
         "ActionType": "New-InboxRule", "RawEventData": '{"a": 1}'},
    ],
}  # fmt: skip
