"""Where exports go: one plain name on every system, a free one, and all files of an export or none."""

from __future__ import annotations

import os
import re
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, strategies as st

import graphinvestigate as gi
from graphinvestigate.errors import GraphInvestigateError, NotSavedError, UsageError
from graphinvestigate.exports.places import checked, place

GRAPH = nx.MultiDiGraph()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../g.json", "climbs out"),
        ("a/../g.json", "climbs out"),
        ("CON.json", "device"),
        ("aux", "device"),
        ("Lpt1.graph.json", "device"),
        ("con .json", "device"),
        ("a\x00.json", "NUL"),
        ("a\n.json", "file's name"),
        ("C:g.json", "file's name"),
        ("a\\b.json", "file's name"),
        ("g.json. ", "end of a name"),
        (f"{'g' * 251}.json", "255 bytes"),
        (f"{'é' * 126}.json", "255 bytes"),
        ("missing/g.json", "make it first"),
        (" ", "empty"),
    ],
)
def test_a_bad_path_is_refused_and_says_why(name: str, said: str, tmp_path: Path, monkeypatch: object) -> None:
    """A path that is no plain new file is a UsageError that says what to do; nothing is written."""
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=said):
        gi.export_graph(GRAPH, name)
    assert os.listdir(tmp_path) == []


@given(st.text(max_size=300))
def test_any_text_is_a_path_or_a_clear_error(name: str) -> None:
    """Whatever a name holds, it is accepted as one name in the folder, or refused with an error of our own."""
    try:
        path = checked(f"/{name}")
    except GraphInvestigateError as error:
        assert re.fullmatch(r"[^\x00-\x08\x0b-\x1f]+", str(error))  # noqa: PT017 (either way is right)
    else:
        assert ".." not in path.parts


def test_a_taken_name_is_kept(tmp_path: Path) -> None:
    """What is there stays, unless asked; a pair is refused where one of the two is taken; a folder is no file."""
    (tmp_path / "g.json").write_text("mine")
    with pytest.raises(UsageError, match="overwrite=True"):
        gi.export_graph(GRAPH, tmp_path / "g.json")
    assert (tmp_path / "g.json").read_text() == "mine"
    gi.export_graph(GRAPH, tmp_path / "g.json", overwrite=True)
    assert (tmp_path / "g.json").read_text() != "mine"
    (tmp_path / "g-edges.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"g-edges\.csv is there"):
        gi.export_graph(GRAPH, tmp_path / "g.csv")
    assert not (tmp_path / "g-nodes.csv").exists()
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        gi.export_graph(GRAPH, tmp_path / "folder.json", overwrite=True)


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link is refused, whatever it leads to and whatever was asked."""
    for name, goal in (("a.json", tmp_path / "real"), ("b.json", tmp_path / "nowhere")):
        (tmp_path / name).symlink_to(goal)
    (tmp_path / "real").write_text("mine")
    for name in ("a.json", "b.json"):
        for overwrite in (False, True):
            with pytest.raises(UsageError, match="link"):
                gi.export_graph(GRAPH, tmp_path / name, overwrite=overwrite)
    assert (tmp_path / "real").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_all_files_or_none(tmp_path: Path) -> None:
    """Where the second file cannot be written, the first is taken back, and a name taken meanwhile is said."""
    first, second = checked(tmp_path / "a"), checked(tmp_path / "b")
    second.write_text("somebody was faster")
    with pytest.raises(UsageError, match="taken meanwhile"):
        place([(first, b"1"), (second, b"2")])
    assert not first.exists()
    assert second.read_text() == "somebody was faster"
    with pytest.raises(UsageError, match="text or a pathlib"):
        gi.export_graph(GRAPH, 7)  # type: ignore[arg-type]


def test_a_disk_that_takes_nothing_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several files none stays, and the error says what to do; it is the system's error, too."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotSavedError, match=r"a\.csv was not written \(No space left on device\)") as caught:
        place([(tmp_path / "a.csv", b"x"), (tmp_path / "b.csv", b"y")])
    assert isinstance(caught.value, OSError)
    assert list(tmp_path.iterdir()) == []
