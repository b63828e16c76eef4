"""Every known fault: what must happen, a scenario that shows it, and an implementation that gets it wrong."""

from __future__ import annotations

import importlib

from fault_matrix.row import ROWS, Row

MODULES = (
    "case_rows",
    "export_rows",
    "frame_rows",
    "identity_rows",
    "machine_rows",
    "paging_rows",
    "query_rows",
    "resuming_rows",
    "secret_rows",
    "sharing_rows",
    "sign_in_rows",
    "throttle_rows",
    "tls_rows",
    "view_rows",
    "wire_rows",
)


def ids(letter: str, last: int) -> list[str]:
    """`A01`, `A02`, …"""
    return [f"{letter}{number:02d}" for number in range(1, last + 1)]


IDS = (*ids("T", 32), *ids("D", 27), *ids("A", 18), *ids("R", 20), *ids("X", 20))

# Rows without a scenario, and what they wait for. It only ever gets shorter: a row comes out when its subject is
# there, and none goes in.
PENDING: dict[str, str] = {}


def load() -> dict[str, Row]:
    """Enter all rows; give them by id, in the matrix's order."""
    for module in MODULES:
        importlib.import_module(f"fault_matrix.{module}")
    return {fault: ROWS[fault] for fault in IDS if fault in ROWS}
