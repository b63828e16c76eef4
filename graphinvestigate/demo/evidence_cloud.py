"""Evidence about mail, sign-ins and cloud apps, and the complete table of recipes."""

from __future__ import annotations

import random

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.evidence import HOST_RECIPES, Item, Recipe, Scene, account, item
from graphinvestigate.demo.people import Cast, Person


def _message(scene: Scene, cast: Cast, rng: random.Random, recipient: Person) -> Item:
    details = scene.details
    sender = details.get("sender", f"news@{cast.domain}")
    sender_name, sender_domain = sender.split("@", 1)
    party = {"emailAddress": sender, "displayName": sender_name, "domainName": sender_domain}
    url = details.get("url")
    inbound = sender_domain != cast.domain
    message = draws.guid(draws.salt(cast.seed, "mail"), scene.ordinal * 16 + recipient.index % 16)
    removed = scene.mood in ("remediated", "prevented")
    return item("analyzedMessage", scene, rng, "suspicious") | {
        "networkMessageId": message,
        "internetMessageId": f"<{message[:18]}@{sender_domain}>",
        "subject": details.get("subject", ""),
        "language": "en",
        "senderIp": details.get("sender_ip", ""),
        "recipientEmailAddress": recipient.upn_at(scene.first),
        "p1Sender": party,
        "p2Sender": dict(party),
        "receivedDateTime": stamp(scene.first),
        "antiSpamDirection": "inbound" if inbound else "outbound",
        "deliveryAction": "blocked" if removed else "delivered",
        "deliveryLocation": "quarantine" if removed else "inbox",
        "attachmentsCount": 0,
        "urlCount": 1 if url else 0,
        "urls": [url] if url else [],
        "threats": ["Phish"] if inbound else [],
        "threatDetectionMethods": ["URL detonation"] if url else [],
        "urn": f"urn:MailEntity:{message}",
    }


def _mail(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_message(scene, cast, rng, scene.user or cast.people[0])]


def _mail_others(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    """The same message in the mailboxes of two others, who did not click."""
    others = [person for person in cast.people if person is not scene.user]
    return [_message(scene, cast, rng, person) for person in rng.sample(others, 2)]


def _mail_cluster(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    message = draws.guid(draws.salt(cast.seed, "cluster"), scene.ordinal)
    return [
        item("mailCluster", scene, rng)
        | {
            "clusterBy": "Subject;SenderIp",
            "clusterByValue": f"{scene.details.get('subject', '')};{scene.details.get('sender_ip', '')}",
            "emailCount": rng.randint(2, 40),
            "networkMessageIds": [message],
            "query": f'( (( (Subject:"{scene.details.get("subject", "")}") )) )',
            "urn": f"urn:MailClusterEntity:{message}",
        }
    ]


def _mailbox(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    person = scene.user or cast.people[0]
    return [
        item("mailbox", scene, rng)
        | {
            "primaryAddress": person.upn_at(scene.first),
            "upn": person.upn_at(scene.first),
            "displayName": person.name_at(scene.first),
            "userAccount": account(person, cast, scene, sid=False),
        }
    ]


def _configuration(scene: Scene, cast: Cast, rng: random.Random, kind: str) -> Item:
    person = scene.user or cast.people[0]
    return item("mailboxConfiguration", scene, rng, "created") | {
        "mailboxPrimaryAddress": person.upn_at(scene.first),
        "upn": person.upn_at(scene.first),
        "displayName": scene.details.get("rule", "."),
        "configurationId": str(draws.mix(scene.ordinal + cast.seed)),
        "configurationType": kind,
        "externalDirectoryObjectId": person.object_id,
    }


def _mailbox_rule(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_configuration(scene, cast, rng, "userInboxRule")]


def _mailbox_forward(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_configuration(scene, cast, rng, "mailForwardingRule")]


def _oauth(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    app_id = _app_id(scene, cast)
    return [
        item("oauthApplication", scene, rng, "added")
        | {
            "appId": app_id,
            "displayName": scene.details.get("app", ""),
            "objectId": _principal_id(app_id, cast),
            "publisher": "",
        }
    ]


def _app_id(scene: Scene, cast: Cast) -> str:
    return scene.details.get("app_id") or draws.guid(draws.salt(cast.seed, "apps"), scene.ordinal)


def _principal_id(app_id: str, cast: Cast) -> str:
    return draws.guid(int(app_id[:8], 16), cast.seed)


def _service_principal(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    app_id = _app_id(scene, cast)
    return [
        item("servicePrincipal", scene, rng)
        | {
            "appId": app_id,
            "appOwnerTenantId": draws.guid(int(app_id[-8:], 16), 1),
            "servicePrincipalName": scene.details.get("app", ""),
            "servicePrincipalObjectId": _principal_id(app_id, cast),
            "servicePrincipalType": "application",
            "tenantId": cast.tenant_id,
        }
    ]


def _cloud_app(scene: Scene, _cast: Cast, rng: random.Random) -> list[Item]:
    number, name = rng.choice(
        ((20893, "Microsoft Exchange Online"), (20892, "Microsoft SharePoint Online"), (11161, "Microsoft 365"))
    )
    return [
        item("cloudApplication", scene, rng)
        | {
            "appId": number,
            "displayName": name,
            "instanceId": 0,
            "instanceName": name,
            "saasAppId": number,
            "stream": None,
        }
    ]


def _logon_request(scene: Scene, _cast: Cast, rng: random.Random) -> list[Item]:
    return [item("cloudLogonRequest", scene, rng) | {"requestId": scene.details["request_id"]}]


def _request_if_known(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return _logon_request(scene, cast, rng) if "request_id" in scene.details else []


def _logon_session(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    person = scene.user or cast.people[0]
    owner = item("user", scene, rng) | {"stream": None, "userAccount": account(person, cast, scene)}
    return [
        item("cloudLogonSession", scene, rng)
        | {
            "account": owner,
            "sessionId": scene.details.get("session_id", ""),
            "startUtcDateTime": stamp(scene.first),
            "previousLogonDateTime": None,
            "browser": scene.details.get("browser", ""),
            "operatingSystem": scene.details.get("system", ""),
            "userAgent": scene.details.get("agent", ""),
            "deviceName": "",
            "protocol": "",
        }
    ]


def _submission(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    person = scene.user or cast.people[0]
    return [
        item("submissionMail", scene, rng)
        | {
            "networkMessageId": draws.guid(draws.salt(cast.seed, "mail"), scene.ordinal * 16 + person.index % 16),
            "recipient": person.upn_at(scene.first),
            "sender": scene.details.get("sender", ""),
            "senderIp": scene.details.get("sender_ip", ""),
            "subject": scene.details.get("subject", ""),
            "submissionId": draws.guid(draws.salt(cast.seed, "submissions"), scene.ordinal),
            "submissionDateTime": stamp(scene.last),
            "submitter": person.upn_at(scene.first),
            "reportType": "Phish",
        }
    ]


def _azure(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    name = cast.servers[scene.ordinal % len(cast.servers)].name
    subscription = draws.guid(draws.salt(cast.seed, "subscription"), 0)
    return [
        item("azureResource", scene, rng, "attacked")
        | {
            "resourceId": f"/subscriptions/{subscription}/resourceGroups/rg-prod/providers/"
            f"Microsoft.Compute/virtualMachines/{name}",
            "resourceName": name,
            "resourceType": "virtualmachine",
        }
    ]


def _group(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [
        item("securityGroup", scene, rng)
        | {
            "activeDirectoryObjectGuid": None,
            "displayName": "Remote Desktop Users",
            "distinguishedName": f"CN=Remote Desktop Users,CN=Builtin,DC=corp,DC={cast.nt_domain.lower()},DC=example",
            "friendlyName": "Remote Desktop Users",
            "securityGroupId": draws.guid(draws.salt(cast.seed, "groups"), 0),
            "sid": "S-1-5-32-555",
        }
    ]


def _unknown(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    """A kind that no published schema knows."""
    return [
        item("holographicDisplay", scene, rng)
        | {
            "displaySerial": draws.hex_digits(cast.seed, scene.ordinal, 12),
            "session": {"depth": 3, "owners": ["a", None]},
        }
    ]


def _untyped(scene: Scene, _cast: Cast, rng: random.Random) -> list[Item]:
    """An item that does not say what it is."""
    bare = item("unknown", scene, rng)
    del bare["@odata.type"]
    return [bare]


RECIPES: dict[str, Recipe] = {
    **HOST_RECIPES,
    "mail": _mail,
    "mail_others": _mail_others,
    "mail_cluster": _mail_cluster,
    "mailbox": _mailbox,
    "mailbox_rule": _mailbox_rule,
    "mailbox_forward": _mailbox_forward,
    "oauth": _oauth,
    "service_principal": _service_principal,
    "cloud_app": _cloud_app,
    "logon_request": _logon_request,
    "request_if_known": _request_if_known,
    "logon_session": _logon_session,
    "submission": _submission,
    "azure": _azure,
    "group": _group,
    "unknown": _unknown,
    "untyped": _untyped,
}
