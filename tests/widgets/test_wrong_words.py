"""What code tells a widget that cannot be right is an error of ours at once: nothing is emptied, or fails later."""

from __future__ import annotations

import os

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import NotSavedError, UsageError
from graphinvestigate.views.timeline import moment_of


@pytest.fixture(scope="module")
def made():
    """A picker, an explorer with a user and a timeline of one tenant, and its graph."""
    client = gi.connect_demo(seed=4, alerts=30)
    alerts = gi.list_alerts(client)
    g = gi.entity_graph(alerts=alerts)
    user, host = (next(node for node in sorted(g) if node.kind == kind) for kind in ("user", "host"))
    explorer = gi.EntityExplorer(client, g, selected=user)
    return {"picker": gi.AlertPicker(alerts), "explorer": explorer, "timeline": gi.TimelineView(alerts), "host": host}


LATER = {"since": "2026-01-05T00:00:00Z", "until": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("widget", "call", "wrong"),
    [
        ("picker", "filter", {"severity": 5}),
        ("picker", "filter", {"severity": [5]}),
        ("picker", "filter", {"entity": 5}),
        ("picker", "filter", {"text": 5}),
        ("picker", "filter", LATER),
        ("picker", "filter", {"since": "9999-01-01T00:00:00Z"}),
        ("explorer", "filter", {"kinds_off": 5}),
        ("explorer", "filter", {"text": 5}),
        ("explorer", "filter", LATER),
        ("explorer", "note", {"words": 5}),
        ("explorer", "rename", {"name": 5}),
        ("explorer", "find_paths", {"k": "3"}),
        ("explorer", "find_paths", {"k": 2.5}),
        ("explorer", "export", {"path": 5}),
        ("explorer", "export", {"path": "a\0.html"}),
        ("timeline", "narrow", LATER),
        ("timeline", "select", LATER),
        ("timeline", "zoom", LATER),
    ],
)
def test_what_cannot_be_right_changes_nothing(made, widget, call, wrong):
    """It is refused, and what is shown stays as it was."""
    code = made[widget].to_code()
    arguments = {"to": made["host"], **wrong} if call == "find_paths" else wrong
    with pytest.raises(UsageError):
        getattr(made[widget], call)(**arguments)
    assert made[widget].to_code() == code


@pytest.mark.parametrize("wrong", [{"since": "nope"}, {"since": 5}, {"since": "²d"}, {"frames": None}, {"frames": [5]}])
def test_an_explorer_looks_at_its_arguments_when_it_opens(made, wrong):
    """Not when its pivot button is pressed."""
    with pytest.raises(UsageError):
        gi.EntityExplorer(made["explorer"]._client, made["explorer"].graph, **wrong)
    with pytest.raises(UsageError, match="frames takes a list of DataFrames"):
        gi.EntityExplorer(made["explorer"]._client, made["explorer"].graph, frames=pd.DataFrame())
    with pytest.raises(UsageError, match="page_size is between"):
        gi.AlertPicker(made["picker"].alerts, page_size="5")


def test_what_a_disk_refuses_is_said_by_an_export(made, tmp_path, monkeypatch):
    """A page or a drawing, as an exported graph is."""
    for name in ("a.html", "a.svg", "a.py"):
        with pytest.raises(NotSavedError, match="was not written"):
            made["explorer"].export(tmp_path / "none" / name)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotSavedError, match="No space left on device"):
        made["explorer"].export(tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", pd.Timestamp.max.isoformat()])
def test_a_time_that_no_timeline_reaches_is_refused(far):
    """Nanoseconds are counted from 1678 to 2262: what lies beyond is an error that says so."""
    with pytest.raises(UsageError, match=r"too far away|no time zone"):
        moment_of(far)
