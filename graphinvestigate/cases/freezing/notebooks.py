"""`freeze_notebook`: a live notebook as a small static one that still shows what was found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from graphinvestigate import text
from graphinvestigate.cases.freezing.outputs import FIGURE, frozen_output, joined
from graphinvestigate.cases.freezing.personal import personal_data
from graphinvestigate.cases.freezing.secrets import find_secrets, masked
from graphinvestigate.errors import BadFileError, SecretFoundError, UsageError
from graphinvestigate.exports.places import checked, place
from graphinvestigate.wanted import takes

MOST_BYTES = 1_000_000
_LARGEST = 512 * 2**20
_CELL_METADATA = ("tags", "slideshow", "collapsed", "editable", "deletable", "name", "jupyter")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Frozen(list[Path]):
    """The paths written, and what there is to know about them.

    Attributes
    ----------
    bytes : int
        How large the notebook is now.
    left_out : list of str
        What it no longer holds, once each: live widgets, scripts, metadata.
    personal : DataFrame
        What names people or places in it: ``kind``, ``value``, ``cells``; see `redact`.
    """

    def __init__(self, paths: list[Path], frozen: FrozenNotebook) -> None:
        super().__init__(paths)
        self.bytes = len(frozen.content)
        self.left_out = frozen.left_out
        self.personal = frozen.personal


@dataclass(frozen=True, slots=True)
class FrozenNotebook:
    """A frozen notebook in memory: its bytes, what was left out, and who is named in it."""

    content: bytes
    left_out: list[str]
    notebook: dict[str, Any] = field(repr=False)

    @property
    def personal(self) -> pd.DataFrame:
        """What names people or places in it."""
        return personal_data(list(cell_texts(self.notebook)))


@takes
def freeze_notebook(
    path: str | os.PathLike[str],
    *,
    to: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    mask_secrets: bool = False,
    most_bytes: int = MOST_BYTES,
) -> Frozen:
    """Turn a live notebook into a small static one that opens everywhere and leaks no secret.

    Parameters
    ----------
    path : path
        The notebook, as JupyterLab saved it (nbformat 4). It is not changed unless `to` says so.
    to : path, optional
        Where to write; by default beside it, ``…-frozen.ipynb``.
    overwrite : bool
        Whether a file that is there may be replaced.
    mask_secrets : bool
        Whether secrets are replaced by a word on what they were; else they are an error.
    most_bytes : int
        How large it may be; figures keep only their picture and table where it would be larger.

    Returns
    -------
    list of Path
        The notebook written; its ``.bytes``, ``.left_out`` and ``.personal`` (who is named in it: `redact` can replace
        them) say more. Widget state, scripts and machine metadata are gone; a widget's static twin and a figure's
        picture and table stand in their place, so that it reads on GitHub, in nbviewer, in JupyterLab and as HTML.

    Raises
    ------
    SecretFoundError
        A token, key or password is written out in it, in which cells and of which kind; nothing is written.
    BadFileError
        It is no notebook of nbformat 4.
    UsageError
        It stays too large, or the path cannot be written safely or is taken.
    """
    source = Path(path)
    try:
        if source.stat().st_size > _LARGEST:
            raise BadFileError(f"{text.log(source.name)} is larger than any notebook that can be frozen.")
        content = source.read_bytes()
    except OSError as error:
        raise BadFileError(f"{text.log(str(source))} cannot be read ({error.strerror}): name a notebook.") from error
    target = checked(to if to is not None else source.with_name(f"{source.stem}-frozen.ipynb"), overwrite=overwrite)
    frozen = freeze_bytes(content, name=source.name, mask_secrets=mask_secrets, most_bytes=most_bytes)
    return Frozen(place([(target, frozen.content)], overwrite=overwrite), frozen)


def freeze_bytes(
    content: bytes,
    *,
    name: str = "the notebook",
    mask_secrets: bool = False,
    most_bytes: int = MOST_BYTES,
    outputs: bool = True,
) -> FrozenNotebook:
    """Freeze a notebook in memory; the same bytes give the same bytes, and freezing twice changes nothing more.

    Parameters
    ----------
    content : bytes
        A notebook.
    name : str
        What errors call it.
    mask_secrets, most_bytes
        As in `freeze_notebook`.
    outputs : bool
        Whether outputs are kept; without them it is the notebook as it was written, not as it was run.

    Raises
    ------
    SecretFoundError, BadFileError, UsageError
        As in `freeze_notebook`.
    """
    name = text.log(name)
    notebook = _parsed(content, name)
    left_out: list[str] = []
    made = _frozen(notebook, left_out, outputs=outputs)
    if mask_secrets:
        made = _masked(made)
    found = secrets_in(made)
    if found:
        listed = "; ".join(f"{kind} in cell {cell}" if cell else f"{kind} in its metadata" for cell, kind in found[:6])
        raise SecretFoundError(
            f"{name} holds {len(found)} secret{'s' if len(found) > 1 else ''}: {listed}"
            f"{' …' if len(found) > 6 else ''}. Nothing was written. Take it out of the cell and run it again (read "
            "secrets from os.environ or getpass), make the secret itself invalid if the notebook was shared, or let it "
            "be masked (mask_secrets=True, --mask-secrets).",
            secrets=found,
        )
    written = _fitted(made, most_bytes, left_out, name)
    return FrozenNotebook(written, sorted(set(left_out)), made)


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{name} is no notebook: it is not JSON.") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) and "cell_type" in cell for cell in cells):
        raise BadFileError(f"{name} is no notebook of nbformat 4: open and save it in JupyterLab, then freeze it.")
    if notebook.get("nbformat") != 4:
        raise BadFileError(f"{name} is of nbformat {notebook.get('nbformat')!r}: open and save it in JupyterLab first.")
    return notebook


def _frozen(notebook: dict[str, Any], left_out: list[str], *, outputs: bool) -> dict[str, Any]:
    metadata = notebook.get("metadata") or {}
    state = metadata.get("widgets") or {}
    if state:
        left_out.append("widget state")
    models = _models(state)
    kept: dict[str, Any] = {}
    kernel = metadata.get("kernelspec") or {}
    kept["kernelspec"] = {name: str(kernel[name]) for name in ("display_name", "language", "name") if name in kernel}
    language = metadata.get("language_info") or {}
    kept["language_info"] = {name: str(language[name]) for name in ("name", "version") if name in language}
    if isinstance(metadata.get("title"), str):
        kept["title"] = metadata["title"]
    left_out += [f"metadata {name}" for name in metadata if name not in (*kept, "widgets")]
    kept = {name: value for name, value in kept.items() if value}
    cells = [_cell(cell, models, left_out, outputs=outputs) for cell in notebook["cells"]]
    minor = notebook.get("nbformat_minor")
    if not isinstance(minor, int):
        minor = 5 if all("id" in cell for cell in cells) else 4
    return {"cells": cells, "metadata": kept, "nbformat": 4, "nbformat_minor": minor}


def _cell(cell: dict[str, Any], models: dict[str, str], left_out: list[str], *, outputs: bool) -> dict[str, Any]:
    metadata = cell.get("metadata") or {}
    made: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "metadata": {name: metadata[name] for name in _CELL_METADATA if name in metadata},
        "source": joined(cell.get("source", "")),
    }
    if isinstance(cell.get("id"), str):
        made["id"] = cell["id"]
    if cell["cell_type"] == "code":
        found = [frozen_output(one, models, left_out) for one in cell.get("outputs") or () if isinstance(one, dict)]
        made["outputs"] = [one for one in found if one is not None] if outputs else []
        made["execution_count"] = cell.get("execution_count") if outputs else None
    elif isinstance(cell.get("attachments"), dict):
        pictures = {
            name: {kind: joined(one) for kind, one in bundle.items() if kind in _PICTURES}
            for name, bundle in cell["attachments"].items()
            if isinstance(bundle, dict)
        }
        made["attachments"] = {name: bundle for name, bundle in pictures.items() if bundle}
    return made


def _models(state: Any) -> dict[str, str]:
    views = state.get("application/vnd.jupyter.widget-state+json") if isinstance(state, dict) else None
    models = views.get("state") if isinstance(views, dict) else None
    if not isinstance(models, dict):
        return {}
    return {
        str(model): str(one.get("model_name", "widget")).removesuffix("Model")
        for model, one in models.items()
        if isinstance(one, dict)
    }


def cell_texts(notebook: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Every text of a notebook with the number of its cell, from 1; 0 is the notebook's own metadata."""
    yield from ((0, one) for one in _texts(notebook.get("metadata")))
    for number, cell in enumerate(notebook["cells"], start=1):
        yield from ((number, one) for one in _texts(cell))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in (*_PICTURES, "bdata", "id"):
                yield from _texts(one)
    elif isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            yield "\n".join(value)
        else:
            for one in value:
                yield from _texts(one)


def secrets_in(notebook: dict[str, Any]) -> list[tuple[int, str]]:
    """Every kind of secret in a notebook with the number of its cell, each pair once."""
    found = {(number, one.kind): None for number, value in cell_texts(notebook) for one in find_secrets(value)}
    return list(found)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: one if name in (*_PICTURES, "bdata", "id") else _masked(one) for name, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            whole = "\n".join(value)
            return value if masked(whole) == whole else masked(whole).split("\n")
        return [_masked(one) for one in value]
    return value


def _fitted(notebook: dict[str, Any], most: int, left_out: list[str], name: str) -> bytes:
    written = _written(notebook)
    if len(written) <= most:
        return written
    figures = [
        (len(json.dumps(output["data"][FIGURE])), output)
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if FIGURE in output.get("data", {}) and len(output["data"]) > 1
    ]
    for _, output in sorted(figures, key=lambda one: -one[0]):
        del output["data"][FIGURE]
        left_out.append("the data of a figure (its picture and table stay)")
        written = _written(notebook)
        if len(written) <= most:
            return written
    sizes = [(len(json.dumps(cell)), number) for number, cell in enumerate(notebook["cells"], start=1)]
    largest = ", ".join(f"cell {number} ({size:,} bytes)" for size, number in sorted(sizes, reverse=True)[:3])
    raise UsageError(
        f"{name} is {len(written):,} bytes when frozen, more than {most:,}; the largest are {largest}. Show less there "
        "(frame.head(20), max_nodes=, a shorter window), or allow more with most_bytes=."
    )


def _written(notebook: dict[str, Any]) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8", "replace")
