"""How a pull gets on, for whoever watches: rows, rows per second, and waiting, also while it waits."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from types import TracebackType

from tqdm import tqdm

from graphinvestigate.client import GraphClient
from graphinvestigate.envelope import Page

WORTH_SAYING = 1.0  # seconds: shorter waits come and go before they are read
AFTER = 1.0  # seconds until the bar appears: the demo tenant's waits, which are jumped over, show none


class Progress:
    """A bar in a terminal or a notebook, and nothing elsewhere; used in a ``with`` block.

    Parameters
    ----------
    client : GraphClient
        Whose waits are told. Who listens to them already goes on hearing them.
    what : str
        What is pulled.
    rows : int
        How many rows are there already.
    """

    def __init__(self, client: GraphClient, what: str, rows: int) -> None:
        self._client = client
        self._before = client.waited_seconds
        self._heard = ExitStack()
        self._begun = time.monotonic()
        self._bar = tqdm(
            desc=what.replace("_", " "), unit=" rows", initial=rows, delay=AFTER, leave=False, file=sys.stderr,
            disable=not _is_watched(),
        )  # fmt: skip

    def add(self, page: Page) -> None:
        """A page came."""
        self._bar.set_postfix_str(self._waited(), refresh=False)
        self._bar.update(len(page))

    def waits(self, left: float, why: str) -> None:
        """Somebody waits: say how long still, and why."""
        if left >= WORTH_SAYING and time.monotonic() - self._begun >= AFTER:
            self._bar.set_postfix_str(f"waiting {left:.0f} s: {why}")

    def __enter__(self) -> Progress:
        if not self._bar.disable:
            self._heard.enter_context(self._client.watched(on_wait=self.waits))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heard.close()
        self._bar.close()

    def _waited(self) -> str:
        waited = self._client.waited_seconds - self._before
        return f"{waited:.0f} s waited for Graph's limits" if waited >= WORTH_SAYING else ""


def _is_watched() -> bool:
    """Whether somebody watches: a terminal, or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
