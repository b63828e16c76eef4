"""Complete pulls: closed windows, count checks, windows read in pieces by several threads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, unquote

import httpx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client import connect
from graphinvestigate.client.traffic import ClockWarning
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.queries.reading import Piece, cut

PATH = "security/alerts_v2"


def asked_of(world, path: str) -> list[dict[str, str]]:
    """The queries that reached the tenant for a path, oldest first."""
    found = [e for e in world.emulator.exchanges if e.path.endswith(path)]
    return [{key: values[0] for key, values in parse_qs(e.query).items()} for e in found]


def same(a: pd.DataFrame, b: pd.DataFrame) -> None:
    """The same rows in the same order; only the pull differs."""
    pd.testing.assert_frame_equal(a.drop(columns=["pull_id", "raw"]), b.drop(columns=["pull_id", "raw"]))
    assert a["raw"].astype(str).tolist() == b["raw"].astype(str).tolist()


def test_a_pull_is_closed_at_its_start(make_world) -> None:
    """Without `until` the window ends when the pull starts, and the coverage shows that moment."""
    world = make_world(alerts=61)
    said = gi.coverage(gi.list_alerts(world.client)).iloc[0]
    closed = pd.Timestamp(world.tenant.now).floor("s") + pd.Timedelta(seconds=1)
    assert said["until"] == closed
    assert asked_of(world, PATH)[-1]["$filter"] == f"createdDateTime lt {closed:%Y-%m-%dT%H:%M:%SZ}"


def test_a_window_over_a_time_that_changes_stays_open(make_world) -> None:
    """A risky user updated during the pull would leave a closed window unread, so that one is not closed."""
    world = make_world(alerts=61)
    said = gi.coverage(gi.list_risky_users(world.client)).iloc[0]
    assert pd.isna(said["until"])
    assert said["filters_server"] == ""


def test_a_row_of_this_very_second_is_in_the_window(make_world) -> None:
    """Graph's clock is read in whole seconds; what was created within the last of them is not left out."""
    world = make_world(alerts=61)
    now = f"{world.tenant.now:%Y-%m-%dT%H:%M:%S}.9Z"

    def edit(page: dict) -> dict:
        return {**page, "value": [{**page["value"][0], "createdDateTime": now}, *page["value"][1:]]}

    late = make_world(alerts=61, faults=[Fault(f"/{PATH}", faults.rewrite(edit))])
    assert len(gi.list_alerts(late.client)) == 61


def test_a_clock_that_runs_behind_hides_no_rows() -> None:
    """A machine's clock an hour behind Graph's: the window is closed again by Graph's clock, once."""
    ahead = datetime.now(UTC) + timedelta(hours=1)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(unquote(request.url.query.decode()))
        head = {"Date": f"{ahead:%a, %d %b %Y %H:%M:%S GMT}"}
        return httpx.Response(200, headers=head, json={"@odata.count": 0, "value": []})

    transport = httpx.MockTransport(answer)
    # An emulator's clock is asked for before the first pull, a real tenant's is not: so a plain token.
    with connect(tenant_id="t" * 8, transport=transport, credential=_Token()) as client:
        with pytest.warns(ClockWarning, match="behind"):
            frame = gi.list_alerts(client)
        said = next(iter(client.pulls.values()))
    assert frame.empty
    assert len(asked) == 2
    assert said.until is not None
    assert abs(said.until - ahead) < timedelta(seconds=30)
    assert f"{said.until:%Y-%m-%dT%H:%M:%SZ}" in asked[1]


class _Token:
    """A credential as azure.core has them."""

    def get_token(self, *_scopes: str, **_options: object) -> object:
        return type("AccessToken", (), {"token": "x.y.z", "expires_on": 4_000_000_000})()


def test_a_row_that_leaves_while_a_list_is_read_takes_none_along(live) -> None:
    """A row that goes moves the next ones to a page that was read, and the count fits: all is read once more."""
    for _ in range(9):
        live.insert()
    live.plan.extend([None, lambda: live.delete(0)])
    with live.connect() as client:
        frame = gi.list_alerts(client, page_size=3)
        said = gi.coverage(frame).iloc[0]
    assert set(frame["id"]) == set(live.alive)
    assert said["complete"]
    assert "9 rows at first and 8 at the end: some left while it was read; read again" in said["note"]
    assert said["count_expected"] == 8


def test_a_list_that_never_rests_is_partial(live) -> None:
    """Rows go during each of three readings: what came is in the error, which says why that may not be all."""
    for _ in range(20):
        live.insert()
    live.plan.extend([lambda: live.delete(0)] * 60)
    with live.connect() as client:
        with pytest.raises(gi.PartialResultError, match="left meanwhile") as caught:
            gi.list_alerts(client, page_size=3)
        live.plan.clear()
        assert not gi.coverage(caught.value.frame)["complete"].any()
        assert set(caught.value.resume()["id"]) == set(live.alive)


def test_a_short_answer_stays_short_when_graph_counts_again(make_world) -> None:
    """The count is asked once more, and only once, before rows are called missing."""
    drop = faults.rewrite(lambda page: {**page, "value": page["value"][2:]})
    world = make_world(alerts=61, faults=[Fault(f"/{PATH}", drop, on=[1])])
    with pytest.raises(gi.PartialResultError, match="2 of the 61 rows"):
        gi.list_alerts(world.client)
    assert len(asked_of(world, PATH)) == 2


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_next_link_that_died_is_left_for_a_new_start(make_world, status) -> None:
    """Graph refuses a next link: the rows so far are kept, and to resume is to ask from the beginning."""
    world = make_world(alerts=61, faults=[Fault(f"/{PATH}", faults.error(status, code="gone"), on=[3])])
    with pytest.raises(gi.PartialResultError) as caught:
        gi.list_alerts(world.client, page_size=20)
    assert len(caught.value.frame) == 40
    assert list(caught.value.resume()["id"]) == world.ids(PATH)
    assert "$skiptoken" not in asked_of(world, PATH)[3]


def test_an_endpoint_that_is_gone_is_no_empty_answer(make_world) -> None:
    """410 to the first page: the endpoint itself was retired."""
    world = make_world(faults=[Fault("/auditLogs/signIns", faults.error(410, code="Gone"))])
    with pytest.raises(gi.EndpointRetiredError, match="not absent") as caught:
        gi.list_sign_ins(world.client)
    assert "signin-list" in caught.value.successor
    assert isinstance(caught.value.__cause__, gi.GraphError)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("list_alerts", {"page_size": 5}),
        ("list_alerts", {"page_size": 3, "severity": ["medium", "high"]}),
        ("list_incidents", {"page_size": 4, "expand_alerts": True}),
        ("list_risk_detections", {"page_size": 5}),
        ("list_sign_ins", {"page_size": 100, "event_types": "nonInteractive"}),
    ],
)
def test_pieces_hold_the_same_rows(make_world, name, arguments) -> None:
    """A window read in pieces by several threads gives the rows of the sequential pull, in its order."""
    world = make_world(alerts=240)
    ask = getattr(gi, name)
    one = ask(world.client, since="30d", concurrent=1, **arguments)
    many = ask(world.client, since="30d", concurrent=6, **arguments)
    assert len(one) > 3 * arguments["page_size"]
    same(many, one)
    said = gi.coverage(many).iloc[0]
    assert said["complete"]
    if pd.notna(said["count_expected"]):
        assert said["count_expected"] == gi.coverage(one)["count_expected"].item()


def test_long_windows_are_read_in_pieces_by_themselves(make_world) -> None:
    """Many pages of a counted resource: several windows are asked for; few pages or a limit: one."""
    world = make_world(alerts=240)
    gi.list_alerts(world.client, since="30d", page_size=5)
    windows = {query["$filter"] for query in asked_of(world, PATH)}
    assert len(windows) > 8
    for arguments in ({"page_size": 200}, {"page_size": 5, "limit": 120}, {"page_size": 5, "concurrent": 1}):
        world.emulator.exchanges.clear()
        gi.list_alerts(world.client, since="30d", **arguments)
        assert len({query["$filter"] for query in asked_of(world, PATH)}) == 1


def test_pieces_that_hold_far_more_than_others_are_cut_again(make_world) -> None:
    """All rows in one hour of thirty days: the requests stay near those of the sequential pull."""
    world = make_world(alerts=240)
    since = "3650d"
    one = gi.list_alerts(world.client, since=since, page_size=5, concurrent=1)
    before = world.client.requests_made
    many = gi.list_alerts(world.client, since=since, page_size=5, concurrent=8)
    same(many, one)
    assert world.client.requests_made - before < 3 * 240 / 5


def test_a_piece_that_fails_is_named_and_resumed(make_world) -> None:
    """One window fails for good: the error names the windows that miss rows, and resumes with those alone."""

    def fails(asked: faults.Asked):
        number[0] += 1
        return faults.error(403, code="Forbidden")(asked) if number[0] == 9 else asked.genuine()

    number = [0]
    world = make_world(alerts=240, faults=[Fault(f"/{PATH}", fails)])
    with pytest.raises(gi.PartialResultError, match="rows are missing of 20") as caught:
        gi.list_alerts(world.client, since="30d", page_size=5, concurrent=4)
    error = caught.value
    assert isinstance(error.__cause__, gi.PermissionMissingError)
    before = world.client.requests_made
    whole = error.resume()
    assert world.client.requests_made - before < 100
    assert list(whole["id"]) == list(gi.list_alerts(world.client, since="30d", concurrent=1)["id"])
    assert set(error.frame["id"]) < set(whole["id"])
    assert gi.coverage(whole)["complete"].item()


def test_ctrl_c_ends_all_threads(make_world) -> None:
    """An interrupt in the middle of a pull in pieces reaches the caller, and no thread stays."""

    def interrupt(asked: faults.Asked):
        number[0] += 1
        if number[0] == 9:
            raise KeyboardInterrupt
        return asked.genuine()

    number = [0]
    world = make_world(alerts=240, faults=[Fault(f"/{PATH}", interrupt)])
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        gi.list_alerts(world.client, since="30d", page_size=5, concurrent=4)
    assert threading.active_count() == threads


def test_a_watched_pull_stops_in_all_its_threads(make_world) -> None:
    """Stopped in the middle of a pull in pieces, its threads ask no more, what came is kept, and others may ask."""

    def stopping(asked: faults.Asked):
        number[0] += 1
        if number[0] == 9:
            stop.set()
        return asked.genuine()

    number, stop = [0], threading.Event()
    world = make_world(alerts=240, faults=[Fault(f"/{PATH}", stopping)])
    with world.client.watched(stop=stop), pytest.raises(gi.PartialResultError) as caught:
        gi.list_alerts(world.client, since="30d", page_size=5, concurrent=4)
    assert isinstance(caught.value.__cause__, gi.StoppedError)
    assert number[0] <= 9 + 3  # what the other threads were asking just then
    whole = caught.value.resume()
    assert set(whole["id"]) > set(caught.value.frame["id"])
    assert gi.coverage(whole)["complete"].item()


@pytest.mark.parametrize("concurrent", [0, -1, 17, 2.0, True, "4"])
def test_so_many_threads_and_no_more(world, concurrent) -> None:
    """A number of threads that cannot be right is a UsageError."""
    with pytest.raises(gi.UsageError, match="from 1 up to 16"):
        gi.list_alerts(world.client, since="1d", concurrent=concurrent)


def test_pieces_leave_no_gap_and_do_not_overlap() -> None:
    """Cut pieces are half-open, latest first, and cover the window exactly; a second can't be cut."""
    start, end = datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    pieces = cut(Piece(start, end), 7)
    assert pieces[0].until == end
    assert pieces[-1].since == start
    assert all(later.since == earlier.until for later, earlier in pairwise(pieces))
    assert len(pieces) == 7
    assert len(cut(Piece(end, end + timedelta(seconds=1)), 5)) == 1
