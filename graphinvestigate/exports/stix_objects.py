"""Entities as STIX 2.1 objects: an observable where the standard has one, an identity or infrastructure where not."""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from graphinvestigate.linking import Entity

StixObject = dict[str, Any]
Attributes = Mapping[str, Any]

EPOCH = "1970-01-01T00:00:00.000Z"
# Where STIX puts observables whose id follows from their content (STIX 2.1, section 2.9).
_OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "https://graphinvestigate.invalid/stix")
_HASHES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}
_IDENTITIES = {
    "host": "system",
    "iot_device": "system",
    "app": "system",
    "saas_app": "system",
    "service_principal": "system",
    "security_group": "group",
    "github_organization": "organization",
}


def own_id(kind: str, name: str) -> str:
    """Give the id of an object that only its name tells apart: the same name, the same id."""
    return f"{kind}--{uuid.uuid5(_OURS, f'{kind} {name}')}"


AUTHOR_ID = own_id("identity", "graphinvestigate")
EXTENSION_ID = own_id("extension-definition", "node")


def author() -> list[StixObject]:
    """Give the two objects that every bundle carries: who wrote it, and what its extension means."""
    dated = {"created": EPOCH, "modified": EPOCH}
    return [
        {
            "type": "identity",
            "spec_version": "2.1",
            "id": AUTHOR_ID,
            **dated,
            "name": "graphinvestigate",
            "identity_class": "system",
        },
        {
            "type": "extension-definition",
            "spec_version": "2.1",
            "id": EXTENSION_ID,
            "created_by_ref": AUTHOR_ID,
            **dated,
            "name": "node of an entity graph",
            "description": "What an object is in the entity graph, and every identifier that it was seen by.",
            "schema": "kind, key: texts; identifiers: a list of texts of the form type=value",
            "version": "1.0.0",
            "extension_types": ["property-extension"],
        },
    ]


def entity_object(entity: Entity, attrs: Attributes, name: str) -> StixObject:
    """Give an entity as a STIX object.

    Parameters
    ----------
    entity : Entity
        Which one.
    attrs : mapping
        Its attributes in the graph.
    name : str
        Its id in the export (``kind:key``): what tells objects apart whose content does not.

    Returns
    -------
    dict
        Without ``created`` and ``modified``: observables have none.
    """
    label = str(attrs.get("label") or entity.key)
    kind, content = _content(entity, attrs, label)
    said = {"kind": entity.kind, "key": entity.key, "identifiers": list(attrs.get("identifiers") or ())}
    made: StixObject = {"type": kind, "spec_version": "2.1", "id": own_id(kind, name)} | content
    contributing = _CONTRIBUTING.get(kind)
    if contributing and (basis := contributing(content)):
        # RFC 8785: sorted keys, no blanks, texts as they are.
        canonical = json.dumps(basis, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        made["id"] = f"{kind}--{uuid.uuid5(_OBSERVABLES, canonical)}"
    if kind not in ("file", "network-traffic"):  # of these two the extensions would change the id
        made["extensions"] = {EXTENSION_ID: {"extension_type": "property-extension"} | said}
    return made


def _content(entity: Entity, attrs: Attributes, label: str) -> tuple[str, StixObject]:
    identifiers: dict[str, str] = {}
    for text in attrs.get("identifiers") or ():
        name, _, value = text.partition("=")
        identifiers.setdefault(name, value)
    facts = attrs.get("facts") or {}
    maker = _MAKERS.get(entity.kind)
    made = maker(entity, label, identifiers, facts) if maker else None
    if made is not None:
        return made
    if entity.kind in _IDENTITIES:
        return "identity", {"name": label, "identity_class": _IDENTITIES[entity.kind]}
    return "infrastructure", {"name": label, "infrastructure_types": ["unknown"]}


Maker = Callable[[Entity, str, dict[str, str], Mapping[str, list[str]]], "tuple[str, StixObject] | None"]


def _ip(entity: Entity, label: str, identifiers: dict[str, str], facts: object) -> tuple[str, StixObject] | None:
    del label, facts
    # A private address is known per tenant; the address itself is the last part.
    value = identifiers.get("ip", entity.key).rpartition("/")[2]
    try:
        version = ipaddress.ip_address(value).version
    except ValueError:
        return None
    return f"ipv{version}-addr", {"value": value}


def _value(kind: str, identifier: str) -> Maker:
    def make(entity: Entity, label: str, identifiers: dict[str, str], facts: object) -> tuple[str, StixObject]:
        del label, facts
        return kind, {"value": identifiers.get(identifier, entity.key)}

    return make


def _user(entity: Entity, label: str, identifiers: dict[str, str], facts: object) -> tuple[str, StixObject]:
    del facts
    user_id = identifiers.get("object_id") or identifiers.get("sid") or identifiers.get("ad_object_guid") or entity.key
    login = identifiers.get("upn") or identifiers.get("account")
    return "user-account", {"user_id": user_id} | ({"account_login": login} if login else {}) | {"display_name": label}


def _file(entity: Entity, label: str, identifiers: dict[str, str], facts: object) -> tuple[str, StixObject]:
    del entity, facts
    hashes = {name: identifiers[known] for known, name in _HASHES.items() if known in identifiers}
    return "file", ({"hashes": hashes} if hashes else {}) | {"name": label}


def _process(
    entity: Entity, label: str, identifiers: dict[str, str], facts: Mapping[str, list[str]]
) -> tuple[str, StixObject] | None:
    del label, identifiers
    parts = entity.key.split("|")
    if len(parts) < 2 or not (parts[1].isascii() and parts[1].isdigit()):
        return None
    lines = facts.get("process_command_line") or ()
    return "process", {"pid": int(parts[1])} | ({"command_line": lines[0]} if len(lines) == 1 else {})


def _mail(
    entity: Entity, label: str, identifiers: dict[str, str], facts: Mapping[str, list[str]]
) -> tuple[str, StixObject]:
    del entity
    subjects = facts.get("subject") or ()
    found: StixObject = {"is_multipart": False}  # required, and no body is carried
    if "internet_message_id" in identifiers:
        found["message_id"] = identifiers["internet_message_id"]
    return "email-message", found | {"subject": subjects[0] if len(subjects) == 1 else label}


def _registry_key(entity: Entity, label: str, identifiers: object, facts: object) -> tuple[str, StixObject]:
    del identifiers, facts
    hive = entity.key.rpartition("|")[2] if "|" in entity.key else ""
    return "windows-registry-key", {"key": f"{hive.upper()}\\{label}" if hive else label}


def _malware(entity: Entity, label: str, identifiers: object, facts: object) -> tuple[str, StixObject]:
    del entity, identifiers, facts
    return "malware", {"name": label, "is_family": True}  # the name is a family's, not a sample's


_MAKERS: dict[str, Maker] = {
    "ip": _ip,
    "domain": _value("domain-name", "domain"),
    "url": _value("url", "url"),
    "mailbox": _value("email-addr", "address"),
    "user": _user,
    "file": _file,
    "process": _process,
    "mail_message": _mail,
    "registry_key": _registry_key,
    "malware": _malware,
}


def _whole(*names: str) -> Callable[[StixObject], StixObject]:
    return lambda content: {name: content[name] for name in names if name in content}


def _one_hash(content: StixObject) -> StixObject:
    basis = _whole("name")(content)
    for name in ("MD5", "SHA-1", "SHA-256"):  # the standard takes the first of these alone
        if name in content.get("hashes", {}):
            return {"hashes": {name: content["hashes"][name]}} | basis
    return basis


_CONTRIBUTING: dict[str, Callable[[StixObject], StixObject]] = {
    "ipv4-addr": _whole("value"),
    "ipv6-addr": _whole("value"),
    "domain-name": _whole("value"),
    "url": _whole("value"),
    "email-addr": _whole("value"),
    "user-account": _whole("user_id", "account_login"),
    "file": _one_hash,
    "windows-registry-key": _whole("key"),
}
