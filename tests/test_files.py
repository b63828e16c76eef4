"""Files are whole or not there."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from graphinvestigate.files import private_folder, sha256, write_atomic, write_new


@pytest.mark.parametrize("data", [b"\x00\xff\r\n", "Zürich\r\n漢", ""])
def test_written_is_what_was_given(tmp_path: Path, data: bytes | str) -> None:
    """Bytes are written as they are, text as UTF-8 with its own line ends, and nothing else stays in the folder."""
    path = write_atomic(tmp_path / "file", data)
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert os.listdir(tmp_path) == ["file"]


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    """When writing fails midway, the old content stays and no part of the new one is left behind."""
    path = tmp_path / "file"
    path.write_text("old")
    nothing: Any = object()
    with pytest.raises(TypeError):
        write_atomic(path, nothing)
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "half a character \ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_reader_never_meets_half_a_file(tmp_path: Path) -> None:
    """Who opened the old file goes on reading the old content while the new one takes its name."""
    path = tmp_path / "file"
    path.write_text("old")
    with path.open() as reader:
        write_atomic(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_modes_are_kept(tmp_path: Path) -> None:
    """A replaced file keeps its mode; a new one follows the umask."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o600)
    write_atomic(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    plain = tmp_path / "plain"
    plain.touch()
    assert write_atomic(tmp_path / "other", "x").stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Writing through a symbolic link replaces what it points to, not the link."""
    (tmp_path / "real").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("real")
    write_atomic(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """A folder that is not there is the caller's to make."""
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "no" / "file", "x")


def test_sha256_is_the_known_one() -> None:
    """The hash is SHA-256 in lower-case hexadecimal, and text is hashed as UTF-8."""
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(b"abc") == sha256("abc") == known


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_private_files_are_private(tmp_path: Path) -> None:
    """A private file is mode 0600 from its first byte on, also where an open one was there before."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    assert stat.S_IMODE(write_atomic(path, "new", private=True).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_private_folders_are_private(tmp_path: Path) -> None:
    """A private folder is mode 0700, made with its parents or closed; one that others can write to is refused."""
    assert stat.S_IMODE(private_folder(tmp_path / "a" / "b").stat().st_mode) == 0o700
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    assert stat.S_IMODE(private_folder(tmp_path / "open").stat().st_mode) == 0o700
    (tmp_path / "wide").mkdir()
    (tmp_path / "wide").chmod(0o770)
    with pytest.raises(PermissionError, match="others can write"):
        private_folder(tmp_path / "wide")
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "file")


@pytest.mark.parametrize("links", [True, False])
def test_a_taken_name_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """A new file takes a free name only, also where the file system has no links; whatever has it stays."""
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
    assert write_new(tmp_path / "new", "Zürich").read_text("utf-8") == "Zürich"
    (tmp_path / "old").write_text("old")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "old", "new")
    assert (tmp_path / "old").read_text() == "old"
    if os.name == "posix":
        for name, goal in (("link", "old"), ("nowhere", "missing")):
            (tmp_path / name).symlink_to(goal)
            with pytest.raises(FileExistsError):
                write_new(tmp_path / name, "new")
        assert (tmp_path / "old").read_text() == "old"
        assert not (tmp_path / "missing").exists()
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]
