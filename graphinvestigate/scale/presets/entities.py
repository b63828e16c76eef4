"""``SecurityAlert.Entities`` and ``AlertEvidence`` → the evidence of an alert.

Entities are a list of objects that point at each other: ``$id`` names one, ``{"$ref": "3"}`` stands for it. See
https://learn.microsoft.com/azure/sentinel/entities-reference. What has no type of evidence keeps its properties under
a type made of its own name; the entity itself stands in every item under ``@entity``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphinvestigate.scale.presets.values import opened, read
from graphinvestigate.scale.presets.words import letters

Entity = Mapping[str, Any]
Item = dict[str, Any]

_TYPE = "#microsoft.graph.security."
_DEEPEST = 6


def evidence_of(entities: Any) -> list[Item]:
    """Make evidence items of the entities of a ``SecurityAlert``.

    Parameters
    ----------
    entities : object
        The cell: JSON, also as text.

    Returns
    -------
    list of dict
        One per entity that the list itself names; entities inside others are parts of these.
    """
    found = opened(entities)
    listed = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    known = {str(one["$id"]): one for one in _all(listed) if "$id" in one}
    return [
        _item(whole, {**known})
        for one in listed
        if (whole := known.get(str(one.get("$ref")), one)) and set(whole) - {"$id", "$ref"}
    ]


def _all(value: Any, depth: int = 0) -> Iterable[Entity]:
    """Every object in a list of entities, at any depth."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _all(inner, depth + 1)


class _Entity:
    """Looks properties up by name, whatever the case, and follows references."""

    def __init__(self, said: Entity, known: Mapping[str, Entity]) -> None:
        self._known = known
        self._said = {name.casefold(): value for name, value in said.items()}

    def text(self, *names: str) -> str | None:
        """The first of these that has a text."""
        for name in names:
            value = self._said.get(name.casefold())
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value)
        return None

    def time(self, name: str) -> Any:
        """A time."""
        return read("time", self._said.get(name.casefold()))

    def inner(self, name: str) -> _Entity:
        """Another entity that is a property of this one; an empty one where there is none."""
        value = self._said.get(name.casefold())
        if isinstance(value, Mapping) and "$ref" in value:
            value = self._known.get(str(value["$ref"]), {})
        return _Entity(value if isinstance(value, Mapping) else {}, self._known)

    def listed(self, name: str) -> list[_Entity]:
        """Entities in a list."""
        value = self._said.get(name.casefold())
        found = [self._known.get(str(one.get("$ref")), one) for one in value or () if isinstance(one, Mapping)] if (
            isinstance(value, list)
        ) else []  # fmt: skip
        return [_Entity(one, self._known) for one in found]


def _account(one: _Entity) -> Item:
    name, suffix = one.text("Name", "AccountName"), one.text("UPNSuffix")
    upn = one.text("UserPrincipalName", "AccountUpn")
    if name and not upn:  # a name should have no domain; rules that map a whole one into it are many
        upn = name if "@" in name else f"{name}@{suffix}" if suffix else None
    return _there(
        accountName=name,
        domainName=one.text("NTDomain", "AccountDomain", "DnsDomain"),
        userSid=one.text("Sid", "AccountSid"),
        azureAdUserId=one.text("AadUserId", "AccountObjectId"),
        activeDirectoryObjectGuid=one.text("ObjectGuid"),
        userPrincipalName=upn,
        displayName=one.text("DisplayName"),
    )


def _file(one: _Entity) -> Item:
    hashes = {
        (h.text("Algorithm") or "").casefold().replace("-", ""): h.text("Value") for h in one.listed("FileHashes")
    }
    return _there(
        fileName=one.text("Name", "FileName"),
        filePath=one.text("Directory", "FolderPath"),
        sha1=hashes.get("sha1") or one.text("SHA1"),
        sha256=hashes.get("sha256") or one.text("SHA256"),
        md5=hashes.get("md5") or one.text("MD5"),
    )


def _host(one: _Entity) -> Item:
    name, domain = one.text("HostName", "NetBiosName", "DeviceName"), one.text("DnsDomain")
    full = one.text("FQDN") or (name if name and "." in name else f"{name}.{domain}" if name and domain else None)
    return _there(
        mdeDeviceId=one.text("MdatpDeviceId", "DeviceId"),
        azureAdDeviceId=one.text("AadDeviceId"),
        hostName=name.partition(".")[0] if name else None,
        deviceDnsName=full,
        dnsDomain=domain,
        ntDomain=one.text("NTDomain"),
        osPlatform=one.text("OSFamily"),
        version=one.text("OSVersion"),
    )


def _process(one: _Entity) -> Item:
    parent, host = one.inner("ParentProcess"), one.inner("Host")
    account = _account(one.inner("Account")) or _account(one)
    return _there(
        processId=read("number", one.text("ProcessId")),
        processCommandLine=one.text("CommandLine", "ProcessCommandLine"),
        processCreationDateTime=one.time("CreationTimeUtc") or one.time("ProcessCreationTime"),
        parentProcessId=read("number", parent.text("ProcessId")),
        parentProcessCreationDateTime=parent.time("CreationTimeUtc"),
        parentProcessImageFile=_file(parent.inner("ImageFile")),
        imageFile=_file(one.inner("ImageFile")) or _file(one),
        mdeDeviceId=host.text("MdatpDeviceId") or one.text("DeviceId"),
        userAccount=account,
    )


def _mailbox(one: _Entity) -> Item:
    address = one.text("MailboxPrimaryAddress", "Upn", "AccountUpn")
    account = _there(
        userPrincipalName=one.text("Upn", "AccountUpn"),
        azureAdUserId=one.text("AadId", "ExternalDirectoryObjectId", "AccountObjectId"),
    )
    return _there(primaryAddress=address, upn=one.text("Upn"), displayName=one.text("DisplayName"), userAccount=account)


def _mail(one: _Entity) -> Item:
    return _there(
        networkMessageId=one.text("NetworkMessageId"),
        internetMessageId=one.text("InternetMessageId"),
        recipientEmailAddress=one.text("Recipient"),
        p1Sender=_there(emailAddress=one.text("P1Sender")),
        p2Sender=_there(emailAddress=one.text("P2Sender", "Sender")),
        senderIp=one.text("SenderIP"),
        subject=one.text("Subject", "EmailSubject"),
        receivedDateTime=one.time("ReceivedDate"),
    )


_MADE: dict[str, tuple[str, Callable[[_Entity], Item]]] = {
    "account": ("userEvidence", lambda one: _there(userAccount=_account(one))),
    "host": ("deviceEvidence", _host),
    "ip": ("ipEvidence", lambda one: _there(ipAddress=one.text("Address", "RemoteIP", "LocalIP"))),
    "file": (
        "fileEvidence",
        lambda one: _there(
            fileDetails=_file(one), mdeDeviceId=one.inner("Host").text("MdatpDeviceId") or one.text("DeviceId")
        ),
    ),
    "filehash": (
        "fileHashEvidence",
        lambda one: _there(algorithm=(one.text("Algorithm") or "").lower() or None, value=one.text("Value")),
    ),
    "process": ("processEvidence", _process),
    "url": ("urlEvidence", lambda one: _there(url=one.text("Url", "RemoteUrl"))),
    "dns": ("dnsEvidence", lambda one: _there(domainName=one.text("DomainName"))),
    "mailbox": ("mailboxEvidence", _mailbox),
    "mailmessage": ("analyzedMessageEvidence", _mail),
    "cloudapplication": (
        "cloudApplicationEvidence",
        lambda one: _there(
            appId=read("number", one.text("AppId", "ApplicationId")),
            displayName=one.text("Name", "Application"),
            instanceName=one.text("InstanceName"),
        ),
    ),
    "oauthapplication": (
        "oauthApplicationEvidence",
        lambda one: _there(
            appId=one.text("OAuthAppId", "OAuthApplicationId"), displayName=one.text("Name", "Application")
        ),
    ),
    "azureresource": ("azureResourceEvidence", lambda one: _there(resourceId=one.text("ResourceId"))),
    "malware": (
        "malwareEvidence",
        lambda one: _there(name=one.text("Name", "ThreatFamily"), category=one.text("Category")),
    ),
    "registrykey": (
        "registryKeyEvidence",
        lambda one: _there(registryHive=one.text("Hive"), registryKey=one.text("Key", "RegistryKey")),
    ),
    "registryvalue": (
        "registryValueEvidence",
        lambda one: _there(
            registryKey=one.inner("Key").text("Key") or one.text("RegistryKey"),
            registryHive=one.inner("Key").text("Hive"),
            registryValueName=one.text("Name", "RegistryValueName"),
            registryValue=one.text("Value", "RegistryValueData"),
        ),
    ),
    "securitygroup": (
        "securityGroupEvidence",
        lambda one: _there(
            displayName=one.text("DistinguishedName"),
            distinguishedName=one.text("DistinguishedName"),
            sid=one.text("SID"),
            activeDirectoryObjectGuid=one.text("ObjectGuid"),
        ),
    ),
}
# Other names for the same: of Sentinel's own spellings, and of the column EntityType in advanced hunting.
_SAME = {
    "machine": "host", "device": "host", "user": "account", "ipaddress": "ip", "domainname": "dns",
    "emailmessage": "mailmessage", "mail": "mailmessage", "resource": "azureresource", "cloudresource": "azureresource",
    "hash": "filehash",
}  # fmt: skip


def _item(entity: Entity, known: Mapping[str, Entity]) -> Item:
    one = _Entity(entity, known)
    said = one.text("Type", "EntityType") or "unknown"
    name = letters(said)
    evidence_type, make = _MADE.get(_SAME.get(name, name), (f"{name}Evidence", _nothing))
    made = make(one)
    rest = {} if made else {key: value for key, value in entity.items() if not key.startswith("$") and key != "Type"}
    return {"@odata.type": _TYPE + evidence_type, **made, **rest, "@entity": dict(entity)}


def item_of_row(row: Entity) -> Item:
    """Make an evidence item of a row of ``AlertEvidence``.

    Parameters
    ----------
    row : mapping

    Returns
    -------
    dict
    """
    # (`Type` is in every row of Sentinel: the name of its table.)
    item = _item({name: value for name, value in row.items() if value not in (None, "") and name != "Type"}, {})
    del item["@entity"]  # the row stands beside the alert
    roles = [role for role in (row.get("EvidenceRole"),) if isinstance(role, str) and role]
    item["detailedRoles"] = roles
    return item


def _nothing(one: _Entity) -> Item:
    del one
    return {}


def _there(**values: Any) -> Item:
    """Only what is there."""
    return {name: value for name, value in values.items() if value not in (None, "", {}, [])}
