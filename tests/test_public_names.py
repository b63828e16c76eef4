"""The public names: what `import graphinvestigate` offers, and what it costs."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
import typing
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import graphinvestigate as gi
from graphinvestigate.queries.access import NEEDS, permission_of


def test_all_is_sorted_and_every_name_loads() -> None:
    """`__all__` is the sorted list of the names that can be imported, and each of them loads."""
    assert gi.__all__ == sorted(set(gi.__all__))
    for name in gi.__all__:
        assert getattr(gi, name) is not None


def test_type_checkers_see_every_public_name() -> None:
    """Editors and type checkers are told of every name, from where it is loaded."""
    source = ast.parse(Path(gi.__file__).read_text(encoding="utf-8"))
    block = next(node for node in source.body if isinstance(node, ast.If))
    told = {alias.asname: node.module for node in block.body for alias in node.names}
    assert set(told) == set(gi._HOME)
    assert all(told[name].startswith(f"graphinvestigate.{home}") for name, home in gi._HOME.items())


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails like any module attribute, naming it."""
    with pytest.raises(AttributeError, match="list_alert'"):
        gi.list_alert  # noqa: B018 (the access is the test)


def test_import_loads_nothing_else() -> None:
    """`import graphinvestigate` does no work: no dependency is loaded by it, and no other module either."""
    code = "import sys; before = {*sys.modules}; import graphinvestigate; print(sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['__future__', 'graphinvestigate']"


def test_first_rows_load_no_notebook_and_no_plot() -> None:
    """Frames come without what only widgets, figures or graphs need."""
    code = (
        "import sys, graphinvestigate as gi; gi.read_records('alerts', b'{\"value\":[]}'); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"IPython", "anywidget", "duckdb", "ipywidgets", "msal", "networkx", "plotly", "pyspark", "tqdm"}
    assert heavy.isdisjoint(ast.literal_eval(done.stdout))


def test_core_needs_few_distributions() -> None:
    """Without extras, at most 52 distributions are installed: what `pyproject.toml` asks for and what that asks for."""
    seen: set[str] = set()

    def follow(text: str) -> None:
        asked = Requirement(text)
        name = canonicalize_name(asked.name)
        if name in seen or (asked.marker and not asked.marker.evaluate({"extra": ""})):
            return
        seen.add(name)
        for inner in importlib.metadata.requires(name) or []:
            follow(inner)

    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for dependency in project["dependencies"]:
        follow(dependency)
    assert {"pandas", "anyio", "python-dateutil"} <= seen
    assert len(seen) <= 52


def test_no_module_hides_a_public_function() -> None:
    """After every module is imported, each public name still is what it was: no module shares its name."""
    before = {name: getattr(gi, name) for name in gi.__all__}
    for module in pkgutil.walk_packages(gi.__path__, "graphinvestigate."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name, value in before.items():
        assert getattr(gi, name) is value, name
    top = {module.name for module in pkgutil.iter_modules(gi.__path__)}
    assert top.isdisjoint(gi.__all__)


def test_public_callables_are_typed_and_documented() -> None:
    """Every public function and class says what it takes and what one row is: types and a docstring."""
    for name in gi.__all__:
        value = getattr(gi, name)
        assert (value.__doc__ or "").strip(), f"{name} has no docstring"
        if isinstance(value, type) or not callable(value):
            continue
        hints = typing.get_type_hints(value)
        assert "return" in hints, f"{name} does not say what it returns"


SECTION = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)
FUNCTIONS = [name for name in gi.__all__ if not isinstance(getattr(gi, name), type)]
CLASSES = [name for name in gi.__all__ if isinstance(getattr(gi, name), type)]
# What they are given is a whole graph, a frame, or nothing: there is no mistake to make that types do not see.
NOTHING_TO_RAISE = {"check_access", "conflicts", "entities", "merge_graphs", "rank_incidents"}


def sections(name: str) -> dict[str, str]:
    """The parts of a docstring by their headings, as numpydoc has them."""
    text = inspect.getdoc(getattr(gi, name)) or ""
    found = list(SECTION.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)]
    return {one[1]: text[one.end() : end] for one, end in zip(found, ends, strict=False)} | {"": text}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_gives_and_raises(name) -> None:
    """Every argument is described; what comes back is, with one row of a frame and its zone; so is what is raised."""
    told = sections(name)
    arguments = set(inspect.signature(getattr(gi, name)).parameters)
    lines = re.findall(r"^\*{0,2}(\w[\w*, ]*?)(?: :.*)?$", told.get("Parameters", ""), re.MULTILINE)
    described = {one.strip(" *") for line in lines for one in line.split(",")}
    assert arguments <= described, arguments - described
    assert described <= arguments, described - arguments
    assert told.get("Returns", "").strip()
    if name not in NOTHING_TO_RAISE:
        errors = set(re.findall(r"\b[A-Z]\w*(?:Error|Warning)\b", told["Raises"]))
        assert errors
        assert errors & set(gi.__all__)
    if "DataFrame" in told["Returns"].partition("\n    ")[0]:
        assert re.search(r"\brow\b|\brows\b", told[""]), "what is one row?"
    for column in re.findall(r"``?(\w*(?:_time|_seen|time))``?", told["Returns"]):
        assert re.search(r"UTC|zone", told[""]), f"in which zone is {column}?"


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.startswith(("list_", "get_", "run_"))])
def test_a_call_to_graph_names_its_permission_and_its_page(name) -> None:
    """The permission is the one that `check_access` names, and the page is Microsoft's."""
    text = sections(name)[""]
    (permission,) = {permission_of(need) for need in NEEDS if need.function.partition("(")[0] == name}
    assert f"`{permission}`" in text
    assert "https://learn.microsoft.com/graph/" in text


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_describes_what_it_is_given_and_holds(name) -> None:
    """Arguments of its own constructor are described, and the facts that an error carries besides its message."""
    value = getattr(gi, name)
    told = sections(name)
    if "__init__" in vars(value) and name != "GraphClient":  # `connect` makes that one, and describes it
        arguments = [one for one in inspect.signature(value).parameters if one != "message"]
        described = told.get("Parameters", "") + told.get("Attributes", "")
        for argument in arguments:
            assert re.search(rf"^\*{{0,2}}(?:\w+, )*{argument}\b", described, re.MULTILINE), argument
