"""Endpoints that Graph retired. What it answers in their place is documented nowhere, so it can be chosen.

``gone`` is 410, ``missing`` is 404 as for a path that never was, ``empty`` is a list without records: the worst of
the three, because it looks like good news.
"""

from __future__ import annotations

from collections.abc import Callable

from graphinvestigate.demo.answers import ApiError
from graphinvestigate.demo.operations import Call, Operation
from graphinvestigate.demo.server_store import Record

ANSWERS = ("gone", "missing", "empty")
_EVENTS = ("SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All")
_RETIRED: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("security/alerts", ("v1.0", "beta"), _EVENTS),
    ("security/tiIndicators", ("beta",), ("ThreatIndicators.ReadWrite.OwnedBy",)),
    ("identityRiskEvents", ("beta",), ("IdentityRiskEvent.Read.All",)),
)


def retired_operations(answer: str) -> tuple[Operation, ...]:
    """Every retired list and record, answering as `answer` says."""
    if answer not in ANSWERS:
        raise ValueError(f"retired must be one of {', '.join(ANSWERS)}, not {answer!r}.")
    found = []
    for path, versions, permissions in _RETIRED:
        service = path.partition("/")[0] if "/" in path else "identityProtection"
        for whole, listed in ((path, True), (f"{path}/{{id}}", False)):
            run = _answer(path, answer, listed=listed)
            found.append(Operation("GET", whole, service, permissions, run, versions=versions))
    return tuple(found)


def _answer(path: str, answer: str, *, listed: bool) -> Callable[[Call], Record]:
    def run(call: Call) -> Record:
        if answer == "gone":
            raise ApiError(410, "Gone", f"The resource '{path}' is retired and no longer returns data.")
        if answer == "missing":
            raise ApiError(404, "ResourceNotFound", f"Resource not found for the segment '{path}'.")
        if not listed:
            raise ApiError(404, "ResourceNotFound", f"Resource '{call.record_id}' does not exist.")
        return {"@odata.context": f"{call.root}/$metadata#{path}", "value": []}

    return run
