"""What a question reads of a lake: counted in files, row groups and columns, as the engine opened them."""

from __future__ import annotations

import contextlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from graphinvestigate.envelope import read_page
from graphinvestigate.errors import EntityNotFoundError
from graphinvestigate.frames import RESOURCES, records_frame
from graphinvestigate.scale import store
from graphinvestigate.scale.lake import Lake

TENANT = "11111111-0000-4000-8000-000000000001"
DAYS, EACH = 4, 60  # alerts of a day
Read = dict[tuple[str, str], set[tuple[int, str]]]


def user(number: int) -> str:
    """The object id of a user."""
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def alert(day: int, number: int) -> dict[str, Any]:
    """An alert that names a user of its own, one of three hosts of its day, and what nobody reads."""
    who = day * EACH + number
    account = {"azureAdUserId": user(who), "userPrincipalName": f"user{who}@example.org"}
    device = {"mdeDeviceId": f"{day}{number % 3}" * 20, "deviceDnsName": f"host-{day}-{number % 3}.example.org"}
    time = f"2026-01-{day + 1:02}T{number // 60:02}:{number % 60:02}:00Z"
    return {
        "id": f"a{who}", "tenantId": TENANT, "createdDateTime": time, "firstActivityDateTime": time,
        "severity": ["low", "high"][number % 2], "description": random.Random(who).randbytes(2500).hex(),
        "evidence": [
            {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": account},
            {"@odata.type": "#microsoft.graph.security.deviceEvidence", **device},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """A lake of some days, in small row groups."""
    small = {"mentions": 40, "edges": 40, "evidence": 20, "": 10}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_ROW_GROUPS", small)
        made = Lake(tmp_path_factory.mktemp("reads") / "lake", tenant=TENANT)
        body = json.dumps({"value": [alert(day, number) for day in range(DAYS) for number in range(EACH)]}).encode()
        made.add(records_frame(RESOURCES["alerts"], [read_page(body, source="t")], pull_id="p"))
    made.engine.connection.execute("call enable_logging('FileSystem')").fetchall()
    return made


def reads(lake: Lake, ask: Callable[[], Any]) -> tuple[Read, int]:
    """What a question reads: by table and day, the row groups and columns; and how many bytes of them."""
    engine = lake.engine.connection
    engine.execute("call truncate_duckdb_logs()").fetchall()
    ask()
    said = engine.execute(
        "select path, pos, bytes from duckdb_logs_parsed('FileSystem') where op = 'READ' and path like '%.parquet'"
    ).fetchall()
    found: Read = defaultdict(set)
    total, ends = 0, []
    for path, at, size in said:
        name, day = re.search(r"tables/([^/]+)/day=([^/]+)/", path).groups()
        about = pq.ParquetFile(path).metadata
        if at + size > Path(path).stat().st_size - about.serialized_size - 8:
            ends.append(path)  # where the file says what is in it; the engine looks there first
            continue
        total += size
        held = pieces(about).items()
        found[name, day] |= {piece for piece, (begin, end) in held if at < end and at + size > begin}
    assert len(ends) <= 2 * len(set(ends))  # once (a long end in two pieces), however often a question comes back
    return dict(found), total


def pieces(about: pq.FileMetaData) -> dict[tuple[int, str], tuple[int, int]]:
    """Where each column of each row group lies in a file."""
    found = {}
    for group in range(about.num_row_groups):
        for number in range(about.num_columns):
            column = about.row_group(group).column(number)
            begin = column.dictionary_page_offset or column.data_page_offset
            found[group, column.path_in_schema] = (begin, begin + column.total_compressed_size)
    return found


def groups(found: Read, table: str, day: str, column: str) -> set[int]:
    """The row groups of which a column was read."""
    return {group for group, name in found.get((table, day), set()) if name == column}


def everything(lake: Lake) -> int:
    """The bytes of a lake's tables."""
    return sum(path.stat().st_size for path in lake.path.rglob("*.parquet"))


def test_a_window_reads_its_days_and_columns(lake):
    """Some columns of a day's alerts: no other file, and not the JSON of the records, is read."""
    day = {"since": "2026-01-02T00:00:00Z", "until": "2026-01-03T00:00:00Z"}
    found, _ = reads(lake, lambda: lake.alerts(**day, columns=["id", "severity"]))
    assert {file for file, read in found.items() if read} == {("alerts", "2026-01-02")}
    columns = {column for _, column in found["alerts", "2026-01-02"]}
    assert {"id", "severity"} <= columns
    assert not columns & {"raw", "description"}
    hour = {"since": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:20:00Z"}
    found, _ = reads(lake, lambda: lake.alerts(**hour))
    assert groups(found, "alerts", "2026-01-02", "raw") == {0, 1}


def test_a_limit_and_a_filter_read_in_full_only_what_they_choose(lake):
    """The JSON of records is read where chosen ones lie: the newest of a limit, those with a text."""
    found, _ = reads(lake, lambda: lake.alerts(limit=5))
    full = {(day, group) for _, day in found for group in groups(found, "alerts", day, "raw")}
    assert full == {("2026-01-04", 5)}
    found, _ = reads(lake, lambda: lake.records("alerts", where={"id": "A75"}))
    full = {(day, group) for _, day in found for group in groups(found, "alerts", day, "raw")}
    assert full == {("2026-01-02", 1)}


@pytest.mark.parametrize("name", [user(75), "User75@example.org", "upn=user75@example.org"])
def test_a_seed_reads_the_row_groups_that_name_it(lake, name):
    """Of mentions only row groups that hold the name are read, of records only the one that it stands in."""
    for ask in (lambda: lake.pivot(name), lambda: lake.entity_graph(seed=name)):
        found, size = reads(lake, ask)
        full = {(day, group) for _, day in found for group in groups(found, "alerts", day, "raw")}
        assert full == {("2026-01-02", 1)}
        named = {
            (day, group)
            for (table, day), read in found.items()
            if table == "alerts.mentions"
            for group, column in read
            if column == "record_id"
        }
        holding = {
            (path.parent.name.removeprefix("day="), group)
            for path in lake.path.rglob("alerts.mentions/*/*.parquet")
            for file in [pq.ParquetFile(path)]
            for group in range(file.num_row_groups)
            if user(75) in file.read_row_group(group, ["identifier"])["identifier"].to_pylist()
        }
        assert holding <= named
        assert len(named - holding) <= 1  # a filter of names errs now and then
        assert size < everything(lake) / 10
    assert len(lake.pivot(name).frames["alerts"]) == 1


def test_counting_reads_no_record(lake):
    """Timelines, entities and pairs are counted in columns: no JSON, no value, no field is read."""
    found, _ = reads(lake, lambda: lake.timeline(width="1h"))
    assert {column for read in found.values() for _, column in read} == {"lake_at", "severity"}
    for ask in (lake.entities, lake.co_occurrence):
        found, _ = reads(lake, ask)
        assert {table for (table, _), read in found.items() if read} == {"alerts.mentions"}
        assert not {column for read in found.values() for _, column in read} & {"value", "field", "roles", "relation"}


def test_a_question_leaves_nothing_behind(lake):
    """What an engine keeps for a question is gone with its answer, and so it is where the question fails."""
    for ask in (lake.entities, lambda: lake.pivot(user(1)), lake.co_occurrence, lambda: lake.pivot("nobody")):
        with contextlib.suppress(EntityNotFoundError):
            ask()
        assert lake.engine.connection.execute("select table_name from duckdb_tables()").fetchall() == []


def test_what_is_spilled_lies_in_the_folder_for_temporary_files(lake):
    """What does not fit into memory is not written beside the notebook."""
    ((where,),) = lake.engine.connection.execute("select current_setting('temp_directory')").fetchall()
    assert Path(where).parent != Path.cwd()
    assert "graphinvestigate-" in where
