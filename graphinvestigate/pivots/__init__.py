"""From one entity to what mentions it: what is asked (`steps`), asking it (`asking`), and what came (`found`)."""

from graphinvestigate.pivots.asking import pivot
from graphinvestigate.pivots.found import Pivot, new_nodes
from graphinvestigate.pivots.steps import SOURCES, Step, named_by, pivot_steps

__all__ = ["SOURCES", "Pivot", "Step", "named_by", "new_nodes", "pivot", "pivot_steps"]
