"""Entity graphs and frames as files that other tools read."""

from graphinvestigate.exports.graphs import export_graph
from graphinvestigate.exports.tables import to_csv
from graphinvestigate.exports.workbooks import to_xlsx

__all__ = ["export_graph", "to_csv", "to_xlsx"]
