"""The controls above a timeline: lanes, time zone, what dragging does, and whether other views follow."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import available_timezones

import ipywidgets

from graphinvestigate.views.timeline_events import LANES
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.safe import pane, safe_html

_WORDS = {"tactic": "Tactic", "entity": "Entity", "source": "Source", "record_kind": "Kind of record"}


class TimelineBar:
    """Controls of a timeline.

    Parameters
    ----------
    lanes, tz : str
        What they show first.
    messages : Messages
        Where errors of those who are told are shown.
    on_lanes, on_zone, on_drag, on_leads : callable
        Called with what was chosen.
    on_all, on_none : callable
        Called when all of time, or nothing selected, was asked for.
    """

    def __init__(
        self,
        lanes: str,
        tz: str,
        messages: Messages,
        *,
        on_lanes: Callable[[str], None],
        on_zone: Callable[[str], None],
        on_drag: Callable[[str], None],
        on_leads: Callable[[bool], None],
        on_all: Callable[[], None],
        on_none: Callable[[], None],
    ) -> None:
        self._messages, self._quiet = messages, False
        self.lanes = controls.Dropdown(
            options=[(_WORDS[lane], lane) for lane in LANES], value=lanes, tooltip="What the lanes stand for",
            layout=ipywidgets.Layout(width="140px"),
        )  # fmt: skip
        self.zone = controls.Combobox(
            value=tz, options=tuple(sorted(available_timezones())), continuous_update=False,
            layout=ipywidgets.Layout(width="170px"), tooltip="The time zone of the axis",
        )  # fmt: skip
        self.drag = controls.ToggleButtons(
            options=[("Zoom", "zoom"), ("Select", "select")], tooltips=["Drag to zoom", "Drag to select"],
            style={"button_width": "auto"},
        )  # fmt: skip
        self.leads = controls.ToggleButton(
            description="Filter other views", tooltip="Other views show only what was active in this window"
        )
        for control, call in (
            (self.lanes, on_lanes),
            (self.zone, on_zone),
            (self.drag, on_drag),
            (self.leads, on_leads),
        ):
            self._tell(control, call)
        self.all = controls.Button(description="All of time", tooltip="Show all of time (Home)")
        self.none = controls.Button(description="Select none", tooltip="Select nothing (Esc)")
        for button, act in ((self.all, on_all), (self.none, on_none)):
            self._tell_press(button, act)
        words = [pane(safe_html("{w}", w=word), css_class="gi-label") for word in ("Lanes", "Time zone", "Drag to")]
        self.widget = controls.HBox(
            [words[0], self.lanes, words[1], self.zone, words[2], self.drag, self.all, self.none, self.leads]
        )
        self.widget.add_class("gi-toolbar")

    def show(self, lanes: str, tz: str, *, whole: bool) -> None:
        """Show these lanes and this zone; `whole` tells whether all of time is in view."""
        self._quiet = True
        try:
            self.lanes.value, self.zone.value = lanes, tz
        finally:
            self._quiet = False
        self.all.disabled = whole

    def _tell(self, control: ipywidgets.Widget, call: Callable[..., None]) -> None:
        def changed(change: dict[str, object]) -> None:
            if not self._quiet:
                with self._messages.shown():
                    call(change["new"])

        control.observe(changed, names="value")

    def _tell_press(self, button: controls.Button, act: Callable[[], None]) -> None:
        def pressed(_: object) -> None:
            with self._messages.shown():
                act()

        button.on_click(pressed)
