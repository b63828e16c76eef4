"""The code that brings a timeline into the state of another one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from graphinvestigate.linking import Record


def code_of_timeline(
    name: str,
    frames: str,
    *,
    lanes: str,
    tz: str,
    lines: Sequence[tuple[str, int]],
    window: tuple[str | None, str | None],
    nodes: Sequence[Record],
) -> str:
    """Give the code that makes a timeline with these lanes, this zone, window and selection.

    Parameters
    ----------
    name, frames : str
        What the code calls the timeline, and what it puts on it.
    lanes, tz : str
    lines : sequence of (str, int)
        Reference lines: names and nanoseconds since 1970.
    window : (str or None, str or None)
        From when to when is shown, as ISO texts.
    nodes : sequence of Record
        What is selected.

    Returns
    -------
    str
    """
    options = [f"lanes={lanes!r}"] if lanes != "tactic" else []
    options += [f"tz={tz!r}"] if tz != "UTC" else []
    if lines:
        options.append(f"lines={ {line: pd.Timestamp(time, tz='UTC').isoformat() for line, time in lines}!r}")
    code = [f"{name} = gi.TimelineView({', '.join([frames, *options])})"]
    code += zoom_lines(name, window)
    if nodes:
        named = "".join(f"\n    gi.Record({node.kind!r}, {node.id!r})," for node in nodes)
        code.append(f"{name}.selection.select({named}\n)")
    return "\n".join(code)


def zoom_lines(name: str, window: tuple[str | None, str | None]) -> list[str]:
    """Give the call that shows a part of time; none for all of it."""
    given = [f"{key}={value!r}" for key, value in zip(("since", "until"), window, strict=True) if value]
    return [f"{name}.zoom({', '.join(given)})"] if given else []
