"""The public names: what `import graphinvestigate` offers, and what it costs."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

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


def test_import_loads_none_of_the_heavy_libraries() -> None:
    """`import graphinvestigate` does no work: no dependency is loaded by it."""
    code = (
        "import sys, graphinvestigate; "
        "heavy = {'pandas','numpy','httpx','msal','plotly','networkx','ipywidgets','pyarrow','msgspec'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
