"""`list_*` and `get_*` against the demo tenant: every row, or an error that keeps what came."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault

LISTS = {
    "security/alerts_v2": gi.list_alerts,
    "security/incidents": gi.list_incidents,
    "identityProtection/riskDetections": gi.list_risk_detections,
    "identityProtection/riskyUsers": gi.list_risky_users,
    "auditLogs/signIns": gi.list_sign_ins,
}


@pytest.mark.parametrize("path", LISTS)
def test_every_record_of_the_tenant_is_one_row(world, path) -> None:
    """A list without filters holds every record of the tenant once, whatever the page size."""
    for page_size in (None, 7):
        frame = LISTS[path](world.client, page_size=page_size)
        assert sorted(frame["id"]) == sorted(world.ids(path))
        assert gi.coverage(frame)["complete"].all()


def test_values_of_filters_are_compared_without_case(world) -> None:
    """`severity=["HIGH", "medium"]` finds what a look at every record finds."""
    frame = gi.list_alerts(world.client, severity=["HIGH", "medium"], status="New")
    alerts = world.tenant.collections["security/alerts_v2"]
    expected = [a["id"] for a in alerts if a["severity"] in {"high", "medium"} and a["status"] == "new"]
    assert len(expected) > 0
    assert sorted(frame["id"]) == sorted(expected)
    assert "severity eq 'high' or severity eq 'medium'" in gi.coverage(frame)["filters_server"].item()


def test_since_counts_from_the_tenants_clock(world) -> None:
    """`since="3d"` means three days before the tenant's now, and until is not part of the window."""
    frame = gi.list_alerts(world.client, since="3d", until="1d")
    now = pd.Timestamp(world.tenant.now)
    created = {a["id"]: pd.Timestamp(a["createdDateTime"]) for a in world.tenant.collections["security/alerts_v2"]}
    expected = [i for i, time in created.items() if now - pd.Timedelta(days=3) <= time < now - pd.Timedelta(days=1)]
    assert 0 < len(expected) < len(created)
    assert sorted(frame["id"]) == sorted(expected)


def test_a_filter_that_graph_does_not_offer_is_applied_here_and_said(world) -> None:
    """Risk detections of one user: Graph documents no such filter, so all are read and narrowed down here."""
    detections = world.tenant.collections["identityProtection/riskDetections"]
    user = detections[0]["userId"]
    frame = gi.list_risk_detections(world.client, user_id=user)
    assert sorted(frame["id"]) == sorted(d["id"] for d in detections if d["userId"] == user)
    said = gi.coverage(frame).iloc[0]
    assert user not in said["filters_server"]
    assert "userId" not in said["filters_server"]
    assert user in said["filters_local"]
    assert said["rows_received"] == len(detections) > said["rows_kept"]


@pytest.mark.parametrize("value", ["O'Brien", "x' or 1 eq 1 or 'a' eq '", "%27 or 1 eq 1", "a&$top=1", "über#?/+ %"])
def test_a_filter_value_stays_a_value(world, value) -> None:
    """Quotes and operators in a value find nobody of that name: they are never part of the query."""
    assert gi.list_alerts(world.client, assigned_to=value).empty
    assert gi.list_sign_ins(world.client, user_principal_name=value).empty


def test_a_limit_cuts_and_says_so(world) -> None:
    """`limit=5` brings five rows with one request of five, and the coverage says that there are more."""
    frame = gi.list_alerts(world.client, limit=5)
    assert list(frame["id"]) == world.ids("security/alerts_v2")[:5]
    said = gi.coverage(frame).iloc[0]
    assert said["rows_received"] == 5
    assert said["count_expected"] == 120
    assert "limit=5" in said["note"]


def test_a_limit_that_does_not_cut_says_nothing(world) -> None:
    """A limit as large as the tenant brings everything, and no word of a cut."""
    frame = gi.list_alerts(world.client, limit=120)
    assert len(frame) == 120
    assert gi.coverage(frame)["note"].item() == ""


def test_an_empty_answer_has_the_columns_of_a_full_one(world) -> None:
    """No match: zero rows, same columns, same dtypes."""
    empty = gi.list_alerts(world.client, assigned_to="nobody@nowhere.example")
    full = gi.list_alerts(world.client)
    assert empty.dtypes.equals(full.dtypes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"severity": "hgih"}, "informational, low, medium, high"),
        ({"severity": []}, "list of strings"),
        ({"severity": 3}, "list of strings"),
        ({"since": "yesterday"}, "7d"),
        ({"since": "2026-01-01T00:00:00"}, "zone"),
        ({"since": "1d", "until": "3d"}, "swap"),
        ({"limit": 0}, "from 1"),
        ({"limit": 2.5}, "whole number"),
        ({"page_size": 100_000}, "up to"),
        ({"filter": " "}, "OData"),
        ({"on_partial": "ignore"}, "'raise' or 'return'"),
    ],
)
def test_a_wrong_argument_asks_nothing_and_says_what_is_right(world, arguments, words) -> None:
    """Wrong arguments are a UsageError that names what can be given; no request is made."""
    world.client.now()  # which may ask for the tenant's clock
    before = world.client.requests_made
    with pytest.raises(gi.UsageError, match=words):
        gi.list_alerts(world.client, **arguments)
    assert world.client.requests_made == before


def test_a_raw_filter_is_joined_to_the_rest(world) -> None:
    """Raw OData narrows what the arguments ask for; with an `or` in it too."""
    frame = gi.list_alerts(world.client, severity="high", filter="status eq 'new' or status eq 'inProgress'")
    alerts = world.tenant.collections["security/alerts_v2"]
    expected = [a["id"] for a in alerts if a["severity"] == "high" and a["status"] in {"new", "inProgress"}]
    assert sorted(frame["id"]) == sorted(expected)


def test_a_filter_that_graph_refuses_is_its_own_error(world) -> None:
    """An unknown property is Graph's 400, with its words and request id."""
    with pytest.raises(gi.BadRequestError, match="noSuchThing") as caught:
        gi.list_alerts(world.client, filter="noSuchThing eq 'x'")
    assert caught.value.status == 400
    assert caught.value.request_id


def test_a_missing_permission_is_named(make_world) -> None:
    """403: the error names the least permission to ask for."""
    client = make_world(permissions=["SecurityAlert.Read.All"]).client
    assert len(gi.list_alerts(client)) == 60
    with pytest.raises(gi.PermissionMissingError, match=r"SecurityIncident\.Read\.All") as caught:
        gi.list_incidents(client)
    assert caught.value.permission == "SecurityIncident.Read.All"


def test_one_record_by_its_id(world) -> None:
    """`get_alert` and `get_incident` return one row in the columns of their lists, an incident with its alerts."""
    alert_id = world.ids("security/alerts_v2")[3]
    listed = gi.list_alerts(world.client)
    one = gi.get_alert(world.client, alert_id)
    pd.testing.assert_frame_equal(
        one.drop(columns=["pull_id", "raw"]),
        listed[listed["id"] == alert_id].drop(columns=["pull_id", "raw"]).reset_index(drop=True),
    )
    incident_id = next(a["incidentId"] for a in world.tenant.collections["security/alerts_v2"] if a["incidentId"])
    incident = gi.get_incident(world.client, incident_id)
    assert incident["id"].item() == incident_id
    g = gi.entity_graph(incidents=incident)
    alerts = {node.id for node in g if node.kind == "alert"}
    assert alerts == set(world.tenant.incident_alerts(incident_id))


@pytest.mark.parametrize("record_id", ["no-such-alert", "a?b#c%2f", "%2e%2e", "'"])
def test_an_id_that_is_not_there_is_not_found(world, record_id) -> None:
    """An id stays one segment of the path; one that the tenant has not is a RecordNotFoundError."""
    with pytest.raises(gi.RecordNotFoundError):
        gi.get_alert(world.client, record_id)


@pytest.mark.parametrize("record_id", ["", "  ", None, 7, "../incidents", "x/../../v1.0", ".."])
def test_an_id_that_cannot_be_one_is_refused(world, record_id) -> None:
    """Empty ids, numbers and paths are a UsageError, not a list of everything; nothing is asked."""
    before = world.client.requests_made
    with pytest.raises(gi.UsageError, match=r"\bid\b"):
        gi.get_alert(world.client, record_id)
    assert world.client.requests_made == before


def test_a_pull_that_stops_keeps_its_rows_and_goes_on(make_world) -> None:
    """Page 3 fails for good: the error has pages 1 and 2 and resumes to the whole, asking only for the rest."""
    broken = Fault("/security/alerts_v2", faults.error(500), on=range(3, 9))
    world = make_world(faults=[broken])
    with pytest.raises(gi.PartialResultError, match="after page 2") as caught:
        gi.list_alerts(world.client, page_size=20)
    error = caught.value
    assert list(error.frame["id"]) == world.ids("security/alerts_v2")[:40]
    assert isinstance(error.__cause__, gi.ServiceError)
    assert not gi.coverage(error.frame)["complete"].item()
    before = world.client.requests_made
    whole = error.resume()
    assert list(whole["id"]) == world.ids("security/alerts_v2")
    assert world.client.requests_made - before == 1
    assert gi.coverage(whole)["complete"].item()


def test_a_partial_frame_on_request_says_so(make_world) -> None:
    """`on_partial="return"` returns what came; the coverage is not complete and says why."""
    world = make_world(faults=[Fault("/security/alerts_v2", faults.error(403, code="Forbidden"), on=[2])])
    frame = gi.list_alerts(world.client, page_size=20, on_partial="return")
    said = gi.coverage(frame).iloc[0]
    assert len(frame) == 20
    assert not said["complete"]
    assert "after page 1" in said["note"]


def test_a_first_page_that_fails_is_the_error_itself(make_world) -> None:
    """Nothing came, so nothing is partial: the caller sees Graph's own error."""
    world = make_world(faults=[Fault("/security/alerts_v2", faults.error(403, code="Forbidden"))])
    with pytest.raises(gi.PermissionMissingError):
        gi.list_alerts(world.client)


def test_rows_that_graph_counted_and_did_not_send_are_missed(make_world) -> None:
    """`@odata.count` says 60 and 59 rows come: the answer is short, and never quietly."""
    drop_one = faults.rewrite(lambda page: {**page, "value": page["value"][1:]})
    world = make_world(faults=[Fault("/security/alerts_v2", drop_one, on=[1])])
    with pytest.raises(gi.PartialResultError, match="1 of the 60 rows") as caught:
        gi.list_alerts(world.client)
    assert len(caught.value.frame) == 59
    assert len(caught.value.resume()) == 60


def test_a_repeated_row_stands_once_and_is_counted(make_world) -> None:
    """The same record on two pages is one row; the coverage counts the repeat."""
    seen: list[dict] = []

    def repeat(page: dict) -> dict:
        value = [*seen, *page["value"]]
        seen[:] = page["value"][-1:]
        return {**page, "value": value}

    world = make_world(faults=[Fault("/security/alerts_v2", faults.rewrite(repeat))])
    frame = gi.list_alerts(world.client, page_size=25)
    assert sorted(frame["id"]) == sorted(world.ids("security/alerts_v2"))
    assert "2 repeated rows" in gi.coverage(frame)["note"].item()


def test_rows_that_do_not_fit_the_filter_are_left_out_and_counted(make_world) -> None:
    """A service that ignores the filter is corrected here, and the coverage says how many rows did not fit."""
    world = make_world()
    alerts = list(world.tenant.collections["security/alerts_v2"])
    ignore = faults.rewrite(lambda page: {"value": alerts})
    world = make_world(faults=[Fault("/security/alerts_v2", ignore)])
    frame = gi.list_alerts(world.client, severity="high")
    high = [a["id"] for a in alerts if a["severity"] == "high"]
    assert sorted(frame["id"]) == sorted(high)
    assert f"{len(alerts) - len(high)} rows do not fit" in gi.coverage(frame)["note"].item()


def test_ctrl_c_leaves_nothing_behind(make_world, tmp_path, monkeypatch) -> None:
    """Ctrl-C in the middle of a pull: the interrupt reaches the caller, no thread and no file stays."""
    monkeypatch.chdir(tmp_path)

    def interrupt(_asked: object) -> None:
        raise KeyboardInterrupt

    world = make_world(faults=[Fault("/security/alerts_v2", interrupt, on=[2])])
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        gi.list_alerts(world.client, page_size=20)
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []
    assert len(gi.list_alerts(world.client, page_size=20)) == 60


def test_coverage_knows_a_frame_after_a_filter_a_merge_and_parquet(world, tmp_path) -> None:
    """A frame carries only its pull ids; what was asked is found again after any trip."""
    frame = gi.list_alerts(world.client, severity="high")
    incidents = gi.list_incidents(world.client)
    both = pd.concat([frame[["id", "pull_id"]].head(2), incidents[["id", "pull_id"]]])
    assert set(gi.coverage(both)["resource"]) == {"alerts", "incidents"}
    frame[["id", "pull_id"]].to_parquet(tmp_path / "x.parquet")
    back = pd.read_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(gi.coverage(back), gi.coverage(frame))


def test_coverage_of_a_stranger_is_unknown_not_complete(world) -> None:
    """A pull that this session does not know is shown as unknown; other things are refused."""
    said = gi.coverage(pd.DataFrame({"pull_id": ["alerts-from-elsewhere"] * 3}))
    assert said["complete"].isna().all()
    assert said["rows_kept"].item() == 3
    assert "not known" in said["note"].item()
    with pytest.raises(gi.UsageError, match="client"):
        gi.coverage(7)
