"""The commit log: one state for every reader, whatever writers do."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from graphinvestigate.errors import BadFileError
from graphinvestigate.scale import commits
from graphinvestigate.scale.commits import Commit, CommitLog, ConflictError, Held

WHOLE = {"format": 1, "added": [], "removed": [], "note": {}, "whole": True}


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


class Overtaken(CommitLog):
    """A writer that is overtaken each time it has read the log, before it writes, by one who does `first`."""

    def __init__(self, folder: Path, *first: tuple[list[Held], list[str]]) -> None:
        super().__init__(folder)
        self._first = list(first)

    def commits(self) -> list[Commit]:
        """Read them; then somebody else commits."""
        found = super().commits()
        if self._first:
            CommitLog(self.folder).commit(*self._first.pop(0))
        return found


@pytest.mark.parametrize("links", [True, False])
def test_who_finds_a_number_taken_takes_the_next(tmp_path, monkeypatch, links):
    """Overtaken twice after it chose its number, a writer overwrites nobody's commit and adds its own behind them."""
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
    made = Overtaken(tmp_path, ([held("b")], []), ([held("c")], [])).commit([held("a")])
    assert made.number == 3
    found = CommitLog(tmp_path).commits()
    assert [(one.number, one.added) for one in found] == [(1, (held("b"),)), (2, (held("c"),)), (3, (held("a"),))]
    assert sorted(os.listdir(tmp_path)) == [f"000000000{number}.json" for number in (1, 2, 3)]


def test_who_is_overtaken_sees_again_whether_what_it_replaces_is_there(tmp_path):
    """Overtaken by one who replaced the same file, a writer replaces nothing: no row is there twice."""
    CommitLog(tmp_path).commit([held("a")])
    with pytest.raises(ConflictError):
        Overtaken(tmp_path, ([held("b")], [held("a").path])).commit([held("c")], [held("a").path])
    assert CommitLog(tmp_path).live() == [held("b")]


def test_one_of_several_that_is_gone_is_enough(tmp_path):
    """Who replaces two files of which one is no longer there replaces neither."""
    log = CommitLog(tmp_path)
    log.commit([held("a"), held("b")])
    log.commit([held("c")], [held("a").path])
    with pytest.raises(ConflictError):
        log.commit([held("d")], [held("a").path, held("b").path])
    assert log.live() == [held("b"), held("c")]


def test_a_reader_waits_for_a_commit_that_is_on_its_way(tmp_path, monkeypatch):
    """Without links a name is taken a moment before its content is there: a reader then waits, and sees it whole."""
    replace = os.replace

    def slowly(part: Path, target: Path) -> None:
        assert target.read_bytes() == b""
        reading.append(pool.submit(CommitLog(tmp_path).live))
        assert not wait(reading, timeout=0.1).done
        replace(part, target)

    reading: list = []
    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
        patch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
        patch.setattr(os, "replace", slowly)
        CommitLog(tmp_path).commit([held("a")])
        assert reading[0].result() == [held("a")]


def test_a_commit_that_was_never_written_says_what_to_do(tmp_path, monkeypatch):
    """A writer killed between name and content leaves an empty file: the error says to delete it, and that helps."""
    monkeypatch.setattr(commits, "_PATIENCE", 0.0)
    log = CommitLog(tmp_path)
    log.commit([held("a")])
    (tmp_path / "0000000002.json").touch()
    for ask in (log.live, lambda: log.commit([held("b")])):
        with pytest.raises(BadFileError, match=r"0000000002\.json.* Delete the file"):
            ask()
    (tmp_path / "0000000002.json").unlink()
    assert log.commit([held("b")]).number == 2
    assert log.live() == [held("a"), held("b")]


def test_a_commit_of_everything_stands_for_all_before_it(tmp_path):
    """A commit that lists all that is held is enough: with or without those before it, and the next one follows it."""
    said = {**WHOLE, "number": 7, "added": [commits.asdict(held("z"))], "removed": [held("q").path]}
    for before in (True, False):
        folder = tmp_path / str(before)
        log = CommitLog(folder)
        for name in "abcdef" if before else "":
            log.commit([held(name)])
        folder.mkdir(exist_ok=True)
        (folder / "0000000007.json").write_text(json.dumps(said))
        assert log.live() == [held("z")]
        assert log.commit([held("y")]).number == 8
        assert CommitLog(folder).live() == [held("z"), held("y")]


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


@pytest.mark.parametrize("body", ["{", "[]", '{"format": 1}', json.dumps({**WHOLE, "format": 99})])
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
