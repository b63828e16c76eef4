"""Names for people: what a node is called in tables, sentences and drawings. Never used to decide who is who."""

from __future__ import annotations

from typing import Any

from graphinvestigate.linking.nodes import Entity

KIND_WORDS = {
    "ip": "IP address",
    "url": "URL",
    "app": "app",
    "mail_message": "mail message",
    "risk_detection": "risk detection",
    "risky_user": "risky user",
    "sign_in": "sign-in",
}


IDENTIFIER_WORDS = {
    "object_id": "object id",
    "sid": "SID",
    "ad_object_guid": "directory GUID",
    "upn": "user name",
    "account": "domain account",
    "local_account": "local account",
    "mde_device_id": "Defender device id",
    "device_id": "Entra device id",
    "fqdn": "full host name",
    "nt_name": "host name in a domain",
    "short_name": "short host name",
    "sha256": "SHA-256 hash",
    "sha1": "SHA-1 hash",
    "md5": "MD5 hash",
    "ip": "address",
    "private_ip": "private address",
    "app_id": "application id",
}


def identifier_word(identifier_type: str) -> str:
    """Return a type of identifier as words in a sentence."""
    return IDENTIFIER_WORDS.get(identifier_type, identifier_type.replace("_", " "))


def kind_word(kind: str) -> str:
    """Return a kind as a word in a sentence."""
    return KIND_WORDS.get(kind, kind.replace("_", " "))


def entity_label(entity: Entity, names: dict[str, tuple[int, str]]) -> str:
    """Choose a label: the best kind of name, of these the one seen last; the key where nothing has a name.

    Parameters
    ----------
    entity : Entity
        Whose label.
    names : dict
        From name to (place, last time it was seen); place 0 is the best kind of name.
    """
    if not names:
        if entity.key.startswith("item="):
            return f"{kind_word(entity.kind)} without an id"
        return (
            entity.key.rpartition("/")[2] if entity.kind == "ip" else entity.key
        )  # a private one begins with a tenant
    best = min(place for place, _ in names.values())
    latest = max(time for place, time in names.values() if place == best)
    return min(name for name, (place, time) in names.items() if place == best and time == latest)


def record_label(attrs: dict[str, Any]) -> str:
    """Choose a record's label from its headline facts; a record that was only named goes by its id."""
    kind = attrs["kind"]
    if kind == "alert":
        found = attrs.get("title")
    elif kind == "incident":
        found = attrs.get("display_name")
    elif kind == "risk_detection":
        found = attrs.get("risk_event_type")
    elif kind == "risky_user":
        found = attrs.get("user_principal_name")
    else:
        found = attrs.get("app_display_name")
    return str(found) if found else f"{kind_word(kind)} {attrs['id']}"
