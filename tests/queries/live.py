"""A tenant whose alerts come, change and go between any two requests, and what may go wrong with each request."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.answers import Response
from graphinvestigate.demo.faults import Asked, ConnectionDroppedError, Fault, empty_page, error, rewrite
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.transport import DemoClock, DemoTransport

PATH = "security/alerts_v2"
TENANT_ID = "11111111-2222-3333-4444-555555555555"
Record = dict[str, Any]


class KilledError(BaseException):
    """The process is gone: nothing in it may take notice."""


@dataclass
class LiveTenant:
    """What the emulator needs of a tenant: alerts, newest first, and nothing else."""

    alerts: list[Record] = field(default_factory=list)
    hosts: dict[str, Any] = field(default_factory=dict)
    tenant_id: str = TENANT_ID
    now: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    @property
    def collections(self) -> dict[str, Sequence[Record]]:
        return {PATH: self.alerts, "security/incidents": []}

    def incident_alerts(self, incident_id: str) -> Sequence[str]:
        return ()

    def belonging(self, path: str, user_id: str) -> Sequence[Record]:
        return ()


class Live:
    """A live tenant behind an emulator, and the plain model of what it held at any time.

    Attributes
    ----------
    plan : deque
        What happens with the requests to come, one entry each: the name of a trouble, or something to do first.
    alive : dict
        Id → the alert as it stands: the model.
    seen : dict
        Id → every version that there was.
    """

    def __init__(self) -> None:
        self.tenant = LiveTenant()
        self.clock = DemoClock()
        self.emulator = Emulator(self.tenant, faults=[Fault(f"/{PATH}*", self._answer)], clock=self.clock.clock)
        self.plan: deque[str | Callable[[], None]] = deque()
        self.alive: dict[str, Record] = {}
        self.seen: dict[str, list[Record]] = {}
        self._numbers = itertools.count(1)
        self._empty = empty_page()

    def transport(self) -> DemoTransport:
        """A way to it."""
        return DemoTransport(self.emulator, demo_clock=self.clock)

    def connect(self) -> GraphClient:
        """The real client of it."""
        return connect(tenant_id=TENANT_ID, transport=self.transport(), credential=EmulatorCredential(TENANT_ID))

    def insert(self) -> None:
        """An alert comes."""
        moment = self._moment()
        record = {"id": f"a{next(self._numbers)}", "status": "new", "title": "t", "severity": "low",
                  "createdDateTime": moment, "lastUpdateDateTime": moment, "comments": []}  # fmt: skip
        self.tenant.alerts.insert(0, record)
        self._is(record)

    def update(self, at: int) -> None:
        """An alert changes."""
        if self.tenant.alerts:
            place = at % len(self.tenant.alerts)
            old = self.tenant.alerts[place]
            states = ("new", "inProgress", "resolved")
            status = states[(states.index(old["status"]) + 1) % 3]
            record = {**old, "status": status, "lastUpdateDateTime": self._moment()}
            self.tenant.alerts[place] = record
            self._is(record)

    def delete(self, at: int) -> None:
        """An alert goes."""
        if self.tenant.alerts:
            record = self.tenant.alerts.pop(at % len(self.tenant.alerts))
            self._moment()
            del self.alive[record["id"]]

    def later(self) -> None:
        """A minute passes, so that the client asks for the time again."""
        self.clock.sleep(61.0)

    def _is(self, record: Record) -> None:
        self.alive[record["id"]] = record
        self.seen.setdefault(record["id"], []).append(record)

    def _moment(self) -> str:
        return f"{self.emulator.store.tick():%Y-%m-%dT%H:%M:%SZ}"

    def _answer(self, asked: Asked) -> Response:
        step = self.plan.popleft() if self.plan else None
        if callable(step):
            step()
            return asked.genuine()
        return asked.genuine() if step is None else self._trouble(step, asked)

    def _trouble(self, name: str, asked: Asked) -> Response:
        later_page = "skiptoken" in asked.request.url
        if name == "kill":
            raise KilledError
        if name == "drop":
            raise ConnectionDroppedError("dropped")
        if name == "throttle":
            return error(429, headers={"Retry-After": "2.5"})(asked)
        if name == "token":
            return error(401, code="InvalidAuthenticationToken")(asked)
        if name in ("busy", "fatal"):
            return error(503 if name == "busy" else 501)(asked)
        if name == "cut":
            answer = asked.genuine()
            return Response(answer.status, answer.headers, answer.body[: len(answer.body) // 2])
        if name == "expire":
            return error(410, code="Gone")(asked) if later_page else asked.genuine()
        is_list = asked.request.method == "GET" and asked.request.url.partition("?")[0].endswith(PATH)
        if name == "empty" and is_list:
            return self._empty(asked)
        if name == "twice" and is_list:
            return rewrite(lambda page: {**page, "value": [*page["value"], *page["value"][-1:]]})(asked)
        return asked.genuine()


TROUBLES = ("throttle", "token", "busy", "fatal", "cut", "drop", "expire", "empty", "twice", "kill")


def version(raw: Any) -> Record:
    """A record as the frame holds it, without what the answer adds."""
    return {name: value for name, value in json.loads(raw).items() if not name.startswith("@")}
