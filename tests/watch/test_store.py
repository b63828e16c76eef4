"""What a watch remembers: each version, event and place of a sink, once and in order, for this account alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.watch.store import NAME, Store

T0 = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty memory."""
    made = Store(tmp_path / "s", tenant_id="t")
    yield made
    made.close()


def numbers(store: Store, sink: str, limit: int = 100) -> list[int]:
    """The numbers of the events that wait for a sink."""
    return [event.sequence for event in store.waiting(sink, limit)]


def test_what_a_sink_got_waits_no_longer_and_the_rest_waits_in_order(store: Store) -> None:
    """After the last number that a sink got, the next ones come in their order, as many as are asked for."""
    assert store.next_sequence() == 1
    assert [store.add(name, f"body of {name}") for name in "abca"] == [True, True, True, False]
    assert (numbers(store, "x"), numbers(store, "x", limit=2)) == ([1, 2, 3], [1, 2])
    store.mark("x", 2)
    assert (numbers(store, "x"), store.count_waiting("x"), numbers(store, "y")) == ([3], 1, [1, 2, 3])
    assert (store.sequence_of("b"), store.sequence_of("z"), store.counted()) == (2, None, 3)


def test_an_event_is_kept_until_the_slowest_sink_has_it(store: Store) -> None:
    """What one known sink has not got is kept, with its words; what all have is let go, and is still known."""
    for name in "abc":
        store.add(name, f"body of {name}")
    assert [store.meet(sink) for sink in ("fast", "slow", "fast")] == [0, 0, None]
    store.mark("fast", 3)
    store.mark("slow", 1)
    store.trim()
    assert [event.body for event in store.waiting("slow", 9)] == ["body of b", "body of c"]
    assert not store.add("a", "told again")
    assert store.meet("late") == 1
    assert numbers(store, "late") == [2, 3]
    assert store.absent(["fast"]) == {"late": 2, "slow": 2}
    store.forget_sinks(["late", "slow"])
    store.trim()
    assert store.absent(["fast"]) == {}
    assert numbers(store, "slow") == []


def test_a_version_is_new_once_and_forgotten_when_it_is_old(store: Store) -> None:
    """Each version of a record is new once; those from before a moment are forgotten, the others stay known."""
    for updated in ("2026-01-01", "2026-01-02", "2026-01-03"):
        assert store.is_new("alert", "a", updated)
        assert not store.is_new("alert", "a", updated)
    assert store.is_new("incident", "a", "2026-01-01")
    assert [store.meets("alert", "a"), store.meets("alert", "a"), store.meets("incident", "a")] == [True, False, True]
    store.forget("alert", "2026-01-02")
    assert [store.is_new("alert", "a", f"2026-01-0{day}") for day in (1, 2, 3)] == [True, False, False]
    assert not store.is_new("incident", "a", "2026-01-01")
    assert not store.meets("alert", "a")


def test_a_watch_began_when_it_first_did(store: Store) -> None:
    """From when on an incident counts as new is set by the first poll, and by no later one."""
    assert store.began(T0) == T0
    assert store.began(T0 + timedelta(days=1)) == T0
    assert store.cursor("alerts") is None
    for hours in (1, 2):
        store.move("alerts", T0 + timedelta(hours=hours))
    assert store.cursor("alerts") == T0 + timedelta(hours=2)
    assert store.cursor("incidents") is None


def test_incidents_that_failed_least_are_tried_first(store: Store) -> None:
    """One that fails again and again keeps no other waiting; one that became a case is asked for no more."""
    for name in ("1", "2", "3"):
        store.want(name)
    store.tried("1", "no answer")
    store.tried("1")
    store.tried("2")
    assert list(store.wanted().items()) == [("3", 0), ("2", 1), ("1", 2)]
    assert store._db.execute("SELECT note FROM incidents WHERE id = '1'").fetchone() == ("no answer",)
    store.settle("3", "opened")
    store.want("3")
    assert list(store.wanted()) == ["2", "1"]


def test_all_of_a_poll_is_remembered_or_nothing(store: Store) -> None:
    """What fails half way leaves no event, no version and no cursor behind."""

    def poll() -> None:
        with store.whole():
            store.add("a", "x")
            store.is_new("alert", "a", "1")
            store.move("alerts", T0)
            raise KeyError

    with pytest.raises(KeyError):
        poll()
    assert (store.counted(), store.cursor("alerts"), store.is_new("alert", "a", "1")) == (0, None, True)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_memory_is_for_this_account_alone(tmp_path: Path) -> None:
    """It holds what Graph answered: neither folder nor file is open to others, also where the file was before."""
    folder = tmp_path / "s"
    folder.mkdir(mode=0o755)
    (folder / NAME).touch(mode=0o644)
    store = Store(folder, tenant_id="t")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    store.close()
    with pytest.raises(UsageError, match="remembers tenant t"):
        Store(folder, tenant_id="u")
    Store(folder, tenant_id="t").close()
