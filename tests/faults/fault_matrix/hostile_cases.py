"""Case files that somebody made to do harm, and what must come of each."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from graphinvestigate.files import sha256

TIME = "2026-01-01T00:00:00+00:00"
BASE = {
    "format": "graphinvestigate-case", "version": 2, "name": "x", "case_id": "x", "created": TIME, "saved": TIME,
    "tools": {}, "query_windows": [], "derived": {},
}  # fmt: skip
PATHS = (
    *(
        "../up.json",
        "/etc/passwd",
        "a/../../up",
        "..",
        "a\\b.json",
        "C:\\x",
        "nul",
        "con.json",
        "x/\u202e.json",
        "a//b",
    ),
)
PWNED = "pwned"


class Evil:
    """Runs code where somebody unpickles it."""

    def __reduce__(self) -> Any:
        return os.system, (f"touch {PWNED}",)


def manifest(data: dict[str, bytes], **more: Any) -> bytes:
    """A manifest that agrees with the files, but for what is given."""
    named = {name: {"sha256": sha256(content), "bytes": len(content)} for name, content in data.items()}
    said = {**BASE, "files": named, **more}
    derived = said.pop("derived")
    seal = sha256(json.dumps(said, sort_keys=True, indent=1) + "\n")
    return json.dumps({**said, "derived": derived, "content_sha256": seal}).encode()


def folder(path: Path, data: dict[str, bytes], **more: Any) -> Path:
    """A case folder with these files and a manifest that agrees with them, but for what is given."""
    path.mkdir(parents=True)
    for name, content in data.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    (path / "manifest.json").write_bytes(manifest(data, **more))
    return path


def archive(path: Path, members: list[tuple[str, bytes]], *, links: tuple[str, ...] = ()) -> Path:
    """A zip with these members, duplicates and links included."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore", UserWarning)  # two members of one name are the point
        for name, data in members:
            about = zipfile.ZipInfo(name)
            about.external_attr = ((stat.S_IFLNK if name in links else stat.S_IFREG) | 0o644) << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(about, data)
    path.write_bytes(buffer.getvalue())
    return path


NOTES = b'{"notes": []}'
RECORD = b'{"pull_id":null,"record":{"id":"1"}}\n'


def refused(home: Path) -> Iterator[tuple[str, Path]]:
    """Cases that must not open at all, each in a path of its own below `home`."""
    for number, name in enumerate(
        (
            "../up.json",
            "/etc/passwd",
            "a/../../up",
            "..",
            "a\\b.json",
            "C:\\x",
            "nul",
            "con.json",
            "x/\u202e.json",
            "a//b",
        )
    ):
        bad = folder(home / f"path-{number}", {}, files={name: {"sha256": "0" * 64, "bytes": 1}})
        yield f"a manifest that names {name!r}", bad
        inside = [("manifest.json", manifest({})), (name, b"x")]
        yield f"a zip with a member {name!r}", archive(home / f"path-{number}.zip", inside)
    yield "a later version", folder(home / "later", {}, version=99)
    yield "no version", folder(home / "none", {}, version=True)
    yield "another format", folder(home / "format", {}, format="something")
    yield (
        "a claim of 10 GB",
        folder(home / "claim", {"notes.json": NOTES}, files={"notes.json": {"sha256": "0" * 64, "bytes": 10 * 2**30}}),
    )
    yield "a manifest nested 100,000 deep", broken(home / "deep", b'{"format":' + b"[" * 100_000)
    yield "a manifest that says things twice", broken(home / "twice", manifest({})[:-1] + b',"version":1}')
    yield "a pickle for a manifest", broken(home / "pickle", pickle.dumps(Evil()))
    yield "a manifest that is NaN", broken(home / "nan", b"NaN")
    yield (
        "two names that are one on some systems",
        folder(home / "case", {}, files={n: {"sha256": "0" * 64, "bytes": 1} for n in ("Notes.json", "notes.json")}),
    )
    members = [("manifest.json", manifest({"notes.json": NOTES})), ("notes.json", NOTES)]
    yield "a zip that names a member twice", archive(home / "twice.zip", [*members, ("notes.json", b"{}")])
    yield "a zip with two manifests", archive(home / "two.zip", [*members, members[0]])
    yield "a zip with a link", archive(home / "link.zip", [*members, ("evil", b"/etc/passwd")], links=("evil",))
    zeros = bytes(64 * 2**20)
    yield (
        "a bomb",
        archive(home / "bomb.zip", [("manifest.json", manifest({"notes.json": zeros})), ("notes.json", zeros)]),
    )
    for number, (name, data) in enumerate(WRONG.items()):
        yield (
            f"{name} that holds {data[:40]!r}",
            folder(home / f"wrong-{number}", {name.rpartition("#")[0] or name: data}),
        )


def broken(path: Path, data: bytes) -> Path:
    """A case whose manifest is these bytes."""
    path.mkdir()
    (path / "manifest.json").write_bytes(data)
    return path


def _node(**attrs: Any) -> str:
    return json.dumps({"node": ["user", "x"], "label": "x", "identifiers": [], "observations": [], **attrs})


def _graph(nodes: str = "", edges: str = "", graph: str = "{}") -> bytes:
    return f'{{"graph": {graph}, "nodes": [{nodes}], "edges": [{edges}]}}'.encode()


# Files whose hashes are right and whose content is not; `#…` only tells names apart.
WRONG: dict[str, bytes] = {
    "notes.json": pickle.dumps(Evil()),
    "notes.json#1": b"[]",
    "notes.json#2": b'{"notes": [{"text": 3}]}',
    "notes.json#3": b'{"notes": [{"text": "x", "note_id": "1", "places": [{"place": "entity"}]}]}',
    "notes.json#4": b'{"notes": ' + b"[" * 100_000,
    "graph.json": b"{}",
    "graph.json#1": _graph('{"node": "x"}'),
    "graph.json#2": _graph('{"node": ["user", "x"]}'),
    "graph.json#3": _graph(_node(), '{"source": ["user", "x"], "target": ["user", "y"], "key": "r", "references": []}'),
    "graph.json#4": _graph(graph='{"hubs": [{"network": "everywhere", "how": "x", "why": "y"}]}'),
    "graph.json#5": _graph(graph='{"merges": [[3]]}'),
    "requests.jsonl": b"3\n",
    "requests.jsonl#1": b'{"resource": "alerts", "pull_id": "x", "path": "/x", "pages": "many"}\n',
    "actions.jsonl": b'{"id": 3}\n',
    "records/alerts.jsonl": b"[1]\n",
    "records/alerts.jsonl#1": RECORD + b'{"pull_id":null}\n',
    "records/alerts.jsonl#2": b'{"pull_id":null,"record":{"id":' + b"[" * 100_000 + b"\n",
    "records/alerts.jsonl#3": b"\xff\xfe",
    "tables/x.json": b'{"rows": 10000000000, "columns": [{"name": "a", "dtype": "int", "values": [1]}]}',
    "tables/x.json#1": b'{"rows": 1, "columns": [{"name": "a", "dtype": "pickle", "values": [1]}]}',
    "figures/x.json": b"[]",
}


def misled(home: Path) -> Iterator[tuple[str, Path, str]]:
    """Cases that open, and of which one file must not be used: what it is, where, and which file."""
    outside = home / "outside.json"
    outside.write_bytes(NOTES)
    for number, swap in enumerate(SWAPS):
        path = folder(home / f"swap-{number}", {"notes.json": NOTES, "records/alerts.jsonl": RECORD})
        yield swap.__doc__ or "", path, swap(path, outside)


def a_link(path: Path, outside: Path) -> str:
    """A file that is a link to one with the same bytes"""
    (path / "notes.json").unlink()
    os.symlink(outside, path / "notes.json")
    return "notes.json"


def a_pipe(path: Path, outside: Path) -> str:
    """A pipe in a file's place, on which a reader would wait for ever"""
    (path / "notes.json").unlink()
    os.mkfifo(path / "notes.json")
    return "notes.json"


def a_linked_folder(path: Path, outside: Path) -> str:
    """A folder that is a link to one outside"""
    (path / "records").rename(outside.parent / f"{path.name}-records")
    os.symlink(outside.parent / f"{path.name}-records", path / "records")
    return "records/alerts.jsonl"


def other_bytes(path: Path, outside: Path) -> str:
    """A file of the same length with other bytes"""
    (path / "records" / "alerts.jsonl").write_bytes(RECORD.replace(b'"1"', b'"2"'))
    return "records/alerts.jsonl"


def a_folder(path: Path, outside: Path) -> str:
    """A folder in a file's place"""
    (path / "notes.json").unlink()
    (path / "notes.json").mkdir()
    return "notes.json"


SWAPS: tuple[Callable[[Path, Path], str], ...] = (a_link, a_pipe, a_linked_folder, other_bytes, a_folder)
