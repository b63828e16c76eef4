"""What audits, users and devices of the directory name (see `tables`)."""

from __future__ import annotations

from graphinvestigate.linking.tables import Slot, Table, Tie, When

_TYPE = ("type", "Type", "@odata.type")  # documented answers spell it in all three ways
_PREFIX = "#microsoft.graph.targetresource"
_TARGETS: tuple[tuple[tuple[str, ...], str, tuple[tuple[str, str], ...]], ...] = (
    (("user",), "user", (("object_id", "id"), ("upn", "userPrincipalName"))),
    (("device",), "host", (("device_object_id", "id"), ("host_name", "displayName"))),
    (("application",), "app", (("object_id", "id"),)),
    (("serviceprincipal",), "service_principal", (("object_id", "id"),)),
    (("group",), "security_group", (("group_object_id", "id"),)),
    (("role",), "directory_role", (("role_id", "id"),)),
    (("policy",), "policy", (("policy_id", "id"),)),
)
_KNOWN = tuple(name for names, *_ in _TARGETS for name in names)


def _target(kind: str, ids: tuple[tuple[str, str], ...], when: When) -> Slot:
    return Slot(
        "target",
        kind,
        ids,
        "targetResources[]",
        relation="targets",
        labels=("userPrincipalName", "displayName"),
        facts=("displayName",),
        when=when,
    )


_AUDIT = Table(
    "directory_audit",
    (
        Slot(
            "initiator",
            "user",
            (("object_id", "id"), ("upn", "userPrincipalName")),
            "initiatedBy.user",
            relation="initiated_by",
            labels=("userPrincipalName", "displayName"),
            facts=("displayName",),
        ),
        Slot(
            "initiator",
            "service_principal",
            (("object_id", "servicePrincipalId"),),
            "initiatedBy.app",
            relation="initiated_by",
            labels=("servicePrincipalName", "displayName"),
        ),
        Slot("app", "app", (("app_id", "appId"),), "initiatedBy.app", labels=("displayName",)),
        Slot("ip", "ip", (("ip", "ipAddress"),), "initiatedBy.user", relation="initiated_from"),
        *(_target(kind, ids, When(_TYPE, names, prefix=_PREFIX)) for names, kind, ids in _TARGETS),
        _target(
            "directory_object",
            (("directory_object_id", "id"),),
            When(_TYPE, _KNOWN, negated=True, prefix=_PREFIX),
        ),
    ),
    ties=(
        Tie("initiator", "acted_on", "target"),
        Tie("initiator", "acted_from", "ip"),
        Tie("initiator", "instance_of", "app", beside=True),
    ),
)

_USER = Table(
    "directory_user",
    (
        Slot(
            "user",
            "user",
            (
                ("object_id", "id"),
                ("sid", "onPremisesSecurityIdentifier"),
                ("sid", "securityIdentifier"),
                ("upn", "userPrincipalName"),
                ("upn", "onPremisesUserPrincipalName"),
                ("account", ("onPremisesSamAccountName", "onPremisesDomainName")),
            ),
            relation="describes",
            labels=("userPrincipalName", "displayName"),
            facts=("displayName", "jobTitle", "department", "userType", "accountEnabled"),
        ),
        Slot("mailbox", "mailbox", (("address", "mail"),), labels=("mail",)),
        Slot("mailbox", "mailbox", (("address", ""),), "proxyAddresses[]"),
    ),
    ties=(Tie("user", "uses_mailbox", "mailbox"),),
)

_DEVICE = Table(
    "directory_device",
    (
        Slot(
            "host",
            "host",
            (("device_id", "deviceId"), ("device_object_id", "id"), ("host_name", "displayName")),
            relation="describes",
            labels=("displayName",),
            facts=("operatingSystem", "operatingSystemVersion", "trustType", "isCompliant", "isManaged"),
        ),
    ),
)

DIRECTORY: dict[str, Table] = {
    "directory_audit": _AUDIT,
    "directory_user": _USER,
    "directory_device": _DEVICE,
}
