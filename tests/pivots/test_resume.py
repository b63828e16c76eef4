"""Going on with a pivot that broke off: what came is kept, only the rest is asked for, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo.answers import ApiError, Response
from graphinvestigate.demo.faults import Asked, Fault
from graphinvestigate.pivots import asking, incidents

PAGE = 5


@dataclass
class Breaking:
    """A tenant that fails on one path from its n-th answer on, until it is mended; it counts what it answered."""

    path: str
    first: int
    status: int = 503
    broken: bool = True
    answered: list[str] = field(default_factory=list)
    refused: int = 0

    def __call__(self, asked: Asked) -> Response:
        """Answer, or fail."""
        if self.broken and len(self.answered) >= self.first:
            self.refused += 1
            raise ApiError(self.status, "UnknownError", "it broke")
        self.answered.append(asked.request.url)
        return asked.genuine()

    def fault(self) -> Fault:
        """For a world."""
        return Fault(self.path, self)


@pytest.fixture
def in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pivots read sign-ins and alerts in short pages."""
    for name in ("sign_ins", "alerts"):
        listed = asking.LISTS[name]

        def few(*args: Any, listed: Callable[..., pd.DataFrame] = listed, **more: Any) -> pd.DataFrame:
            return listed(*args, **more, page_size=PAGE)

        monkeypatch.setitem(asking.LISTS, name, few)


@pytest.fixture(scope="module")
def start(make_world) -> tuple[gi.Entity, nx.MultiDiGraph, gi.Pivot]:
    """The user of the story, the graph of the alerts, and what a pivot on the user brings when nothing breaks."""
    world = make_world()
    g = gi.entity_graph(alerts=gi.list_alerts(world.client))
    user = gi.find_entity(g, world.tenant.truth.attack.user.id)
    return user, g, gi.pivot(world.client, user, g=g)


def a_day_later(world: Any) -> None:
    """Graph's clock goes on by a day; the client asks for it again, as it heard nothing lately."""
    before = world.client.now()
    world.emulator.store.now += timedelta(days=1)
    world.clock.sleep(86_400)
    assert world.client.now() - before == timedelta(days=1)


def same(found: gi.Pivot, whole: gi.Pivot) -> None:
    """Both brought the same records, each once, and the same graph."""
    assert found.frames.keys() == whole.frames.keys()
    for name, frame in whole.frames.items():
        assert found.frames[name]["id"].is_unique
        assert set(found.frames[name]["id"]) == set(frame["id"]), name
    assert {name: len(rows) for name, rows in found.hunted.items()} == {n: len(r) for n, r in whole.hunted.items()}
    assert set(found.graph) == set(whole.graph)
    assert set(found.graph.edges(keys=True)) == set(whole.graph.edges(keys=True))


@pytest.mark.parametrize("page", [1, 2, 4])
def test_a_list_that_broke_off_goes_on_where_it_broke(make_world, start, in_pages, page) -> None:
    """After page k only the pages behind it are asked for, and nothing else; the coverage says what came before."""
    user, g, whole = start
    fault = Breaking("/auditLogs/signIns", page)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g)
    assert len(found.frames["sign_ins"]) == page * PAGE < len(whole.frames["sign_ins"])
    assert found.to_come == ("sign_ins",)
    assert not found.coverage.set_index("resource").loc["sign_ins", "complete"]
    fault.broken, before, asked = False, world.client.requests_made, []
    again = found.resume(on_step=lambda step: asked.append(step.name))
    same(again, whole)
    assert asked == ["sign_ins"]
    n = -(-len(whole.frames["sign_ins"]) // PAGE)
    assert world.client.requests_made - before == n - page
    assert max(Counter(fault.answered).values()) == 1, "no page was answered twice"
    said = again.coverage.set_index("resource").loc["sign_ins"]
    assert (said["complete"], said["pages"], said["requests"]) == (True, n, n - page)
    assert f"{page} page" in said["note"]
    assert "not asked for again" in said["note"]
    assert len(again.coverage) == len(found.coverage), "what came before stands in it once"
    assert again.to_come == ()
    with pytest.raises(gi.UsageError, match="nothing of this pivot is left"):
        again.resume()


def test_it_may_break_again_while_it_goes_on(make_world, start, in_pages) -> None:
    """Each time it keeps what came since, and goes on from there; the older find can still be gone on with."""
    user, g, whole = start
    fault = Breaking("/auditLogs/signIns", 1)
    world = make_world(faults=[fault.fault()])
    found = first = gi.pivot(world.client, user, g=g)
    for pages in (2, 2, 4):
        fault.first = pages
        found = found.resume()
        assert len(found.frames["sign_ins"]) == pages * PAGE
        assert found.to_come == ("sign_ins",)
        assert not found.coverage.set_index("resource").loc["sign_ins", "complete"]
    fault.broken = False
    same(found.resume(), whole)
    assert max(Counter(fault.answered).values()) == 1
    same(first.resume(), whole)


def test_alerts_that_come_later_bring_their_incidents(make_world, start, in_pages) -> None:
    """Alerts found here are narrowed down as ever; of incidents only those that came later are asked for."""
    user, g, whole = start
    fault, one_by_one = Breaking("/security/alerts_v2", 6), Breaking("/security/incidents/*", 10**9)
    world = make_world(faults=[fault.fault(), one_by_one.fault()])
    found = gi.pivot(world.client, user, g=g)
    assert len(found.frames["alerts"]) < len(whole.frames["alerts"])
    fault.broken = False
    again = found.resume()
    same(again, whole)
    asked = Counter(one_by_one.answered)
    assert set(asked.values()) == {1}
    assert len(asked) == len(whole.frames["alerts"]["incident_id"].dropna().unique())


def test_what_failed_from_its_first_request_is_asked_for_later(make_world, start) -> None:
    """Alerts that did not come at all keep incidents waiting; both come when it goes on, what is there is not asked."""
    user, g, whole = start
    fault = Breaking("/security/alerts_v2", 0)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g)
    assert "alerts" not in found.frames
    assert found.to_come == ("alerts", "incidents")
    fault.broken, asked = False, []
    same(found.resume(on_step=lambda step: asked.append(step.name)), whole)
    assert asked == ["alerts", "incidents"]


@pytest.mark.parametrize("few", [20, 0])
def test_incidents_that_broke_off_keep_those_that_came(make_world, start, monkeypatch, few) -> None:
    """One by one or out of a list: those that came stay, the others are asked for, none comes twice."""
    user, g, whole = start
    monkeypatch.setattr(incidents, "FEW", few)
    n = len(whole.frames["incidents"])
    assert n > 1
    path = "/security/incidents/*" if few else "/security/incidents"
    fault = Breaking(path, 1)
    if not few:
        listed = incidents.queries.list_incidents
        monkeypatch.setattr(incidents.queries, "list_incidents", lambda *a, **m: listed(*a, **m, page_size=5))
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g)
    assert found.to_come == ("incidents",)
    assert len(found.frames["incidents"]) < n
    assert found.partial.keys() == {"incidents"}
    said = found.coverage[found.coverage["resource"] == "incidents"]
    assert said["complete"].eq(False).sum() == 1
    if few:
        assert f"{n - 1} of them did not come" in said["note"].iloc[-1]
    fault.broken = False
    again = found.resume()
    same(again, whole)
    assert max(Counter(fault.answered).values()) == 1
    assert again.coverage.loc[again.coverage["resource"] == "incidents", "complete"].all()
    alone = found.partial["incidents"].resume()
    assert {*alone["id"]} >= {*whole.frames["incidents"]["id"]}


def test_an_incident_that_is_not_there_loses_no_other(make_world, start) -> None:
    """An alert may name an incident that is hidden: the others come, the coverage names it, nobody asks again."""
    user, g, whole = start
    gone = min(whole.frames["alerts"]["incident_id"].dropna())
    hidden = Breaking(f"/security/incidents/{gone}", 0, status=404)
    found = gi.pivot(make_world(faults=[hidden.fault()]).client, user, g=g)
    assert len(found.frames["incidents"]) == len(whole.frames["incidents"]) - 1
    said = found.coverage[found.coverage["resource"] == "incidents"]
    assert gone in said.loc[said["complete"].eq(False), "note"].iloc[0]
    assert found.to_come == ()


def test_hunting_that_failed_once_is_hunted_again_and_no_other(make_world, start) -> None:
    """Of several queries only the one that failed is sent once more."""
    user, g, whole = start
    fault = Breaking("/security/runHuntingQuery", 1)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g)
    assert found.to_come == ("hunting:CloudAppEvents",)
    fault.broken = False
    same(found.resume(), whole)
    assert len(fault.answered) == 2


def test_what_lacks_a_permission_is_not_promised(make_world, start) -> None:
    """A permission that is lacking is lacking a minute later: there is nothing to go on with, and it says so."""
    user, g, _ = start
    world = make_world(permissions=["SecurityAlert.Read.All", "SecurityIncident.Read.All"])
    found = gi.pivot(world.client, user, g=g)
    assert not found.coverage["complete"].all()
    assert found.to_come == ()
    with pytest.raises(gi.UsageError, match="ask again"):
        found.resume()


def test_a_failure_that_stays_keeps_all_that_came(make_world, start, in_pages) -> None:
    """Going on while Graph still fails loses nothing and says why; "30d" is counted from when it was asked first."""
    user, g, whole = start
    fault = Breaking("/auditLogs/*", 2)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g)
    assert found.to_come == ("sign_ins", "directory_audits")
    a_day_later(world)
    still = found.resume()
    assert still.to_come == found.to_come
    assert set(still.frames["sign_ins"]["id"]) == set(found.frames["sign_ins"]["id"])
    fault.broken = False
    again = still.resume()
    same(again, whole)
    windows = again.coverage.set_index("resource")["since"].dropna()
    assert windows.max() - windows.min() < pd.Timedelta(minutes=5)


def test_a_place_that_graph_forgot_is_read_again_and_what_came_stays_until_then(make_world, start, in_pages) -> None:
    """An expired link means reading from the beginning; while that fails, the rows that came are still there."""
    user, g, whole = start
    fault = Breaking("/auditLogs/signIns", 2, status=410)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g)
    fault.status = 503
    still = found.resume()
    assert still.to_come == ("sign_ins",)
    assert list(still.frames["sign_ins"]["id"]) == list(found.frames["sign_ins"]["id"])
    said = still.coverage.set_index("resource").loc["sign_ins"]
    assert not said["complete"]
    assert "going on failed" in said["note"]
    fault.broken = False
    same(still.resume(), whole)


def test_both_ends_of_a_window_stay_where_they_were(make_world, start) -> None:
    """A day later "20d" and "1d" mean what they meant when the pivot was asked for: all of it is of one window."""
    user, g, _ = start
    fault = Breaking("/auditLogs/directoryAudits", 0)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g, sources=["sign_ins", "directory_audits"], since="20d", until="1d")
    a_day_later(world)
    fault.broken = False
    said = found.resume().coverage
    assert len(said) == 2
    for end in ("since", "until"):
        assert said[end].max() - said[end].min() < pd.Timedelta(minutes=5), end


def test_hunting_that_is_gone_on_with_looks_where_it_was_asked_to(make_world, start) -> None:
    """A day later the query that failed looks at the same window as the one that came."""
    user, g, _ = start
    fault = Breaking("/security/runHuntingQuery", 1)
    world = make_world(faults=[fault.fault()])
    found = gi.pivot(world.client, user, g=g, sources=["hunting"], since="20d", until="1d")
    a_day_later(world)
    fault.broken = False
    looked = found.resume().coverage["note"].str.extract(r"looked from (\S+Z) to (\S+Z)")
    assert looked.notna().all(axis=None)
    assert len(looked) == 2
    assert len(looked.drop_duplicates()) == 1
