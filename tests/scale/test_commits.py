"""The commit log: one state for every reader, whatever writers do."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphinvestigate.errors import BadFileError
from graphinvestigate.scale.commits import CommitLog, ConflictError, Held


def held(name: str, table: str = "alerts", day: str = "2026-01-02") -> Held:
    """A file that might be there."""
    return Held(f"tables/{table}/day={day}/{name}.parquet", table, day, 1, 10)


def test_commits_add_and_replace(tmp_path):
    """What is live is what was added and not replaced, in order."""
    log = CommitLog(tmp_path / "log")
    assert log.live() == []
    log.commit([held("a"), held("b")], note={"x": 1})
    log.commit([held("c")], [held("a").path])
    assert [file.path for file in CommitLog(tmp_path / "log").live()] == [held("b").path, held("c").path]
    assert [commit.number for commit in log.commits()] == [1, 2]
    assert log.commits()[0].note == {"x": 1}
    assert [file.path for file in log.live("alerts")] == [held("b").path, held("c").path]


def test_writers_at_once_lose_nothing(tmp_path):
    """Two hundred commits by eight writers at once are two hundred commits, numbered without gaps."""

    def write(number: int) -> None:
        CommitLog(tmp_path).commit([held(str(number))])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(200)))
    log = CommitLog(tmp_path)
    assert len(log.live()) == 200
    assert [commit.number for commit in log.commits()] == list(range(1, 201))


def test_who_replaces_what_is_gone_is_told(tmp_path):
    """Of two who replace the same file the second one fails, and changes nothing."""
    log, other = CommitLog(tmp_path), CommitLog(tmp_path)
    log.commit([held("a")])
    other.commits()
    log.commit([held("b")], [held("a").path])
    with pytest.raises(ConflictError):
        other.commit([held("c")], [held("a").path])
    assert [file.path for file in other.live()] == [held("b").path]


def test_a_reader_sees_no_half_commit(tmp_path):
    """What a killed writer left beside the commits is no commit."""
    log = CommitLog(tmp_path)
    log.commit([held("a")])
    (tmp_path / ".0000000002.json.abcdef.tmp").write_text('{"format": 1, "numb')
    assert len(CommitLog(tmp_path).live()) == 1


@pytest.mark.parametrize("body", ["", "{", "[]", '{"format": 1}', json.dumps({"format": 99})])
def test_what_is_no_commit_is_named(tmp_path, body):
    """A commit that was changed by hand, or is of a later version, is an error that names it."""
    (tmp_path / "0000000001.json").write_text(body)
    with pytest.raises(BadFileError, match="0000000001"):
        CommitLog(tmp_path).commits()


def test_a_commit_that_is_missing_is_told(tmp_path):
    """A lake that was copied in part says which commit it lacks; what a whole commit made needless may be gone."""
    log = CommitLog(tmp_path)
    for name in "abc":
        log.commit([held(name)])
    middle = tmp_path / "0000000002.json"
    body = middle.read_bytes()
    middle.unlink()
    with pytest.raises(BadFileError, match=r"0000000002\.json.*from a backup"):
        CommitLog(tmp_path).live()
    middle.write_bytes(body)
    assert [file.path for file in CommitLog(tmp_path).live()] == [held(name).path for name in "abc"]
    said = json.loads((tmp_path / "0000000003.json").read_bytes())
    (tmp_path / "0000000003.json").write_text(json.dumps(said | {"whole": True}))
    middle.unlink()
    assert [file.path for file in CommitLog(tmp_path).live()] == [held("c").path]


def test_a_listing_that_lacks_a_commit_loses_nothing(tmp_path):
    """A folder listed while others write may show a commit and not the one before it: that one is read all the same."""

    class Listed(type(tmp_path)):
        def glob(self, pattern: str):
            return [path for path in super().glob(pattern) if path.stem != "0000000001"]

    log = CommitLog(tmp_path)
    log.commit([held("a")])
    log.commit([held("b")])
    assert [file.path for file in CommitLog(Listed(tmp_path)).live()] == [held("a").path, held("b").path]


@pytest.mark.parametrize("name", ["²", "00000000²1", "1", "notes", "0000000001 (copy)"])
def test_a_file_of_another_name_is_no_commit(tmp_path, name):
    """What somebody else put beside the commits is left alone."""
    log = CommitLog(tmp_path)
    log.commit([held("a")])
    (tmp_path / f"{name}.json").write_text("{}")
    assert [file.path for file in CommitLog(tmp_path).live()] == [held("a").path]
