"""X04 to X07, X10 and X18: files for others, in which nothing runs, nobody is named, and which are nobody else's."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import networkx as nx
import openpyxl
import pandas as pd

import graphinvestigate as gi
from fault_matrix.fakes import Demo, connected
from fault_matrix.row import OPEN, ended, raised, row, worked
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity

FORMULAS = (
    *("=1+1", '=HYPERLINK("http://x.test","y")', "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1"),
    *("\uff1d1", "\uff0b1", "\uff0d1", "\uff201", " =1", "\u200b=1", "\ufeff-1"),
)
STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def folder() -> Path:
    """A folder of its own, gone after the scenario."""
    return Path(OPEN.enter_context(tempfile.TemporaryDirectory()))


def plain_csv(frame: pd.DataFrame, path: Path, **_arguments: Any) -> list[Path]:
    """Writes what stands in the frame."""
    frame.to_csv(path, index=False)
    return [path]


@row("X04", real=gi.to_csv, broken=plain_csv)
def no_cell_of_csv_runs(subject: Callable[..., list[Path]]) -> None:
    """No text of a CSV file begins a formula, each is there behind an apostrophe, and negative numbers stay numbers."""
    frame = pd.DataFrame({"text": FORMULAS, "n": [-1] * len(FORMULAS)})
    (path,) = worked(lambda: subject(frame, folder() / "t.csv"))
    _, *rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    for (shown, number), text in zip(rows, FORMULAS, strict=True):
        assert shown.strip(" \u200b\ufeff")[:1] not in STARTS, shown
        assert shown == f"'{text}"
        assert number == "-1"


def plain_xlsx(frame: pd.DataFrame, path: Path, **_arguments: Any) -> list[Path]:
    """Lets openpyxl decide what a text is."""
    frame.to_excel(path, index=False)
    return [path]


@row("X05", real=gi.to_xlsx, broken=plain_xlsx)
def no_cell_of_a_workbook_is_a_formula(subject: Callable[..., list[Path]]) -> None:
    """Every text of a workbook is a text, and one longer than a cell is cut visibly and kept whole beside."""
    (path,) = worked(lambda: subject(pd.DataFrame({"text": FORMULAS}), folder() / "t.xlsx"))
    cells = [row[0] for row in openpyxl.load_workbook(path).active.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(FORMULAS)
    assert [cell.value for cell in cells] == list(FORMULAS)
    long = "x" * 40_000
    path, beside = worked(lambda: subject(pd.DataFrame({"text": [long]}), folder() / "t.xlsx"))
    shown = openpyxl.load_workbook(path).active["A2"].value
    assert len(shown) <= 32_767
    assert beside.name in shown
    assert long in beside.read_text("utf-8")


@row("X06", real=gi.to_xlsx, broken=plain_xlsx)
def a_workbook_takes_controls_and_zones(subject: Callable[..., list[Path]]) -> None:
    """Control characters show as escapes and times with a zone as UTC: the workbook is written, and opens."""
    times = pd.to_datetime(["2026-02-01T12:00:00+02:00"], utc=True)
    frame = pd.DataFrame({"text": ["a\x00\x1b[2J\x0bb"], "time": times})
    (path,) = worked(lambda: subject(frame, folder() / "t.xlsx"))
    row = next(openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True))
    assert row == ("a\\u0000\\u001b[2J\\u000bb", "2026-02-01T10:00:00Z")


def anywhere(frame: pd.DataFrame, path: Any, **_arguments: Any) -> list[Path]:
    """Writes wherever the path leads, over whatever is there."""
    with open(path, "wb") as file:
        file.write(frame.to_csv(index=False).encode())
    return [Path(path)]


@row("X07", real=gi.to_csv, broken=anywhere)
def a_path_leads_nowhere_else(subject: Callable[..., list[Path]]) -> None:
    """A path that climbs, is a device, a link, too long or taken is refused, and nothing else in the world changes."""
    world = folder()
    (base := world / "base").mkdir()
    frame = pd.DataFrame({"a": [1]})
    (base / "taken.csv").write_text("mine")
    names = ["../out.csv", "x/../../out.csv", "CON.csv", "nul.csv", "com1.csv", "a\x00b.csv", "t" * 300 + ".csv"]
    names += ["taken.csv", "missing/t.csv", "a:b.csv", "a\nb.csv", "t.csv.", ""]
    if os.name == "posix":
        for link, goal in (("link.csv", world / "out.csv"), ("taken-link.csv", base / "taken.csv")):
            (base / link).symlink_to(goal)
            names.append(link)
    before = sorted(world.rglob("*"))
    for name in names:
        error, _ = ended(lambda name=name: subject(frame, f"{base}/{name}"))
        assert isinstance(error, UsageError), f"{name!r}: {error!r}"
    assert sorted(world.rglob("*")) == before
    assert (base / "taken.csv").read_text() == "mine"
    raised(UsageError, lambda: subject(frame, base / "link.csv", overwrite=True), "link")
    worked(lambda: subject(frame, base / "taken.csv", overwrite=True))
    assert (base / "taken.csv").read_text("utf-8-sig") != "mine"


def plain_graphml(g: nx.MultiDiGraph, path: Path) -> list[Path]:
    """Lets networkx write texts as they are."""
    flat = nx.MultiDiGraph()
    flat.add_nodes_from((f"{kind}:{key}", {"label": g.nodes[kind, key]["label"]}) for kind, key in g)
    (nx.write_graphml_xml if str(path).endswith("graphml") else nx.write_gexf)(flat, path)
    return [path]


@row("X10", real=gi.export_graph, broken=plain_graphml)
def xml_that_was_written_can_be_read(subject: Callable[..., list[Path]]) -> None:
    """A graph with characters that XML refuses is written without them, and said so; its readers read it."""
    g = nx.MultiDiGraph()
    label = "a\x00\x0b\x1b\ufffe<b>&]]>\r\n"
    g.add_node(Entity("user", "u"), kind="user", label=label, identifiers=[], first_seen=None, last_seen=None)
    for name, read in (("g.graphml", nx.read_graphml), ("g.gexf", nx.read_gexf)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            (path,) = worked(lambda name=name: subject(g, folder() / name))
        back = worked(lambda path=path, read=read: read(path))
        assert back.nodes["user:u"]["label"] == "a<b>&]]>\r\n"
        assert [one for one in caught if "4 characters" in str(one.message)]


def by_display_name(*things: Any, key: str) -> Any:
    """Replaces what the columns of names hold, and nothing else."""
    frame, note = things
    return frame.assign(user_principal_name="user", user_display_name="user"), note


@row("X18", real=gi.redact, broken=by_display_name)
def what_is_shared_names_nobody(subject: Callable[..., Any]) -> None:
    """A redacted frame and a note beside it hold no user, address or tenant of the original, whatever the spelling."""
    demo = Demo(connected)
    frame = gi.list_sign_ins(demo.client, limit=50)
    first = json.loads(frame["raw"].iloc[0])
    names = [first[field] for field in ("userPrincipalName", "userId", "ipAddress", "resourceTenantId")]
    note = f"{names[0].upper()} from {names[2]}, see https://x.test/?user={quote(names[0], safe='')}"
    made, shared = worked(lambda: subject(frame, note, key="a key of the tests"))
    text = (made.to_json(orient="records", date_format="iso") + shared).replace("\\/", "/").lower()
    for name in names:
        assert name.lower() not in text, name
        assert quote(name, safe="").lower() not in text, name
    assert len(made) == len(frame)
