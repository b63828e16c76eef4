"""Fixtures of the frames' tests."""

from __future__ import annotations

import pytest


def value_of(types, graph_type, depth):
    """A value of a CSDL type with every property set."""
    if graph_type in types["enum"]:
        return types["enum"][graph_type]["members"][-1]
    entry = types["complex"].get(graph_type) or types["entity"].get(graph_type)
    if entry is None:
        values = {"Int32": 7, "Int64": 2**53 + 1, "Double": 1.5, "Boolean": True}
        return values.get(graph_type.removeprefix("Edm."), "2026-01-02T03:04:05.1234567Z")
    item = {"@odata.type": f"#{graph_type}"}
    if depth:
        for name, definition in entry.get("properties", {}).items():
            value = value_of(types, definition["type"], depth - 1)
            item[name] = [value] if definition.get("collection") else value
    return item


@pytest.fixture(scope="session")
def full_value():
    """Make a value of a CSDL type with every property set, down to a depth."""
    return value_of
