"""A tenant that does not exist, and the Microsoft Graph that serves it: no account, no network, no risk."""

from __future__ import annotations

from graphinvestigate.demo.connect import connect_demo, serve, truth_of

__all__ = ["connect_demo", "serve", "truth_of"]
