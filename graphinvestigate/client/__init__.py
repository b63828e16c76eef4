"""To Microsoft Graph and back: connect, sign in, read pages. It knows no resource and no frames."""

from __future__ import annotations

from graphinvestigate.client.batching import BatchAnswer, BatchRequest
from graphinvestigate.client.clouds import Cloud
from graphinvestigate.client.connect import connect, connect_emulator
from graphinvestigate.client.emulator_credential import EmulatorCredential
from graphinvestigate.client.graph_client import GraphClient
from graphinvestigate.client.journal import Journal, JournalWarning
from graphinvestigate.client.literals import kql_string, odata_datetime, odata_string, parse_time, path_segment
from graphinvestigate.client.pull import Pull

__all__ = [
    "BatchAnswer",
    "BatchRequest",
    "Cloud",
    "EmulatorCredential",
    "GraphClient",
    "Journal",
    "JournalWarning",
    "Pull",
    "connect",
    "connect_emulator",
    "kql_string",
    "odata_datetime",
    "odata_string",
    "parse_time",
    "path_segment",
]
