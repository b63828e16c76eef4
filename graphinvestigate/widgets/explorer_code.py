"""The code that brings an explorer, its timeline and its picker into the state of another one."""

from __future__ import annotations

from graphinvestigate.linking import Entity, Record
from graphinvestigate.widgets.entity_grid import EntityGrid
from graphinvestigate.widgets.explorer_history import reference, references
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.selection import Selection, Span
from graphinvestigate.widgets.timeline_view import TimelineView


def opening(
    *, current: Entity | Record | None, since: str | None, picker: bool, frames: bool, case: bool = False,
    workbench: bool = False, case_alone: bool = False,
) -> list[str]:  # fmt: skip
    """Write how an explorer was opened.

    Parameters
    ----------
    current : Entity, Record or None
        What was selected then.
    since : str or None
        How far back its pivots ask.
    picker, frames, case : bool
        Whether it was given these.
    workbench : bool
        Whether both are parts of one.
    case_alone : bool
        Whether that was given nothing but a case.

    Returns
    -------
    list of str
        Lines that expect ``client`` and ``g``; with a picker ``alerts`` and with frames ``frames``.
    """
    yours = ["`client`", *(["`alerts`"] if picker else []), "`g` (the entity graph)", *(["`frames`"] if frames else [])]
    yours += ["`case`"] if case else []
    yours = ["`client`", "`case`"] if case_alone else yours
    options = ["picker=picker"] if picker and not workbench else []
    options += ["frames=frames"] if frames else []
    options += ["case=case"] if case else []
    options.append(f"since={since!r}")
    named = f"selected={reference(current)}" if current is not None else ""
    lines = [
        f"# %% The explorer as it was opened; {', '.join(yours[:-1])} and {yours[-1]} are yours",
        "import graphinvestigate as gi",
        "",
    ]
    if workbench:
        given = ["client"] if case_alone else ["client", "alerts", "g=g"]
        options = options[-2:] if case_alone else options
        lines.append(f"workbench = gi.Workbench({', '.join((*given, *options))})")
        lines.append("picker, explorer = workbench.picker, workbench.explorer")
        return lines
    if picker:
        lines.append("picker = gi.AlertPicker(alerts)")
        lines += ["picker.select()"] if current is None else []
    return [*lines, f"explorer = gi.EntityExplorer({', '.join(filter(None, ['client', 'g', named, *options]))})"]


def closing(
    selection: Selection,
    nodes: tuple[Entity | Record, ...],
    timeline: TimelineView,
    entities: EntityGrid,
    picker: AlertPicker | None,
    *,
    timed: bool,
    span: Span | None,
) -> list[str]:
    """Write what stands beside the explorer's own steps: the timeline's lanes, zone and window, the picker's filters.

    Parameters
    ----------
    selection : Selection
    nodes : tuple of Entity or Record
        What the explorer has selected of it.
    timeline : TimelineView
    entities : EntityGrid
    picker : AlertPicker or None
    timed : bool
        Whether the explorer's filters set the time that the picker follows.
    span : (pandas.Timestamp, pandas.Timestamp) or None
        The window that the explorer's filters set for all; a timeline that leads knows it to more digits.

    Returns
    -------
    list of str
    """
    lines = []
    if selection.time_range is not None and selection.time_range != span:
        times = ", ".join(repr(time.isoformat()) for time in selection.time_range)
        lines.append(f"explorer.selection.set_time_range({times})")
    lines += timeline.state_lines("explorer.timeline", lanes="record_kind")
    lines += entities.state_lines("explorer.entities")
    if picker is not None:
        lines += picker.state_lines("picker", always=timed)
    if set(selection.nodes) != set(nodes) and selection.node is not None:
        lines.append(f"explorer.selection.select({references(selection.nodes)}, current={reference(selection.node)})")
    return ["", "# %% Timeline, tables and queue", *lines] if lines else []
