"""Others that do some of it, where they are installed: Microsoft's SDK for Graph, and msticpy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pandas as pd

from graphinvestigate.scale.bench.decode import frames_of
from graphinvestigate.scale.bench.measure import Finding, side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages

_FEW = 100  # alerts: the peers take seconds for them


def peers(size: int) -> Iterator[Finding]:
    """Measure peers beside ours with a few alerts, whatever the size.

    Parameters
    ----------
    size : int
        Of the run.

    Yields
    ------
    Finding
    """
    del size
    page = next(alert_pages(_FEW, page=_FEW))
    frames_of([page])
    (taken,) = side_by_side(lambda: frames_of([page]))
    yield Finding("peers", _FEW, "ours: alerts a second", _FEW / taken.processor, note="of one small page")
    if find_spec("msgraph") and find_spec("kiota_serialization_json"):
        _sdk(page)  # it loads its models at the first page
        ours, theirs = side_by_side(lambda: frames_of([page]), lambda: _sdk(page), rounds=2)
        note = "it builds typed models of all properties"
        yield Finding("peers", _FEW, "msgraph-sdk: processor time / ours", theirs.processor / ours.processor, note=note)
        yield Finding("peers", _FEW, "msgraph-sdk: alerts a second", _FEW / theirs.processor)
    if find_spec("msticpy"):
        yield from _msticpy()


def _sdk(page: bytes) -> Any:
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.generated.models.security.alert_collection_response import AlertCollectionResponse

    node = JsonParseNodeFactory().get_root_parse_node("application/json", page)
    return node.get_object_value(AlertCollectionResponse)


def _msticpy() -> Iterator[Finding]:
    from msticpy.vis.entity_graph_tools import EntityGraph

    rows = pd.DataFrame(
        [
            {"DisplayName": alert["title"], "SystemAlertId": alert["id"], "TimeGenerated": alert["createdDateTime"],
             "Entities": json.dumps([{"$id": "1", "Type": "ip", "Address": alert["evidence"][2]["ipAddress"]}])}
            for alert in json.loads(next(alert_pages(_FEW, page=_FEW)))["value"]
        ]
    )  # fmt: skip
    (taken,) = side_by_side(lambda: EntityGraph(rows), rounds=1)
    yield Finding("peers", _FEW, "msticpy: entity graph, s", taken.wall)
