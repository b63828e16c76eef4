"""A widget that nobody sees until what a user did waits for the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import anywidget

from graphinvestigate.widgets.controls import InTurn


class Waits(InTurn, anywidget.AnyWidget):
    """Says in the page, after a second and a half, that a click waits: beside the controls of one widget of ours.

    Where a kernel has subshells, clicks are handled while a cell runs and nothing waits but for a moment. Elsewhere,
    and until a page has its subshell, they come after the cell.
    """

    _esm = files("graphinvestigate.widgets").joinpath("waits.js").read_text(encoding="utf-8")
    _css = """
.gi-waits { position: fixed; z-index: 1000; bottom: 32px; left: 50%; transform: translateX(-50%); max-width: 560px;
  padding: 8px 14px; font: 13px/1.45 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, #212121); background: var(--jp-layout-color1, #fff);
  border: 1px solid var(--jp-border-color1, #bdbdbd); border-left: 4px solid var(--jp-warn-color0, #b26a00);
  border-radius: 4px; box-shadow: 0 2px 10px rgba(0, 0, 0, .3); }
.gi-waits[hidden] { display: none; }
"""

    def __init__(self) -> None:
        super().__init__(layout={"display": "none"})
        self.on_msg(self._on_message)

    def _on_message(self, _: object, content: Any, __: object) -> None:
        """Answer, when all that was told before is done: messages of one page are handled in their order."""
        if isinstance(content, Mapping) and content.get("type") == "done" and isinstance(content.get("number"), int):
            self.send({"type": "done", "number": content["number"]})
