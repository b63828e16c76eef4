"""From one entity to what mentions it: what is asked (`steps`), and asking it (`asking`)."""

from graphinvestigate.pivots.asking import Pivot, new_nodes, pivot
from graphinvestigate.pivots.steps import SOURCES, Step, pivot_steps

__all__ = ["SOURCES", "Pivot", "Step", "new_nodes", "pivot", "pivot_steps"]
