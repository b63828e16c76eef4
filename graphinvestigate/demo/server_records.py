"""Records of the tenant as an answer shows them: found, ordered, veiled, expanded, selected."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from typing import Any

from graphinvestigate.demo.odata_filter_values import time_key
from graphinvestigate.demo.resource_types import Resource, Veil
from graphinvestigate.demo.resources_enums import LATE
from graphinvestigate.demo.server_store import Record, Store


class Shelves:
    """The tenant's collections with what finding and ordering needs, each index made when it is first used."""

    def __init__(self, tenant: Store) -> None:
        self._tenant = tenant
        self._edition = tenant.edition
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        self._orders: dict[tuple[str, str, bool], array[int]] = {}
        self._lock = threading.RLock()

    def name(self, path: str, version: str) -> str:
        """Return the collection that answers for `path` in that version."""
        return self._tenant.name(path, version)

    def all(self, name: str) -> Sequence[Record]:
        """Return all records of a collection, newest first."""
        return self._tenant.all(name)

    def find(self, name: str, record_id: str) -> Record | None:
        """Return the record of that id, or None."""
        return self._tenant.find(name, record_id)

    def find_by_key(self, name: str, key: str, value: str) -> Record | None:
        """Return the record whose property `key` is `value` in whatever case, or None."""
        with self._lock:
            if (name, key) not in self._keys:
                self._keys[name, key] = {str(record[key]).lower(): record["id"] for record in self.all(name)}
            record_id = self._keys[name, key].get(value.lower())
        return None if record_id is None else self.find(name, record_id)

    def belonging(self, path: str, user_id: str) -> Sequence[Record]:
        """Return what belongs to one user under a path with ``{id}``."""
        return self._tenant.belonging(path, user_id)

    def order(self, name: str, by: str, descending: bool) -> Sequence[int]:
        """Return places in the order of a time property; records without it come first, as null sorts lowest."""
        key = (name, by, descending)
        with self._lock:
            if self._edition != self._tenant.edition:
                self._orders.clear()
                self._edition = self._tenant.edition
            if key not in self._orders:
                keys = [time_key(record.get(by)) or (-1, -1) for record in self.all(name)]
                places = sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
                self._orders[key] = array("q", places)
        return self._orders[key]

    def alerts_of(self, incident: Record, alerts: str) -> list[Record]:
        """Return the alerts of an incident, in the tenant's order."""
        found = []
        for alert_id in self._tenant.incident_alerts(incident["id"]):
            alert = self.find(alerts, alert_id)
            if alert is None:
                raise LookupError(f"incident {incident['id']} names alert {alert_id}, which does not exist")
            found.append(alert)
        return found


def veiled(record: Record, resource: Resource) -> Record:
    """Return the record with late enumeration members replaced, as callers see it who did not ask for them."""
    changed: Record = {}
    for rule in resource.veils:
        place = rule.under or rule.key
        if place in record:
            before = changed.get(place, record[place])
            after = _veil(before, rule) if rule.under else _member(before, rule)
            if after is not before:
                changed[place] = after
    return {**record, **changed} if changed else record


def _member(value: Any, rule: Veil) -> Any:
    return LATE[rule.enum].get(value, value) if isinstance(value, str) else value


def _veil(value: Any, rule: Veil) -> Any:
    """Replace within nested objects and lists; what holds nothing to replace comes back itself."""
    if isinstance(value, list):
        items = [_veil(item, rule) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        entries = {key: _member(item, rule) if key == rule.key else _veil(item, rule) for key, item in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    return value


def selected(record: Record, names: frozenset[str] | None, *, bare: bool = False) -> Record:
    """Return only the named properties; OData's own always stay, and so does the id unless `bare`."""
    if names is None:
        return record
    stay = names | ({""} if bare else {"id", ""})  # the name before an @ is empty in OData's own properties
    return {key: value for key, value in record.items() if key.split("@", maxsplit=1)[0] in stay}
