"""Entity graphs and frames as files that other tools read."""

from graphinvestigate.cases.exports.graphs import export_graph
from graphinvestigate.cases.exports.tables import to_csv
from graphinvestigate.cases.exports.workbooks import to_xlsx

__all__ = ["export_graph", "to_csv", "to_xlsx"]
