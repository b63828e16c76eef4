"""The public names: what `import graphinvestigate` offers, and what it costs."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import pkgutil
import subprocess
import sys
import tomllib
import typing
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import graphinvestigate as gi


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
