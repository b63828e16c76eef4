"""An entity graph to walk through: select, see why things are linked, pivot, watch graph and timeline grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets
import networkx as nx
import pandas as pd

from graphinvestigate import linking, pivots, text
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.nodes import kind_order
from graphinvestigate.views.graph_model import GraphTraces, graph_traces
from graphinvestigate.views.style import kind_look
from graphinvestigate.widgets import twins
from graphinvestigate.widgets.canvas import GraphCanvas, TimelineCanvas
from graphinvestigate.widgets.details import coverage_table, link_details, log_lines, node_details, node_name, plan
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.safe import pane, safe_html, show
from graphinvestigate.widgets.selection import Selection
from graphinvestigate.widgets.shown import Shown
from graphinvestigate.widgets.style import SHEET

WINDOWS = (("last 7 days", "7d"), ("last 30 days", "30d"), ("last 90 days", "90d"), ("all that Graph keeps", ""))


class EntityExplorer(ipywidgets.VBox):
    """An entity graph, its timeline, and what is known of the selected node; pivots ask Graph for more.

    Parameters
    ----------
    client : GraphClient
        Where pivots ask.
    g : networkx.MultiDiGraph
        What ``entity_graph`` returned. It is not changed: ``explorer.graph`` is what it grew to.
    selected : Entity, Record or str, optional
        What is selected first; text is looked up with ``find_entity``.
    picker : AlertPicker, optional
        Share its selection: an alert picked there is selected here, and the other way round. Its alerts stand
        on the timeline.
    frames : sequence of pandas.DataFrame
        More records for the timeline.
    since : str or None
        How far back pivots ask; users can change it.

    Attributes
    ----------
    graph : networkx.MultiDiGraph
        The entity graph with everything that pivots added.
    selected : Entity, Record or None
        What is selected.
    frames : list of DataFrame
        What pivots brought: the records behind what the graph grew by.
    log : list of dict
        What was done, oldest first, as plain values.
    selection : Selection
        What is selected, shared with the picker.

    Raises
    ------
    UsageError
        When ``g`` is no entity graph.
    """

    def __init__(
        self,
        client: GraphClient,
        g: nx.MultiDiGraph,
        *,
        selected: Entity | Record | str | None = None,
        picker: AlertPicker | None = None,
        frames: Sequence[pd.DataFrame] = (),
        since: str | None = "30d",
    ) -> None:
        if not isinstance(g, nx.MultiDiGraph):
            raise UsageError(f"EntityExplorer shows what entity_graph(…) returned, not {type(g).__name__}")
        if picker is not None and not isinstance(picker, AlertPicker):
            raise UsageError(f"picker is an AlertPicker, not {type(picker).__name__}")
        self._client = client
        self.graph = g
        self._log: list[dict[str, Any]] = []
        self.selection = picker.selection if picker is not None else Selection()
        self._pivoted: set[Entity] = set()
        self._brought: list[pd.DataFrame] = []
        self._busy = False
        self._messages = Messages()
        if selected is not None:
            self.selection.node = self._node(selected)
        self._shown = Shown(g, self.selected)
        self._canvas = GraphCanvas(self._model(), on_click=self._on_click)
        first = [picker.alerts] if picker is not None else []
        self._timeline = TimelineCanvas([*first, *frames])
        super().__init__(children=self._build(since))
        self.add_class("gi-root")
        self.selection.observe(self._on_selection, names="node")
        self._list_entities()
        self._refresh()

    @property
    def log(self) -> list[dict[str, Any]]:  # in the place of a logger that ipywidgets itself never uses
        """What was done, oldest first, as plain values: a copy."""
        return [dict(entry) for entry in self._log]

    @property
    def frames(self) -> list[pd.DataFrame]:
        """What pivots brought, oldest first: the records behind the part of the graph that grew."""
        return list(self._brought)

    @property
    def selected(self) -> Entity | Record | None:
        """What is selected, if this graph holds it."""
        node = self.selection.node
        return node if node in self.graph else None

    def select(self, entity: Entity | Record | str) -> None:
        """Select a node, as a click on it does.

        Parameters
        ----------
        entity : Entity, Record or str
            A node of ``explorer.graph``; text is looked up with ``find_entity``.
        """
        node = self._node(entity)
        self._note("select", node)
        if node == self.selection.node:
            self._refresh()
        else:
            self.selection.node = node

    def pivot(self, entity: Entity | str | None = None) -> pivots.Pivot:
        """Ask Graph for everything that mentions an entity, as the pivot button does; graph and timeline grow.

        Parameters
        ----------
        entity : Entity or str, optional
            Whom to ask for; the selected entity if not given.

        Returns
        -------
        Pivot
            What came: its frames, its coverage, and the new part of the graph.
        """
        node = self._node(entity if entity is not None else self.selected)
        if not isinstance(node, Entity):
            raise UsageError("a pivot starts at an entity, such as a user, a host or an address: select one")
        if self._busy:
            raise UsageError("a pivot is running: wait until it has ended")
        self._set_busy(node)
        before = self.graph.number_of_nodes()
        try:
            found = pivots.pivot(self._client, node, g=self.graph, since=self._since.value or None)
            self.graph = linking.merge_graphs(self.graph, found.graph)
        except BaseException as error:
            self._note("pivot", node, error=f"{type(error).__name__}: {error}")
            raise
        finally:
            self._set_busy(None)
        node = self._follow(node)
        self._pivoted.add(node)
        self._brought += found.frames.values()
        self._timeline.add(found.frames.values())
        rows = {name: len(frame) for name, frame in found.frames.items()}
        grown = self.graph.number_of_nodes() - before
        self._note("pivot", node, rows=rows, new_nodes=grown)
        self._shown.reveal(self.graph, node, also=found.graph.nodes)
        self._list_entities()
        if node == self.selection.node:
            self._refresh()
        else:
            self.selection.node = node
        counted = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in rows.items()) or "nothing"
        self._messages.say(f"Pivot on {self._label(node)}: {counted} came; the graph grew by {grown} nodes.")
        show(self._coverage, coverage_table(found.coverage))
        return found

    # ---- building -------------------------------------------------------------------------------------------

    def _build(self, since: str | None) -> list[ipywidgets.Widget]:
        self._head = pane(css_class="gi-head")
        self._choice = ipywidgets.Combobox(
            placeholder="Type a name, address or id to select …", ensure_option=True, continuous_update=False,
            layout=ipywidgets.Layout(width="320px"),
        )  # fmt: skip
        self._choice.observe(self._on_choice, names="value")
        chosen = since or ""
        windows = [*WINDOWS] if chosen in {value for _, value in WINDOWS} else [*WINDOWS, (f"since {chosen}", chosen)]
        self._since = ipywidgets.Dropdown(
            options=windows, value=chosen, tooltip="How far back a pivot asks", layout=ipywidgets.Layout(width="170px")
        )
        self._since.observe(self._on_since, names="value")
        self._button = ipywidgets.Button(
            description="Pivot", disabled=True, layout=ipywidgets.Layout(width="auto", min_width="180px")
        )
        self._button.add_class("gi-pivot")
        self._button.on_click(self._on_pivot)
        self._again = ipywidgets.Button(
            description="Ask again",
            tooltip="Ask the same once more",
            layout=ipywidgets.Layout(width="auto", display="none"),
        )
        self._again.on_click(self._on_again)
        bar = ipywidgets.HBox([self._choice, self._since, self._button, self._again])
        bar.add_class("gi-toolbar")
        self._plan = pane(css_class="gi-plan")
        self._details = pane(css_class="gi-details")
        self._coverage = pane(css_class="gi-coverage")
        self._lines = pane(css_class="gi-log")
        right = ipywidgets.VBox(
            [self._details],
            layout=ipywidgets.Layout(flex="2 1 280px", min_width="0", max_height="560px", overflow="auto"),
        )
        left = ipywidgets.VBox([self._canvas.widget], layout=ipywidgets.Layout(flex="5 1 560px", min_width="0"))
        body = ipywidgets.HBox([left, right], layout=ipywidgets.Layout(flex_flow="row wrap"))
        return [
            pane(SHEET), self._head, bar, self._plan, self._messages.widget, body, self._timeline.widget,
            self._coverage, self._lines,
        ]  # fmt: skip

    # ---- what users do --------------------------------------------------------------------------------------

    def _on_click(self, clicked: Any) -> None:
        with self._messages.shown():
            if isinstance(clicked, (Entity, Record)):
                self.select(clicked)
            else:
                show(self._details, link_details(self.graph, *clicked))

    def _on_choice(self, change: Any) -> None:
        if change["new"] in self._by_label:
            with self._messages.shown():
                self.select(self._by_label[change["new"]])
            self._choice.value = ""

    def _on_since(self, _: Any) -> None:
        with self._messages.shown():
            self._pivoted.clear()
            self._show_plan()

    def _on_pivot(self, _: Any) -> None:
        # A second click that was on its way while the first one's pivot ran must not ask twice.
        if self._busy or self.selected in self._pivoted:
            return
        with self._messages.shown():
            self.pivot()

    def _on_again(self, _: Any) -> None:
        with self._messages.shown():
            self.pivot()

    def _on_selection(self, _: Any) -> None:
        with self._messages.shown():
            node = self.selection.node
            if node is not None and node not in self.graph:
                raise UsageError(
                    f"{node.kind} {node[1]} is not in this entity graph: "
                    "build the graph from the same frame, entity_graph(alerts=alerts)"
                )
            self._refresh()

    # ---- state → widgets ------------------------------------------------------------------------------------

    def _node(self, entity: Entity | Record | str | None) -> Entity | Record:
        if entity is None:
            raise UsageError("nothing is selected: click a node, or name an entity")
        if isinstance(entity, str):
            return linking.find_entity(self.graph, entity)
        if entity not in self.graph:
            if isinstance(entity, Entity):
                return linking.find_entity(self.graph, entity.key)
            raise UsageError(f"{entity!r} is not in this entity graph")
        return entity

    def _label(self, node: Entity | Record) -> str:
        return f"{kind_look(node.kind).word} {text.visible(node_name(self.graph, node), 60)}"

    def _model(self) -> GraphTraces:
        node = self.selected
        return graph_traces(self.graph, self._shown.positions, highlight=None if node is None else [node])

    def _follow(self, node: Entity) -> Entity:
        """Give an entity's key in the grown graph; whatever got a stronger key keeps its place."""
        for old in [one for one in (*self._shown.positions, node) if one not in self.graph]:
            if isinstance(old, Entity):
                self._shown.rename(old, linking.find_entity(self.graph, old))
        return node if node in self.graph else linking.find_entity(self.graph, node)

    def _note(self, action: str, node: Entity | Record, **more: Any) -> None:
        identifiers = list(self.graph.nodes[node].get("identifiers") or ()) if node in self.graph else []
        label = node_name(self.graph, node) if node in self.graph else node[1]
        entry = {
            "action": action,
            "kind": node.kind,
            "key": node[1],
            "label": label,
            "identifiers": identifiers,
            **more,
        }
        if action == "pivot":
            entry["since"] = self._since.value or None
        self._log.append(entry)
        show(self._lines, log_lines(self._log))

    def _list_entities(self) -> None:
        self._by_label: dict[str, Entity | Record] = {}
        for node in sorted((n for n in self.graph if isinstance(n, Entity)), key=lambda n: kind_order(n.kind)):
            label = self._label(node)
            self._by_label[label if label not in self._by_label else text.visible(f"{label} ({node.key})", 200)] = node
        self._choice.options = tuple(self._by_label)

    def _refresh(self) -> None:
        node = self.selected
        if node is not None:
            self._shown.reveal(self.graph, node)
        self._canvas.draw(self._model())
        drawn = len(self._shown.positions)
        hidden = self.graph.number_of_nodes() - drawn
        show(
            self._head,
            safe_html(
                'Entity graph: {nodes} nodes, {links} links <span class="gi-muted">{note}</span>',
                nodes=self.graph.number_of_nodes(),
                links=self.graph.number_of_edges(),
                note=f"· {drawn} drawn, {hidden} not drawn: select one to bring it in" if hidden else "",
            ),
        )
        show(self._details, node_details(self.graph, node) if node is not None else self._nothing())
        self._show_plan()

    def _nothing(self) -> Any:
        return safe_html(
            '<p class="gi-muted">{text}</p>',
            text="Click a node, pick an alert, or type a name above: what is known of it stands here.",
        )

    def _show_plan(self) -> None:
        node = self.selected
        start = node if isinstance(node, Entity) else None
        done = start in self._pivoted
        self._button.disabled = start is None or done or self._busy
        self._button.description = "Pivot" if start is None else f"Pivot on {self._label(start)}"
        self._button.button_style = "" if start is None or done else "primary"
        self._again.layout.display = "inline-flex" if done else "none"
        if start is None:
            words = "Select a user, host, address … to pivot from it."
            show(self._plan, safe_html('<p class="gi-muted">{words}</p>', words=words))
            return
        window = {value: name for name, value in WINDOWS}.get(self._since.value, f"since {self._since.value}")
        asks = [step.sentence for step in pivots.pivot_steps(start, g=self.graph)]
        show(self._plan, plan(asks, window=window, done=done))

    def _set_busy(self, node: Entity | None) -> None:
        self._busy = node is not None
        for control in (self._button, self._again, self._choice, self._since):
            control.disabled = self._busy
        if node is not None:
            self._button.description = f"Asking Graph about {self._label(node)} …"
        else:
            self._show_plan()

    # ---- what stays when the kernel is gone -----------------------------------------------------------------

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return twins.beside(
            super()._repr_mimebundle_(**kwargs),
            *twins.explorer(self.graph, self.selected, list(self._shown.positions), self._log),
        )

    def __repr__(self) -> str:
        return (
            f"<EntityExplorer: {self.graph.number_of_nodes()} nodes, {self.graph.number_of_edges()} links, "
            f"selected {self.selected!r}>"
        )
