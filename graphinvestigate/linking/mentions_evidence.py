"""What each type of evidence names: accounts, devices, processes, files here; mail, network and cloud stand apart.

Learnt from the types of ``microsoft.graph.security.alertEvidence``; see `tables` for how to read a table.
"""

from __future__ import annotations

from graphinvestigate.linking.mentions_cloud import CLOUD
from graphinvestigate.linking.mentions_mail import MAIL
from graphinvestigate.linking.mentions_network import NETWORK
from graphinvestigate.linking.slots import device_of, file_details, user_account
from graphinvestigate.linking.tables import MAIN, Nested, Slot, Table, Tie

DEVICE = Table(
    "host",
    (
        Slot(
            "host",
            "host",
            (
                ("mde_device_id", "mdeDeviceId"),
                ("device_id", "azureAdDeviceId"),
                ("host_name", ("deviceDnsName", "dnsDomain")),
                ("host_name", ("hostName", "dnsDomain")),
                ("nt_name", ("hostName", "ntDomain")),
                ("host_name", "hostName"),
            ),
            relation=MAIN,
            labels=("hostName", "deviceDnsName"),
            facts=(
                "osPlatform",
                "version",
                "healthStatus",
                "riskScore",
                "onboardingStatus",
                "defenderAvStatus",
                "rbacGroupName",
                "ntDomain",
                "dnsDomain",
                "lastIpAddress",
                "ipInterfaces",
                "tags",
            ),
        ),
        Slot(
            "logged_on",
            "user",
            (
                (
                    "local_account",
                    ("accountName", "domainName", "/mdeDeviceId", "/hostName", "/deviceDnsName"),
                ),
                ("account", ("accountName", "domainName")),
            ),
            "loggedOnUsers[]",
            labels=("accountName",),
            label_place=2,
        ),
        Slot("address", "ip", (("ip", ""),), "ipInterfaces[]", private_is_fact=True),
        Slot("address", "ip", (("ip", "lastIpAddress"),), private_is_fact=True),
        Slot("address", "ip", (("ip", "lastExternalIpAddress"),), private_is_fact=True),
        Slot("accessed_by", "user", (("object_id", "accountId"),), "resourceAccessEvents[]"),
        Slot("accessed_from", "ip", (("ip", "ipAddress"),), "resourceAccessEvents[]", private_is_fact=True),
        Slot("vm", "cloud_resource", (("resource_id", "resourceId"),), "vmMetadata"),
    ),
    ties=(
        Tie("logged_on", "logged_on_to", "host"),
        Tie("host", "has_address", "address"),
        Tie("accessed_by", "accessed", "host"),
        Tie("host", "runs_on", "vm"),
    ),
)

USER = Table(
    "user",
    (
        user_account(relation=MAIN),
        Slot("accessed_from", "ip", (("ip", "ipAddress"),), "userAccount.resourceAccessEvents[]", private_is_fact=True),
    ),
    ties=(Tie("user", "accessed_from", "accessed_from"),),
)

PROCESS = Table(
    "process",
    (
        Slot(
            "process",
            "process",
            (("process", ("processId", "mdeDeviceId", "processCreationDateTime")),),
            relation=MAIN,
            labels=("imageFile.fileName", "processCommandLine"),
            facts=("processCommandLine", "processId", "detectionStatus"),
        ),
        Slot(
            "parent",
            "process",
            (("process", ("parentProcessId", "mdeDeviceId", "parentProcessCreationDateTime")),),
            labels=("parentProcessImageFile.fileName",),
        ),
        file_details("image", "imageFile"),
        file_details("parent_image", "parentProcessImageFile"),
        device_of(),
        user_account(),
    ),
    ties=(
        Tie("parent", "started", "process"),
        Tie("process", "runs_file", "image"),
        Tie("parent", "runs_file", "parent_image"),
        Tie("process", "ran_on", "host"),
        Tie("parent", "ran_on", "host"),
        Tie("user", "ran", "process"),
        Tie("user", "logged_on_to", "host"),
        Tie("image", "found_on", "host"),
    ),
)

FILE = Table(
    "file",
    (file_details("file", "fileDetails", relation=MAIN), device_of()),
    ties=(Tie("file", "found_on", "host"),),
)

IP = Table(
    "ip",
    (
        Slot(
            "ip",
            "ip",
            (("ip", "ipAddress"),),
            relation=MAIN,
            facts=("countryLetterCode", "location.city", "location.countryName"),
        ),
    ),
)

_REST: dict[str, Table] = {
    "fileHashEvidence": Table("file", (Slot("file", "file", (("hash", ("value", "algorithm")),), relation=MAIN),)),
    "malwareEvidence": Table(
        "malware",
        (Slot("malware", "malware", (("name", "name"),), relation=MAIN, labels=("name",), facts=("category",)),),
        nested=(Nested("file", "files[]", "fileEvidence"), Nested("process", "processes[]", "processEvidence")),
        ties=(Tie("file", "contains", "malware"), Tie("process", "contains", "malware")),
    ),
    "registryKeyEvidence": Table(
        "registry_key",
        (
            Slot(
                "key",
                "registry_key",
                (("registry_key", ("registryKey", "registryHive")),),
                relation=MAIN,
                labels=("registryKey",),
            ),
        ),
    ),
    "registryValueEvidence": Table(
        "registry_value",
        (
            Slot(
                "value",
                "registry_value",
                (("registry_value", ("registryKey", "registryHive", "registryValueName", "mdeDeviceId")),),
                relation=MAIN,
                labels=("registryValueName", "registryKey"),
                facts=("registryValue", "registryValueType"),
            ),
            Slot("key", "registry_key", (("registry_key", ("registryKey", "registryHive")),), labels=("registryKey",)),
            device_of(),
        ),
        ties=(Tie("value", "found_on", "host"), Tie("value", "part_of", "key")),
    ),
    "hostLogonSessionEvidence": Table(
        "logon_session",
        (
            Slot(
                "session",
                "logon_session",
                (("logon_session", ("sessionId", "host.mdeDeviceId", "startUtcDateTime")),),
                relation=MAIN,
                labels=("sessionId",),
                facts=("startUtcDateTime", "endUtcDateTime"),
            ),
        ),
        nested=(Nested("user", "account", "userEvidence"), Nested("host", "host", "deviceEvidence")),
        ties=(
            Tie("user", "logged_on_to", "host"),
            Tie("user", "used_session", "session"),
            Tie("session", "ran_on", "host"),
        ),
    ),
    "cloudLogonSessionEvidence": Table(
        "cloud_logon_session",
        (
            Slot(
                "session",
                "cloud_logon_session",
                (("cloud_session_id", "sessionId"),),
                relation=MAIN,
                labels=("sessionId",),
                facts=("userAgent", "browser", "operatingSystem", "protocol", "startUtcDateTime"),
            ),
            Slot("host", "host", (("host_name", "deviceName"),), labels=("deviceName",), label_place=2),
        ),
        nested=(Nested("user", "account", "userEvidence"),),
        ties=(
            Tie("user", "used_session", "session"),
            Tie("session", "ran_on", "host"),
            Tie("user", "logged_on_to", "host"),
        ),
    ),
    "cloudLogonRequestEvidence": Table(
        "cloud_logon_request", (Slot("sign_in", "sign_in", (("id", "requestId"),), relation=MAIN),)
    ),
    "securityGroupEvidence": Table(
        "security_group",
        (
            Slot(
                "group",
                "security_group",
                (
                    ("group_object_id", "securityGroupId"),
                    ("sid", "sid"),
                    ("ad_object_guid", "activeDirectoryObjectGuid"),
                    ("distinguished_name", "distinguishedName"),
                ),
                relation=MAIN,
                labels=("displayName", "friendlyName"),
            ),
        ),
    ),
    "activeDirectoryDomainEvidence": Table(
        "ad_domain",
        (
            Slot(
                "domain",
                "ad_domain",
                (("domain", "activeDirectoryDomainName"),),
                relation=MAIN,
                labels=("activeDirectoryDomainName",),
            ),
        ),
        nested=(Nested("trusted", "trustedDomains[]", "activeDirectoryDomainEvidence"),),
        ties=(Tie("domain", "trusts", "trusted"),),
    ),
}

EVIDENCE: dict[str, Table] = {
    "deviceEvidence": DEVICE,
    "userEvidence": USER,
    "processEvidence": PROCESS,
    "fileEvidence": FILE,
    "ipEvidence": IP,
    **_REST,
    **MAIL,
    **NETWORK,
    **CLOUD,
}

# A type that is not documented yet may still carry what others carry under the same names.
UNKNOWN = Table(
    "",
    (
        user_account(),
        device_of(),
        Slot("ip", "ip", (("ip", "ipAddress"),)),
        Slot("url", "url", (("url", "url"),)),
        file_details("file", "fileDetails"),
    ),
)
