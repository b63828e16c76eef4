"""The tenant as it stands after what callers wrote: the tenant itself never changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, overload, runtime_checkable

from graphinvestigate.demo.hosts import HostFact

Record = dict[str, Any]


class Tenant(Protocol):
    """What the emulator needs of a tenant."""

    @property
    def tenant_id(self) -> str:
        """The id that tokens must name."""

    @property
    def now(self) -> datetime:
        """The tenant's clock, aware."""

    @property
    def collections(self) -> Mapping[str, Sequence[Record]]:
        """Records by path, newest first; ``beta:`` before a path is what beta shows."""

    @property
    def hosts(self) -> Mapping[str, HostFact]:
        """What threat intelligence knows, by host name or address."""

    def incident_alerts(self, incident_id: str) -> Sequence[str]:
        """Return ids of an incident's alerts."""

    def belonging(self, path: str, user_id: str) -> Sequence[Record]:
        """Return what belongs to one user under a path with ``{id}``."""


@runtime_checkable
class Indexed(Protocol):
    """A collection that knows where a record stands without showing all of them."""

    def position(self, identifier: str) -> int | None:
        """Return the place of that id, or None."""


def position(records: Sequence[Record], identifier: str) -> int | None:
    """Return the place of the record of that id, or None."""
    if isinstance(records, Indexed):
        return records.position(identifier)
    return next((place for place, record in enumerate(records) if record["id"] == identifier), None)


class Written(Sequence[Record]):
    """A collection with what was written over it: changed records in their places, new ones before all others."""

    def __init__(self, base: Sequence[Record]) -> None:
        self._base = base
        self._changed: dict[int, Record] = {}
        self._added: list[Record] = []

    def __len__(self) -> int:
        return len(self._added) + len(self._base)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if index < len(self._added):
            return self._added[index]
        place = index - len(self._added)
        return self._changed[place] if place in self._changed else self._base[place]

    def __iter__(self) -> Iterator[Record]:
        return (self[place] for place in range(len(self)))

    def position(self, identifier: str) -> int | None:
        """Return the place of that id, or None."""
        for place, record in enumerate(self._added):
            if record["id"] == identifier:
                return place
        found = position(self._base, identifier)
        return None if found is None else found + len(self._added)

    def put(self, record: Record) -> None:
        """Write a record: over the one of its id, or as the newest."""
        place = self.position(record["id"])
        if place is None:
            self._added.insert(0, record)
        elif place < len(self._added):
            self._added[place] = record
        else:
            self._changed[place - len(self._added)] = record


class Store:
    """A tenant and what was written over it.

    Attributes
    ----------
    now : datetime
        The tenant's clock: it moves on to the next whole second with each write.
    edition : int
        How many writes there were.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.now = tenant.now
        self.edition = 0
        self._written: dict[str, Written] = {}
        self._incidents: dict[str, list[str]] = {}
        self._added: dict[str, list[Record]] = {}

    @property
    def tenant_id(self) -> str:
        """The tenant's id."""
        return self._tenant.tenant_id

    def tick(self) -> datetime:
        """Move the clock on for a write, and return the moment of it."""
        self.edition += 1
        self.now = self.now.replace(microsecond=0) + timedelta(seconds=1)
        return self.now

    def name(self, path: str, version: str) -> str:
        """Return the collection that answers for `path` in that version."""
        return f"beta:{path}" if version == "beta" and f"beta:{path}" in self._tenant.collections else path

    def all(self, name: str) -> Sequence[Record]:
        """Return a collection."""
        return self._written.get(name) or self._tenant.collections[name]

    def find(self, name: str, record_id: str) -> Record | None:
        """Return the record of that id, or None."""
        records = self.all(name)
        place = position(records, record_id)
        return None if place is None else records[place]

    def put(self, name: str, record: Record) -> None:
        """Write a record: over the one of its id, or as the newest."""
        if name not in self._written:
            self._written[name] = Written(self._tenant.collections[name])
        self._written[name].put(record)

    def incident_alerts(self, incident_id: str) -> list[str]:
        """Return ids of an incident's alerts as they stand now."""
        if incident_id in self._incidents:
            return list(self._incidents[incident_id])
        return list(self._tenant.incident_alerts(incident_id))

    def set_incident_alerts(self, incident_id: str, alert_ids: Sequence[str]) -> None:
        """Write which alerts an incident has."""
        self._incidents[incident_id] = list(alert_ids)

    def belonging(self, path: str, user_id: str) -> Sequence[Record]:
        """Return what belongs to one user, what was added coming first."""
        added = [record for record in self._added.get(path, ()) if record.get("userId") == user_id]
        return [*added, *self._tenant.belonging(path, user_id)]

    def add_belonging(self, path: str, record: Record) -> None:
        """Write a new record of a user's; it names the user in ``userId``."""
        self._added.setdefault(path, []).insert(0, record)
