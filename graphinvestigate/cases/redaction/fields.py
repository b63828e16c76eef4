"""Which field holds what: the same names in Graph's JSON, in our columns, in facts and in hunting results."""

from __future__ import annotations

import functools
import re

# Property names of Graph, of hunting tables and of ours, in lower case and without underscores.
_KINDS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("accountname", "samaccountname", "onpremisessamaccountname", "mailnickname", "username", "logonname"),
            *("initiatingprocessaccountname", "requestaccountname", "targetaccountname", "githublogin", "login"),
        ),
        "account",
    ),
    **dict.fromkeys(
        (
            *("userprincipalname", "upn", "mail", "primaryaddress", "mailboxprimaryaddress", "emailaddress", "sender"),
            *("senderaddress", "senderfromaddress", "sendermailfromaddress", "recipient", "recipients", "submitter"),
            *(
                "recipientemailaddress",
                "recipientaddress",
                "accountupn",
                "initiatingprocessaccountupn",
                "targetaddress",
            ),
            *("assignedto", "lastmodifiedby", "proxyaddresses", "othermails", "address", "modifiedby", "createdby"),
            *("owneremail", "serviceprincipalowner", "alternativesecurityids"),
        ),
        "account",
    ),
    **dict.fromkeys(
        (
            *("userdisplayname", "actordisplayname", "givenname", "surname", "createdbydisplayname", "sendername"),
            *(
                "senderdisplayname",
                "recipientname",
                "accountdisplayname",
                "username",
                "fullname",
                "initiatedbydisplayname",
            ),
        ),
        "person",
    ),
    **dict.fromkeys(
        (
            *(
                "devicednsname",
                "hostname",
                "devicename",
                "computername",
                "netbiosname",
                "machinename",
                "dnsname",
                "fqdn",
            ),
            *(
                "remotedevicename",
                "targetdevicename",
                "shortname",
                "hostfqdn",
                "workstationname",
                "destinationhostname",
            ),
        ),
        "host",
    ),
    **dict.fromkeys(
        (
            *("domainname", "ntdomain", "dnsdomain", "accountdomain", "userdomain", "activedirectorydomainname"),
            *("initiatingprocessaccountdomain", "senderdomain", "senderfromdomain", "sendermailfromdomain", "domain"),
            *("targetaccountdomain", "remotedomain", "homedomain", "primarydomain"),
        ),
        "domain",
    ),
    **dict.fromkeys(
        ("filename", "initiatingprocessfilename", "initiatingprocessparentfilename", "attachmentname", "imagename"),
        "filename",
    ),
    **dict.fromkeys(
        ("filepath", "folderpath", "initiatingprocessfolderpath", "previousfolderpath", "sharename"), "path"
    ),
    **dict.fromkeys(("subject", "emailsubject", "messagesubject", "mailsubject"), "subject"),
    **dict.fromkeys(("url", "urls", "remoteurl", "fileoriginurl", "fileoriginreferrerurl"), "url"),
    **dict.fromkeys(
        (
            *(
                "ipaddress",
                "lastipaddress",
                "lastexternalipaddress",
                "ipinterfaces",
                "senderip",
                "senderipv4",
                "localip",
            ),
            *("remoteip", "clientip", "clusterip", "externalips", "podip", "ip", "ipaddressfromresourceprovider"),
        ),
        "ip",
    ),
    **dict.fromkeys(
        (
            *("id", "guid", "urn", "deviceid", "mdedeviceid", "azureaddeviceid", "incidentid", "alertid", "tenantid"),
            *("provideralertid", "redirectincidentid", "requestid", "correlationid", "sessionid", "originalrequestid"),
            *("uniquetokenidentifier", "internetmessageid", "networkmessageid", "networkmessageids", "submissionid"),
            *("resourceid", "configurationid", "recordid", "objectid", "displayserial", "serialnumber"),
            *("macaddress", "imei", "reportid", "asset", "subscriptionid", "iotdeviceid", "sourceref", "instanceid"),
            *("logonid", "initiatingprocessuniqueid", "processuniqueid", "machineid", "investigationid"),
        ),
        "id",
    ),
}
# Enumerations, words of the product and of ours: nobody's.
_KEPT = frozenset(
    {
        *(
            "odatatype",
            "odatacontext",
            "recordkind",
            "kind",
            "relation",
            "severity",
            "status",
            "classification",
            "verdict",
        ),
        *("determination", "category", "categories", "servicesource", "detectionsource", "remediationstatus", "roles"),
        *("productname", "mitretechniques", "useragent", "location", "city", "state", "countryorregion", "countryname"),
        *(
            "countrylettercode",
            "operatingsystem",
            "osplatform",
            "browser",
            "version",
            "sha1",
            "sha256",
            "md5",
            "algorithm",
        ),
        *(
            "risklevel",
            "riskstate",
            "riskdetail",
            "riskeventtype",
            "riskeventtypes",
            "source",
            "activity",
            "systemtags",
        ),
        *("timezone", "threatfamilyname", "threatdisplayname", "filepublisher", "signer", "issuer", "registryhive"),
        *(
            "pullid",
            "result",
            "operationtype",
            "loggedbyservice",
            "protocol",
            "clientappused",
            "healthstatus",
            "riskscore",
        ),
        *("onboardingstatus", "defenderavstatus", "detectionstatus", "maxseverity", "activitydisplayname", "type"),
        *(
            "processid",
            "parentprocessid",
            "policyid",
            "templateid",
            "rbacgroupid",
            "techniqueid",
            "categoryid",
            "clusterby",
            "resource",
            "why",
            "mode",
        ),
    }
)
_KEPT_ENDINGS = ("type", "types", "status", "state", "level", "datetime", "requirement", "seen")
# A name alone says nothing: what it names stands above it.
_DISPLAY_NAMES = {
    **dict.fromkeys(("devicedetail", "device", "host", "deviceevidence"), "host"),
    **dict.fromkeys(
        (
            *("useraccount", "user", "p1sender", "p2sender", "account", "loggedonusers", "initiatedby", "mailbox"),
            *("mailboxevidence", "userevidence", "lastmodifiedbyuser", "owner"),
        ),
        "person",
    ),
}
# These have their tenant in front: <tenant>/<name>.
SCOPED = {"account": "account", "local_account": "account", "short_name": "host", "nt_name": "host", "private_ip": "ip"}
IDENTIFIERS: dict[str, str] = {
    **dict.fromkeys(("object_id", "ad_object_guid", "app_id", "device_id", "mde_device_id", "group_object_id"), "id"),
    **dict.fromkeys(("network_message_id", "internet_message_id", "submission_id", "urn", "configuration_id"), "id"),
    "content_sha256": "id",
    **dict.fromkeys(("iot_device_id", "mac_address", "serial_number"), "id"),
    **dict.fromkeys(("upn", "address"), "account"),
    **dict.fromkeys(("fqdn", "host_name"), "host"),
    **dict.fromkeys(("sha256", "sha1", "md5"), "kept"),
    "domain": "domain",
    "ip": "ip",
    "url": "url",
    "github_login": "account",
}


def plain_name(name: str) -> str:
    """``userPrincipalName``, ``user_principal_name`` and ``UserPrincipalName`` are one field."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@functools.lru_cache(maxsize=10_000)
def kind_of(name: str, above: str = "", sibling_type: str = "") -> str | None:
    """Say what a field holds.

    Parameters
    ----------
    name : str
        The field, in any spelling.
    above : str
        The field that it stands in.
    sibling_type : str
        The value of ``type`` or ``@odata.type`` beside it.

    Returns
    -------
    str or None
        ``account``, ``person``, ``host``, ``domain``, ``ip``, ``path``, ``filename``, ``url``, ``subject``, ``id``;
        ``kept`` for what names nobody; None for free text.
    """
    plain = plain_name(name)
    if plain == "displayname" or plain == "name":
        beside = plain_name(sibling_type.rpartition(".")[2])
        return _DISPLAY_NAMES.get(plain_name(above)) or _DISPLAY_NAMES.get(beside)
    if plain in _KINDS:
        return _KINDS[plain]
    if plain in _KEPT:
        return "kept"
    # Our columns put the outer name before: user_account_user_principal_name.
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    for start in range(1, len(words)):
        rest = "".join(words[start:]).lower()
        if rest in _KINDS and rest not in ("id", "ip", "domain", "address", "guid", "asset"):
            return _KINDS[rest]
        if rest == "displayname":
            outer = "".join(words[:start]).lower()
            return next((kind for end, kind in _DISPLAY_NAMES.items() if outer.endswith(end)), None)
    if plain.endswith(_KEPT_ENDINGS):
        return "kept"
    return "id" if re.search(r"(?:Id|ID|_id|Guid|_guid|Ids|_ids|Sid|_sid)$", name) else None
