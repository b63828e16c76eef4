"""What people look at: figures, tables and pages, made from frames and entity graphs. Nothing here asks Graph."""

from __future__ import annotations

from graphinvestigate.views.graph_plot import plot_entity_graph
from graphinvestigate.views.tables import text_table, triage_table
from graphinvestigate.views.timeline import plot_timeline

__all__ = ["plot_entity_graph", "plot_timeline", "text_table", "triage_table"]
