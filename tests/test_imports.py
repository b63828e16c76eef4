"""The direction of imports: the folders are the data's way, and no arrow runs back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import graphinvestigate

ROOT = Path(graphinvestigate.__file__).parent

# Each place imports only what stands before it; those in BARRED not even that.
ORDER = [
    "errors", "text", "wanted", "turns", "garbage", "files", "bodies", "walking", "envelope", "client", "frames",
    "queries", "actions", "linking", "pivots", "walkthrough", "notes", "exports", "views", "widgets", "cases", "watch",
    "scale", "demo", "cli", "__main__",
]  # fmt: skip
BARRED = {
    "client": {"frames"},
    "frames": {"client", "queries"},
    "linking": {"client", "queries", "actions"},
    "views": {"client", "queries", "actions", "pivots", "walkthrough"},
    "demo": set(ORDER) - {"client", "errors"},
}
HTTP = {"httpx", "msal"}
TABLES = {"pandas", "networkx", "plotly", "ipywidgets"}


def places() -> list[tuple[str, Path]]:
    """Every module of the package, with the folder or file directly under the package that it belongs to."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        place = parts[0].removesuffix(".py")
        if place != "__init__":
            found.append((place, path))
    return found


def imported(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports, at any depth of the code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            names.add(node.module or "")
            if node.module == "graphinvestigate":
                names |= {f"graphinvestigate.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize(("place", "path"), places(), ids=lambda value: str(value).rpartition("/")[2])
def test_no_import_runs_back(place: str, path: Path) -> None:
    """A module imports only what stands above it on the data's way, and only as much of that as it may know."""
    assert place in ORDER, f"{place} has no place in the order: decide where it stands"
    for name in imported(path):
        root, _, rest = name.partition(".")
        if root == "graphinvestigate" and rest:
            target = rest.partition(".")[0]
            if target == place or target == "__version__":
                continue
            assert target in ORDER, f"{path} imports {name}"
            assert ORDER.index(target) < ORDER.index(place), f"{path} imports {name}, which stands below it"
            assert target not in BARRED.get(place, set()), f"{place} must not know {target} ({path})"
        if place in {"frames", "linking", "views", "walkthrough", "cases"}:
            assert root not in HTTP, f"{path} must know no HTTP"
        if place == "client":
            assert root not in TABLES, f"{path} must know no tables"


def test_no_two_modules_of_cases_need_each_other() -> None:
    """Within the folder of cases imports run one way, those within functions too."""
    paths = ROOT.glob("cases/**/*.py")
    known = {
        ".".join(one.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): one for one in paths
    }
    needs = {}
    for name, path in known.items():
        pairs = [
            (node.module, f"{node.module}.{alias.name}")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        needs[name] = {one if one in known else module for module, one in pairs} & known.keys() - {name}
    while free := [name for name, others in needs.items() if not others & needs.keys()]:
        for name in free:
            del needs[name]
    assert not needs, f"these need each other: {sorted(needs)}"
