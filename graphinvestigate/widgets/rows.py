"""The alert queue without its widgets: which alerts are shown, in which order, with which counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, evidence as evidence_of, newest
from graphinvestigate.linking import Record
from graphinvestigate.views.tables import triage_table
from graphinvestigate.widgets.details import EVIDENCE_COLUMNS

SEVERITIES = ("high", "medium", "low", "informational")
STATUSES = ("new", "inProgress", "resolved")
COLUMNS = ("severity", "status", "title", "source", "entities", "category", "first_activity")
_NEEDED = ("severity", "status", "title", "service_source", "category", "first_activity_date_time", "raw")
_RANK = {name: rank for rank, name in enumerate(reversed(SEVERITIES), start=1)}


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of the queue: alerts that meet every condition; an empty one asks nothing."""

    severities: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    text: str = ""


class Queue:
    """Alerts as an analyst's queue.

    Parameters
    ----------
    alerts : pandas.DataFrame
        What ``list_alerts`` or ``read_records("alerts", …)`` returned, in any order and with any index. Of rows
        with the same id the last updated one stands for the alert.

    Attributes
    ----------
    alerts : pandas.DataFrame
        One row per alert, index 0…n-1.
    table : pandas.DataFrame
        One row per alert, index = the alert's id: what the queue shows of it (see ``COLUMNS``).
    repeated : int
        How many rows were left out because a newer one has the same id.
    """

    def __init__(self, alerts: pd.DataFrame) -> None:
        check_alerts(alerts)
        self.alerts, self.repeated = newest(RESOURCES["alerts"], alerts)
        evidence = evidence_of(self.alerts)
        table = triage_table(self.alerts, evidence).reindex(self.alerts.index)
        self.table = table.set_index(pd.Index(_keys(table["id"]), name="key"))[list(COLUMNS)]
        self._evidence = evidence[[column for column in EVIDENCE_COLUMNS if column in evidence]]
        self._items = evidence.groupby("alert_id").indices
        self._position = {key: at for at, key in enumerate(self.table.index)}
        self._rank = self.table["severity"].map(_RANK).fillna(0)
        words = self.table.drop(columns="first_activity").fillna("").assign(key=self.table.index)
        joined = [" ".join(row).casefold() for row in words.itertuples(index=False, name=None)]
        self._haystack = pd.Series(joined, index=self.table.index, dtype="str")

    def __len__(self) -> int:
        return len(self.table)

    def __contains__(self, key: object) -> bool:
        return key in self._position

    def node(self, key: str) -> Record | None:
        """Give what stands for an alert in an entity graph; nothing for an alert without an id."""
        alert_id = self.alerts["id"].iat[self._position[key]]
        return None if pd.isna(alert_id) else Record("alert", str(alert_id))

    def row(self, key: str | None) -> pd.DataFrame:
        """Give the one row of an alert in the alerts' own columns; no row for no alert."""
        if key is None:
            return self.alerts.iloc[0:0]
        at = self._position[key]
        return self.alerts.iloc[at : at + 1]

    def evidence_rows(self, key: str) -> pd.DataFrame:
        """Give the evidence of one alert, one row per item, in the columns that its details show."""
        return self._evidence.take(self._items.get(self.alerts["id"].iat[self._position[key]], []))

    def keys(self, filters: Filters = Filters(), *, sort: str = "first_activity", descending: bool = True) -> list[str]:
        """Give the ids of the alerts that pass the filters, in order; equal ones newest first, then by id.

        Alerts whose value is unknown stand last in either direction.
        """
        if sort not in COLUMNS:
            raise UsageError(f"the queue sorts by one of {', '.join(COLUMNS)}, not {sort!r}")
        shown = self.table[self._passes(filters)]
        order = pd.DataFrame({"id": shown.index, "time": shown["first_activity"].to_numpy()}, index=shown.index)
        if sort == "severity":
            order["value"] = self._rank[shown.index].replace(0, None).astype("Float64")
        elif sort == "first_activity":
            order["value"] = shown["first_activity"]
        else:
            order["value"] = shown[sort].str.casefold()
        order = order.reset_index(drop=True).sort_values(["time", "id"], ascending=[False, True], na_position="last")
        order = order.sort_values("value", ascending=not descending, kind="stable", na_position="last")
        return order["id"].tolist()

    def counts(self, filters: Filters = Filters()) -> dict[str, dict[str, int]]:
        """Count alerts per severity and status, each under the other filters: a count says what a click brings."""
        severity = self.table["severity"][self._passes(replace(filters, severities=frozenset()))]
        status = self.table["status"][self._passes(replace(filters, statuses=frozenset()))]
        return {
            "severity": _counted(severity, self.values("severity")),
            "status": _counted(status, self.values("status")),
        }

    def values(self, column: str) -> list[str]:
        """Give the values of a column that can be filtered by: the documented ones first, then what else is there."""
        documented = SEVERITIES if column == "severity" else STATUSES
        found = set(self.table[column].dropna())
        return [*documented, *sorted(found.difference(documented))]

    def _passes(self, filters: Filters) -> pd.Series[bool]:
        passes = pd.Series(True, index=self.table.index)
        if filters.severities:
            passes &= self.table["severity"].isin(filters.severities)
        if filters.statuses:
            passes &= self.table["status"].isin(filters.statuses)
        for word in filters.text.casefold().split():
            passes &= self._haystack.str.contains(word, regex=False)
        return passes


def check_alerts(alerts: Any) -> None:
    """Raise UsageError unless this is a frame of alerts."""
    ask = "give what list_alerts(client) or read_records('alerts', …) returned"
    if not isinstance(alerts, pd.DataFrame):
        raise UsageError(f"AlertPicker shows a DataFrame of alerts, not {type(alerts).__name__}: {ask}")
    if "record_kind" not in alerts or "id" not in alerts:
        raise UsageError(f"this frame has no columns record_kind and id, so it holds no alerts: {ask}")
    missing = [column for column in _NEEDED if column not in alerts]
    if missing:
        raise UsageError(f"this frame has lost the columns {', '.join(missing)}: {ask}")
    kinds = set(alerts["record_kind"].dropna()) - {"alert"}
    if kinds:
        raise UsageError(f"this frame holds {', '.join(sorted(map(str, kinds)))} records, not alerts: {ask}")


def _keys(ids: pd.Series[str]) -> list[str]:
    """Name each alert by its id; alerts without one, or of two tenants with the same one, by a number too."""
    keys: dict[str, None] = {}
    for at, alert_id in enumerate(ids):
        key = "" if pd.isna(alert_id) else str(alert_id)
        keys[key if key and key not in keys else f"{key} (row {at})"] = None
    return list(keys)


def _counted(values: pd.Series[str], names: Iterable[str]) -> dict[str, int]:
    found = values.value_counts()
    return {name: int(found.get(name, 0)) for name in names}
