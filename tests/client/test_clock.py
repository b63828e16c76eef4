"""Whose clock `now` is."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from graphinvestigate.client.traffic import ClockWarning
from graphinvestigate.errors import NetworkError

PAST = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
ALERTS = "/security/alerts_v2"


def dated(moment: datetime, status: int = 200) -> httpx.Response:
    """An answer that says what time it is."""
    return httpx.Response(status, json={"value": []}, headers={"Date": format_datetime(moment, usegmt=True)})


def test_before_any_answer_it_is_this_machines(graph: Any, make: Any) -> None:
    """As long as nothing was heard from Graph, `now` is this machine's time, and asks nothing."""
    client, fake = graph([dated(PAST)], credential=make.Tokens())
    assert abs(client.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert fake.seen == []


def test_after_an_answer_it_is_graphs(graph: Any, make: Any) -> None:
    """A06: once Graph has answered, `now` follows its Date, errors included, in whole seconds and in UTC."""
    client, _ = graph([dated(PAST, status=404)], credential=make.Tokens())
    with pytest.warns(ClockWarning, match="ahead of"), pytest.raises(Exception, match="404"):
        client.record(f"{ALERTS}/x")
    assert PAST <= client.now() <= PAST + timedelta(seconds=5)
    assert client.now().microsecond == 0
    assert client.now().tzinfo is UTC


def test_an_emulator_is_asked_once(graph: Any) -> None:
    """An emulator's time is asked for once, even if it answers with an error, and is exactly what it said."""
    client, fake = graph([dated(PAST, status=404)])
    assert client.now() == client.now() == PAST
    assert [request.target for request in fake.seen] == ["/v1.0/"]
    fake.now += 120
    assert client.now() == PAST
    assert len(fake.seen) == 2


def test_an_emulators_pull_says_its_time_too(graph: Any) -> None:
    """After a pull nothing more is asked."""
    client, fake = graph([dated(PAST)])
    list(client.pages(ALERTS))
    assert client.now() == PAST
    assert len(fake.seen) == 1


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 25:61:61 GMT"])
def test_a_date_that_is_none_changes_nothing(graph: Any, date: str) -> None:
    """A Date that can't be read leaves `now` at this machine's time."""
    client, _ = graph([httpx.Response(200, json={"value": []}, headers={"Date": date})])
    list(client.pages(ALERTS))
    assert abs(client.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_dead_emulator_says_so_at_once(graph: Any) -> None:
    """Asking an emulator that isn't there for its time fails at once, as a NetworkError."""
    client, fake = graph([httpx.ConnectError("refused")])
    with pytest.raises(NetworkError):
        client.now()
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    ("off", "word"), [(timedelta(minutes=10), "10 minutes behind"), (timedelta(minutes=-10), "10 minutes ahead of")]
)
def test_a_clock_that_is_off_is_told_once(graph: Any, make: Any, off: timedelta, word: str) -> None:
    """A06: when this machine's clock and Graph's are minutes apart, one warning says so, and which way."""
    client, _ = graph(lambda _: dated(datetime.now(UTC) + off), credential=make.Tokens())
    with pytest.warns(ClockWarning, match=word) as caught:
        list(client.pages(ALERTS))
    list(client.pages(ALERTS))
    assert len(caught) == 1


def test_a_clock_that_is_right_is_not_mentioned(graph: Any, make: Any) -> None:
    """A06: a few minutes are borne, and an emulator's own time says nothing about this machine's clock."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        client, _ = graph(lambda _: dated(datetime.now(UTC) + timedelta(minutes=4)), credential=make.Tokens())
        assert len(list(client.pages(ALERTS))) == 1
        client, _ = graph([dated(PAST)])
        assert len(list(client.pages(ALERTS))) == 1
    assert said == []
