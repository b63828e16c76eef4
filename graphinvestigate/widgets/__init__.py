"""Widgets for JupyterLab: pick an alert, walk the entity graph, pivot. They compute nothing themselves."""

from graphinvestigate.widgets.explorer import EntityExplorer
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.selection import Selection

__all__ = ["AlertPicker", "EntityExplorer", "Selection"]
