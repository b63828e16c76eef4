"""What the explorer says of a pivot that brought less than it asked for: never quietly, and legibly."""

from __future__ import annotations

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.demo.transport import DemoClock, DemoTransport
from graphinvestigate.widgets import EntityExplorer
from graphinvestigate.widgets.coverage_words import counted_rows, coverage_table, gap_words, gaps, source_words

SEED, ALERTS = 2, 60


@pytest.fixture
def short() -> GraphClient:
    """A client that may not read sign-ins, and whose risk detections fail each time."""
    tenant, clock = build_tenant(SEED, ALERTS), DemoClock()
    faults = [
        Fault("/auditLogs/signIns", error(403, code="Authorization_RequestDenied")),
        Fault("/identityProtection/riskDetections", error(500)),
    ]
    emulator = Emulator(tenant, clock=clock.clock, faults=faults)
    transport = DemoTransport(emulator, demo_clock=clock)
    return connect(tenant_id=tenant.tenant_id, transport=transport, credential=EmulatorCredential(tenant.tenant_id))


@pytest.fixture
def explorer(short: GraphClient) -> EntityExplorer:
    """An explorer at the user with most links, over the alerts of a tenant whose client reads them all."""
    g = gi.entity_graph(alerts=gi.list_alerts(gi.connect_demo(seed=SEED, alerts=ALERTS)))
    return EntityExplorer(short, g, selected=max((n for n in g if n.kind == "user"), key=g.degree), since=None)


def test_a_pivot_that_came_short_says_so_aloud(explorer: EntityExplorer) -> None:
    """What could not be read stands in red with its reason, in the tab's title, in the table and in the log."""
    explorer._button.click()
    said = explorer._messages.widget.value
    assert "alerts" in said.partition("gi-error")[0]
    loud = said.partition('<div class="gi-error" role="alert">')[2]
    assert "Not read" in loud
    assert "sign-ins (the permission AuditLog.Read.All is lacking)" in loud
    assert "risk detections (Graph failed" in loud
    assert explorer._tabs.titles[3] == "Coverage (2 not read)"
    assert explorer._coverage.value.count('<tr class="gi-short">') == 2
    assert explorer.log[-1]["not_read"] == ["risk_detections", "sign_ins"]
    assert "NOT READ: risk detections, sign-ins" in explorer._lines.value
    explorer.undo()
    assert explorer._tabs.titles[3] == "Coverage", "the pivot is taken back, and so is what it lacked"
    assert "No pivot has asked" in explorer._coverage.value


def test_a_pivot_that_brought_all_claims_no_gap(graph: nx.MultiDiGraph) -> None:
    """Where everything came, nothing is red."""
    client = gi.connect_demo(seed=SEED, alerts=ALERTS)
    explorer = EntityExplorer(client, graph, selected=max((n for n in graph if n.kind == "ip"), key=graph.degree))
    found = explorer.pivot()
    assert found.coverage["complete"].all()
    assert "gi-error" not in explorer._messages.widget.value
    assert explorer._tabs.titles[3] == "Coverage"
    assert "gi-short" not in explorer._coverage.value
    assert "not_read" not in explorer.log[-1]


def test_a_gap_without_a_permission_to_name_has_its_reason() -> None:
    """The first sentence of the note, or that not all came; an unknown `complete` is no gap."""
    frame = pd.DataFrame(
        {
            "resource": ["alerts", "sign_ins", "hunting:EmailEvents", "incidents"],
            "complete": pd.array([False, False, True, pd.NA], dtype="boolean"),
            "lacking": ["", "a licence", "", ""],
            "note": ["page 3 failed. More words.", "no", "", ""],
        }
    )
    assert gaps(frame) == {"alerts": "page 3 failed", "sign_ins": "a licence is lacking"}
    assert gap_words(frame.tail(2)) == ""
    assert gaps(frame.assign(lacking="", note="").head(1)) == {"alerts": "not all of it came"}
    assert gap_words(None) == ""


def test_the_table_says_first_whether_it_is_all() -> None:
    """What is short stands beside the resource's name; columns that say nothing are left out; values are text."""
    frame = pd.DataFrame(
        {
            "pull_id": ["a-1"], "resource": ["sign_ins"], "rows_kept": [3], "complete": [False], "lacking": [""],
            "note": ["<img src=x>"], "limit": [None],
        }
    )  # fmt: skip
    table = coverage_table(frame)
    heads = [part.partition("<")[0] for part in table.split("<th>")[1:]]
    assert heads == ["resource", "complete", "rows kept", "note", "pull id"]
    assert ">NO</td>" in table
    assert "<img" not in table


@pytest.mark.parametrize(
    ("source", "n", "words"),
    [
        ("sign_ins", 71, "sign-ins"), ("risky_users", 1, "risky user"), ("identity_logon", 2, "identity logons"),
        ("cloud_app_event", 1, "cloud app event"), ("hunting", 2, "hunting"),
        ("hunting:EmailEvents", 2, "hunting EmailEvents"),
    ],
)  # fmt: skip
def test_sources_are_called_by_their_names(source: str, n: int, words: str) -> None:
    """One is one, several are several, and tables of hunting keep their names."""
    assert source_words(source, n) == words


def test_counts_are_said_with_their_names() -> None:
    """One risky user is no risky users."""
    assert counted_rows({"alerts": 1200, "risky_users": 1}) == "1,200 alerts, 1 risky user"
    assert counted_rows({}) == "nothing"
