"""How an explorer saves what it shows: beside the notebook, through the browser, or where code says."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from graphinvestigate import text
from graphinvestigate.exports.graphs import export_graph
from graphinvestigate.exports.places import unwritten
from graphinvestigate.files import write_atomic
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.graph_svg import graph_svg
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.explorer_events import ExplorerEvents
from graphinvestigate.widgets.explorer_export import page_of
from graphinvestigate.widgets.explorer_files import MIME, NAME, contents, kind_of_path, saved

_PICTURE = (900, 560)


@each_in_turn(turn_of, but=("export",))
class ExplorerSaving(ExplorerEvents):
    """From the Save and Download buttons, and from code, to files."""

    @abstractmethod
    def to_code(self) -> str:
        """Write the cells that lead to what it shows: of the class that knows how it was opened."""

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Save what is shown, or the graph in a format of another tool.

        Parameters
        ----------
        path : str or path
            What its name ends in says what is written. ``.html``: one page with graph, timeline and tables that needs
            nothing else; ``.svg``: the drawing; ``.py``: the code. Every ending of ``gi.export_graph`` (``.graphml``,
            ``.json``, ``.csv`` …): the whole entity graph, whatever of it is drawn. The log is saved by
            ``case.add(explorer)``.
        overwrite : bool
            Whether files that are there may be replaced by an exported graph; page, drawing and code replace theirs.

        Returns
        -------
        list of Path
            The files written.

        Raises
        ------
        UsageError
            No format ends so, or the graph cannot be written there safely.
        NotSavedError
            The disk is full, writing is not allowed there, or there is no such folder.
        """
        kind = kind_of_path(path)
        if kind:
            try:
                return [write_atomic(path, self._texts()[kind]())]
            except OSError as error:
                raise unwritten(Path(path), error) from error
        return export_graph(self._state.graph, path, overwrite=overwrite)

    def _save(self, kind: str) -> None:
        """Write a file into the notebook's folder, under a name that is free there, and say where it is."""
        if kind == "png":
            self._messages.say("The page draws the picture and sends it here …")
            self._canvas.widget.take_picture(self._keep_picture)
        else:
            files, lost = contents(kind, self._state.graph, self._texts())
            self._tell_saved(saved(files, Path.cwd()), lost)

    def _keep_picture(self, picture: bytes) -> None:
        with self._messages.shown():
            self._tell_saved(saved([(f"{NAME}.png", picture)], Path.cwd()), [])

    def _tell_saved(self, paths: Sequence[Path], lost: Sequence[str]) -> None:
        self._history.note({"action": "save", "files": [path.name for path in paths]})
        self._show_history()
        self._messages.say(" ".join((f"Saved: {', '.join(text.visible(str(path)) for path in paths)}.", *lost)))

    def _download(self, kind: str) -> None:
        """Let the browser save it: where the kernel's files are out of reach."""
        if kind == "png":
            self._canvas.widget.save_picture(NAME)
            names, lost = [f"{NAME}.png"], list[str]()
        else:
            files, lost = contents(kind, self._state.graph, self._texts())
            for name, content in files:
                self._canvas.widget.save_file(name, content, mime=MIME[kind])
            names = [name for name, _ in files]
        self._history.note({"action": "download", "files": names})
        self._show_history()
        self._messages.say(" ".join((f"Your browser saves {', '.join(names)}.", *lost)))

    def _texts(self) -> dict[str, Callable[[], str]]:
        return {
            "svg": lambda: graph_svg(self._state.model(self._known().kinds, _PICTURE), size=_PICTURE),
            "html": lambda: page_of(self._state, self._known().kinds, self._history.log),
            "py": self.to_code,
        }
