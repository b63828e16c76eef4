"""A live plotly figure: its whole state is the figure, whatever the page missed, and every user's action arrives."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import anywidget
import plotly.graph_objects as go
import traitlets
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.style import CONFIG, THEMES, template
from graphinvestigate.widgets import twins
from graphinvestigate.widgets.controls import InTurn, turn_of

_HERE = files("graphinvestigate.widgets")
_TEMPLATES = json.dumps({name: template(name) for name in THEMES})


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a figure.

    Attributes
    ----------
    trace, index : int
        Its trace in ``figure.data``, and its place in that trace; of a heatmap, its column.
    row : int or None
        Of a heatmap, its row.
    id : str or None
        What the trace's ``ids`` say there.
    customdata : object
        What the trace's ``customdata`` say there; None for the points of very large selections.
    """

    trace: int
    index: int
    id: str | None = None
    customdata: Any = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What a user did in the figure.

    Attributes
    ----------
    type : str
        ``click``, ``select`` (box or lasso; without points: no selection any more), ``zoom``, ``legend``, ``key`` or
        ``size``.
    edition : int
        Which edition of the figure the page showed then (see :attr:`PlotlyView.edition`).
    points : tuple of Point
        What was clicked or selected.
    ranges : mapping of str to list
        The axes' ranges after a zoom, or the box that was drawn, as plotly writes them.
    trace : int or None
        Whose legend entry was pressed.
    key : str
        Which key was pressed, by its browser's name: ``ArrowUp``, ``Enter``, ``p`` …
    size : (int, int) or None
        How many pixels there are between the axes now.
    shift, ctrl, double : bool
        Whether Shift or Ctrl (or Command) was held, and whether a legend entry was pressed twice.
    """

    type: str
    edition: int = 0
    points: tuple[Point, ...] = ()
    ranges: Mapping[str, list[Any]] | None = None
    trace: int | None = None
    key: str = ""
    size: tuple[int, int] | None = None
    shift: bool = False
    ctrl: bool = False
    double: bool = False


@each_in_turn(turn_of)
class PlotlyView(InTurn, anywidget.AnyWidget):
    """A plotly figure in a page.

    The model's state is the whole current figure, so a reloaded page, a second view and Voilà show what is true now.
    The page draws it in place: a change never makes a new drawing, and of many changes at once only the last is drawn.
    plotly.js is the installed package's own; it is sent to the page once, on demand, and is in no saved notebook.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure or dict
        What it shows first; a dict has ``data`` and ``layout`` as plotly.js reads them. Its template is replaced by
        the light or dark one of the page.
    label : str
        What it is, for screen readers.
    keys : collection of str
        Keys that are told to :meth:`on`, by their browser's names; all others do nothing.
    legend_asks : bool
        True: pressing a legend entry hides nothing but is told to :meth:`on`.
    tells_size : bool
        True: :meth:`on` is told how large the drawing is, at first and whenever that changes.
    config : mapping, optional
        Changes to plotly's configuration, such as which buttons the mode bar has.

    Attributes
    ----------
    edition : int
        How often :meth:`draw` was called; what users do is told with the edition that they saw.
    """

    _esm = "".join(
        _HERE.joinpath(name).read_text(encoding="utf-8") for name in ("keys.js", "names.js", "plotly_view.js")
    )
    _css = """
.gi-plotly { position: relative; width: 100%; min-width: 0; overflow: hidden; }
.gi-plotly:focus { outline: none; }
.gi-plotly:focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: -2px; }
.gi-plotly-words { position: absolute; z-index: 2; top: 40%; left: 10%; right: 10%; padding: 8px 12px;
  text-align: center; color: var(--jp-ui-font-color1, #212121); background: var(--jp-layout-color1, #fff);
  border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 4px; }
.gi-plotly-words[hidden] { display: none; }
"""

    figure = traitlets.Unicode("{}", help="data, layout and config as JSON").tag(sync=True)
    templates = traitlets.Unicode(_TEMPLATES, help="layout.template of the light and the dark theme").tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    told_keys = traitlets.Unicode("[]").tag(sync=True)
    legend_asks = traitlets.Bool(False).tag(sync=True)
    tells_size = traitlets.Bool(False).tag(sync=True)
    edition = traitlets.Int(0).tag(sync=True)
    plotly_version = traitlets.Unicode(get_plotlyjs_version()).tag(sync=True)

    def __init__(
        self,
        figure: go.Figure | Mapping[str, Any],
        *,
        label: str,
        keys: Collection[str] = (),
        legend_asks: bool = False,
        tells_size: bool = False,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self._config = {**CONFIG, **(config or {})}
        self._callbacks: dict[str, list[Callable[[Event], None]]] = {}
        self._pictures_asked = 0
        self._on_picture: Callable[[bytes], None] | None = None
        super().__init__(
            figure=self._json(figure),
            label=label,
            told_keys=json.dumps(sorted(keys)),
            legend_asks=legend_asks,
            tells_size=tells_size,
        )
        self.on_msg(self._on_message)

    def draw(self, figure: go.Figure | Mapping[str, Any]) -> None:
        """Show another figure in the same place.

        Parameters
        ----------
        figure : plotly.graph_objects.Figure or dict
            It is not changed. What users zoomed stays zoomed as long as its ``uirevision`` is the same.
        """
        written = self._json(figure)
        if written != self.figure:
            with self.hold_sync():
                self.edition += 1
                self.figure = written

    def save_picture(self, name: str, *, format: str = "png") -> None:
        """Let the page save what it shows as a picture.

        Parameters
        ----------
        name : str
            The file's name without its ending.
        format : {"png", "svg", "jpeg", "webp"}
            Which kind of picture.
        """
        self.send({"type": "picture", "name": name, "format": format})

    def take_picture(self, then: Callable[[bytes], None]) -> None:
        """Ask the page for what it shows as a PNG; of several pages that show it the first answer counts.

        Parameters
        ----------
        then : callable
            Called with the picture, when it has come.
        """
        self._pictures_asked += 1
        self._on_picture = then
        self.send({"type": "picture", "number": self._pictures_asked})

    def save_file(self, name: str, content: bytes, *, mime: str) -> None:
        """Let the page save a file.

        Parameters
        ----------
        name : str
            The file's name.
        content : bytes
            What it holds.
        mime : str
            What kind of content that is.
        """
        self.send({"type": "file", "name": name, "mime": mime}, [content])

    def on(self, type: str, callback: Callable[[Event], None]) -> None:
        """Call this for every event of a type; errors are the callback's own to show.

        Parameters
        ----------
        type : {"click", "select", "zoom", "legend", "key", "size"}
            Which events.
        callback : callable
            Gets the :class:`Event`.
        """
        self._callbacks.setdefault(type, []).append(callback)

    def _json(self, figure: go.Figure | Mapping[str, Any]) -> str:
        parts = figure.to_dict() if isinstance(figure, go.Figure) else figure
        layout = {name: value for name, value in parts["layout"].items() if name != "template"}
        return str(to_json_plotly({"data": list(parts["data"]), "layout": layout, "config": self._config}))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return twins.beside(super()._repr_mimebundle_(**kwargs), *twins.figure(self.figure, self.label))

    def _on_message(self, _: object, content: Any, buffers: Any) -> None:
        if not isinstance(content, Mapping):
            return
        if content.get("type") == "plotly.js":
            packed = content.get("packed") is True
            self.send({"type": "plotly.js", "packed": packed}, [_packed() if packed else get_plotlyjs().encode()])
            return
        if content.get("type") == "picture":
            then = self._on_picture
            if then is not None and content.get("number") == self._pictures_asked and buffers:
                self._on_picture = None
                then(bytes(buffers[0]))
            return
        event = read_event(content)
        self.send({"type": "heard", "number": content.get("number", 0)})
        if event is not None:
            for callback in self._callbacks.get(event.type, ()):
                callback(event)


def read_event(content: Mapping[str, Any]) -> Event | None:
    """Read a message of the page; what is none gives None.

    Parameters
    ----------
    content : mapping
        What the page sent.

    Returns
    -------
    Event or None
    """
    try:
        return Event(
            type=str(content["type"]),
            edition=int(content.get("edition") or 0),
            points=tuple(_points(content.get("traces") or ())),
            ranges={str(name): list(ends) for name, ends in (content.get("ranges") or {}).items()},
            trace=None if content.get("trace") is None else int(content["trace"]),
            key=str(content.get("key", "")),
            size=_size(content.get("size")),
            shift=content.get("shift") is True,
            ctrl=content.get("ctrl") is True,
            double=content.get("double") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _size(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    width, height = value
    return max(int(width), 1), max(int(height), 1)


def _points(traces: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    for group in traces:
        indices = list(group["points"])
        ids = list(group.get("ids") or [None] * len(indices))
        custom = list(group.get("customdata") or [None] * len(indices))
        for index, name, data in zip(indices, ids, custom, strict=True):
            row, column = index if isinstance(index, list) else (None, index)
            yield Point(
                int(group["trace"]), int(column), None if name is None else str(name), data,
                None if row is None else int(row),
            )  # fmt: skip


@functools.cache
def _packed() -> bytes:
    return gzip.compress(get_plotlyjs().encode(), compresslevel=1, mtime=0)
