"""A case: everything of an investigation in one folder that can be shared, replayed and proved."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import linking
from graphinvestigate.cases import adding
from graphinvestigate.cases.contents import FIGURES, Contents
from graphinvestigate.cases.figures import figure_from_json
from graphinvestigate.cases.manifest import Manifest
from graphinvestigate.cases.rebuilding import graph_of
from graphinvestigate.cases.requests import coverage_of, in_order
from graphinvestigate.cases.saving import Place
from graphinvestigate.cases.saying import Sayings
from graphinvestigate.cases.storage import Problem
from graphinvestigate.errors import UsageError
from graphinvestigate.text import log


class Case(Sayings):
    """An investigation's records, entity graph, figures, notes, steps and verdict.

    Parameters
    ----------
    name : str
        What you call it, such as ``"INC-4711"``.
    author : str
        Who writes its notes; empty is nobody in particular.

    Attributes
    ----------
    name, case_id : str
        What it is called, and what it is known by wherever it is copied.
    path : Path or None
        Where it was saved or opened last.
    created : str
        ISO time, UTC.
    manifest : Manifest or None
        Of the last save: hashes, versions, query windows.
    """

    def __init__(self, name: str, *, author: str = "") -> None:
        if not isinstance(name, str) or not name.strip() or len(name) > 200:
            raise UsageError("a case has a name of up to 200 characters, such as Case('INC-4711').")
        self.name = name
        self.author = author
        self.case_id = uuid.uuid4().hex
        self.created = adding.now()
        self._contents = Contents()
        self._place: Place | None = None
        self._added: nx.MultiDiGraph | None = None
        self._graph: nx.MultiDiGraph | None = None

    # ---- what it holds --------------------------------------------------------------------------------------

    def add(self, *things: Any, name: str | None = None) -> None:
        """Add to the case; adding the same again changes nothing.

        Parameters
        ----------
        *things : DataFrame, networkx.MultiDiGraph, plotly Figure, Note, EntityExplorer …
            Frames as `list_*`, `get_*`, `read_records` or `run_hunting_query` returned them (one row per record is
            kept, the newest version), entity graphs, figures, notes, explorers (their graph, frames and log), what
            `pivot` and `refresh` returned, and clients (every request they made, also those that found nothing).
        name : str, optional
            What to call a figure, a hunting answer, or a frame that holds no records of Graph.

        Raises
        ------
        UsageError
            One of them is nothing a case can keep; the case stays as it was.
        """
        kept, graphs = self._contents.copy(), []
        for thing in things:
            graphs += adding.add(kept, thing, name=name)
        added = self._foreign()
        for g in graphs:
            added = g if added is None else linking.merge_graphs(added, g)
        self._contents, self._added, self._graph = kept, added, None

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Its records by kind (``alerts``, ``sign_ins`` …), in the columns of their `list_*` functions."""
        self._whole("records/")
        return dict(self._contents.frames)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Other tables that were added, by name."""
        self._whole("tables/")
        return dict(self._contents.tables)

    @property
    def figures(self) -> dict[str, go.Figure]:
        """Its figures, by name."""
        self._whole("figures/")
        return {
            name: figure_from_json(value, source=f"{FIGURES}/{name}.json")
            for name, value in self._contents.figures.items()
        }

    @property
    def graph(self) -> nx.MultiDiGraph:
        """Its entity graph: of all its records, joined with the graphs that were added."""
        self._whole("graph.json", "records/")
        if self._graph is None:
            built = graph_of(self._contents.frames, like=self._added)
            self._graph = built if self._added is None else linking.merge_graphs(self._added, built)
        return self._graph

    @property
    def coverage(self) -> pd.DataFrame:
        """What was asked of Graph and what came back: one row per request, as in `coverage`."""
        self._whole("requests.jsonl")
        return coverage_of(in_order(self._contents.requests.values()))

    @property
    def actions(self) -> list[dict[str, Any]]:
        """What was done, oldest first: plain values with `at` (ISO, UTC) and `action`."""
        self._whole("actions.jsonl")
        return sorted((dict(one) for one in self._contents.actions.values()), key=lambda one: (one["at"], one["id"]))

    # ---- on disk --------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path | None:
        """Where it was saved or opened last."""
        return self._place.path if self._place else None

    @property
    def manifest(self) -> Manifest | None:
        """The manifest of the last save."""
        return self._place.manifest if self._place else None

    @property
    def problems(self) -> list[Problem]:
        """What was wrong with its files when it was opened; what they hold is missing here. See `verify`."""
        return list(self._place.problems) if self._place else []

    def save(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Save the case: a kill at any moment leaves the old case or the new one.

        What another notebook saved to the same place meanwhile is joined, not overwritten: every note, request and
        step of both is there afterwards, here too.

        Parameters
        ----------
        path : str or path, optional
            A folder, made where it does not exist (for this account alone), or a file whose name ends in ``.zip``;
            by default where the case was saved or opened.

        Returns
        -------
        Path

        Raises
        ------
        UsageError
            No path is known, or another case or something else lies there.
        NotSavedError
            It can't be written; what was there is untouched.
        BadFileError
            What lies there was changed since it was saved: see `verify`. Save elsewhere to keep both.
        """
        if path is None and self.path is None:
            raise UsageError("name a folder for the case: case.save('cases/INC-4711').")
        place = self._place if path is None or self._is_here(path) else None
        place = place or Place(Path(path or "."))
        self._whole("")
        self._contents.graph = self.graph
        saved, self._contents = place.save(
            self._contents, name=self.name, case_id=self.case_id, created=self.created, moment=adding.now()
        )
        self._place = saved
        self._added, self._graph = self._contents.graph, self._contents.graph
        return saved.path

    def verify(self) -> list[Problem]:
        """Compare the saved case with its manifest.

        Returns
        -------
        list of str
            One sentence per changed, missing or extra file (`.file`, `.kind`); empty when all is well.

        Raises
        ------
        UsageError
            The case was not saved yet.
        BadFileError
            There is no case any more, or its manifest can't be read.
        """
        if self._place is None:
            raise UsageError("save the case first: case.save('cases/INC-4711').")
        return self._place.read().problems

    def redact(self, key: str | bytes, *, keep: Collection[str] = ()) -> Case:
        """Give the case under keyed pseudonyms, not saved yet: the same records, graph, notes and steps, naming nobody.

        Parameters
        ----------
        key : str or bytes
            At least 16 bytes (``secrets.token_hex(32)``); the same key gives the same pseudonyms.
        keep : collection of str
            Values that stay, such as an attacker's address.

        Returns
        -------
        Case

        Raises
        ------
        RedactionLeakError
            A scan of its files found an original; nothing is returned. See `redact`.
        """
        from graphinvestigate.cases.redaction import redact

        made: Case = redact(self, key=key, keep=keep)
        return made

    @classmethod
    def _opened(cls, place: Place, manifest: Manifest, contents: Contents) -> Case:
        case = cls.__new__(cls)
        case.name, case.case_id, case.created, case.author = manifest.name, manifest.case_id, manifest.created, ""
        case._contents, case._place = contents, place
        case._added = case._graph = contents.graph
        return case

    # ---- inside ---------------------------------------------------------------------------------------------

    def _is_here(self, path: str | os.PathLike[str]) -> bool:
        return self.path is not None and Path(path).absolute() == self.path.absolute()

    def _whole(self, *beginnings: str) -> None:
        """Refuse to give a part that was damaged on disk."""
        if self._place is not None:
            self._place.refuse_damaged(*beginnings)

    def _foreign(self) -> nx.MultiDiGraph | None:
        """The graphs that were added and say more than the records do; a graph that only repeats them is let go."""
        if self._added is None or self._graph is None:
            return self._added
        built = graph_of(self._contents.frames, like=self._added)
        return None if self._added.graph == {} and nx.utils.graphs_equal(built, self._added) else self._added

    def __repr__(self) -> str:
        rows = ", ".join(f"{len(frame):,} {name.replace('_', ' ')}" for name, frame in self._contents.frames.items())
        damage = f"; DAMAGED: {len(self.problems)} files, see .problems" if self.problems else ""
        where = f" at {log(str(self.path))}" if self.path else ", not saved"
        notes = len([note for note in self._standing() if note.kind in ("note", "finding")])
        return f"<Case {log(self.name)}: {rows or 'no records'}; {notes} notes{where}{damage}>"


def open_case(path: str | os.PathLike[str]) -> Case:
    """Open a saved case.

    Parameters
    ----------
    path : str or path
        The folder, or the ``.zip``, that `Case.save` wrote, here or elsewhere, by this version or an older one.

    Returns
    -------
    Case
        Nothing in it is executed: it is read as JSON and JSON Lines, within limits. A file that is not what the
        manifest says is not read: it stands in `case.problems`, and what it held is an error when asked for.

    Raises
    ------
    BadFileError
        It is no case, of a later version, or made to do harm (paths that lead out, links, bombs); nothing is
        written.
    """
    place, manifest, contents = Place.open(Path(path))
    return Case._opened(place, manifest, contents)
