"""Names for people: what a node is called in tables, sentences and drawings. Never used to decide who is who."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    "directory_audit": "directory audit",
    "directory_user": "directory entry of the user",
    "directory_device": "directory entry of the device",
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
    "device_object_id": "directory id of the device",
    "fqdn": "full host name",
    "local_fqdn": "full host name in a private domain",
    "nt_name": "host name in a domain",
    "short_name": "short host name",
    "sha256": "SHA-256 hash",
    "sha1": "SHA-1 hash",
    "md5": "MD5 hash",
    "ip": "address",
    "private_ip": "private address",
    "app_id": "application id",
    "source_account": "account name in a log",
    "source_app": "app name in a log",
}


_RECORD_LABELS = {
    "alert": ("title",),
    "incident": ("display_name",),
    "risk_detection": ("risk_event_type",),
    "risky_user": ("user_principal_name",),
    "sign_in": ("app_display_name", "resource_display_name", "service_principal_name"),
    "directory_audit": ("activity_display_name",),
    "service_principal_risk_detection": ("risk_event_type",),
    "risky_service_principal": ("display_name",),
    "directory_user": ("user_principal_name", "display_name"),
    "directory_device": ("display_name",),
}


def identifier_word(identifier_type: str) -> str:
    """Return a type of identifier as words in a sentence."""
    return IDENTIFIER_WORDS.get(identifier_type, identifier_type.replace("_", " "))


def identifier_words(identifier_type: str) -> str:
    """Return a type of identifier as words for several of them."""
    word = identifier_word(identifier_type)
    end = min((word.index(beside) for beside in (" of ", " in ") if beside in word), default=len(word))
    return f"{word[:end]}{'es' if word[:end].endswith(('s', 'sh')) else 's'}{word[end:]}"


def kind_word(kind: str) -> str:
    """Return a kind as a word in a sentence."""
    return KIND_WORDS.get(kind, kind.replace("_", " "))


def entity_label(entity: Entity, names: Mapping[str, Sequence[Any]]) -> str:
    """Choose a label: the best kind of name, of these the one seen last; the key where nothing has a name.

    Parameters
    ----------
    entity : Entity
        Whose label.
    names : dict
        From name to (place, last time it was seen); place 0 is the best kind of name.
    """
    name = best_name(names)
    return key_label(entity) if name is None else name


def key_label(entity: Entity) -> str:
    """Return the label of an entity that nothing gives a name."""
    if entity.key.startswith("item="):
        return f"{kind_word(entity.kind)} without an id"
    return entity.key.rpartition("/")[2] if entity.kind == "ip" else entity.key  # a private one begins with a tenant


def best_name(names: Mapping[str, Sequence[Any]]) -> str | None:
    """Choose a name: the best kind, of these the one seen last, of these the first by text; None where there is none.

    Parameters
    ----------
    names : mapping
        From name to (place, last time it was seen); place 0 is the best kind of name.
    """
    if len(names) < 2:
        return next(iter(names), None)
    found, best, latest = "", -1, ""
    for name, (place, time) in names.items():
        if best < 0 or place < best or (place == best and (time > latest or (time == latest and name < found))):
            found, best, latest = name, place, time
    return found


def record_label(attrs: dict[str, Any]) -> str:
    """Choose a record's label from its headline facts; a record that was only named goes by its id."""
    kind = attrs["kind"]
    for name in _RECORD_LABELS.get(kind, ("label", "title", "name")):
        if said := attrs.get(name):
            return str(said)
    return f"{kind_word(kind)} {attrs['id']}"
