"""verify: every changed, missing or extra file is named, and nothing of it is used."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

import graphinvestigate as gi


def kinds(problems) -> dict[str, str]:
    """File → what is wrong with it."""
    return {problem.file: problem.kind for problem in problems}


def files_of(folder: Path) -> list[str]:
    """Every file of a case, the manifest left out."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in found if name != "manifest.json")


def test_a_case_that_nobody_touched_has_no_problems(saved, tmp_path) -> None:
    """No problem after a save, after opening, after a copy, and after a second save."""
    case = gi.open_case(saved)
    assert case.verify() == []
    shutil.copytree(saved, tmp_path / "copy")
    copy = gi.open_case(tmp_path / "copy")
    copy.note("x")
    copy.save()
    assert copy.verify() == case.verify() == []


def test_each_changed_file_is_named(saved) -> None:
    """One byte more, one byte other, in each file: that file is named as changed, and no other."""
    for name in files_of(saved):
        before = (saved / name).read_bytes()
        for after in (before + b" ", before[:-2] + bytes([before[-2] ^ 1]) + before[-1:]):
            (saved / name).write_bytes(after)
            problems = gi.open_case(saved).verify()
            assert kinds(problems) == {name: "changed"}
            assert name in problems[0]
        (saved / name).write_bytes(before)
    assert gi.open_case(saved).verify() == []


def test_no_byte_of_the_manifest_can_change_unseen(saved) -> None:
    """Whichever byte of the manifest is another one, also in what it says of a replay, that is said or refused."""
    path = saved / "manifest.json"
    before = path.read_bytes()
    derived = before.index(b'"derived"')
    own = before.index(b'"derived_sha256"')
    places = [*range(0, len(before), 211), *range(derived, len(before), 97), *range(derived, derived + 30)]
    places += range(own, own + 90)
    seen: set[str] = set()
    for at in sorted(set(places)):
        path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
        try:
            problems = gi.open_case(saved).verify()
        except gi.BadFileError:
            seen.add("refused")
            continue
        assert "manifest.json" in kinds(problems), before[max(0, at - 40) : at + 40]
        seen.add("named")
    assert seen == {"refused", "named"}
    path.write_bytes(before)
    assert gi.open_case(saved).verify() == []
    assert gi.open_case(saved).replay().differences == []


def test_a_case_saved_before_manifests_had_that_hash_opens(saved) -> None:
    """A manifest of this version without `derived_sha256` is one of an earlier save: nothing is wrong with it."""
    path = saved / "manifest.json"
    manifest = json.loads(path.read_bytes())
    del manifest["derived_sha256"]
    path.write_text(json.dumps(manifest))
    assert gi.open_case(saved).verify() == []


def test_each_missing_file_is_named(saved) -> None:
    """A file that is gone is named as missing."""
    for name in files_of(saved):
        before = (saved / name).read_bytes()
        (saved / name).unlink()
        assert kinds(gi.open_case(saved).verify()) == {name: "missing"}
        (saved / name).write_bytes(before)


def test_each_extra_file_folder_and_link_is_named(saved) -> None:
    """What the manifest does not name is named: files, also hidden and nested ones, empty folders, links."""
    (saved / "notes.txt").write_text("x")
    (saved / ".hidden").write_text("x")
    (saved / "records" / "more.jsonl").write_text("x")
    (saved / "empty").mkdir()
    os.symlink("/etc/passwd", saved / "link")
    os.symlink("/etc", saved / "records" / "folder")
    found = kinds(gi.open_case(saved).verify())
    names = {"notes.txt", ".hidden", "records/more.jsonl", "empty/", "link", "records/folder"}
    assert found == dict.fromkeys(names, "extra")


def test_a_link_in_a_files_place_is_not_followed(saved, tmp_path) -> None:
    """A file, or a folder, that was replaced by a link to the same bytes counts as changed."""
    outside = tmp_path / "outside"
    shutil.copytree(saved, outside)
    (saved / "notes.json").unlink()
    os.symlink(outside / "notes.json", saved / "notes.json")
    assert kinds(gi.open_case(saved).verify()) == {"notes.json": "changed"}
    shutil.rmtree(saved / "records")
    os.symlink(outside / "records", saved / "records")
    assert kinds(gi.open_case(saved).verify())["records/alerts.jsonl"] == "changed"


def test_a_damaged_part_is_an_error_when_asked_for_and_the_rest_is_there(saved) -> None:
    """Of a case with one changed file everything else can be read; what it held is an error, never a short answer."""
    case = gi.open_case(saved)
    case.note("kept")
    case.save()
    with (saved / "records" / "alerts.jsonl").open("ab") as file:
        file.write(b'{"pull_id":null,"record":{"id":"planted"}}\n')
    case = gi.open_case(saved)
    assert "DAMAGED" in repr(case)
    for ask in ("frames", "graph", "checklist"):
        with pytest.raises(gi.BadFileError, match=r"alerts\.jsonl"):
            getattr(case, ask)
    assert len(case.coverage)
    with pytest.raises(gi.BadFileError, match=r"undamaged copy\. A replay .*prove nothing"):
        case.replay()
    with pytest.raises(gi.BadFileError, match=r"alerts\.jsonl"):
        case.report(saved.parent / "report.html")


def test_a_zip_is_verified_too(small, tmp_path) -> None:
    """Changed, missing and extra members of a zipped case are named."""
    path = small().save(tmp_path / "case.zip")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if name != "actions.jsonl":
                archive.writestr(name, data + b" " if name == "notes.json" else data)
        archive.writestr("extra.txt", "x")
    found = kinds(gi.open_case(path).verify())
    assert found == {"notes.json": "changed", "actions.jsonl": "missing", "extra.txt": "extra"}


def test_one_hash_stands_for_all_files(saved) -> None:
    """Whoever changes a file and the manifest to match changes the hash that was written down elsewhere."""
    case = gi.open_case(saved)
    first = case.manifest.content_sha256
    assert len(first) == 64
    case.note("x")
    case.save()
    assert case.manifest.content_sha256 != first


@pytest.mark.parametrize("name", ["name", "case_id", "created", "saved", "tools", "query_windows", "content_sha256"])
def test_a_changed_manifest_is_named(saved, name: str) -> None:
    """Whatever the manifest says of the case: who changes it is told, or changes the hash that was written down."""
    path = saved / "manifest.json"
    before = gi.open_case(saved).manifest.content_sha256
    said = json.loads(path.read_text())
    other = {"tools": said["tools"] | {"pandas": "0.1"}, "query_windows": said["query_windows"][:-1]}
    said[name] = other[name] if name in other else said[name][:-1] + ("2" if said[name][-1] == "1" else "1")
    path.write_text(json.dumps(said))
    case = gi.open_case(saved)
    assert kinds(case.verify()) == {"manifest.json": "changed"}
    assert "undamaged copy" in case.verify()[0]
    with pytest.raises(gi.BadFileError, match=r"manifest\.json"):
        case.report(saved.parent / "report.html")
    with pytest.raises(gi.BadFileError, match="prove nothing"):
        case.replay()
    if name != "content_sha256":
        said["content_sha256"] = case.manifest.content_sha256
        path.write_text(json.dumps(said))
        assert gi.open_case(saved).verify() == []
        assert gi.open_case(saved).manifest.content_sha256 != before


def test_every_problem_says_what_to_do(saved) -> None:
    """Each sentence names the file, what is wrong with it, and what to do about it."""
    (saved / "notes.json").write_text("{}")
    (saved / "actions.jsonl").unlink()
    (saved / "more.txt").write_text("x")
    os.symlink("/etc", saved / "link")
    (saved / "records" / "alerts.jsonl").unlink()
    (saved / "records" / "alerts.jsonl").mkdir()
    problems = gi.open_case(saved).verify()
    assert {problem.file for problem in problems} >= {"notes.json", "actions.jsonl", "more.txt", "records/alerts.jsonl"}
    for problem in problems:
        assert problem.startswith(f"{problem.file}: ")
        assert problem.endswith(("from an undamaged copy.", "Move it elsewhere.")), problem


def test_what_stands_beside_the_members_of_a_zip_is_named(small, tmp_path) -> None:
    """Comments, and bytes before and behind, are no part of the case; a folder's entry that leads out is refused."""
    path = small().save(tmp_path / "case.zip")
    plain = path.read_bytes()
    path.write_bytes(b"#!/bin/sh\n" + plain)
    assert kinds(gi.open_case(path).verify()) == {"(bytes before its first file)": "extra"}
    path.write_bytes(plain + b"more")
    assert kinds(gi.open_case(path).verify()) == {"(bytes behind its end)": "extra"}
    path.write_bytes(plain)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"who did it"
    assert kinds(gi.open_case(path).verify()) == {"(a comment)": "extra"}
    path.write_bytes(plain)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("records/", b"")
    assert gi.open_case(path).verify() == []
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../elsewhere/", b"")
    with pytest.raises(gi.BadFileError, match="which no case has"):
        gi.open_case(path)


def test_one_damaged_byte_of_a_zip_costs_one_file(small, tmp_path) -> None:
    """A member whose own checksum fails is named as changed, and the rest of the case can be read."""
    path = small().save(tmp_path / "case.zip")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("records/alerts.jsonl")
    body = bytearray(path.read_bytes())
    body[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 0xFF
    path.write_bytes(body)
    case = gi.open_case(path)
    assert kinds(case.verify()) == {"records/alerts.jsonl": "changed"}
    assert len(case.coverage)


def test_a_path_that_cannot_be_looked_at_is_an_error_of_ours(tmp_path) -> None:
    """Too long a name, a part that is a file, a NUL: the error says what to name."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / ("x" * 300), tmp_path / "file" / "case", f"{tmp_path}/a\0b"):
        with pytest.raises(gi.BadFileError, match="Name"):
            gi.open_case(path)


def test_a_case_that_was_never_saved_has_nothing_to_verify(small) -> None:
    """Verify and replay say what to do first."""
    for ask in (small().verify, small().replay):
        with pytest.raises(gi.UsageError, match="save the case first"):
            ask()
