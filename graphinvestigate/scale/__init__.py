"""Beyond one session: the evidence lake, the engines it runs on, and the measurements of all budgets."""

from graphinvestigate.scale.lake import Lake

__all__ = ["Lake"]
