"""Widgets for JupyterLab: the alert queue, the entity graph, the timeline. They compute nothing themselves."""

from graphinvestigate.widgets.explorer import EntityExplorer
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.selection import Selection
from graphinvestigate.widgets.timeline_view import TimelineView
from graphinvestigate.widgets.workbench import Workbench

__all__ = ["AlertPicker", "EntityExplorer", "Selection", "TimelineView", "Workbench"]
