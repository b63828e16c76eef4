"""What an explorer saves: its formats, their contents, and where files go that no one named."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx

from graphinvestigate.errors import NotSavedError, UsageError
from graphinvestigate.exports.graphs import graph_files
from graphinvestigate.exports.places import checked, place

NAME = "entity-graph"
FORMATS = (
    ("Picture (PNG)", "png"),
    ("Picture (SVG)", "svg"),
    ("Page (HTML)", "html"),
    ("GraphML", "graphml"),
    ("CSV, two files", "csv"),
    ("Node-link JSON", "json"),
    ("Code (Python)", "py"),
)
"""What the explorer's box offers; ``png`` is drawn by the page, all others here."""
MIME = {
    "svg": "image/svg+xml", "html": "text/html", "graphml": "application/graphml+xml", "csv": "text/csv",
    "json": "application/json", "py": "text/x-python",
}  # fmt: skip
_GRAPHS = {"graphml": "graphml", "csv": "csv", "json": "node_link"}
_MOST_TRIES = 1000


def contents(
    kind: str, g: nx.MultiDiGraph, texts: Mapping[str, Callable[[], str]], name: str = NAME
) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Write one format.

    Parameters
    ----------
    kind : str
        One of `FORMATS` but ``png``.
    g : networkx.MultiDiGraph
        The whole entity graph.
    texts : mapping of str to callable
        What writes the formats that are no graph: ``svg``, ``html`` and ``py``.
    name : str
        The files' name without its ending.

    Returns
    -------
    files, warnings : list of (str, bytes), list of str
        Names and contents; and what the format could not hold.
    """
    if kind in texts:
        return [(f"{name}.{kind}", texts[kind]().encode())], []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files = graph_files(g, name, format=_GRAPHS[kind])
    return files, [str(one.message) for one in caught]


def saved(files: Sequence[tuple[str, bytes]], folder: Path) -> list[Path]:
    """Write files into a folder under names that are free there: nothing is ever replaced.

    Parameters
    ----------
    files : sequence of (str, bytes)
        Names of ours, all of one stem, and contents.
    folder : Path
        Where to: a notebook's own.

    Returns
    -------
    list of Path

    Raises
    ------
    NotSavedError
        The disk is full, writing is not allowed there, or every name is taken.
    """
    for number in range(1, _MOST_TRIES):
        named = [(folder / name.replace(NAME, f"{NAME}-{number}" if number > 1 else NAME), one) for name, one in files]
        if any(path.exists() or path.is_symlink() for path, _ in named):
            continue
        try:
            return place([(checked(path), one) for path, one in named])
        except UsageError:  # taken meanwhile
            if not any(path.exists() for path, _ in named):
                raise
        except OSError as error:
            raise NotSavedError(
                f"{folder} takes no file: {error.strerror or error}. Use Download, or explorer.export(path) elsewhere."
            ) from error
    raise NotSavedError(
        f"{folder} holds {_MOST_TRIES:,} files of that name: remove some, or use explorer.export(path)."
    )


def keeps_files() -> bool:
    """Tell whether what is written here can be found again: a page that Voilà serves has no notebook's folder."""
    return not os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def kind_of_path(path: Any) -> str:
    """Give what a file's name asks for among the formats that are no graph; nothing for all others.

    Raises
    ------
    UsageError
        It is no path, or asks for a picture that only a page can draw.
    """
    if not isinstance(path, str | os.PathLike) or "\0" in os.fspath(path):
        raise UsageError(f"path takes the name of a file to write; got {path!r:.80}")
    ending = Path(path).suffix.casefold().lstrip(".")
    if ending in {"png", "jpg", "jpeg", "webp"}:
        raise UsageError(f"only a page draws .{ending}: take .svg, or the Save button of the shown explorer")
    return ending if ending in {"svg", "html", "py"} else ""
