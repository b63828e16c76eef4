"""From one entity to what mentions it: what is asked (`steps`), and asking it (`asking`)."""

from graphinvestigate.pivots.asking import Pivot, new_nodes, pivot
from graphinvestigate.pivots.steps import SOURCES, Step, named_by, pivot_steps

__all__ = ["SOURCES", "Pivot", "Step", "named_by", "new_nodes", "pivot", "pivot_steps"]
