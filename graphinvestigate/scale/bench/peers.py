"""Others that do some of it: Microsoft's SDK for Graph, where it is installed, and msticpy, here or elsewhere.

msticpy needs 118 distributions, some in other versions than ours, so it mostly lies in an environment of its own:
``graphinvestigate bench --rows peers --peer-python PATH`` asks the interpreter there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from graphinvestigate.envelope import read_page
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, records_frame
from graphinvestigate.linking.entity_graph import entity_graph
from graphinvestigate.scale.bench import msticpy_graph
from graphinvestigate.scale.bench.decode import frames_of
from graphinvestigate.scale.bench.measure import Finding, side_by_side
from graphinvestigate.scale.bench.starting import HELD, as_installed, run
from graphinvestigate.scale.bench.synthetic import alert_pages
from graphinvestigate.text import log

_FEW = 100  # alerts: the SDK takes seconds for them
_GRAPH = 1000  # alerts of the graph
_MOST = 1800  # seconds that a peer may take
_IMPORT = """
import json, time
wall, processor = time.perf_counter(), time.process_time()
import graphinvestigate as gi
gi.read_records, gi.entity_graph
used = held()
print(json.dumps([time.perf_counter() - wall, time.process_time() - processor, used]))
"""


def peers(size: int, *, python: str | None = None, alerts: int = _GRAPH) -> Iterator[Finding]:
    """Measure peers beside ours with a few alerts, whatever the size.

    Parameters
    ----------
    size : int
        Of the run.
    python : str, optional
        An interpreter that has msticpy; this one where it does.
    alerts : int
        How many the graphs are made of.

    Yields
    ------
    Finding

    Raises
    ------
    UsageError
        The interpreter does not run, or has no msticpy that makes a graph.
    """
    del size
    python = python or (sys.executable if find_spec("msticpy") else None)
    if python is not None:
        yield from graphs(python, alerts)
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


def _sdk(page: bytes) -> Any:
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.generated.models.security.alert_collection_response import AlertCollectionResponse

    node = JsonParseNodeFactory().get_root_parse_node("application/json", page)
    return node.get_object_value(AlertCollectionResponse)


def graphs(python: str, count: int) -> Iterator[Finding]:
    """Make the entity graph of the same alerts with both: theirs from rows of SecurityAlert, ours from the frame.

    Parameters
    ----------
    python : str
        An interpreter that has msticpy.
    count : int

    Yields
    ------
    Finding
    """
    body = next(alert_pages(count, page=count))
    theirs = msticpy(python, [security_alert(alert) for alert in json.loads(body)["value"]])
    alerts = records_frame(RESOURCES["alerts"], [read_page(body, source="a page")], pull_id="bench")
    g = entity_graph(alerts=alerts)
    (taken,) = side_by_side(lambda: entity_graph(alerts=alerts), rounds=2)
    kept = sum(data.get("kind") == "alert" for _, data in g.nodes(data=True))
    with tempfile.TemporaryDirectory() as folder:
        own = [sys.executable, "-c", HELD + _IMPORT]
        environment = as_installed(Path(folder))  # as the peer is
        run(own, environment)
        wall, processor, used = json.loads(run(own, environment))
    name = f"msticpy {theirs['version']}"
    names = alerts["title"].nunique()  # by which it knows an alert
    note = f"EntityGraph(frame of SecurityAlert, {names} names): {theirs['nodes']} nodes, {theirs['edges']} edges"
    yield Finding("peers", count, f"{name}: alert nodes kept", theirs["alerts"], note=note)
    note = f"entity_graph(alerts=frame): {g.number_of_nodes()} nodes, {g.number_of_edges()} edges"
    yield Finding("peers", count, "ours: alert nodes kept", kept, note=note)
    yield Finding("peers", count, f"{name}: graph, s of processor", theirs["graph_processor"])
    yield Finding("peers", count, "ours: graph, s of processor", taken.processor)
    yield Finding("peers", count, f"{name}: processor time / ours", theirs["graph_processor"] / taken.processor)
    yield Finding("peers", 0, f"{name}: import, s of processor", theirs["import_processor"], note="EntityGraph")
    yield Finding("peers", 0, "ours: import, s of processor", processor, note="read_records, entity_graph")
    yield Finding("peers", 0, f"{name}: import, s", theirs["import_seconds"])
    yield Finding("peers", 0, "ours: import, s", wall)
    yield Finding("peers", 0, f"{name}: MB after the import", theirs["import_mb"])
    yield Finding("peers", 0, "ours: MB after the import", used)


def msticpy(python: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Ask an interpreter that has msticpy for its entity graph of alerts.

    Parameters
    ----------
    python : str
        Its path.
    rows : list of dict
        As in the table `SecurityAlert`.

    Returns
    -------
    dict
        What `msticpy_graph` found.

    Raises
    ------
    UsageError
        It does not run, or has no msticpy that makes a graph.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        try:
            said = run([python, msticpy_graph.__file__, str(path)], timeout=_MOST)
            found: dict[str, Any] = json.loads(said.splitlines()[-1])
        except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
            words = (getattr(error, "stderr", None) or str(error)).strip().rpartition("\n")[2]
            raise UsageError(
                f"--peer-python {log(python)}: no entity graph came from there ({log(words)[:200]}). Name the Python "
                'of an environment that has msticpy: python -m venv peer; peer/bin/pip install "msticpy==3.*".'
            ) from error
    return found


def security_alert(alert: dict[str, Any]) -> dict[str, Any]:
    """Lay an alert of Graph's out as Microsoft Sentinel's table `SecurityAlert` has it, with all its entities.

    Parameters
    ----------
    alert : dict
        A record of ``/security/alerts_v2``.

    Returns
    -------
    dict
    """
    entities = [
        {"$id": str(number), **entity}
        for number, entity in enumerate(filter(None, map(_entity, alert["evidence"])), start=1)
    ]
    return {
        "AlertName": alert["title"],
        "DisplayName": alert["title"],
        "AlertSeverity": alert["severity"],
        "Description": alert["description"],
        "ProviderName": alert["serviceSource"],
        "SystemAlertId": alert["id"],
        "TimeGenerated": alert["createdDateTime"],
        "StartTime": alert["firstActivityDateTime"],
        "EndTime": alert["lastActivityDateTime"],
        "Entities": json.dumps(entities),
    }


def _entity(item: dict[str, Any]) -> dict[str, Any] | None:
    match item["@odata.type"].rpartition(".")[2]:
        case "userEvidence" | "mailboxEvidence":
            account = item["userAccount"]
            return {
                "Type": "account",
                "Name": account["accountName"],
                "UPNSuffix": account["userPrincipalName"].partition("@")[2],
                "NTDomain": account["domainName"],
                "AadUserId": account["azureAdUserId"],
                "Sid": account["userSid"],
                "DisplayName": account["displayName"],
            }
        case "deviceEvidence":
            return {"Type": "host", "HostName": item["hostName"], "DnsDomain": item["dnsDomain"], "OSFamily": "Windows"}
        case "ipEvidence":
            return {"Type": "ip", "Address": item["ipAddress"]}
        case "processEvidence":
            return {"Type": "process", "ProcessId": item["processId"], "CommandLine": item["processCommandLine"]}
        case "fileEvidence":
            file = item["fileDetails"]
            return {"Type": "file", "Name": file["fileName"], "Directory": file["filePath"]}
        case "urlEvidence":
            return {"Type": "url", "Url": item["url"]}
        case "cloudApplicationEvidence":
            return {"Type": "cloud-application", "AppId": item["appId"], "Name": item["displayName"]}
        case _:
            return None
