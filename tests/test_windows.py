"""Windows of time: whoever takes since= and until= refuses those that end before they begin, all in one wording."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.queries.hunting import span
from graphinvestigate.wanted import in_order

EARLY, LATE = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, 4, tzinfo=UTC)
WORDS = r"since \(2026-01-03T04:00:00\+00:00\) lies after until \(2026-01-02T00:00:00\+00:00\): swap them\."


class Things:
    """What functions that take a window work on."""

    def __init__(self, client: gi.GraphClient, folder: Any) -> None:
        self.client = client
        self.alerts = gi.list_alerts(client)
        self.g = gi.entity_graph(alerts=self.alerts)
        self.a, self.b = sorted(node for node in self.g if node.kind == "user")[:2]
        self.lake = gi.Lake(folder / "lake")
        self.lake.add(self.alerts)
        self.case = gi.Case("INC-1")
        self.case.add(self.alerts, self.g)


@pytest.fixture(scope="module")
def things(make_world, tmp_path_factory) -> Things:
    """The demo tenant's alerts, as a graph, a lake and a case."""
    return Things(make_world(alerts=40).client, tmp_path_factory.mktemp("windows"))


Call = Callable[..., Any]
CALLS: dict[str, Callable[[Things], Call]] = {
    "AlertPicker.filter": lambda t: gi.AlertPicker(t.alerts).filter,
    "Case.finding": lambda t: lambda **window: t.case.finding("x", **window),
    "Case.note": lambda t: lambda **window: t.case.note("x", **window),
    "EntityExplorer.filter": lambda t: gi.EntityExplorer(t.client, t.g).filter,
    "Lake.alerts": lambda t: t.lake.alerts,
    "Lake.co_occurrence": lambda t: t.lake.co_occurrence,
    "Lake.entities": lambda t: t.lake.entities,
    "Lake.entity_graph": lambda t: lambda **window: t.lake.entity_graph(seed=t.a, **window),
    "Lake.pivot": lambda t: lambda **window: t.lake.pivot(t.a, **window),
    "Lake.plot_timeline": lambda t: t.lake.plot_timeline,
    "Lake.pull": lambda t: lambda **window: t.lake.pull(t.client, **window),
    "Lake.records": lambda t: lambda **window: t.lake.records("alerts", **window),
    "Lake.timeline": lambda t: t.lake.timeline,
    "TimelineView.narrow": lambda t: gi.TimelineView(t.alerts).narrow,
    "TimelineView.select": lambda t: gi.TimelineView(t.alerts).select,
    "TimelineView.zoom": lambda t: gi.TimelineView(t.alerts).zoom,
    "blast_radius": lambda t: lambda **window: gi.blast_radius(t.g, t.a, **window),
    "common": lambda t: lambda **window: gi.common(t.g, t.a, t.b, **window),
    "list_passive_dns": lambda t: lambda **window: gi.list_passive_dns(t.client, "evil.example", **window),
    "list_risky_user_history": lambda t: lambda **window: gi.list_risky_user_history(t.client, t.a.key, **window),
    "neighborhood": lambda t: lambda **window: gi.neighborhood(t.g, t.a, **window),
    "paths": lambda t: lambda **window: gi.paths(t.g, t.a, t.b, **window),
    "pivot": lambda t: lambda **window: gi.pivot(t.client, t.a, sources=["risky_users"], **window),
    "plot_timeline": lambda t: lambda **window: gi.plot_timeline(t.alerts, **window),
}
LISTS = (
    *("list_alerts", "list_directory_audits", "list_incidents", "list_risk_detections", "list_risky_users"),
    *("list_risky_service_principals", "list_secure_scores", "list_service_principal_risk_detections", "list_sign_ins"),
)


def call_of(name: str, things: Things) -> Call:
    """The function, with all that it needs but a window."""
    if name in CALLS:
        return CALLS[name](things)
    return lambda **window: getattr(gi, name)(things.client, **window)


def with_a_window() -> set[str]:
    """All public functions, and methods of public classes, that take since= and until=."""
    found = set()
    for name in gi.__all__:
        value = getattr(gi, name)
        own = [("", value)]
        if inspect.isclass(value):
            own = [pair for part in value.__mro__ if part is not object for pair in vars(part).items()]
        for method, function in own:
            taken = inspect.signature(function).parameters.keys() if inspect.isfunction(function) else set()
            if {"since", "until"} <= taken and not method.startswith("_"):
                found.add(f"{name}.{method}".rstrip("."))
    return found


def test_the_table_knows_all_that_take_a_window() -> None:
    """A function that comes to take since= and until= comes into the table below."""
    assert with_a_window() == {*CALLS, *LISTS}


@pytest.mark.parametrize("name", [*CALLS, *LISTS])
def test_a_window_that_ends_before_it_begins_is_refused(name, things) -> None:
    """Each says the same words, with both times and what to do, asks nothing of Graph, and takes them swapped."""
    call, asked = call_of(name, things), things.client.requests_made
    for since, until in ((LATE, EARLY), ("2026-01-03T05:00:00+01:00", "2026-01-02T00:00:00Z")):
        with pytest.raises(gi.UsageError, match=WORDS):
            call(since=since, until=until)
    assert things.client.requests_made == asked
    said = ""
    try:
        call(since=EARLY, until=LATE)
    except gi.GraphInvestigateError as error:  # there may be nothing in it
        said = str(error)
    assert "swap" not in said


@pytest.mark.parametrize(
    ("since", "until"),
    [(None, None), (EARLY, None), (None, EARLY), (EARLY, LATE), (EARLY, EARLY), (pd.Timestamp(EARLY), LATE)],
)
def test_other_windows_are_in_order(since, until) -> None:
    """An end may be open, and both may be one time."""
    in_order(since, until)


def test_the_order_is_of_times_and_not_of_how_they_are_written() -> None:
    """Zones are told apart: noon in Berlin comes before noon in UTC, and a nanosecond is enough to be late."""
    noon = pd.Timestamp("2026-01-02T12:00:00Z")
    in_order(pd.Timestamp("2026-01-02T12:30:00+01:00"), noon)
    for late in (pd.Timestamp("2026-01-02T11:30:00-01:00"), noon + pd.Timedelta(1, "ns"), noon + timedelta(hours=1)):
        with pytest.raises(gi.UsageError, match="swap them"):
            in_order(late, noon)


def test_an_interval_to_hunt_in_is_a_window_too(things) -> None:
    """A reversed interval is refused before it is sent; one with a duration is Graph's to read."""
    asked = things.client.requests_made
    with pytest.raises(gi.UsageError, match=WORDS):
        gi.run_hunting_query(things.client, "AlertInfo", timespan="2026-01-03T04:00:00Z/2026-01-02T00:00:00Z")
    assert things.client.requests_made == asked
    for fine in ("2026-01-02T00:00:00Z/2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z/P1D", "P1D/2026-01-02T00:00:00Z"):
        assert span(fine) == fine
    assert span("2026-01-02T00:00:00Z/2026-01-02T00:00:00Z").count("/") == 1


def test_an_explorer_refuses_it_before_it_draws_anything(things, monkeypatch) -> None:
    """A filter that is refused is not shown and taken back: nothing flickers."""
    explorer, drawn = gi.EntityExplorer(things.client, things.g), []
    monkeypatch.setattr(explorer, "_render", lambda: drawn.append("drawn"))
    with pytest.raises(gi.UsageError, match=WORDS):
        explorer.filter(since=LATE, until=EARLY)
    assert drawn == []


def test_a_timeline_is_not_zoomed_to_a_single_moment(things) -> None:
    """A window of no length shows nothing: what to give instead is said."""
    with pytest.raises(gi.UsageError, match="give an until that is later"):
        gi.TimelineView(things.alerts).zoom(EARLY, EARLY)
