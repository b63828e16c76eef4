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
from graphinvestigate.cases.contents import FIGURES, Contents, files_hashes
from graphinvestigate.cases.difference_words import counted
from graphinvestigate.cases.differences import Difference, diff
from graphinvestigate.cases.dossier import Dossier, dossier_of
from graphinvestigate.cases.figures import figure_from_json
from graphinvestigate.cases.guard import guarded
from graphinvestigate.cases.manifest import Manifest, versions
from graphinvestigate.cases.markdown import markdown
from graphinvestigate.cases.rebuilding import SETTINGS, derived, graph_of
from graphinvestigate.cases.records import counted_records
from graphinvestigate.cases.redaction import redact
from graphinvestigate.cases.replaying import Replay, replay
from graphinvestigate.cases.report import write_report
from graphinvestigate.cases.requests import coverage_of, in_order
from graphinvestigate.cases.saving import Place
from graphinvestigate.cases.saying import Sayings, turn_of
from graphinvestigate.cases.storage import Problem, not_saved
from graphinvestigate.errors import UsageError
from graphinvestigate.text import log, paired
from graphinvestigate.turns import Turn, each_in_turn
from graphinvestigate.wanted import takes


@each_in_turn(turn_of, but=("__init__", "add", "diff"))
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
        if not isinstance(name, str) or not name.strip() or len(name) > 200 or paired(name) != name:
            raise UsageError("a case has a name of up to 200 characters, such as Case('INC-4711').")
        self.name = name
        self.author = author
        self.case_id = uuid.uuid4().hex
        self.created = adding.now()
        self._turn = Turn()
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
            Frames as `list_*`, `get_*`, `read_records`, `map_records` or `run_hunting_query` returned them (one row
            per record is kept, the newest version), entity graphs, figures, notes, explorers and workbenches (graph,
            frames and log), what `pivot`, `refresh` and `actions` returned, and clients (every request they made, also
            those that found nothing).
        name : str, optional
            What to call a figure, a hunting answer, or a frame that holds no records of Graph.

        Raises
        ------
        UsageError
            One of them is nothing a case can keep; the case stays as it was.
        """
        taken = [adding.at_one_moment(thing) for thing in things]  # before: an explorer has a turn of its own
        with self._turn:
            kept, added = self._contents.copy(), self._foreign()
            graphs = [g for thing in taken for g in adding.add(kept, thing, name=name, author=self.author)]
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
            with guarded(self.path):
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
        place = place or Place(Path(path or ".").absolute())
        self._whole("")
        self._contents.graph, editions = self.graph, self._contents.editions
        saved, self._contents = place.save(
            self._contents, name=self.name, case_id=self.case_id, created=self.created, moment=adding.now(),
            derive=derived,
        )  # fmt: skip
        self._place, self._contents.editions = saved, editions
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
        made: Case = redact(self, key=key, keep=keep)
        return made

    def replay(self) -> Replay:
        """Rebuild frames, entity graph, timeline and report from the saved raw records, with no client.

        Returns
        -------
        Replay
            What was rebuilt, and in `.differences` where it is not what was saved: compared byte for byte with the
            versions that the manifest names, by value with others (`.versions_differ`). What the saved graph says and
            no record gives is in `.beyond`; that another version of the report made the saved one, in `.retold`.

        Raises
        ------
        UsageError
            The case was not saved yet.
        BadFileError
            A file is not what the manifest says, so that a replay would prove nothing.
        """
        if self._place is None:
            raise UsageError("save the case first: case.save('cases/INC-4711').")
        with guarded(self.path):
            return replay(self._place.read())

    def diff(self, other: Case) -> Difference:
        """Say in words what is new in the one of two cases that was saved later.

        Parameters
        ----------
        other : Case
            An older or newer copy of this case, or another case. What was never saved counts as newest; of two
            that were not saved this one does.

        Returns
        -------
        Difference
            `.headline` ("2 new alerts, user risk medium → high, merged into 28301"), `.sentences` and `.changes`.
        """
        if not isinstance(other, Case):
            raise UsageError("case.diff takes another case; diff(before, after) compares two frames.")
        ours, theirs = (one.manifest.saved if one.manifest else "9999" for one in (self, other))
        return diff(other, self) if ours >= theirs else diff(self, other)

    # ---- told -----------------------------------------------------------------------------------------------

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the case as one HTML file that opens with no network and prints.

        Parameters
        ----------
        path : str or path
            The file; an older one is replaced, whole or not at all. A saved case that was not changed since gives
            the same bytes as its replay.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        UsageError
            It is a folder.
        NotSavedError
            It can't be written there.
        """
        target = Path(path)
        if target.is_dir():
            raise UsageError(f"{log(str(target))} is a folder: name the file in it, such as report.html.")
        try:
            with guarded(self.path):
                return write_report(target, self._dossier())
        except OSError as error:
            raise not_saved(target, error) from error

    def markdown(self) -> str:
        """Write the case as Markdown for a ticket: short, and no text of it makes a link, an image or a mention."""
        with guarded(self.path):
            return markdown(self._dossier())

    def _dossier(self) -> Dossier:
        self._whole("")
        self._contents.graph = self.graph
        manifest = self.manifest
        if manifest is None or files_hashes(self._contents) != {n: one.sha256 for n, one in manifest.files.items()}:
            manifest = Manifest(
                name=self.name, case_id=self.case_id, created=self.created, saved=adding.now(), tools=versions()
            )
        return dossier_of(manifest, self._contents)

    @classmethod
    def _opened(cls, place: Place, manifest: Manifest, contents: Contents) -> Case:
        case = cls.__new__(cls)
        case.name, case.case_id, case.created, case.author = manifest.name, manifest.case_id, manifest.created, ""
        case._turn, case._contents, case._place = Turn(), contents, place
        if contents.graph is not None and manifest.tools.get("graphinvestigate") != versions()["graphinvestigate"]:
            with guarded(place.path):  # what later versions say of a node, an older one's graph does not say yet
                contents.graph = linking.with_overrides(contents.graph)
        case._added = case._graph = contents.graph
        return case

    # ---- inside ---------------------------------------------------------------------------------------------

    def _another(self, name: str, contents: Contents) -> Case:
        made = Case(name)
        made.created, made._contents = self.created, contents
        made._added = made._graph = contents.graph
        return made

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
        own = any(self._added.graph.get(name) for name in SETTINGS)
        return None if not own and nx.utils.graphs_equal(built, self._added) else self._added

    def __repr__(self) -> str:
        rows = ", ".join(counted_records(name, frame) for name, frame in self._contents.frames.items())
        damage = f"; DAMAGED: {len(self.problems)} files, see .problems" if self.problems else ""
        where = f" at {log(str(self.path))}" if self.path else ", not saved"
        notes = len([note for note in self._standing() if note.kind in ("note", "finding")])
        return f"<Case {log(self.name)}: {rows or 'no records'}; {counted(notes, 'note', 'notes')}{where}{damage}>"


@takes
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
    place, manifest, contents = Place.open(Path(path).absolute())
    return Case._opened(place, manifest, contents)
