"""What our widgets are made of: ipywidgets' own controls, whose messages are handled one at a time.

ipywidgets thinks of one thread. A page's message and a cell that both change one control would lose what one of them
changed (``hold_trait_notifications`` and ``hold_sync`` put marks on the widget itself), and callbacks would meet the
explorer half changed. So a message takes the same turn as every method of our widgets does.
"""

from __future__ import annotations

from typing import Any

import ipywidgets

from graphinvestigate.turns import Turn

TURN = Turn()
"""The turn of all widgets of a session: they may share selections, and of one lock no two can wait for each other."""


def turn_of(_: object) -> Turn:
    """Give the turn of a widget."""
    return TURN


class InTurn(ipywidgets.Widget):
    """A widget whose messages take turns with cells, in the thread that the page chose."""

    def open(self) -> None:
        """Open the connection to the page."""
        super().open()
        # ipykernel 7.4 sends a page's message to the thread that last spoke on this connection, which may be that of a
        # cell that runs: then some clicks would wait and others overtake them. A page names one thread for all.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = _as_addressed

    def _handle_msg(self, msg: Any) -> None:
        with TURN:
            super()._handle_msg(msg)


def _as_addressed(data: object, addressed: str | None) -> str | None:  # noqa: ARG001 (as ipykernel calls it)
    return addressed


class Button(InTurn, ipywidgets.Button):
    """A button."""


class Checkbox(InTurn, ipywidgets.Checkbox):
    """A box to tick."""


class Combobox(InTurn, ipywidgets.Combobox):
    """A box to write in that offers words."""


class Dropdown(InTurn, ipywidgets.Dropdown):
    """A box to choose from."""


class HBox(InTurn, ipywidgets.HBox):
    """Widgets beside each other."""


class HTML(InTurn, ipywidgets.HTML):
    """HTML; see `safe.pane`, which makes them."""


class IntRangeSlider(InTurn, ipywidgets.IntRangeSlider):
    """From where to where."""


class Label(InTurn, ipywidgets.Label):
    """Words."""


class Play(InTurn, ipywidgets.Play):
    """A counter that runs."""


class Tab(InTurn, ipywidgets.Tab):
    """Widgets behind each other."""


class Text(InTurn, ipywidgets.Text):
    """A box to write in."""


class ToggleButton(InTurn, ipywidgets.ToggleButton):
    """A button that stays down."""


class ToggleButtons(InTurn, ipywidgets.ToggleButtons):
    """Buttons of which one is down."""


class VBox(InTurn, ipywidgets.VBox):
    """Widgets below each other."""
