"""Batches and changes against the emulator, which was written by the documentation, not by this client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from graphinvestigate.client import BatchRequest
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.errors import PermissionMissingError, RecordNotFoundError

Make = Callable[..., Any]


def test_a_batch_brings_the_records_that_were_asked_for(make_world: Make) -> None:
    """T12: forty alerts in two calls, two of them throttled at first and one that is not there: each its own."""
    world = make_world(
        alerts=60, faults=[Fault("/security/alerts_v2/*", error(429, headers={"Retry-After": "3"}), on={3, 24})]
    )
    ids = world.ids("security/alerts_v2")[:40]
    wanted = [*ids[:10], "no-such-alert", *ids[10:]]
    answers = world.client.batch([BatchRequest(path=f"/security/alerts_v2/{one}") for one in wanted])
    for one, answer in zip(wanted, answers, strict=True):
        if one == "no-such-alert":
            assert isinstance(answer.error, RecordNotFoundError)
        else:
            assert json.loads(answer.body)["id"] == one
    assert sorted(answer.attempts for answer in answers)[-3:] == [1, 2, 2]


def test_a_change_persists_and_needs_its_permission(make_world: Make) -> None:
    """A PATCH changes the record that is read next; without the permission it is refused and changes nothing."""
    world = make_world(alerts=30)
    path = f"/security/alerts_v2/{world.ids('security/alerts_v2')[0]}"
    world.client.patch(path, {"status": "resolved", "classification": "truePositive"})
    page = world.client.record(path)
    changed = json.loads(page.record(0))
    assert (changed["status"], changed["classification"]) == ("resolved", "truePositive")
    reader = make_world(alerts=30, permissions=["SecurityAlert.Read.All"])
    (answer,) = reader.client.batch([BatchRequest(path=path, method="PATCH", body={"status": "new"})])
    assert isinstance(answer.error, PermissionMissingError)
    assert reader.client.requests_made == 1
