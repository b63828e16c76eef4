"""The pane beside the alert queue: what is known of one alert, and its record as Graph sent it on demand."""

from __future__ import annotations

from typing import Any

import ipywidgets
import msgspec

from graphinvestigate import text
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.alert_details import EVIDENCE_COLUMNS, alert_details
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.rows import Queue
from graphinvestigate.widgets.safe import Safe, join, pane, safe_html, show

MOST_LINES = 2000
LEAST_ROWS = 8


class AlertPane:
    """What is known of the current alert of a queue.

    Parameters
    ----------
    queue : Queue
        Where it is.
    messages : Messages
        Where errors are shown.
    rows : int
        How many rows the queue beside it shows: the pane is as high, whatever it says.
    """

    def __init__(self, queue: Queue, messages: Messages, *, rows: int) -> None:
        self._queue, self._messages = queue, messages
        self._number: int | None = None
        self._details = pane(css_class="gi-details")
        self.raw = controls.ToggleButton(
            description="Raw JSON", tooltip="The record as Graph sent it", layout=ipywidgets.Layout(width="auto")
        )
        self.raw.observe(self._on_raw, names="value")
        self._json = pane(css_class="gi-json")
        bar = controls.HBox([self.raw])
        bar.add_class("gi-toolbar")
        self.widget = controls.VBox(
            [bar, self._json, self._details],
            layout=ipywidgets.Layout(
                flex="3 1 280px", min_width="0", height=f"{max(rows, LEAST_ROWS) * 28 + 68}px", overflow="auto"
            ),
        )
        self.widget.add_class("gi-opened")

    def show(self, number: int | None, selected: int, *, elsewhere: str | None) -> None:
        """Show an alert; for none, what else is selected."""
        self._number = number
        self.raw.layout.display = "none" if number is None else "inline-flex"
        show(self._details, self._words(number, selected, elsewhere))
        self._show_raw()

    def _words(self, number: int | None, selected: int, elsewhere: str | None) -> Safe:
        if number is not None:
            details = alert_details(self._queue.rows([number]), self._queue.evidence_rows(number, EVIDENCE_COLUMNS))
            if selected > 1:
                words = f"{selected:,} alerts are selected; this is the current one."
                return join([safe_html('<p class="gi-muted">{words}</p>', words=words), details])
            return details
        if elsewhere is not None:
            words = f"Another view selected {text.visible(elsewhere, 80)}: no alert is highlighted."
        else:
            words = "No alert is highlighted. Change the filters, or pull a wider window."
        return safe_html('<p class="gi-muted">{words}</p>', words=words)

    def _on_raw(self, _: Any) -> None:
        with self._messages.shown():
            self._show_raw()

    def _show_raw(self) -> None:
        if self._number is None or not self.raw.value:
            show(self._json, Safe(""))
            return
        raw = self._queue.alerts["raw"].iloc[self._number]
        show(self._json, json_lines(raw) if isinstance(raw, str) else safe_html("{words}", words="no record was kept"))


def json_lines(raw: str) -> Safe:
    """Show a record as Graph sent it: laid out in lines, each value untouched but for what cannot be seen.

    Parameters
    ----------
    raw : str
        JSON.

    Returns
    -------
    Safe
        At most 2,000 lines, and how many more there are.
    """
    lines = msgspec.json.format(raw.encode("utf-8", "surrogatepass"), indent=2).decode("utf-8", "replace").split("\n")
    shown = join([safe_html("{line}", line=line) for line in lines[:MOST_LINES]], "\n")
    rest = len(lines) - MOST_LINES
    more = f"… {rest:,} more lines: picker.selected['raw'] has them" if rest > 0 else ""
    return safe_html('<pre tabindex="0">{shown}</pre><p class="gi-muted">{more}</p>', shown=shown, more=more)
