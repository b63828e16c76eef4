"""The code that brings a picker into the state of another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.widgets.facets import Filters

_LINE = 100


def plain_filters(filters: Filters) -> dict[str, Any]:
    """Give the conditions that are asked, as plain values: what ``picker.filter(**…)`` takes."""
    plain: dict[str, Any] = {}
    for field in fields(filters):
        value = getattr(filters, field.name)
        if isinstance(value, frozenset):
            value = sorted(value)
        elif isinstance(value, pd.Timestamp):
            value = value.isoformat()
        if value:
            plain[field.name] = value
    return plain


def code_of(name: str, frame: str, filters: Filters, sort: str, descending: bool, ids: Sequence[str] | None) -> str:
    """Give the code that makes a picker with these filters, this order and these alerts selected.

    Parameters
    ----------
    name, frame : str
        What the code calls the picker and its alerts.
    filters : Filters
    sort : str
    descending : bool
    ids : sequence of str or None
        Ids of the selected alerts, the current one last; None for all that are shown.

    Returns
    -------
    str
    """
    lines = [f"{name} = gi.AlertPicker({frame})", *state_lines(name, filters, sort, descending)]
    lines.append(f"{name}.select_all()" if ids is None else _call(f"{name}.select", [repr(one) for one in ids]))
    return "\n".join(lines)


def state_lines(
    name: str, filters: Filters, sort: str, descending: bool, *, always: bool = False, choose: bool = True
) -> list[str]:
    """Give the calls that filter and sort a picker so; without filters one only if asked for in any case."""
    asked = plain_filters(filters)
    said = [f"{key}={value!r}" for key, value in asked.items()] + ([] if choose else ["choose=False"])
    lines = [f"{name}.filter({', '.join(said)})"] if asked or always else []
    if (sort, descending) != ("first_activity", True):
        lines.append(f"{name}.sort({sort!r}, descending={descending})")
    return lines


def _call(function: str, arguments: Sequence[str]) -> str:
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= _LINE:
        return line
    return "\n".join([f"{function}(", *(f"    {one}," for one in arguments), ")"])


def names_of(value: str | Iterable[str]) -> list[str]:
    """Give one name or several as a list.

    Raises
    ------
    UsageError
        They are no texts.
    """
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise UsageError(f"a filter takes a name, or a list of names; got {value!r:.80}")
    return names
