"""The tables of advanced hunting, told from the tenant's own records: nothing stands in one that no record knows.

Inbox rules and consents show as what the alerts about them say; no table tells more than the alerts' evidence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo.server_store import Record, Store

Row = tuple[Any, ...]
_SEVERITY = {"informational": "Informational", "low": "Low", "medium": "Medium", "high": "High"}
_KINDS = {
    "userEvidence": "User",
    "deviceEvidence": "Machine",
    "ipEvidence": "Ip",
    "urlEvidence": "Url",
    "fileEvidence": "File",
    "processEvidence": "Process",
    "mailboxEvidence": "Mailbox",
    "analyzedMessageEvidence": "MailMessage",
    "oauthApplicationEvidence": "OAuthApplication",
    "cloudApplicationEvidence": "CloudApplication",
    "mailboxConfigurationEvidence": "MailboxConfiguration",
}
_DEVICE = "deviceEvidence"
_MAIL_ACTIONS = {"userInboxRule": "New-InboxRule", "mailForwardingRule": "Set-Mailbox"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns with their types, and its rows, newest first."""

    columns: tuple[tuple[str, str], ...]
    rows: Callable[[Store], Iterator[Row]]


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """Names; one with ``:`` has that type, the others are texts."""
    return tuple((name, kind or "String") for name, _, kind in (word.partition(":") for word in text.split()))


def _alerts(store: Store) -> Iterator[Record]:
    yield from store.all("security/alerts_v2")


def _kind(item: Record) -> str:
    return str(item.get("@odata.type") or "").rpartition(".")[2]


def _account(item: Record) -> Record:
    return item.get("userAccount") or {}


def _alert_info(store: Store) -> Iterator[Row]:
    for alert in _alerts(store):
        yield (
            alert["createdDateTime"],
            alert["id"],
            alert["title"],
            alert["category"],
            _SEVERITY.get(alert["severity"], "Unspecified"),
            alert["productName"],
            alert["detectionSource"],
            json.dumps(alert["mitreTechniques"]),
        )


def _alert_evidence(store: Store) -> Iterator[Row]:
    for alert in _alerts(store):
        for item in alert["evidence"]:
            account, file = _account(item), item.get("fileDetails") or item.get("imageFile") or {}
            yield (
                alert["createdDateTime"],
                alert["id"],
                alert["title"],
                alert["category"],
                alert["productName"],
                _KINDS.get(_kind(item), "Other"),
                "Impacted" if {"compromised", "attacked"} & set(item.get("roles") or ()) else "Related",
                file.get("fileName") or "",
                file.get("sha1") or "",
                file.get("sha256") or "",
                item.get("processCommandLine") or "",
                item.get("ipAddress") or "",
                item.get("url") or "",
                account.get("accountName") or "",
                account.get("azureAdUserId") or "",
                account.get("userPrincipalName") or "",
                item.get("mdeDeviceId") or "",
                item.get("deviceDnsName") or "",
                str(item.get("appId") or ""),
                item.get("displayName") or "" if _kind(item) == "oauthApplicationEvidence" else "",
            )


def _sign_ins(store: Store) -> Iterator[Row]:
    for record in store.all("beta:auditLogs/signIns"):
        detail, place = record["deviceDetail"], record["location"] or {}
        yield (
            record["createdDateTime"],
            record["appDisplayName"],
            record["appId"],
            json.dumps(record["signInEventTypes"]),
            record["status"]["errorCode"],
            record["correlationId"],
            record["sessionId"],
            record["userDisplayName"],
            record["userId"],
            record["userPrincipalName"],
            detail["displayName"],
            detail["deviceId"],
            detail["operatingSystem"],
            record["userAgent"],
            record["ipAddress"],
            place.get("countryOrRegion") or "",
            place.get("city") or "",
            record["id"],
            record["resourceDisplayName"],
        )


def _identity_logons(store: Store) -> Iterator[Row]:
    for record in store.all("beta:auditLogs/signIns"):
        upn, place = record["userPrincipalName"], record["location"] or {}
        yield (
            record["createdDateTime"],
            "LogonFailed" if record["status"]["errorCode"] else "LogonSuccess",
            record["appDisplayName"],
            upn.partition("@")[0],
            upn,
            record["userId"],
            record["userDisplayName"],
            record["deviceDetail"]["displayName"],
            record["ipAddress"],
            place.get("countryOrRegion") or "",
            record["id"],
        )


def _device_logons(store: Store) -> Iterator[Row]:
    """A logon at each device that an alert names with an account that was on it."""
    for alert in _alerts(store):
        hosts = [item for item in alert["evidence"] if _kind(item) == "deviceEvidence"]
        people = [_account(item) for item in alert["evidence"] if _kind(item) == "userEvidence"]
        for host in hosts:
            for account in people:
                yield (
                    alert["firstActivityDateTime"],
                    host["mdeDeviceId"] or "",
                    host["deviceDnsName"] or "",
                    "LogonSuccess",
                    "Interactive",
                    account.get("accountName") or "",
                    account.get("domainName") or "",
                    account.get("userSid") or "",
                    host.get("lastIpAddress") or "",
                )


def _cloud_apps(store: Store) -> Iterator[Row]:
    """Inbox rules, forwarding and consents, as the alerts about them tell them."""
    for alert in _alerts(store):
        people = [_account(item) for item in alert["evidence"] if _kind(item) == "userEvidence"]
        account = people[0] if people else {}
        for item in alert["evidence"]:
            kind = _kind(item)
            if kind == "mailboxConfigurationEvidence":
                action, app = _MAIL_ACTIONS.get(item["configurationType"], "Set-Mailbox"), "Microsoft Exchange Online"
                thing, object_id = "Mailbox", item["configurationId"]
            elif kind == "oauthApplicationEvidence":
                action, app, thing = "Consent to application.", "Office 365", "Application"
                object_id = item["appId"]
            else:
                continue
            yield (
                alert["firstActivityDateTime"],
                action,
                app,
                account.get("azureAdUserId") or "",
                account.get("displayName") or "",
                item.get("displayName") or "",
                thing,
                str(object_id),
                json.dumps({"AlertId": alert["id"], "Name": item.get("displayName")}, ensure_ascii=False),
            )


def _device_files(store: Store) -> Iterator[Row]:
    """Files that alerts found on devices."""
    for alert in _alerts(store):
        names = {item["mdeDeviceId"]: item["deviceDnsName"] for item in alert["evidence"] if _kind(item) == _DEVICE}
        for item in alert["evidence"]:
            file = item.get("fileDetails") or item.get("imageFile") or {}
            if item.get("mdeDeviceId") and file.get("sha256"):
                yield (
                    alert["firstActivityDateTime"],
                    item["mdeDeviceId"],
                    names.get(item["mdeDeviceId"]) or "",
                    "FileCreated",
                    file.get("fileName") or "",
                    file.get("filePath") or "",
                    file.get("sha1") or "",
                    file["sha256"],
                )


def _device_network(store: Store) -> Iterator[Row]:
    """Connections of devices to the addresses that alerts about them name."""
    for alert in _alerts(store):
        hosts = [item for item in alert["evidence"] if _kind(item) == _DEVICE]
        for item in alert["evidence"]:
            remote = (item.get("destinationAddress") or {}).get("ipAddress") or item.get("ipAddress")
            if not remote or _kind(item) not in ("ipEvidence", "networkConnectionEvidence"):
                continue
            for host in hosts:
                yield (
                    alert["firstActivityDateTime"],
                    host["mdeDeviceId"] or "",
                    host["deviceDnsName"] or "",
                    "ConnectionSuccess",
                    remote,
                    item.get("destinationPort") or 443,
                    host.get("lastIpAddress") or "",
                )


def _emails(store: Store) -> Iterator[Row]:
    """Messages that alerts analysed."""
    for alert in _alerts(store):
        for item in alert["evidence"]:
            if _kind(item) == "analyzedMessageEvidence":
                yield (
                    alert["firstActivityDateTime"],
                    item["networkMessageId"] or "",
                    item["internetMessageId"] or "",
                    (item["p2Sender"] or {}).get("emailAddress") or "",
                    item["senderIp"] or "",
                    item["recipientEmailAddress"] or "",
                    item["subject"] or "",
                    item["deliveryAction"] or "",
                )


def _url_clicks(store: Store) -> Iterator[Row]:
    """Clicks on links, as the alerts about them tell them."""
    for alert in _alerts(store):
        people = [_account(item) for item in alert["evidence"] if _kind(item) == "userEvidence"]
        for item in alert["evidence"]:
            if _kind(item) == "urlEvidence" and alert["serviceSource"] == "microsoftDefenderForOffice365":
                for account in people:
                    yield (
                        alert["firstActivityDateTime"],
                        item["url"],
                        "ClickAllowed",
                        account.get("userPrincipalName") or "",
                        "Email",
                    )


TABLES = {
    "DeviceFileEvents": Table(
        _columns("Timestamp:DateTime DeviceId DeviceName ActionType FileName FolderPath SHA1 SHA256"), _device_files
    ),
    "DeviceNetworkEvents": Table(
        _columns("Timestamp:DateTime DeviceId DeviceName ActionType RemoteIP RemotePort:Int32 LocalIP"),
        _device_network,
    ),
    "EmailEvents": Table(
        _columns(
            "Timestamp:DateTime NetworkMessageId InternetMessageId SenderFromAddress SenderIPv4 "
            "RecipientEmailAddress Subject DeliveryAction"
        ),
        _emails,
    ),
    "UrlClickEvents": Table(_columns("Timestamp:DateTime Url ActionType AccountUpn Workload"), _url_clicks),
    "AlertInfo": Table(
        _columns("Timestamp:DateTime AlertId Title Category Severity ServiceSource DetectionSource AttackTechniques"),
        _alert_info,
    ),
    "AlertEvidence": Table(
        _columns(
            "Timestamp:DateTime AlertId Title Categories ServiceSource EntityType EvidenceRole FileName SHA1 SHA256 "
            "ProcessCommandLine RemoteIP RemoteUrl AccountName AccountObjectId AccountUpn DeviceId DeviceName "
            "OAuthApplicationId Application"
        ),
        _alert_evidence,
    ),
    "AADSignInEventsBeta": Table(
        _columns(
            "Timestamp:DateTime Application ApplicationId LogonType ErrorCode:Int32 CorrelationId SessionId "
            "AccountDisplayName AccountObjectId AccountUpn DeviceName AadDeviceId OSPlatform UserAgent IPAddress "
            "Country City RequestId ResourceDisplayName"
        ),
        _sign_ins,
    ),
    "IdentityLogonEvents": Table(
        _columns(
            "Timestamp:DateTime ActionType Application AccountName AccountUpn AccountObjectId AccountDisplayName "
            "DeviceName IPAddress Location ReportId"
        ),
        _identity_logons,
    ),
    "DeviceLogonEvents": Table(
        _columns(
            "Timestamp:DateTime DeviceId DeviceName ActionType LogonType AccountName AccountDomain AccountSid RemoteIP"
        ),
        _device_logons,
    ),
    "CloudAppEvents": Table(
        _columns(
            "Timestamp:DateTime ActionType Application AccountObjectId AccountDisplayName ObjectName ObjectType "
            "ObjectId RawEventData:Object"
        ),
        _cloud_apps,
    ),
}
