"""Which incidents become cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.nodes import SEVERITIES, severity_rank
from graphinvestigate.text import log


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A filter over incidents; everything that is given must hold.

    Attributes
    ----------
    min_severity : str
        At least this: informational, low, medium or high.
    title : str
        Words that its display name holds, whatever their case; empty is any.
    closed : bool
        Whether resolved incidents count too.
    """

    min_severity: str = "high"
    title: str = ""
    closed: bool = False

    def __post_init__(self) -> None:
        if severity_rank(self.min_severity) == 0:
            raise UsageError(f"a severity is one of {', '.join(SEVERITIES)}; got {log(repr(self.min_severity))}.")
        if not isinstance(self.title, str):
            raise UsageError(f"title takes the words that an incident's name holds; got {log(repr(self.title))}.")

    def matches(self, incident: pd.Series | dict[str, Any]) -> bool:
        """Whether an incident (a row of `list_incidents`) becomes a case; merged ones never do, their target does."""
        status = str(incident.get("status") or "").casefold()
        if status == "redirected" or (status == "resolved" and not self.closed):
            return False
        name = incident.get("display_name")
        return severity_rank(incident.get("severity")) >= severity_rank(self.min_severity) and (
            self.title.casefold() in (name.casefold() if isinstance(name, str) else "")
        )
