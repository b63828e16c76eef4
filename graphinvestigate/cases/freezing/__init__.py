"""Notebooks that survive sharing: static, small, without secrets."""

from graphinvestigate.cases.freezing.notebooks import Frozen, freeze_bytes, freeze_notebook

__all__ = ["Frozen", "freeze_bytes", "freeze_notebook"]
