"""Pages and single records: what a query asks for, cut out of the tenant's collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult

from graphinvestigate.demo.answers import ApiError
from graphinvestigate.demo.odata_filter import Filter, parse_filter
from graphinvestigate.demo.resource_types import Resource
from graphinvestigate.demo.resources import ALERTS, EVENT_TYPES, RESOURCES
from graphinvestigate.demo.server_options import (
    Pairs,
    read_count,
    read_names,
    read_options,
    read_order,
    read_pairs,
    read_top,
    read_whole,
    write_pairs,
)
from graphinvestigate.demo.server_records import Shelves, selected, veiled
from graphinvestigate.demo.server_store import Record, Store
from graphinvestigate.demo.tokens_skip import seal, unseal


@dataclass(frozen=True, slots=True)
class _Show:
    """How records are to look in one answer."""

    resource: Resource
    version: str
    root: str
    all_members: bool
    names: frozenset[str] | None
    expand: frozenset[str] | None
    expand_limit: int | None = None


class Pages:
    """Answers' bodies over one tenant.

    Parameters
    ----------
    store : Store
        Whose records.
    evidence_lambda, expand_limit
        As for `Emulator`.
    """

    def __init__(self, store: Store, *, evidence_lambda: bool, expand_limit: int | None) -> None:
        self._tenant_id = store.tenant_id
        self._shelves = Shelves(store)
        self._evidence_lambda = evidence_lambda
        self._expand_limit = expand_limit

    def list(
        self,
        resource: Resource,
        url: SplitResult,
        version: str,
        *,
        all_members: bool,
        eventual: bool = False,
        parent_id: str | None = None,
    ) -> Record:
        """Return the body of a list answer; `parent_id` names whose records, where they belong to one record."""
        pairs = read_pairs(url.query)
        options = read_options(pairs, allowed=resource.options | {"$skiptoken"}, ignored=resource.ignored)
        size, skip = read_top(options, resource), read_whole("$skip", options, 0)
        kept, token = _apart(pairs)
        start = 0 if token is None else unseal(token, _sealed(kept, url), tenant_id=self._tenant_id)
        chosen = self._filter(options.get("$filter"), resource)
        order = read_order(options, resource)
        show = _Show(
            resource=resource,
            version=version,
            root=f"{url.scheme}://{url.netloc}/{version}",
            all_members=all_members,
            names=read_names("$select", options, resource),
            expand=read_names("$expand", options, resource),
            expand_limit=self._expand_limit if "$filter" in options else None,
        )
        counted = read_count(options) and token is None and (eventual or not resource.directory)
        name = self._shelves.name(resource.path, version)
        records, following, count = _cut(
            self._shelves.all(name) if parent_id is None else self._belonging(resource, parent_id),
            None if order is None else self._shelves.order(name, *order),
            chosen,
            start=start,
            skip=skip if token is None else 0,
            size=size,
            counted=counted,
        )
        context = resource.context.replace("{id}", parent_id or "")
        answer: Record = {"@odata.context": f"{show.root}/$metadata#{context}"}
        if count is not None:
            answer["@odata.count"] = count
        if following is not None:
            answer["@odata.nextLink"] = self._link(url, kept, following)
        answer["value"] = [self._shown(record, show) for record in records]
        return answer

    def get(self, resource: Resource, url: SplitResult, version: str, record_id: str, *, all_members: bool) -> Record:
        """Return the body of a get answer."""
        options = read_options(read_pairs(url.query), allowed=resource.one, ignored=frozenset())
        show = _Show(
            resource=resource,
            version=version,
            root=f"{url.scheme}://{url.netloc}/{version}",
            all_members=all_members,
            names=read_names("$select", options, resource),
            expand=read_names("$expand", options, resource),
        )
        record = self.find(resource, self._shelves.name(resource.path, version), record_id)
        context = f"{show.root}/$metadata#{resource.context}/$entity"
        return {"@odata.context": context, **self._shown(record, show)}

    def find(self, resource: Resource, name: str, record_id: str) -> Record:
        """Return the record of that id or key; a 404 where there is none."""
        record = self._shelves.find(name, record_id)
        for key in resource.keys if record is None else ():
            if not key.endswith("="):
                record = record or self._shelves.find_by_key(name, key, record_id)
            elif record_id.startswith(key):
                record = self._shelves.find_by_key(name, key[:-1], record_id.removeprefix(key))
        if record is not None:
            return record
        if resource.directory:
            raise ApiError(
                404,
                "Request_ResourceNotFound",
                f"Resource '{record_id}' does not exist or one of its queried reference-property objects are not "
                "present.",
            )
        raise ApiError(404, "ResourceNotFound", f"Resource '{record_id}' does not exist.")

    def _belonging(self, resource: Resource, parent_id: str) -> Sequence[Record]:
        path = resource.path.partition("/{id}")[0]
        parent = next(one for (version, _), one in RESOURCES.items() if version == "v1.0" and one.path == path)
        return self._shelves.belonging(resource.path, self.find(parent, path, parent_id)["id"])

    def link_here(self, url: SplitResult, salt: int) -> str:
        """Return a next link that leads to the page that `url` asks for, but is not `url`."""
        kept, token = _apart(read_pairs(url.query))
        start = 0 if token is None else unseal(token, _sealed(kept, url), tenant_id=self._tenant_id)
        return self._link(url, kept, start, salt)

    def _link(self, url: SplitResult, kept: Pairs, position: int, salt: int = 0) -> str:
        token = seal(position, _sealed(kept, url), tenant_id=self._tenant_id, salt=salt)
        return f"{url.scheme}://{url.netloc}{url.path}?{write_pairs([*kept, ('$skiptoken', token)])}"

    def _filter(self, text: str | None, resource: Resource) -> Filter | None:
        chosen = None
        if text is not None:
            chosen = parse_filter(text, resource, evidence_lambda=self._evidence_lambda)
        if EVENT_TYPES not in resource.filters or (chosen and EVENT_TYPES in chosen.properties):
            return chosen
        # Beta holds every kind of sign-in, and shows the interactive ones to whoever does not ask for kinds.
        if chosen is None:
            return Filter(_interactive, frozenset())
        asked = chosen
        return Filter(lambda record: _interactive(record) and asked.matches(record), asked.properties)

    def _shown(self, record: Record, show: _Show) -> Record:
        resource = show.resource
        names, bare = (show.names, resource.directory) if show.names is not None else (resource.shown, False)
        shown = selected(record if show.all_members else veiled(record, resource), names, bare=bare)
        if not show.expand:
            return shown
        alerts = self._shelves.alerts_of(record, self._shelves.name(ALERTS.path, show.version))
        if show.expand_limit is not None and len(alerts) > show.expand_limit:
            raise ApiError(500, "UnknownError", "")
        return {
            **shown,
            "alerts@odata.context": f"{show.root}/$metadata#{show.resource.context}('{record['id']}')/alerts",
            "alerts": alerts if show.all_members else [veiled(alert, ALERTS) for alert in alerts],
        }


def _apart(pairs: Pairs) -> tuple[Pairs, str | None]:
    """Return the query without its skip token, and the token."""
    token = next((value for name, value in pairs if name.lower() == "$skiptoken"), None)
    return [(name, value) for name, value in pairs if name.lower() != "$skiptoken"], token


def _sealed(kept: Pairs, url: SplitResult) -> Pairs:
    """Return what a skip token belongs to: the query and the path."""
    return [*kept, ("", url.path.lower())]


def _interactive(record: Record) -> bool:
    return "interactiveUser" in (record.get(EVENT_TYPES) or ())


def _cut(
    records: Sequence[Record],
    places: Sequence[int] | None,
    chosen: Filter | None,
    *,
    start: int,
    skip: int,
    size: int,
    counted: bool,
) -> tuple[Sequence[Record], int | None, int | None]:
    """Return a page's records, where the next page begins (None at the end), and the count if asked for."""
    total = len(records)
    if chosen is None:
        begin, end = min(start + skip, total), min(start + skip + size, total)
        page = [records[i if places is None else places[i]] for i in range(begin, end)]
        return page, end if size and end < total else None, total if counted else None
    page, following, count = [], None, 0
    for i in range(start, total):
        record = records[i if places is None else places[i]]
        if not chosen.matches(record):
            continue
        count += 1
        if count <= skip:
            continue
        if len(page) < size:
            page.append(record)
            continue
        if following is None and size:
            following = i
        if not counted:
            break
    return page, following, count if counted else None
