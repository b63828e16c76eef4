"""`run_hunting_query`: values stay values, types come from the answer, limits are clear errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.queries.hunting import MOST_ROWS, bound

PATH = "/security/runHuntingQuery"


def test_a_query_answers_rows_with_the_types_it_states(world) -> None:
    """A table of the tenant: its columns in their spelling, times as times, and the query in the coverage."""
    frame = gi.run_hunting_query(world.client, "AlertInfo | take 5")
    assert len(frame) == 5
    assert set(frame["record_kind"]) == {"hunting_row"}
    assert str(frame["Timestamp"].dtype) == "datetime64[ns, UTC]"
    said = gi.coverage(frame).iloc[0]
    assert said["filters_server"] == "AlertInfo | take 5"
    assert said["complete"]
    assert "30d" in said["note"]


def test_parameters_are_bound_as_values(world) -> None:
    """What a parameter holds is compared, with a list and a time too; the frame holds what fits."""
    everything = gi.run_hunting_query(world.client, "AlertInfo")
    middle = everything["Timestamp"].sort_values().iloc[len(everything) // 2]
    frame = gi.run_hunting_query(
        world.client,
        "AlertInfo | where Severity == level and Timestamp >= since",
        parameters={"level": "High", "since": middle},
    )
    expected = everything[(everything["Severity"] == "High") & (everything["Timestamp"] >= middle.floor("us"))]
    assert 0 < len(expected) < len(everything)
    assert sorted(frame["AlertId"]) == sorted(expected["AlertId"])


@pytest.mark.parametrize("value", ["x' or 1 == 1", "'; AlertInfo //", "\\", "a\nb", 'O"Brien', "'' | take 1"])
def test_a_value_is_never_part_of_the_query(world, value) -> None:
    """Quotes, comments and pipes in a value find nothing and change nothing."""
    found = gi.run_hunting_query(world.client, "AlertInfo | where Title == title", parameters={"title": value})
    assert found.empty


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_literal(value) -> None:
    """Whatever a text holds, it ends where its own quotes end."""
    line, _, rest = bound("T", {"name": value}).rpartition("\n")
    assert rest == "T"
    assert line.startswith("let name = '")
    assert line.endswith("';")
    inner = line[len("let name = '") : -2]
    assert "\n" not in inner
    assert "'" not in inner.replace("\\\\", "").replace("\\'", "")


def test_each_type_has_its_literal() -> None:
    """Text, truth, numbers, times and lists, as KQL writes them."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    values = {"a": "x", "b": True, "c": -3, "d": 0.5, "e": moment, "f": ["p", "q'"]}
    assert bound("T", values).splitlines() == [
        "let a = 'x';", "let b = true;", "let c = -3;", "let d = real(0.5);",
        "let e = datetime(2026-01-02T03:04:05Z);", "let f = dynamic(['p', 'q\\'']);", "T",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        {"kql": " "},
        {"kql": None},
        {"kql": "T", "parameters": {"1a": "x"}},
        {"kql": "T", "parameters": {"a b": "x"}},
        {"kql": "T", "parameters": {"a": None}},
        {"kql": "T", "parameters": {"a": float("nan")}},
        {"kql": "T", "parameters": {"a": 2**63}},
        {"kql": "T", "parameters": {"a": datetime(2026, 1, 1)}},  # noqa: DTZ001 (no zone: that is the point)
        {"kql": "T", "parameters": {"a": pd.NaT}},
        {"kql": "T", "parameters": {"a": [1]}},
        {"kql": "T", "parameters": ["a"]},
        {"kql": "T", "timespan": "31d"},
        {"kql": "T", "timespan": "0d"},
        {"kql": "T", "timespan": "yesterday"},
        {"kql": "T", "timespan": 7},
        {"kql": "T", "timespan": "P"},
    ],
)
def test_what_cannot_be_right_asks_nothing(world, arguments) -> None:
    """A UsageError before any request."""
    before = world.client.requests_made
    with pytest.raises(gi.UsageError):
        gi.run_hunting_query(world.client, **arguments)
    assert world.client.requests_made == before


@pytest.mark.parametrize("timespan", ["7d", "168h", "P7D", "1w"])
def test_a_time_span_in_any_form(world, timespan) -> None:
    """All forms of seven days look back as far."""
    frame = gi.run_hunting_query(world.client, "AlertInfo", timespan=timespan)
    after = pd.Timestamp(world.tenant.now) - pd.Timedelta(days=7)
    assert len(frame) > 0
    assert frame["Timestamp"].min() >= after
    assert len(frame) < len(gi.run_hunting_query(world.client, "AlertInfo"))


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (faults.error(400, code="BadRequest", message="exceeded the allowed limits"), gi.BadRequestError),
        (faults.error(504), gi.ServiceError),
        (faults.error(429, headers={"Retry-After": "900"}), gi.ThrottledError),
    ],
)
def test_limits_are_named(make_world, action, kind) -> None:
    """An answer that may be about hunting's limits says what they are, with Graph's own words and ids."""
    world = make_world(faults=[Fault(PATH, action)])
    with pytest.raises(kind, match="100,000 rows of the last 30 days") as caught:
        gi.run_hunting_query(world.client, "AlertInfo")
    assert caught.value.request_id
    assert isinstance(caught.value.__cause__, kind)


def test_an_answer_as_long_as_they_get_is_partial(make_world) -> None:
    """100,000 rows: more are probably missing, and the rows that came are in the error."""
    rows = [{"a": 1}] * MOST_ROWS
    body = {"schema": [{"name": "a", "type": "Int64"}], "results": rows}
    world = make_world(faults=[Fault(PATH, faults.respond(200, body=body))])
    with pytest.raises(gi.PartialResultError, match="shorter time span") as caught:
        gi.run_hunting_query(world.client, "T")
    assert len(caught.value.frame) == MOST_ROWS
    assert not gi.coverage(caught.value.frame)["complete"].item()


def test_the_permission_is_named(make_world) -> None:
    """403 names ThreatHunting.Read.All."""
    world = make_world(permissions=["SecurityAlert.Read.All"])
    with pytest.raises(gi.PermissionMissingError, match=r"ThreatHunting\.Read\.All"):
        gi.run_hunting_query(world.client, "AlertInfo")
