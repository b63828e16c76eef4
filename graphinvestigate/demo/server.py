"""The emulator: a request to a demo tenant's Graph in, Graph's answer out."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from graphinvestigate.demo.answers import (
    ApiError,
    Request,
    Response,
    bad_request,
    error_response,
    lower_headers,
    standard_headers,
    to_json,
)
from graphinvestigate.demo.batch import answer_batch
from graphinvestigate.demo.faults import Asked, ConnectionDroppedError, Fault, FaultScript
from graphinvestigate.demo.hunting import ROWS, Hunting
from graphinvestigate.demo.operations import Call, Operation, find_operations
from graphinvestigate.demo.resource_types import Resource
from graphinvestigate.demo.resources import RESOURCES, VERSIONS
from graphinvestigate.demo.retired import retired_operations
from graphinvestigate.demo.server_pages import Pages
from graphinvestigate.demo.server_places import only, read_place, read_segments
from graphinvestigate.demo.server_store import Record, Store, Tenant
from graphinvestigate.demo.threat_intelligence import ThreatIntelligence
from graphinvestigate.demo.throttles import Throttles
from graphinvestigate.demo.tokens import Caller, check_permission, read_caller
from graphinvestigate.demo.writes import Writes

_log = logging.getLogger(__name__)
_PREFERENCE = "include-unknown-enum-members"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and how it was answered; what the emulator remembers of it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int


class Emulator:
    """Microsoft Graph over one demo tenant, one request at a time; safe to call from several threads.

    Parameters
    ----------
    tenant : Tenant
        Whose Graph this is.
    evidence_lambda : bool
        Whether ``evidence/any(…)`` filters alerts; Graph's reference page and its migration guide disagree on it.
    expand_limit : int or None
        A filtered list of expanded incidents fails with 500 when one holds more alerts than this, as was observed
        (with 100); None never fails.
    throttle : bool
        Whether 429 is ever answered.
    hunting_rows : int
        How many rows a hunting query returns at most.
    retired : {"gone", "missing", "empty"}
        What retired endpoints answer: 410, 404 or a list without records. No document says which.
    unlicensed : collection of str
        Licences that the tenant lacks: "Entra ID P1", "Entra ID P2", "Workload ID Premium", "Microsoft Defender XDR",
        "Defender Threat Intelligence". What needs one of them is 403.
    faults : sequence of Fault
        What goes wrong, and when.
    clock : callable
        Seconds for throttling, on a clock that never runs back.

    Attributes
    ----------
    exchanges : deque of Exchange
        The last 10,000 requests that were answered, for tests. Never holds a token.
    faults : FaultScript
        The faults, and which have struck.
    store : Store
        The tenant as it stands after what callers wrote, with its clock.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        evidence_lambda: bool = False,
        expand_limit: int | None = None,
        throttle: bool = True,
        hunting_rows: int = ROWS,
        retired: str = "gone",
        unlicensed: Collection[str] = (),
        faults: Sequence[Fault] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tenant = tenant
        self.faults = FaultScript(faults)
        self.exchanges: deque[Exchange] = deque(maxlen=10_000)
        self._throttles = Throttles(clock) if throttle else None
        self.store = Store(tenant)
        self._pages = Pages(self.store, evidence_lambda=evidence_lambda, expand_limit=expand_limit)
        self._operations = (
            *Writes(self.store).operations(),
            *Hunting(self.store, most_rows=hunting_rows).operations(),
            *ThreatIntelligence(tenant.hosts).operations(),
            *retired_operations(retired),
        )
        self._unlicensed = _licences(unlicensed, self._operations)
        self._served = 0
        self._lock = threading.Lock()
        self._answering = threading.RLock()

    def __repr__(self) -> str:
        return f"<Emulator of tenant {self.tenant.tenant_id}>"

    def handle(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Response:
        """Answer one request.

        Parameters
        ----------
        method, url, headers, body
            The request; `url` is absolute, and next links lead back to its scheme and host.

        Returns
        -------
        Response
            Graph's answer; 599 when the emulator itself fails.

        Raises
        ------
        ConnectionDroppedError
            A fault asks that no answer comes: drop the connection.
        """
        request = Request(method.upper(), url, lower_headers(headers), body)
        with self._lock:
            self._served += 1
            request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.tenant.tenant_id}/{self._served}"))
        try:
            parts = urlsplit(url)
        except ValueError:
            return self._error(bad_request("The URL is not valid."), request, request_id)
        genuine = _once(lambda: self._guarded(lambda: self._answer(request, parts, request_id), request, request_id))
        asked = Asked(request, genuine, lambda salt: self._pages.link_here(parts, salt))
        response = self._guarded(lambda: self.faults.answer(asked), request, request_id)
        kept = {name: value for name, value in request.headers.items() if name != "authorization"}
        self.exchanges.append(Exchange(request.method, parts.path, parts.query, kept, response.status))
        return response

    def _guarded(self, answer: Callable[[], Response], request: Request, request_id: str) -> Response:
        try:
            return answer()
        except ApiError as error:
            return self._error(error, request, request_id)
        except ConnectionDroppedError:
            raise
        except Exception as error:  # noqa: BLE001 (a mistake in here must never look like an answer of Graph)
            _log.exception("the emulator failed")
            failed = ApiError(599, "EmulatorError", f"The emulator failed: {type(error).__name__}: {error}")
            return self._error(failed, request, request_id)

    def _error(self, error: ApiError, request: Request, request_id: str) -> Response:
        client_id = request.headers.get("client-request-id")
        return error_response(error, now=self.store.now, request_id=request_id, client_request_id=client_id)

    def _answer(self, request: Request, url: SplitResult, request_id: str) -> Response:
        segments = read_segments(url.path)
        version = segments[0].lower()
        if version not in VERSIONS:
            raise ApiError(404, "ResourceNotFound", f"Invalid version: {segments[0]}.")
        if len(segments) == 1:
            only(request, "GET")
            return self._ok(_root(url, version), request, request_id)
        caller = read_caller(request.headers, tenant_id=self.store.tenant_id, now=self.store.now)
        root = f"{url.scheme}://{url.netloc}/{version}"
        if segments[1:] == ["$batch"]:
            only(request, "POST")
            body = Call(request, caller, "", root, all_members=True).body()
            return self._ok(answer_batch(request, body, root, self._again), request, request_id)
        with self._answering:
            found, record_id = find_operations(self._operations, version, segments)
            operation = found.get(request.method)
            if operation is None:
                return self._read(request, url, request_id, caller, version, segments, others=found)
            self._admit(caller, operation)
            done = operation.run(Call(request, caller, record_id, root, _prefers_all_members(request)))
            return self._ok(done, request, request_id)

    def _again(self, request: Request) -> Response:
        return self.handle(request.method, request.url, request.headers, request.body)

    def _admit(self, caller: Caller, asked: Operation | Resource) -> None:
        """Raise what keeps a caller out: a limit, a missing permission, a missing licence."""
        if self._throttles is not None:
            self._throttles.admit(asked.service, caller.app_id)
        named = asked.named if isinstance(asked, Resource) else ()
        check_permission(caller, asked.permissions, named=named, directory=asked.directory)
        if asked.licence in self._unlicensed:
            raise _not_licensed(asked.service)

    def _read(
        self,
        request: Request,
        url: SplitResult,
        request_id: str,
        caller: Caller,
        version: str,
        segments: Sequence[str],
        *,
        others: Collection[str],
    ) -> Response:
        try:
            place = read_place(version, segments)
        except ApiError:
            if not others:
                raise
            only(request, *sorted(others))
            raise
        only(request, "GET", *sorted(others))
        resource = place.resource
        self._admit(caller, resource)
        all_members = _prefers_all_members(request)
        if place.record_id is None:
            eventual = request.headers.get("consistencylevel", "").lower() == "eventual"
            found = self._pages.list(
                resource, url, version, all_members=all_members, eventual=eventual, parent_id=place.parent_id
            )
        else:
            found = self._pages.get(resource, url, version, place.record_id, all_members=all_members)
        return self._ok(found, request, request_id, applied=_PREFERENCE if all_members else None)

    def _ok(self, body: Record | None, request: Request, request_id: str, applied: str | None = None) -> Response:
        client_id = request.headers.get("client-request-id")
        head = standard_headers(now=self.store.now, request_id=request_id, client_request_id=client_id)
        preference = () if applied is None else (("Preference-Applied", applied),)
        if body is None:
            return Response(204, tuple(pair for pair in head if pair[0] != "Content-Type"))
        return Response(200, head + preference, to_json(body))


def _licences(unlicensed: Collection[str], operations: Sequence[Operation]) -> frozenset[str]:
    """Return the licences that are missing, if all of them exist."""
    known = ({one.licence for one in RESOURCES.values()} | {one.licence for one in operations}) - {""}
    if isinstance(unlicensed, str) or not set(unlicensed) <= known:
        raise ValueError(f"unlicensed must be a list of licences among {', '.join(sorted(known))}.")
    return frozenset(unlicensed)


def _not_licensed(service: str) -> ApiError:
    """Return the 403 of a missing licence: documented for audit logs; elsewhere only the status is reported."""
    if service == "auditLogs":
        return ApiError(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    return ApiError(403, "Forbidden", "Your tenant is not licensed for this feature.")


def _root(url: SplitResult, version: str) -> Record:
    names = sorted({resource.path.split("/", maxsplit=1)[0] for resource in RESOURCES.values()})
    return {
        "@odata.context": f"{url.scheme}://{url.netloc}/{version}/$metadata",
        "value": [{"name": name, "kind": "Singleton", "url": name} for name in names],
    }


def _prefers_all_members(request: Request) -> bool:
    preferences = request.headers.get("prefer", "").lower().split(",")
    return any(preference.split(";")[0].strip() == _PREFERENCE for preference in preferences)


def _once(make: Callable[[], Response]) -> Callable[[], Response]:
    made: list[Response] = []

    def get() -> Response:
        if not made:
            made.append(make())
        return made[0]

    return get
