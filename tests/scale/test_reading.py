"""What a reader of a lake sees: whole windows, one state, the latest version, and nothing of what it need not open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from graphinvestigate.errors import BadFileError
from graphinvestigate.frames import RESOURCES
from graphinvestigate.scale import expressions, reading
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.lake import Lake
from graphinvestigate.scale.reading import Reader, compact
from graphinvestigate.scale.store import TenantStore
from tests.scale.test_lake import ONE, USER, alert, frame

OTHER = "bbbbbbbb-0000-4000-8000-00000000000b"
NIGHT, NOON, EVENING = (f"2026-01-02T{time}Z" for time in ("00:00:00", "12:00:00", "20:00:00"))


@pytest.fixture
def lake(make_lake: Callable[..., Lake]) -> Lake:
    """An empty one of one tenant."""
    return make_lake(tenant=ONE)


def ids(table: Any) -> list[str]:
    """The ids of records, in order."""
    return sorted(table["id"])


@pytest.mark.parametrize("several", [False, True])
def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(lake: Lake, several: bool) -> None:
    """A record of just then is in the window that begins there, not in the one that ends there, whatever is asked."""
    times = {"a1": NIGHT, "a2": NOON, "a3": EVENING}
    for number, created in enumerate(times.values(), start=1):
        lake.add(frame([alert(number, created=created)]))
    if not several:
        lake.compact()
    for since, until in ((NIGHT, NOON), (NOON, EVENING), (None, NIGHT), (NOON, None)):
        window = {"since": since, "until": until}
        right = [
            name for name, time in times.items() if (since is None or time >= since) and (until is None or time < until)
        ]
        assert ids(lake.alerts(**window)) == right, window
        assert lake.timeline(**window)["records"].sum() == len(right)
        assert lake.entities(**window)["records"].tolist() == ([len(right)] if right else [])
        span = lake._window(since, until)
        for rows in (lake._reader().evidence(span), lake._reader().edges(span), lake._reader().mentions(span)):
            assert {row["record_id"] for row in lake.engine.arrow(rows).to_pylist()} == set(right)


def test_a_reader_sees_one_state_from_begin_to_end(lake: Lake) -> None:
    """What is added, and put together, after a reader began is not seen by it: one answer is of one moment."""
    lake.add(frame([alert(1)]))
    reader = lake._reader()
    lake.add(frame([alert(1, updated="2026-01-06T00:00:00Z", user=OTHER), alert(2)]))
    lake.add(frame([{"id": "s", "createdDateTime": NIGHT}], "sign_ins"), tenant=ONE)
    lake.compact()
    assert reader.resources() == ["alerts"]
    for rows, name in ((reader.records(RESOURCES["alerts"]), "lake_id"), (reader.mentions(), "record_id")):
        assert set(lake.engine.arrow(rows)[name].to_pylist()) == {"a1"}
    mentioned = lake.engine.arrow(reader.mentions())["identifier"].to_pylist()
    assert USER in mentioned
    assert OTHER not in mentioned


def test_records_without_a_time_are_not_opened_for_a_window(lake: Lake) -> None:
    """Whose day is unknown is in no window: its file is left alone, and read where everything is asked for."""
    lake.add(frame([alert(1), {key: value for key, value in alert(2).items() if key != "createdDateTime"}]))
    for file in lake.path.rglob("day=unknown/*.parquet"):
        file.write_bytes(b"not Parquet")
    for window in ({"since": NIGHT}, {"until": "2026-02-01T00:00:00Z"}):
        assert ids(lake.alerts(**window)) == ["a1"]
        assert len(lake.entities(**window)) == 1
    with pytest.raises(BadFileError):
        lake.alerts()


def test_whole_records_are_read_on_their_days_only(lake: Lake) -> None:
    """Who asks for somebody opens the records of the days on which somebody is named, and of no other."""
    lake.add(frame([alert(1), alert(2, user=OTHER), alert(5)]))
    for file in lake.path.rglob("alerts/day=2026-01-03/*.parquet"):
        file.write_bytes(b"not Parquet")
    assert ids(lake.pivot(USER).frames["alerts"]) == ["a1", "a5"]
    with pytest.raises(BadFileError):
        lake.pivot(OTHER)


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize("together", [False, True])
def test_chosen_records_are_those_and_no_others(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, few: int, together: bool
) -> None:
    """However many are chosen, among others of their days and in several versions, each comes once, as it is now."""
    for module in (reading, expressions):
        monkeypatch.setattr(module, "FEW", few)
    levels = {f"a{number}": ["low", "high"][number % 2] for number in range(12)}
    lake.add(frame([alert(number, severity="low") for number in range(12)]))
    updated = {"updated": "2026-01-06T00:00:00Z", "severity": "high"}
    lake.add(frame([alert(number, **updated) for number in range(12) if number % 2]))
    if together:
        lake.compact()
    for level in ("low", "high"):
        own = lake.alerts(severity=level)
        assert ids(own) == sorted(name for name, said in levels.items() if said == level)
        assert set(own["severity"]) == {level}
    newest = lake.alerts()["id"].tolist()
    assert newest == [
        f"a{number}" for day in (3, 2, 1, 0) for number in sorted(range(12), key=str) if number % 4 == day
    ]
    assert lake.alerts(limit=5)["id"].tolist() == newest[:5]
    high = [name for name in newest if levels[name] == "high"]
    assert lake.alerts(limit=4, severity="HIGH")["id"].tolist() == high[:4]


class Overtaken(TenantStore):
    """A store into which somebody does something just before its first file is written."""

    def __init__(self, lake: Lake, act: Callable[[], Any]) -> None:
        own = lake._store()
        super().__init__(own.folder, own.tenant)
        self._act: list[Callable[[], Any]] = [act]

    def write(self, table: str, rows: pa.Table) -> list[Any]:
        """Write, after the other one."""
        while self._act:
            self._act.pop()()
        return super().write(table, rows)


def test_of_two_who_compact_one_day_one_does(lake: Lake) -> None:
    """Who finds a day put together meanwhile counts it not, and deletes its own files: no row is there twice."""
    lake.add(frame([alert(1)]))
    lake.add(frame([alert(1, severity="high"), alert(5)]))
    others: list[int] = []
    store = Overtaken(lake, lambda: others.append(compact(lake._store(), lake.engine)))
    assert compact(store, engine_for("duckdb")) == 0
    assert others == [1]
    named = {file.path for commit in store.log.commits() for file in commit.added}
    there = {path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*.parquet")}
    assert there == named
    assert ids(lake.alerts()) == ["a1", "a5"]
    assert lake.entities()["records"].tolist() == [2]


def test_what_comes_while_a_day_is_put_together_stays(lake: Lake) -> None:
    """A record, and a newer version of one, that are added while their day is put together are not lost with it."""
    lake.add(frame([alert(1), alert(5)]))
    lake.add(frame([alert(1, severity="medium")]))
    newer = frame([alert(1, updated="2026-01-06T00:00:00Z", severity="high", user=OTHER), alert(9)])
    assert compact(Overtaken(lake, lambda: lake.add(newer)), lake.engine) == 1
    held = lake.alerts().set_index("id")["severity"].to_dict()
    assert held == {"a1": "high", "a5": "low", "a9": "low"}
    assert dict(zip(lake.entities()["key"], lake.entities()["records"], strict=True)) == {USER: 2, OTHER: 1}


def test_a_day_is_put_together_by_itself(lake: Lake) -> None:
    """Only days of several files are written anew, each of its own records: other days keep their files."""
    lake.add(frame([alert(1), alert(2)]))
    lake.add(frame([alert(5)]))
    before = {file.path for file in lake._store().log.live() if file.day == "2026-01-03"}
    assert lake.compact(vacuum_after=0) == 1
    assert {file.path for file in lake._store().log.live() if file.day == "2026-01-03"} == before
    assert {path.parent.name for path in lake.path.rglob("*.parquet")} == {"day=2026-01-02", "day=2026-01-03"}
    assert ids(lake.alerts()) == ["a1", "a2", "a5"]
    assert Reader(lake._store(), lake.engine).resources() == ["alerts"]
