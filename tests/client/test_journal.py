"""A pull that was killed goes on where it stopped, and nothing else ever comes out of a journal."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from graphinvestigate.client import EmulatorCredential, Journal, JournalWarning, connect, connect_emulator
from graphinvestigate.demo import serve
from graphinvestigate.errors import PagingLoopError, ServiceError

ROOT = Path(__file__).resolve().parents[2]

ALERTS = "/security/alerts_v2"


def pages(make: Any, count: int = 4) -> Any:
    """A list of as many pages, each by its own link; `fails` names the links that fail for good."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(dict(request.url.params).get("$skiptoken", "0"))
        if number in answer.fails:  # type: ignore[attr-defined]
            return httpx.Response(501)
        return make.page(
            f"{number}a", f"{number}b", next_link=make.link(f"{number + 1}") if number + 1 < count else None
        )

    answer.fails = set()  # type: ignore[attr-defined]
    return answer


ALL = ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b"]


def test_an_interrupted_pull_asks_only_for_the_rest(graph: Any, make: Any, tmp_path: Path) -> None:
    """X15: pages that came are not asked for again, the rest is, and the whole equals an uninterrupted pull."""
    answers = pages(make)
    answers.fails.add(2)
    client, fake = graph(answers)
    with pytest.raises(ServiceError):
        list(client.pages(ALERTS, params={"$top": 2}, journal=Journal(tmp_path / "j")))
    answers.fails.clear()
    fake.seen.clear()
    journal = Journal(tmp_path / "j")
    got = list(client.pages(ALERTS, params={"$top": 2}, journal=journal))
    assert make.ids(got) == ALL
    assert [seen.url.params["$skiptoken"] for seen in fake.seen] == ["2", "3"]
    assert (journal.replayed, journal.kept) == (2, 2)
    fresh, _ = graph(pages(make))
    assert [page.body for page in got] == [page.body for page in fresh.pages(ALERTS, params={"$top": 2})]


def test_another_process_goes_on_after_a_kill(tmp_path: Path) -> None:
    """X15: a process killed in the middle of a pull leaves whole pages; the next asks only for the others."""
    script = (
        "import os, signal, sys\n"
        "from graphinvestigate.client import Journal, connect_emulator\n"
        "client = connect_emulator(sys.argv[1])\n"
        f"for n, page in enumerate(client.pages({ALERTS!r}, params={{'$top': 10}}, journal=Journal(sys.argv[2]))):\n"
        "    if n == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with serve(alerts=60) as server, connect_emulator(server.url) as client:
        child = subprocess.run(
            [sys.executable, "-c", script, server.url, str(tmp_path / "j")], capture_output=True, check=False
        )
        assert child.returncode == -9, child.stderr
        whole = list(client.pages(ALERTS, params={"$top": 10}))
        before = client.requests_made
        resumed = list(client.pages(ALERTS, params={"$top": 10}, journal=Journal(tmp_path / "j")))
        assert client.requests_made - before == len(whole) - 4
    records = [[page.record(n) for page in pull for n in range(len(page))] for pull in (whole, resumed)]
    assert records[0] == records[1]
    assert len(whole) >= 6


def test_what_is_kept_is_private(graph: Any, make: Any, tmp_path: Path) -> None:
    """X16: the folder is for this account only, files too, and names and heads hold neither query nor token."""
    client, _ = graph(pages(make))
    list(
        client.pages(ALERTS, params={"$filter": "userPrincipalName eq 'alice'"}, journal=Journal(tmp_path / "a" / "j"))
    )
    files = list((tmp_path / "a" / "j").iterdir())
    assert len(files) == 4
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "a" / "j").stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for file in files:
        assert b"alice" not in file.read_bytes() + file.name.encode()
        assert b"Bearer" not in file.read_bytes()


def damage_body(file: Path) -> None:
    """Change a record."""
    file.write_bytes(file.read_bytes().replace(b'"0a"', b'"0X"'))


def cut(file: Path) -> None:
    """Lose the end."""
    file.write_bytes(file.read_bytes()[:-3])


def later_version(file: Path) -> None:
    """Written by a version to come."""
    file.write_bytes(file.read_bytes().replace(b'"schema": 1', b'"schema": 2'))


def not_json(file: Path) -> None:
    """Not ours at all."""
    file.write_bytes(b"[" * 100_000)


def from_tomorrow(file: Path) -> None:
    """Kept at a time that has not come."""
    head, _, body = file.read_bytes().partition(b"\n")
    file.write_bytes(json.dumps({**json.loads(head), "kept_at": "2999-01-01T00:00:00+00:00"}).encode() + b"\n" + body)


@pytest.mark.parametrize("spoil", [damage_body, cut, later_version, not_json, from_tomorrow])
def test_a_damaged_entry_is_asked_for_again(graph: Any, make: Any, tmp_path: Path, spoil: Any) -> None:
    """X12 X16: an entry that is not whole, or not of this version, is a miss with one warning, and is replaced."""
    client, fake = graph(pages(make))
    list(client.pages(ALERTS, journal=Journal(tmp_path)))
    for file in tmp_path.iterdir():
        spoil(file)
    fake.seen.clear()
    journal = Journal(tmp_path)
    with pytest.warns(JournalWarning, match="asked for again") as caught:
        assert make.ids(client.pages(ALERTS, journal=journal)) == ALL
    assert len(caught) == 1
    asked = len(fake.seen)
    assert asked == 4
    assert make.ids(client.pages(ALERTS, journal=Journal(tmp_path))) == ALL
    assert len(fake.seen) == asked


def test_after_a_gap_everything_is_asked_for(graph: Any, make: Any, tmp_path: Path) -> None:
    """X15: entries behind a missing one may be of another pull: they are not used."""
    answers = pages(make)
    client, fake = graph(answers)
    list(client.pages(ALERTS, journal=Journal(tmp_path)))
    kept = sorted(tmp_path.iterdir(), key=lambda file: b'"1a"' in file.read_bytes())
    kept[-1].unlink()
    fake.seen.clear()
    assert make.ids(client.pages(ALERTS, journal=Journal(tmp_path))) == ALL
    assert len(fake.seen) == 3


def identified(tenant: str, **claims: str) -> Any:
    """A credential whose token says who it is."""
    credential = EmulatorCredential(tenant)
    if claims:
        import base64

        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        from graphinvestigate.client.secret import Secret

        credential.token = lambda **_: Secret(f"e30.{payload}.")  # type: ignore[method-assign]
    return credential


@pytest.mark.parametrize(
    ("tenant", "claims", "asked"),
    [("contoso.test", {"oid": "alice"}, 0), ("contoso.test", {"oid": "bob"}, 4),
     ("fabrikam.test", {"oid": "alice"}, 4), ("contoso.test", {"oid": "alice", "appid": "other"}, 4)],
)  # fmt: skip
def test_nobody_elses_pages_come_out(
    transport_for: Any, make: Any, tmp_path: Path, tenant: str, claims: dict[str, str], asked: int
) -> None:
    """A15: pages come out only for the tenant, account and app that put them in."""
    for who, whose, expected in (("contoso.test", {"oid": "alice"}, 4), (tenant, claims, asked)):
        fake = transport_for(pages(make))
        with connect(tenant_id=who, credential=identified(who, **whose), transport=fake) as client:
            assert make.ids(client.pages(ALERTS, journal=Journal(tmp_path))) == ALL
        assert len(fake.seen) == expected


@pytest.mark.parametrize(
    "more", [{"params": {"$top": 1}}, {"version": "beta"}, {"headers": {"ConsistencyLevel": "eventual"}}]
)
def test_another_question_is_asked(graph: Any, make: Any, tmp_path: Path, more: Any) -> None:
    """Pages come out only for the same question: same query, version and headers."""
    client, fake = graph(pages(make, 1))
    for question in ({}, more, {}):
        list(client.pages(ALERTS, journal=Journal(tmp_path), **question))
    assert len(fake.seen) == 2


def test_old_pages_are_not_shown_as_todays(graph: Any, make: Any, tmp_path: Path) -> None:
    """X17: pages older than the journal's age are asked for again, without a word."""
    client, fake = graph(pages(make))
    list(client.pages(ALERTS, journal=Journal(tmp_path)))
    list(client.pages(ALERTS, journal=Journal(tmp_path, max_age=timedelta(0))))
    assert len(fake.seen) == 8


def test_a_loop_is_noticed_among_kept_pages_too(graph: Any, make: Any, tmp_path: Path) -> None:
    """D02: links that lead back end in an error also when the pages come from the journal."""
    client, fake = graph([make.page("a", next_link=make.link("1")), make.page("b", next_link=make.link("1"))])
    for _ in range(2):
        with pytest.raises(PagingLoopError):
            list(client.pages(ALERTS, journal=Journal(tmp_path)))
    assert len(fake.seen) == 2


def test_without_a_place_the_pull_still_works(graph: Any, make: Any, tmp_path: Path) -> None:
    """X14: where no folder can be made, every row still comes, with one warning."""
    (tmp_path / "file").write_text("in the way")
    client, _ = graph(pages(make))
    with pytest.warns(JournalWarning, match="can't be kept") as caught:
        assert make.ids(client.pages(ALERTS, journal=Journal(tmp_path / "file" / "j"))) == ALL
    assert len(caught) == 1


@pytest.mark.skipif(os.name != "posix", reason="limits on file sizes are POSIX")
def test_on_a_full_disk_the_pull_still_works(tmp_path: Path) -> None:
    """X14: when the disk is full, every row still comes, with one warning and no half file."""
    script = (
        "import sys, warnings\n"
        "from graphinvestigate.client import Journal, connect_emulator\n"
        "from tests.outside import no_room\n"
        "client = connect_emulator(sys.argv[1])\n"
        "with no_room(100), warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        f"    pull = client.pages({ALERTS!r}, params={{'$top': 10}}, journal=Journal(sys.argv[2]))\n"
        "    said = sum(map(len, pull)), [w.category.__name__ for w in caught]\n"
        "print(*said)\n"
    )
    with serve(alerts=60) as server:
        child = subprocess.run(
            [sys.executable, "-c", script, server.url, str(tmp_path / "j")],
            capture_output=True,
            check=False,
            text=True,
            cwd=ROOT,
        )
        with connect_emulator(server.url) as client:
            rows = sum(map(len, client.pages(ALERTS, params={"$top": 10})))
    assert child.stdout.strip() == f"{rows} ['JournalWarning']", child.stderr
    assert list((tmp_path / "j").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_folder_open_to_others_is_not_believed(graph: Any, make: Any, tmp_path: Path) -> None:
    """X16: where others could have written, nothing is read and nothing is kept."""
    client, fake = graph(pages(make))
    list(client.pages(ALERTS, journal=Journal(tmp_path / "j")))
    (tmp_path / "j").chmod(0o777)
    with pytest.warns(JournalWarning, match="others can write"):
        assert make.ids(client.pages(ALERTS, journal=Journal(tmp_path / "j"))) == ALL
    assert len(fake.seen) == 8


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_a_planted_link_is_not_followed(graph: Any, make: Any, tmp_path: Path) -> None:
    """X16: an entry that is a symbolic link is a miss, and is replaced by a file."""
    client, fake = graph(pages(make, 1))
    list(client.pages(ALERTS, journal=Journal(tmp_path / "j")))
    (entry,) = (tmp_path / "j").iterdir()
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(JournalWarning):
        list(client.pages(ALERTS, journal=Journal(tmp_path / "j")))
    assert len(fake.seen) == 2
    assert not entry.is_symlink()
    assert entry.is_file()


def test_clearing_forgets_pages_and_texts(graph: Any, make: Any, tmp_path: Path) -> None:
    """After `clear` nothing is left, nobody else's file is touched, and the next pull asks for everything."""
    client, fake = graph(pages(make))
    journal = Journal(tmp_path / "j")
    assert journal.recall("until", lambda: "then") == "then"
    assert journal.recall("until", lambda: "now") == "then"
    assert journal.recall("since", lambda: "now") == "now"
    list(client.pages(ALERTS, journal=journal))
    (tmp_path / "j" / "notes.txt").write_text("mine")
    journal.clear()
    assert os.listdir(tmp_path / "j") == ["notes.txt"]
    (tmp_path / "j" / "notes.txt").unlink()
    assert journal.recall("until", lambda: "now") == "now"
    list(client.pages(ALERTS, journal=journal))
    assert len(fake.seen) == 8
    journal.clear()
    assert not (tmp_path / "j").exists()
    journal.clear()


def test_threads_share_a_journal(graph: Any, make: Any, tmp_path: Path) -> None:
    """X13: pulls in several threads keep their pages in one journal, and each finds its own again."""
    client, fake = graph(pages(make))

    def run(journal: Journal) -> None:
        rows: dict[int, list[str]] = {}

        def one(n: int) -> None:
            rows[n] = make.ids(client.pages(ALERTS, params={"$top": n + 1}, journal=journal))

        threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rows == dict.fromkeys(range(8), ALL)

    run(first := Journal(tmp_path))
    assert first.kept + first.replayed == 32
    count = len(fake.seen)
    run(second := Journal(tmp_path))
    assert (second.replayed, second.kept, len(fake.seen)) == (32, 0, count)
