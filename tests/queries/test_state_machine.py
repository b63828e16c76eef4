"""Nothing is lost and nothing is invented, whatever the server does and whenever the client dies.

A plain set of records is the model. The server inserts, updates, deletes, fails, throttles and lets tokens and links
expire, also between two pages; the client pulls, refreshes, resumes and is killed. Each mistake that is seeded on
purpose is found by the same machine.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from live import PATH, TROUBLES, KilledError, Live, version

import graphinvestigate as gi
from graphinvestigate.client import GraphClient
from graphinvestigate.envelope import Page
from graphinvestigate.frames import RESOURCES, newest, records_frame

ALERTS = f"/{PATH}"
CHANGES = st.tuples(st.sampled_from(["insert", "update", "delete"]), st.integers(0, 40))


def plans(most: int) -> st.SearchStrategy[list[Any]]:
    """What happens with the requests to come: a machine's troubles, a change of the tenant, or nothing."""
    return st.runner().flatmap(
        lambda machine: st.lists(st.one_of(st.sampled_from(machine.troubles), CHANGES, st.none()), max_size=most)
    )


class Machine(RuleBasedStateMachine):
    """The real client against the live tenant, compared with the model after each step."""

    troubles = TROUBLES

    def __init__(self) -> None:
        super().__init__()
        self.live = Live()
        for _ in range(5):
            self.live.insert()
        self.folder = Path(tempfile.mkdtemp())
        self.client = self.connected()
        self.frame: pd.DataFrame | None = None  # of the last pull that said it was complete
        self.stopped: gi.PartialResultError | None = None
        self.begun: dict[str, Any] = {}  # what was alive when the pull that stopped began
        self.kept: dict[int, dict[str, Any]] = {}  # likewise by page size, where a journal kept pages on disk

    # What is put to the test; mistakes override these.
    def connected(self) -> Any:
        return self.live.connect()

    def ask(self, **arguments: Any) -> pd.DataFrame:
        return gi.list_alerts(self.client, **arguments)

    def go_on(self, stopped: gi.PartialResultError) -> pd.DataFrame:
        return stopped.resume()

    def teardown(self) -> None:
        self.client.close()
        shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 9))
    def insert(self, count: int) -> None:
        for _ in range(count):
            self.live.insert()
        self.live.later()

    @rule(at=st.integers(0, 40))
    def update(self, at: int) -> None:
        self.live.update(at)
        self.live.later()

    @rule(at=st.integers(0, 40))
    def delete(self, at: int) -> None:
        self.live.delete(at)
        self.live.later()

    @rule(size=st.integers(1, 4), plan=plans(6), journal=st.booleans())
    def pull(self, size: int, plan: list[Any], journal: bool) -> None:
        begun = dict(self.kept[size] if journal and size in self.kept else self.live.alive)
        self.live.plan.extend(self.made(step) for step in plan)
        try:
            frame = self.ask(page_size=size, **({"journal": self.folder} if journal else {}))
        except gi.PartialResultError as stopped:
            self.check_part(stopped.frame, stopped.missing)
            self.stopped, self.begun = stopped, begun
            self.remember(size, begun, journal)
        except gi.GraphInvestigateError:
            pass
        except KilledError:
            self.remember(size, begun, journal)
            self.die()
        else:
            self.check_whole(frame, begun, quiet=not plan)
            self.frame = frame
            if journal:
                self.kept.pop(size, None)
        self.live.plan.clear()

    @precondition(lambda self: self.stopped is not None)
    @rule(plan=plans(3))
    def resume(self, plan: list[Any]) -> None:
        stopped, self.stopped = self.stopped, None
        assert stopped is not None
        self.live.plan.extend(self.made(step) for step in plan)
        try:
            frame = self.go_on(stopped)
        except gi.PartialResultError as again:
            self.check_part(again.frame, again.missing)
            self.stopped = again
        except gi.GraphInvestigateError:
            self.stopped = stopped
        except KilledError:
            self.die()
        else:
            self.check_whole(frame, self.begun, quiet=False)
            self.frame = frame
        self.live.plan.clear()

    @precondition(lambda self: self.frame is not None and len(self.frame) > 0)
    @rule(plan=plans(3))
    def refresh(self, plan: list[Any]) -> None:
        before = self.frame
        assert before is not None
        begun = dict(self.live.alive)
        self.live.plan.extend(self.made(step) for step in plan)
        try:
            fresh = gi.refresh(self.client, before, find_gone=True)
        except gi.GraphInvestigateError:
            pass
        except KilledError:
            self.die()
        else:
            quiet = not plan
            self.check_whole(fresh.frame, begun, quiet=quiet)
            if quiet:
                self.check_changes(before, fresh)
            self.frame = fresh.frame
        self.live.plan.clear()

    def made(self, step: Any) -> Any:
        if not isinstance(step, tuple):
            return step
        name, at = step
        return self.live.insert if name == "insert" else lambda: getattr(self.live, name)(at)

    def remember(self, size: int, begun: dict[str, Any], journal: bool) -> None:
        """The same call with a journal means the same window as long as pages of it are kept."""
        if journal:
            self.kept.setdefault(size, begun)

    def die(self) -> None:
        """The process is gone and so is all it held, but for the disk; another one starts."""
        self.client.close()
        self.client = self.connected()
        self.frame = self.stopped = None

    def check_part(self, frame: pd.DataFrame, missing: str) -> None:
        assert missing
        self.check_rows(frame)

    def check_whole(self, frame: pd.DataFrame, begun: dict[str, Any], *, quiet: bool) -> None:
        """What was there all the time is there; where nothing happened meanwhile, exactly that, as it stands."""
        self.check_rows(frame)
        ids = set(frame["id"])
        stayed = begun.keys() & self.live.alive.keys()
        assert stayed <= ids, f"lost without a word: {sorted(stayed - ids)}"
        if quiet and begun == self.live.alive:
            assert ids == set(self.live.alive), f"invented: {sorted(ids - set(self.live.alive))}"
            assert {one["id"]: one for one in map(version, frame["raw"])} == self.live.alive

    def check_rows(self, frame: pd.DataFrame) -> None:
        """Each record is one row, and each row is a version that there was."""
        assert frame["id"].is_unique
        for record in map(version, frame["raw"]):
            assert record in self.live.seen.get(record["id"], []), f"there never was {record}"

    def check_changes(self, before: pd.DataFrame, fresh: gi.Refresh) -> None:
        old = {one["id"]: one for one in map(version, before["raw"])}
        new = self.live.alive
        told = {kind: set(rows["id"]) for kind, rows in fresh.changes.groupby("change")}
        assert told.get("new", set()) == new.keys() - old.keys()
        assert told.get("gone", set()) == old.keys() - new.keys()
        assert told.get("changed", set()) == {one for one in new.keys() & old.keys() if new[one] != old[one]}
        assert len(fresh.frame) == len(new)


def examples(count: int) -> settings:
    """So many runs of the machine."""
    return settings(settings.default, max_examples=count, stateful_step_count=20)


def test_the_client_agrees_with_a_plain_set() -> None:
    """Whatever happens on either side: every record once, as it was; short answers say so; refresh names changes."""
    run_state_machine_as_test(Machine, settings=examples(40))


class Coat:
    """Around the real client; its heirs get one thing wrong."""

    def __init__(self, client: GraphClient) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


class EmptyPageEnds(Coat):
    """Takes an empty page for the end."""

    def pages(self, *arguments: Any, **named: Any) -> Iterator[Page]:
        for one in self.client.pages(*arguments, **named):
            if not len(one):
                return
            yield one


class StopsQuietly(Coat):
    """Gives what came before an error, and says nothing."""

    def pages(self, *arguments: Any, **named: Any) -> Iterator[Page]:
        try:
            yield from self.client.pages(*arguments, **named)
        except gi.GraphInvestigateError:
            return


def in_a(coat: type[Coat], *meets: str) -> type[Machine]:
    """The machine with a client that makes a mistake, and meets what shows it more often than all the rest."""

    class Mistaken(Machine):
        troubles = meets

        def connected(self) -> Any:
            return coat(super().connected())

    return Mistaken


class TrustsTheCount(Machine):
    """Takes as many rows as Graph counts at the end for all of them."""

    troubles = ("throttle",)

    def ask(self, **arguments: Any) -> pd.DataFrame:
        params = {"$top": arguments["page_size"], "$count": "true"}
        frame, _ = newest(RESOURCES["alerts"], self.rows(params))
        if len(frame) < (self.client.page(ALERTS, params=params).count or 0):
            raise gi.PartialResultError("short", frame=frame, missing="rows", resume=lambda: self.ask(**arguments))
        return frame

    def rows(self, params: dict[str, Any]) -> pd.DataFrame:
        return records_frame(RESOURCES["alerts"], list(self.client.pages(ALERTS, params=params)), pull_id="")


class NoDeduplication(TrustsTheCount):
    """Puts pages one after the other."""

    troubles = ("twice",)

    def ask(self, **arguments: Any) -> pd.DataFrame:
        return self.rows({"$top": arguments["page_size"]})


class SkipsAPage(Machine):
    """Goes on one page after the one that failed."""

    troubles = ("fatal",)

    def go_on(self, stopped: gi.PartialResultError) -> pd.DataFrame:
        whole = stopped.resume()
        page = whole[~whole["id"].isin(stopped.frame["id"])].head(1)
        return whole.drop(index=page.index)


class ForgetsTheStart(SkipsAPage):
    """Goes on with the rows that come after the stop, and forgets those before it."""

    def go_on(self, stopped: gi.PartialResultError) -> pd.DataFrame:
        whole = stopped.resume()
        return whole[~whole["id"].isin(stopped.frame["id"])]


MISTAKES = {
    "an empty page is the end": in_a(EmptyPageEnds, "empty"),
    "stops quietly": in_a(StopsQuietly, "fatal"),
    "trusts the count": TrustsTheCount,
    "no deduplication": NoDeduplication,
    "skips a page when it resumes": SkipsAPage,
    "forgets the start when it resumes": ForgetsTheStart,
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_machine_finds_a_seeded_mistake(mistake: str) -> None:
    """A client with that very mistake disagrees with the model, and the machine notices."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(MISTAKES[mistake], settings=settings(examples(200), phases=[Phase.generate]))
