"""The emulator is faithful enough for Microsoft's own SDK, which sees the same records as this package."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

pytest.importorskip("msgraph", reason="Microsoft's SDK is not installed: extra `interop`")

import graphinvestigate as gi

RISK_PAUSE = 1.05  # Identity Protection takes one request a second, from all callers together
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*")
LISTS: dict[str, tuple[Callable[[Any], Any], Callable[..., Any], int, float]] = {
    "alerts": (lambda c: c.security.alerts_v2, gi.list_alerts, 70, 0.0),
    "incidents": (lambda c: c.security.incidents, gi.list_incidents, 40, 0.0),
    "risk_detections": (lambda c: c.identity_protection.risk_detections, gi.list_risk_detections, 15, RISK_PAUSE),
    "risky_users": (lambda c: c.identity_protection.risky_users, gi.list_risky_users, 8, RISK_PAUSE),
    "sign_ins": (lambda c: c.audit_logs.sign_ins, gi.list_sign_ins, 400, 0.0),
}
SINGLES: dict[str, Callable[[Any, str], Any]] = {
    "alerts": lambda c, record_id: c.security.alerts_v2.by_alert_id(record_id),
    "incidents": lambda c, record_id: c.security.incidents.by_incident_id(record_id),
    "risk_detections": lambda c, record_id: c.identity_protection.risk_detections.by_risk_detection_id(record_id),
    "risky_users": lambda c, record_id: c.identity_protection.risky_users.by_risky_user_id(record_id),
    "sign_ins": lambda c, record_id: c.audit_logs.sign_ins.by_sign_in_id(record_id),
}


def plain(value: Any) -> Any:
    """A value without what the SDK drops: nulls, OData's own properties, digits below the microsecond."""
    if isinstance(value, dict):
        kept = {name: plain(inner) for name, inner in value.items() if not name.startswith("@odata.context")}
        return {name: inner for name, inner in kept.items() if inner not in (None, {}, [])}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str) and TIME.fullmatch(value):
        short = re.sub(r"(\.\d{6})\d+", r"\1", value)
        try:
            return datetime.fromisoformat(short).isoformat()
        except ValueError:
            return value
    return value


@pytest.mark.parametrize("name", LISTS)
def test_the_sdk_lists_what_we_list(name: str, ask_sdk: Any, ours: gi.GraphClient) -> None:
    """Through several pages the SDK gets the same records in the same order, and every value of each."""
    builder, list_ours, top, pause = LISTS[name]

    async def work(sdk: Any) -> tuple[list[dict[str, Any]], int]:
        found, pages = await sdk.all_of(builder(sdk.client), top=top, pause=pause)
        return [sdk.plain(record) for record in found], pages

    theirs, pages = ask_sdk(work)
    frame = list_ours(ours)
    assert pages >= 2
    assert [record["id"] for record in theirs] == frame["id"].tolist()
    records = [json.loads(raw) for raw in frame["raw"]]
    different = [(one, other) for one, other in zip(map(plain, records), map(plain, theirs), strict=True)
                 if one != other]  # fmt: skip
    assert different == []


@pytest.mark.parametrize("name", SINGLES)
def test_the_sdk_gets_one(name: str, ask_sdk: Any, ours: gi.GraphClient) -> None:
    """One record by its id is the record of the list."""
    record = LISTS[name][1](ours, limit=1).iloc[0]

    async def work(sdk: Any) -> dict[str, Any]:
        await asyncio.sleep(LISTS[name][3])
        return sdk.plain(await SINGLES[name](sdk.client, record["id"]).get(sdk.asked_with()))

    assert plain(ask_sdk(work)) == plain(json.loads(record["raw"]))


def test_the_sdk_patches_an_alert(ask_sdk: Any, ours: gi.GraphClient) -> None:
    """A verdict that the SDK writes is in the SDK's answer, and in the alert that we read afterwards."""
    alert = gi.list_alerts(ours, status="new", limit=1).iloc[0]

    async def work(sdk: Any) -> Any:
        from msgraph.generated.models.security.alert import Alert
        from msgraph.generated.models.security.alert_status import AlertStatus

        return await sdk.client.security.alerts_v2.by_alert_id(alert["id"]).patch(Alert(status=AlertStatus.InProgress))

    answer = ask_sdk(work)
    assert answer.id == alert["id"]
    assert str(answer.status.value) == "inProgress"
    now = gi.get_alert(ours, alert["id"]).iloc[0]
    assert now["status"] == "inProgress"
    assert now["last_update_date_time"] > alert["last_update_date_time"]


def test_the_sdk_meets_our_errors_as_graphs_own(ask_sdk: Any) -> None:
    """A record that does not exist is Graph's 404 to the SDK too, with code and request id where it looks for them."""

    async def work(sdk: Any) -> Any:
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError

        try:
            await sdk.client.security.alerts_v2.by_alert_id("nobody").get()
        except ODataError as error:
            return error.response_status_code, error.error.code, error.error.inner_error.request_id
        return None

    status, code, request_id = ask_sdk(work)
    assert status == 404
    assert code
    assert request_id
