"""Errors of callbacks, shown where their user looks.

ipywidgets calls callbacks from the kernel's message loop: what they raise goes to a log that nobody reads.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from graphinvestigate import text
from graphinvestigate.errors import GraphInvestigateError
from graphinvestigate.turns import each_in_turn
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.safe import Safe, join, pane, safe_html, show

_LOGGER = logging.getLogger(__name__)


@each_in_turn(turn_of, but=("__init__", "shown"))
class Messages:
    """One line of a widget that says what went wrong or what happened, until the next thing happens.

    Attributes
    ----------
    widget : controls.HTML
        Where it is shown.
    error : Exception or None
        What went wrong in the last callback.
    """

    def __init__(self) -> None:
        self.widget: controls.HTML = pane(css_class="gi-messages")
        self.error: Exception | None = None

    def clear(self) -> None:
        """Say nothing."""
        self.error = None
        show(self.widget, Safe(""))

    def say(self, message: str, *, missing: str = "") -> None:
        """Say what happened, and as loudly as an error what of it is missing."""
        self.error = None
        short = safe_html('<div class="gi-error" role="alert">{words}</div>', words=missing) if missing else Safe("")
        done = safe_html('<div class="gi-note" role="status">{message}</div>', message=message)
        show(self.widget, join([done, short]))

    def fail(self, error: Exception) -> None:
        """Say what went wrong."""
        self.error = error
        kind = "" if isinstance(error, GraphInvestigateError) else "This is a defect of the widget. "
        show(
            self.widget,
            safe_html(
                '<div class="gi-error" role="alert"><b>{name}</b> {kind}{message}</div>',
                name=type(error).__name__,
                kind=kind,
                message=str(error),
            ),
        )

    @contextlib.contextmanager
    def shown(self, *, keep: bool = False) -> Iterator[None]:
        """Run a callback's body: what it raises is shown and logged, and goes no further.

        Parameters
        ----------
        keep : bool
            What is said now stays, for callbacks that are no action of a user.
        """
        if not keep:
            self.clear()
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a callback has no caller who could catch anything)
            self.fail(error)
            level = logging.INFO if isinstance(error, GraphInvestigateError) else logging.ERROR
            _LOGGER.log(level, "%s: %s", type(error).__name__, text.log(str(error)))
