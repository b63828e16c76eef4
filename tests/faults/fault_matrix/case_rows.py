"""X08, X09, X11 to X14, X16, X17, X20, D24: cases, caches and locks that are killed, shared, poisoned or old."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

import graphinvestigate as gi
from fault_matrix import hostile_cases
from fault_matrix.fakes import ALERTS, FakeGraph, connected, ids, link, page
from fault_matrix.row import OPEN, ended, raised, row, same, worked
from graphinvestigate.cases.case import Case
from graphinvestigate.client import Journal, JournalWarning
from graphinvestigate.errors import BadFileError, NotSavedError
from tests.outside import no_room

PACKAGE = Path(gi.__file__).parent
ROOT = Path(__file__).resolve().parents[3]
KILLING = ROOT / "tests" / "cases" / "killing.py"


def folder() -> Path:
    """A folder of its own, gone after the scenario."""
    return Path(OPEN.enter_context(tempfile.TemporaryDirectory()))


def small_case(path: Path | None = None) -> Case:
    """A case of one alert; saved where a path is given."""
    case = Case("INC-1")
    case.add(gi.read_records("alerts", [{"id": "a", "title": "one", "createdDateTime": "2026-01-01T00:00:00Z"}]))
    if path is not None:
        case.save(path)
    return case


def everything(home: Path) -> dict[str, tuple[int, float]]:
    """What lies below a folder, links not followed: sizes and times."""
    return {str(one): (one.lstat().st_size, one.lstat().st_mtime) for one in sorted(home.rglob("*"))}


def unpacks(path: Path) -> Any:
    """Unpacks what it is given and believes what the manifest says."""
    if path.suffix == ".zip":
        target = path.with_suffix("")
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target)
        path = target
    told = json.loads((path / "manifest.json").read_bytes())
    return {name: (path / name).read_bytes() for name in told["files"]}


@row("X08", real=gi.open_case, broken=unpacks)
def a_hostile_case_is_refused(subject: Callable[[Path], Any]) -> None:
    """A case made to do harm is refused by our own error, or the lying file is not used; nothing is ever written."""
    home = folder()
    for what, path in hostile_cases.refused(home):
        before = everything(home)
        error, _ = ended(partial(subject, path))
        assert isinstance(error, BadFileError), f"{what}: {error!r}"
        assert everything(home) == before, f"{what}: something was written"
    for what, path, file in hostile_cases.misled(home):
        before = everything(home)
        case = worked(partial(subject, path))
        assert [problem.file for problem in case.problems if problem.kind != "extra"] == [file], what
        part = "frames" if file.startswith("records") else "notes"
        raised(BadFileError, lambda case=case, part=part: getattr(case, part), re.escape(file))
        assert everything(home) == before, f"{what}: something was written"
    assert not (Path.cwd() / hostile_cases.PWNED).exists()


def sources(place: Path) -> dict[str, str]:
    """The package's own source files below a place."""
    return {str(path): path.read_text("utf-8") for path in sorted(place.rglob("*.py"))}


UNSAFE_READERS = re.compile(
    r"(read_(parquet|feather|orc|pickle|hdf|graphml|gexf|gml|gpickle|yaml)|ParquetFile|ParquetDataset|unpickle|"
    r"(pickle|marshal|shelve|joblib|dill|yaml|xml|pyarrow\.parquet|pyarrow\.feather|pyarrow\.ipc)(\..*)?)"
)


def names_in(source: str) -> set[str]:
    """Every module imported and every attribute or function called."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call):
            found.add(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
    return found


OPENS_PARQUET = {"x.py": "import pandas as pd\ndef load(path):\n    return pd.read_parquet(path)\n"}


@row(
    "X09",
    real={n: s for n, s in sources(PACKAGE / "cases").items() if "/exports/" not in n and "/redaction/" not in n},
    broken=OPENS_PARQUET,
)
def opening_a_case_runs_no_dangerous_reader(subject: Mapping[str, str]) -> None:
    """The code that opens cases names no reader of Parquet, Arrow, pickles, XML or YAML: JSON is all it reads."""
    assert subject
    for file, source in subject.items():
        unsafe = sorted(name for name in names_in(source) if UNSAFE_READERS.fullmatch(name))
        assert not unsafe, f"{file} uses {', '.join(unsafe)}"


RUNS_TEXT = {"eval", "exec", "query", "compile_command", "system", "popen", "literal_eval", "run_path"}
EVALUATES = {"x.py": "def chosen(frame, text):\n    return frame.query(text)\n"}


@row("X11", real={n: s for n, s in sources(PACKAGE).items() if "/demo/" not in n}, broken=EVALUATES)
def nothing_evaluates_data(subject: Mapping[str, str]) -> None:
    """No code of the package evaluates text: no eval, exec, DataFrame.query, DataFrame.eval, and no shell."""
    assert subject
    for file, source in subject.items():
        assert not names_in(source) & RUNS_TEXT, f"{file} uses {names_in(source) & RUNS_TEXT}"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                assert isinstance(node.value, ast.Constant), file
                assert not node.value.value, f"{file} runs a shell"


@row("X12", real="whole", broken="in-place")
def a_kill_leaves_no_torn_case(subject: str) -> None:
    """A process killed by SIGKILL at any step of a save leaves the old case or the new one, whole."""
    command = [sys.executable, str(KILLING), str(folder()), "again", "--save", subject, "--stride", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told = json.loads(done.stdout)
    assert told["kills"] >= 2, "no kill, no test"
    assert told["torn"] == [], f"torn when killed at step {told['torn']}"


MERGES = "case.save()"
OVERWRITES = """
import json, pathlib
from graphinvestigate.cases.contents import files_of
from graphinvestigate.cases.manifest import FileEntry, Manifest
from graphinvestigate.files import sha256
from dataclasses import replace
files = {name: b"".join(pieces) for name, pieces in files_of(case._contents).items()}
named = {n: FileEntry(sha256(d), len(d)) for n, d in files.items()}
for name, data in files.items():
    (case.path / name).write_bytes(data)
(case.path / "manifest.json").write_bytes(replace(case.manifest, files=named).to_bytes())
"""


@row("X13", real=MERGES, broken=OVERWRITES)
def two_notebooks_lose_nothing(subject: str) -> None:
    """Two processes that opened one case and both save it lose none of each other's notes, and read a whole case."""
    path = folder() / "case"
    small_case(path)
    program = (
        "import sys, graphinvestigate as gi\n"
        "case = gi.open_case(sys.argv[1])\nprint('opened', flush=True)\nsys.stdin.readline()\n"
        f"case.note(sys.argv[2])\n{subject}\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in ("ada", "bob")
    ]  # fmt: skip
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "opened\n"  # only when both have it open does either save
    for process in both:
        _, said = process.communicate("go\n", timeout=120)
        if process.returncode:
            raise RuntimeError(said[-2000:])
    case = worked(lambda: gi.open_case(path))
    same(sorted(case.notes["text"]), ["ada", "bob"])
    same(case.verify(), [])


class Rereads(Journal):
    """Takes what it cannot keep for a reason to stop."""

    def _keep(self, key: str, body: bytes) -> bool:
        self.path.mkdir(parents=True, exist_ok=True)
        self._file(key).write_bytes(body)
        return True


def saves_in_place(case: Case, path: Path) -> None:
    """Writes over the old files, one after the other."""
    for name, data in case_files(case).items():
        (path / name).write_bytes(data)


def case_files(case: Case) -> dict[str, bytes]:
    """What a case would write."""
    from graphinvestigate.cases.contents import files_of

    case._contents.graph = case.graph
    return {name: b"".join(pieces) for name, pieces in files_of(case._contents).items()}


@row("X14", real=(Journal, lambda case, path: case.save(path)), broken=(Rereads, saves_in_place))
def no_room_loses_nothing(subject: tuple[Callable[..., Journal], Callable[[Case, Path], Any]]) -> None:
    """Where nothing can be written a pull returns with one warning, and a save fails whole, the old case intact."""
    journal, save = subject
    home = folder()
    (home / "file").write_text("x")
    graph = FakeGraph([page("a", next_link=link("1")), page("b")])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        same(ids(connected(graph), journal=journal(home / "file" / "pages")), ["a", "b"])
    assert [one.category for one in said] == [JournalWarning]
    case = small_case(home / "case")
    before = {one.name: one.read_bytes() for one in (home / "case").iterdir() if one.is_file()}
    case.note("x" * 300_000)
    with no_room(100_000):
        error, _ = ended(lambda: save(case, home / "case"))
    assert isinstance(error, NotSavedError), repr(error)
    assert {one.name: one.read_bytes() for one in (home / "case").iterdir() if one.is_file()} == before
    same([one.name for one in home.iterdir() if one.name.startswith(".")], [])


class Believes(Journal):
    """Takes whatever lies under the right name."""

    def _find(self, key: str) -> bytes | None:
        file = self._file(key)
        return file.read_bytes().partition(b"\n")[2] if file.is_file() else None


def opened_on_trust(path: Path) -> Any:
    """Reads the records of a case, whatever the manifest says of them."""
    return gi.read_records(
        "alerts", [json.loads(one)["record"] for one in (path / "records/alerts.jsonl").read_bytes().splitlines()]
    )


def opened(path: Path) -> Any:
    """The records of a case."""
    return gi.open_case(path).frames["alerts"]


@row("X16", real=(Journal, opened), broken=(Believes, opened_on_trust))
def what_was_edited_is_not_used(subject: tuple[Callable[..., Journal], Callable[[Path], Any]]) -> None:
    """An edited, foreign or future cache entry is a miss and a warning, and an edited file of a case is an error."""
    journal, read = subject
    for poison in (edited, foreign, future):
        home = folder()
        answers = [page("a", next_link=link("1")), page("b"), page("c")]
        client = connected(FakeGraph(answers))
        pages = client.pages(ALERTS, journal=journal(home / "pages"))
        next(pages)
        for entry in (home / "pages").iterdir():
            entry.write_bytes(poison(entry.read_bytes()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JournalWarning)
            again = ids(connected(FakeGraph([page("fresh")])), journal=journal(home / "pages"))
        same(again, ["fresh"])
    path = folder() / "case"
    small_case(path)
    file = path / "records" / "alerts.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"one"', b'"two"'))
    raised(BadFileError, lambda: read(path), "alerts")


def edited(entry: bytes) -> bytes:
    """Another record in the page."""
    return entry.replace(b'"a"', b'"z"')


def foreign(entry: bytes) -> bytes:
    """The entry of another question, whole."""
    head, _, body = entry.partition(b"\n")
    return json.dumps({**json.loads(head), "key": "0" * 64}).encode() + b"\n" + body


def future(entry: bytes) -> bytes:
    """An entry of a version to come."""
    head, _, body = entry.partition(b"\n")
    return json.dumps({**json.loads(head), "schema": 2}).encode() + b"\n" + body


def told(case: Case) -> str:
    """What the case's ticket says."""
    return case.markdown()


def undated(case: Case) -> str:
    """The same without a word on when."""
    return "\n".join(line for line in case.markdown().splitlines() if "pulled from Graph" not in line)


@row("X17", real=(Journal, told), broken=(partial(Journal, max_age=timedelta(days=36_500)), undated))
def what_is_old_is_not_shown_as_live(subject: tuple[Callable[..., Journal], Callable[[Case], str]]) -> None:
    """Pages kept longer ago than a day are asked for again, and a case says when its records were pulled."""
    journal, words = subject
    home = folder()
    pages = connected(FakeGraph([page("a", next_link=link("1")), page("b")])).pages(ALERTS, journal=journal(home / "p"))
    next(pages)
    for entry in (home / "p").iterdir():
        head, _, body = entry.read_bytes().partition(b"\n")
        kept = {**json.loads(head), "kept_at": "2020-01-01T00:00:00+00:00"}
        entry.write_bytes(json.dumps(kept).encode() + b"\n" + body)
    same(ids(connected(FakeGraph([page("fresh")])), journal=journal(home / "p")), ["fresh"])
    client = connected(FakeGraph([page({"id": "a", "title": "t"})]))
    case = Case("INC-1")
    case.add(gi.list_alerts(client))
    case.save(home / "case")
    said = words(gi.open_case(home / "case"))
    pulled = next(iter(client.pulls.values())).finished
    line = next((one for one in said.splitlines() if "pulled from Graph" in one), "")
    assert f"{pulled:%Y-%m-%d %H:%M}" in line, said[:600]


LOCK = (ROOT / "binder" / "requirements.txt").read_text("utf-8")
WORKFLOWS = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")))
_PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+( ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)")


@row("X20", real=(LOCK, WORKFLOWS), broken=(f"{LOCK}\npandas>=3\n", "jobs: {}"))
def what_binder_installs_is_locked(subject: tuple[str, str]) -> None:
    """Binder installs only named versions with their hashes, from no other index, and CI audits that very list."""
    lock, workflows = subject
    lines = "\n".join(line for line in lock.splitlines() if line.strip() and not line.startswith("#"))
    wrong = [one for one in re.split(r"\n(?! )", lines) if not _PINNED.fullmatch(one.strip())]
    assert not wrong, wrong[:3]
    assert len(re.split(r"\n(?! )", lines)) > 50
    assert "pip-audit" in workflows
    assert "binder/requirements.txt" in workflows


def kept_in_attrs(frame: pd.DataFrame, _home: Path) -> list[dict[str, Any]]:
    """Looks for the window where pandas loses it."""
    return [frame.attrs["pull"]] if "pull" in frame.attrs else []


def kept_in_a_case(frame: pd.DataFrame, home: Path) -> list[dict[str, Any]]:
    """The windows that a case's manifest names."""
    case = Case("INC-1")
    case.add(frame)
    case.save(home / "case")
    return list(json.loads((home / "case" / "manifest.json").read_bytes())["query_windows"])


@row("D24", real=kept_in_a_case, broken=kept_in_attrs)
def provenance_survives_pandas(subject: Callable[[pd.DataFrame, Path], list[dict[str, Any]]]) -> None:
    """After concat, filter and sort a case's manifest still names each pull that rows came from, and its window."""
    frames = []
    for since in ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"):
        client = connected(FakeGraph([page({"id": since, "title": "t", "createdDateTime": "2026-02-02T00:00:00Z"})]))
        frame = gi.list_alerts(client, since=since)
        frame.attrs["pull"] = {"since": since}
        frames.append(frame)
    both = pd.concat(frames, ignore_index=True).sort_values("id", ignore_index=True)
    windows = subject(both[both["title"] == "t"], folder())
    same(sorted(one["since"] for one in windows), ["2026-02-01T00:00:00+00:00", "2026-02-02T00:00:00+00:00"])
    assert all(one["complete"] and one["pull_id"] for one in windows)
