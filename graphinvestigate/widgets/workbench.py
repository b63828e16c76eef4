"""Alert queue, entity graph and timeline in one, sharing one selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, empty_frame
from graphinvestigate.turns import each_in_turn
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.case_notes import opened
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.explorer import EntityExplorer
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.selection import Selection

_TIMED = ("incidents", "risk_detections", "risky_users", "sign_ins")
"""Records of a case that stand on the timeline beside its alerts."""


@each_in_turn(turn_of, but=("__init__",))  # its parts take their turns
class Workbench(controls.VBox):
    """An alert queue above an entity graph with its timeline: what is selected in one is selected in all.

    Parameters
    ----------
    client : GraphClient
        Where pivots ask.
    alerts : pandas.DataFrame, optional
        What ``list_alerts`` or ``read_records("alerts", …)`` returned. It is not changed. Those of the case if not
        given.
    g : networkx.MultiDiGraph, optional
        The entity graph; that of the case, or of the alerts, if not given.
    frames : sequence of pandas.DataFrame
        More records for the timeline; those of the case if none are given.
    since : str or None
        How far back pivots ask; users can change it.
    case : Case, optional
        A case that was opened again: its notes stand where they were made, and what its pivots asked is known.
        ``case.add(workbench)`` doubles nothing.

    Attributes
    ----------
    picker : AlertPicker
    explorer : EntityExplorer
    selection : Selection
        What is selected in all of them.

    Raises
    ------
    UsageError
        When ``alerts`` is no frame of alerts, ``g`` no entity graph or ``case`` no case, and where neither alerts nor
        a case are given.
    """

    def __init__(
        self,
        client: GraphClient,
        alerts: pd.DataFrame | None = None,
        *,
        g: nx.MultiDiGraph | None = None,
        frames: Sequence[pd.DataFrame] = (),
        since: str | None = "30d",
        case: Any = None,
    ) -> None:
        kept = None if case is None else opened(case)
        self._case_alone = kept is not None and alerts is None and g is None and not len(frames)
        if kept is not None:
            records = kept.frames
            alerts = records.get("alerts", empty_frame(RESOURCES["alerts"])) if alerts is None else alerts
            frames = [records[name] for name in _TIMED if name in records] if not len(frames) else frames
            g = kept.graph if g is None else g
        if alerts is None:
            raise UsageError("a workbench shows alerts, gi.Workbench(client, alerts), or a case: case=gi.open_case(…)")
        self.picker = AlertPicker(alerts)
        g = linking.entity_graph(alerts=self.picker.alerts) if g is None else g
        self.explorer = EntityExplorer(client, g, picker=self.picker, frames=frames, since=since, case=case)
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
            Python that expects ``client``, ``alerts`` and ``g``, and ``frames`` and ``case`` where the workbench was
            given some; of a case alone, ``client`` and ``case``.
        """
        return "\n".join(self.explorer._code_lines(short=False, workbench=True, case_alone=self._case_alone))

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
