"""What can be written, as data: to which records, which fields, with which permission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphinvestigate.frames.schema import RESOURCES, Resource

MOST_USERS = 60  # per risk decision: https://learn.microsoft.com/graph/api/riskyuser-dismiss
MOST_COMMENT = 1000  # characters
REVOKE_PERMISSION = "User.RevokeSessions.All"
USER = "user"

# A decision on a user's risk, and the state that it leads to.
RISK_STATES = {
    "confirmCompromised": "confirmedCompromised",
    "dismiss": "dismissed",
    "confirmSafe": "confirmedSafe",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record that is written to.

    Attributes
    ----------
    name : str
        Its record kind.
    resource : Resource
        Where it is read.
    write : str
        The least permission to change it.
    fields : dict of str to str
        Column → Graph's property, of what is changed in place.
    title : str
        The property that people know it by.
    refused : dict of str to tuple
        Column → members that Graph documents and nobody may set.
    tags : str
        The column of tags, where it has some.
    """

    name: str
    resource: Resource
    write: str
    fields: Mapping[str, str]
    title: str
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: str = ""

    @property
    def version(self) -> str:
        """The property that changes whenever the record does."""
        return "/".join(self.resource.column(str(self.resource.updated)).path)

    def path(self, record_id: str) -> str:
        """Where one of them is; `record_id` was written by `path_segment`."""
        return f"{self.resource.path}/{record_id}"


_VERDICT = {
    "status": "status",
    "classification": "classification",
    "determination": "determination",
    "assigned_to": "assignedTo",
}
_UNSET = "unknownFutureValue"

KINDS = {
    "alert": Kind(
        name="alert",
        resource=RESOURCES["alerts"],
        write="SecurityAlert.ReadWrite.All",
        fields=_VERDICT,
        title="title",
        refused={"status": ("unknown", _UNSET), "classification": (_UNSET,), "determination": (_UNSET,)},
    ),
    "incident": Kind(
        name="incident",
        resource=RESOURCES["incidents"],
        write="SecurityIncident.ReadWrite.All",
        fields={**_VERDICT, "custom_tags": "customTags"},
        title="displayName",
        refused={"status": ("redirected", _UNSET), "classification": (_UNSET,), "determination": (_UNSET,)},
        tags="custom_tags",
    ),
    USER: Kind(
        name=USER,
        resource=RESOURCES["risky_users"],
        write="IdentityRiskyUser.ReadWrite.All",
        fields={"risk_state": "riskState"},
        title="userPrincipalName",
    ),
}

# Record kinds that name a user, and the property that holds the user's object id.
NAMES_USER = {"risky_user": "id", "directory_user": "id", "risk_detection": "userId", "sign_in": "userId"}


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One record and all that is to be written to it.

    Attributes
    ----------
    kind : Kind
    id, label : str
        The record's id, and what people know it by.
    read : dict or None
        The record as it was read; None where the frame held none of this kind.
    wanted : dict
        Column → value, for what is changed in place.
    add_tags, remove_tags : tuple of str
    comment : str or None
    risk : str or None
        One of `RISK_STATES`.
    revoke : bool
        Whether the user's sessions are to end.
    """

    kind: Kind
    id: str
    label: str
    read: Mapping[str, Any] | None = None
    wanted: Mapping[str, Any] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    comment: str | None = None
    risk: str | None = None
    revoke: bool = False

    def targets(self, record: Mapping[str, Any] | None) -> dict[str, tuple[Any, Any]]:
        """What is to be changed in place: column → (value there, value wanted).

        Parameters
        ----------
        record : mapping or None
            The record as it stands.
        """
        there = record or {}
        found = {name: (there.get(self.kind.fields[name]), value) for name, value in self.wanted.items()}
        if self.add_tags or self.remove_tags:
            found[self.kind.tags] = (self.tags_of(there), self.tags_after(there))
        if self.risk:
            found["risk_state"] = (there.get("riskState"), RISK_STATES[self.risk])
        return found

    def tags_of(self, record: Mapping[str, Any]) -> list[str]:
        """The tags of a record."""
        value = record.get(self.kind.fields[self.kind.tags])
        return [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []

    def tags_after(self, record: Mapping[str, Any]) -> list[str]:
        """Its tags with those to add and without those to remove; the others stay, whoever set them."""
        gone = {tag.casefold() for tag in self.remove_tags}
        kept = [tag for tag in self.tags_of(record) if tag.casefold() not in gone]
        known = {tag.casefold() for tag in kept}
        return kept + [tag for tag in self.add_tags if tag.casefold() not in known]


def same(there: Any, wanted: Any) -> bool:
    """Whether a value is what is wanted: without regard to case and order; nothing, '' and no tags are one."""
    if isinstance(there, str) and isinstance(wanted, str):
        return there.casefold() == wanted.casefold()
    if isinstance(there, list) and isinstance(wanted, list):
        return {str(one).casefold() for one in there} == {str(one).casefold() for one in wanted}
    return (there or None) == (wanted or None)
