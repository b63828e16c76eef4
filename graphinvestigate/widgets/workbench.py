"""Alert queue, entity graph and timeline in one, sharing one selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.client import GraphClient
from graphinvestigate.turns import each_in_turn
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.explorer import EntityExplorer
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.selection import Selection


@each_in_turn(turn_of, but=("__init__",))  # its parts take their turns
class Workbench(controls.VBox):
    """An alert queue above an entity graph with its timeline: what is selected in one is selected in all.

    Parameters
    ----------
    client : GraphClient
        Where pivots ask.
    alerts : pandas.DataFrame
        What ``list_alerts`` or ``read_records("alerts", …)`` returned. It is not changed.
    g : networkx.MultiDiGraph, optional
        The entity graph; that of the alerts if not given.
    frames : sequence of pandas.DataFrame
        More records for the timeline.
    since : str or None
        How far back pivots ask; users can change it.

    Attributes
    ----------
    picker : AlertPicker
    explorer : EntityExplorer
    selection : Selection
        What is selected in all of them.

    Raises
    ------
    UsageError
        When ``alerts`` is no frame of alerts, or ``g`` no entity graph.
    """

    def __init__(
        self,
        client: GraphClient,
        alerts: pd.DataFrame,
        *,
        g: nx.MultiDiGraph | None = None,
        frames: Sequence[pd.DataFrame] = (),
        since: str | None = "30d",
    ) -> None:
        self.picker = AlertPicker(alerts)
        g = linking.entity_graph(alerts=self.picker.alerts) if g is None else g
        self.explorer = EntityExplorer(client, g, picker=self.picker, frames=frames, since=since)
        super().__init__(children=[self.picker, self.explorer])

    @property
    def selection(self) -> Selection:
        """What is selected in all of them."""
        return self.picker.selection

    def to_code(self) -> str:
        """Give the code that brings picker and explorer into this state.

        Returns
        -------
        str
            Python that expects ``client``, ``alerts`` and ``g``, and ``frames`` where the workbench was given some.
        """
        return "\n".join(self.explorer._code_lines(short=False, workbench=True))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, *rest = _parts(super()._repr_mimebundle_(**kwargs))
        twins = [_parts(part._repr_mimebundle_())[0] for part in (self.picker, self.explorer)]
        for kind in ("text/html", "text/plain"):
            data[kind] = "\n".join(str(twin[kind]) for twin in twins)
        return (data, *rest) if rest else data

    def __repr__(self) -> str:
        return f"<Workbench: {self.picker!r}, {self.explorer!r}>"


def _parts(bundle: Any) -> list[Any]:
    data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
    return [dict(data or {}), *rest]
