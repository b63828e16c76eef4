"""A parameterised notebook, run on a case as papermill would."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphinvestigate.errors import BadFileError, GraphInvestigateError, UsageError
from graphinvestigate.files import write_atomic
from graphinvestigate.text import log

TAG, INJECTED = "parameters", "injected-parameters"
TIMEOUT = 1_800  # seconds for one cell


class NotebookError(GraphInvestigateError):
    """A cell of the notebook failed; what ran is kept beside."""


def check_notebook(path: Path) -> None:
    """See that a notebook can be run here, before there is anything to run it on.

    Raises
    ------
    UsageError
        The packages that run notebooks are not installed.
    BadFileError
        It is no notebook.
    """
    if importlib.util.find_spec("nbclient") is None or importlib.util.find_spec("ipykernel") is None:
        raise UsageError('Running notebooks needs the extra `lab`: pip install "graphinvestigate[lab]"')
    with_parameters(_read(path), {})


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFileError(f"{log(str(path))}: no notebook ({log(str(error))}).") from error
    if not isinstance(value, dict) or not isinstance(value.get("cells"), list):
        raise BadFileError(f"{log(str(path))}: no notebook: it has no cells.")
    return value


def with_parameters(notebook: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Give the notebook with a cell that sets parameters, after the one tagged ``parameters``, or first.

    Parameters
    ----------
    notebook : dict
        Not changed.
    parameters : mapping of str to str
        Names and texts.
    """
    source = "".join(f"{name} = {value!r}\n" for name, value in parameters.items())
    cell: dict[str, Any] = {
        "cell_type": "code", "id": INJECTED, "metadata": {"tags": [INJECTED]}, "execution_count": None, "outputs": [],
        "source": f"# Parameters\n{source}",
    }  # fmt: skip
    cells = [one for one in notebook["cells"] if INJECTED not in _tags(one)]
    at = next((number + 1 for number, one in enumerate(cells) if TAG in _tags(one)), 0)
    return {**notebook, "cells": [*cells[:at], cell, *cells[at:]]}


def _tags(cell: Any) -> list[Any]:
    tags = cell.get("metadata", {}).get("tags", []) if isinstance(cell, dict) else []
    return tags if isinstance(tags, list) else []


def run_notebook(path: Path, output: Path, parameters: Mapping[str, str]) -> Path:
    """Run a notebook in a kernel of its own, and keep what came of it.

    Parameters
    ----------
    path : Path
        The notebook.
    output : Path
        Where the run one is written, whole or not at all, also when a cell failed.
    parameters : mapping of str to str

    Returns
    -------
    Path

    Raises
    ------
    NotebookError
        A cell failed.
    """
    import nbclient
    import nbformat

    notebook = nbformat.from_dict(with_parameters(_read(path), parameters))
    client = nbclient.NotebookClient(
        notebook, timeout=TIMEOUT, resources={"metadata": {"path": str(path.parent)}}, store_widget_state=False
    )
    failure: Exception | None = None
    try:
        client.execute()
    except (nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError, RuntimeError) as error:
        failure = error
    write_atomic(output, nbformat.writes(notebook))
    if failure is not None:
        first = str(failure).strip().splitlines()[-1] if str(failure).strip() else type(failure).__name__
        raise NotebookError(f"{log(path.name)}: a cell failed ({log(first)}); see {log(str(output))}.") from failure
    return output
