"""The alert queue: whatever is done to it, in either grid, `.selected` is exactly what is highlighted."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.linking import Entity, Record
from graphinvestigate.widgets import AlertPicker, Selection, alert_details, alert_pane
from graphinvestigate.widgets.facets import Filters
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.grid import ButtonGrid, Cell, Column, Events
from graphinvestigate.widgets.row_grid import PAGE, RowGrid
from graphinvestigate.widgets.rows import Queue


class Page:
    """The other end of the own grid: what a page would have been sent, and what its user does."""

    def __init__(self, picker: AlertPicker) -> None:
        self.sheet = picker._grid.widget
        self.pages: dict[int, dict[str, Any]] = {}
        self.version = -1
        self.answers = 0
        self.sheet.send = self.receive  # the kernel's end of the wire, where no kernel runs
        self.ask(range(-(-self.sheet.total // PAGE)))

    def receive(self, message: dict[str, Any]) -> None:
        """What arrives is JSON; a page of another version is forgotten, and so is one that was not marked anew."""
        message = json.loads(json.dumps(message))
        if message["version"] != self.version:
            self.version, self.pages = message["version"], {}
        if message["type"] == "pages":
            self.pages |= {page["page"]: page for page in message["pages"]}
        else:
            marks = {page["page"]: page["on"] for page in message["pages"]}
            self.pages = {at: {**page, "on": marks[at]} for at, page in self.pages.items() if at in marks}
            self.answers += message["answers"]

    def say(self, **message: Any) -> None:
        """What the page sends."""
        self.sheet._handle_custom_msg({"version": self.sheet.version, **message}, [])

    def ask(self, pages: Any) -> None:
        """Ask for pages, as scrolling does."""
        self.say(type="pages", pages=list(pages))

    def pick(self, row: int, how: str = "only", anchor: int | None = None) -> None:
        """A click, or a key."""
        self.say(type="pick", how=how, row=row, **({} if anchor is None else {"anchor": anchor}))

    def rows(self) -> list[tuple[str, ...]]:
        """What all rows say, after asking for what is missing."""
        self.ask(at for at in range(-(-self.sheet.total // PAGE)) if at not in self.pages)
        return [tuple(cell[0] for cell in row) for at in sorted(self.pages) for row in self.pages[at]["rows"]]

    def highlighted(self) -> list[int]:
        """The places of the marked rows."""
        self.rows()
        marks = "".join(self.pages[at]["on"] for at in sorted(self.pages))
        return [at for at, mark in enumerate(marks) if mark == "1"]


class Buttons:
    """The same of the plain grid: its first page, which holds all rows of these tests."""

    def __init__(self, picker: AlertPicker) -> None:
        self.grid = picker._grid
        assert isinstance(self.grid, ButtonGrid)

    def pick(self, row: int, how: str = "only", anchor: int | None = None) -> None:
        """A press on the title, or on the box before it; ranges have no button."""
        if how in {"only", "toggle"}:
            self.grid.rows[row].children[0 if how == "toggle" else 3].click()
        else:
            self.grid._events.picked(how, row, anchor)

    def rows(self) -> list[tuple[str, ...]]:
        """What all rows say."""
        visible = [row for row in self.grid.rows if row.layout.display != "none"]
        return [tuple(cell.description for cell in row.children[1:]) for row in visible]

    def highlighted(self) -> list[int]:
        """The places of the marked rows, where box and colour agree."""
        rows = [row for row in self.grid.rows if row.layout.display != "none"]
        marked = [at for at, row in enumerate(rows) if "gi-on" in row._dom_classes]
        assert marked == [at for at, row in enumerate(rows) if row.children[0].description == "☑"]
        return marked


KINDS = {"own": Page, "plain": Buttons}


def look_at(picker: AlertPicker) -> Page | Buttons:
    """The grid of a picker as its user meets it."""
    return (Buttons if isinstance(picker._grid, ButtonGrid) else Page)(picker)


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Any:
    """Make a picker with either grid, all rows in view."""

    def make_picker(alerts: pd.DataFrame, **more: Any) -> AlertPicker:
        return AlertPicker(alerts, plain=request.param == "plain", page_size=more.pop("page_size", 80), **more)

    return make_picker


def check(picker: AlertPicker, grid: Page | Buttons) -> None:
    """What is highlighted is `.selected`, which is what is selected among this queue's alerts."""
    shown = picker.shown
    ids = shown["id"].fillna("").tolist()
    assert [row[2] for row in grid.rows()] == [gi.text.visible(title, 160) for title in shown["title"]]
    at = grid.highlighted()
    assert picker.selected.equals(shown.iloc[at])
    here = {node.id for node in picker.selection.nodes if node.kind == "alert" and node.id in set(picker.alerts["id"])}
    assert {ids[one] for one in at} - {""} == here


def toggle(picker: AlertPicker, column: str, value: str) -> Any:
    """The button that filters by a value."""
    return picker._bar.toggles[column, value]


def test_newest_first(alerts: pd.DataFrame, make: Any) -> None:
    """The queue starts with the newest alert, highlighted, and shows them all."""
    picker = make(alerts)
    times = picker.shown["first_activity_date_time"]
    assert len(times) == len(alerts)
    assert times.is_monotonic_decreasing
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[:1]
    assert list(picker.selected.columns) == list(alerts.columns)
    check(picker, look_at(picker))


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["only", "toggle", "range", "extend"]), st.integers(0, 79), st.integers(0, 79)),
        st.tuples(st.just("filter"), st.sampled_from(["high", "medium", "low", "informational", ""])),
        st.tuples(st.just("sort"), st.sampled_from(["severity", "title", "entities", "tactic", "first_activity"])),
        st.tuples(st.just("search"), st.sampled_from(["", "token", "sign", "no alert says this"])),
        st.tuples(st.just("elsewhere"), st.lists(st.integers(0, 59), max_size=5)),
        st.tuples(st.just("user"), st.integers(0, 3)),
        st.tuples(st.just("all"), st.booleans()),
    ),
    max_size=10,
)


@pytest.mark.parametrize("plain", [False, True], ids=["own", "plain"])
@settings(max_examples=12)
@given(seed=st.integers(0, 1000), actions=ACTIONS)
def test_selected_is_what_is_highlighted_whatever_is_done(
    alerts: pd.DataFrame, plain: bool, seed: int, actions: list[Any]
) -> None:
    """For shuffled, repeated and id-less rows, and any clicks, filters, sorts and selections made elsewhere."""
    rng = np.random.default_rng(seed)
    frame = alerts.iloc[rng.integers(0, len(alerts), 70)].copy()
    frame.loc[rng.random(len(frame)) < 0.1, "id"] = pd.NA
    frame.index = pd.Index([7] * len(frame))
    picker = AlertPicker(frame, page_size=80, plain=plain)
    grid = look_at(picker)
    check(picker, grid)
    for action, *values in actions:
        if action in {"only", "toggle", "range", "extend"}:
            n = len(picker.shown)
            if n:
                grid.pick(values[0] % n, action, values[1] % n)
        elif action == "filter":
            picker.filter(severity=values[0] or ())
        elif action == "sort":
            picker.sort(values[0])
        elif action == "search":
            picker._bar.text.value = values[0]
        elif action == "elsewhere":
            picker.selection.select(*(Record("alert", alerts["id"].iloc[at]) for at in values[0]), by="test")
        elif action == "user":
            picker.selection.add(Entity("user", f"user{values[0]}"), by="test")
        else:
            picker._on_pick_all(values[0])
        assert picker._messages.error is None
        check(picker, grid)


def test_the_frame_given_may_change_later(alerts: pd.DataFrame, make: Any) -> None:
    """What its owner does to the frame afterwards changes nothing in the queue."""
    frame = alerts.copy()
    picker = make(frame)
    before = picker.shown["id"].tolist()
    frame["id"] = frame["id"].to_numpy()[::-1]
    look_at(picker).pick(4)
    assert picker.selected["id"].tolist() == before[4:5]


def test_of_repeated_alerts_the_last_updated_counts(alerts: pd.DataFrame) -> None:
    """Rows with the same id are one alert, shown as it was updated last, and the head says how many were left out."""
    newer = alerts.iloc[[3]].copy()
    newer["last_update_date_time"] = pd.Timestamp("2099-01-01", tz="UTC")
    newer["title"] = "renamed"
    picker = AlertPicker(pd.concat([newer, alerts, alerts.iloc[[5]]]))
    assert len(picker.alerts) == len(alerts)
    picker.select(newer["id"].iloc[0])
    assert picker.selected["title"].tolist() == ["renamed"]
    assert "2 older copies left out" in picker._head.value


def test_a_queue_is_worked_with_ctrl_and_shift(alerts: pd.DataFrame) -> None:
    """Ctrl puts one in or out, Shift takes all from the anchor, both together add them; the last one is current."""
    picker = AlertPicker(alerts)
    page, ids = look_at(picker), picker.shown["id"].tolist()
    page.pick(2)
    page.pick(5, "toggle")
    assert picker.selected["id"].tolist() == [ids[2], ids[5]]
    assert picker.selection.alert == ids[5]
    page.pick(2, "toggle")
    assert picker.selected["id"].tolist() == [ids[5]]
    page.pick(8, "range", 5)
    assert picker.selected["id"].tolist() == ids[5:9]
    page.pick(3, "range", 5)
    assert picker.selected["id"].tolist() == ids[3:6]
    page.pick(11, "extend", 10)
    assert picker.selected["id"].tolist() == [*ids[3:6], *ids[10:12]]
    assert picker.selection.alert == ids[11]
    page.say(type="none")
    assert len(picker.selected) == 0
    assert picker.selection.nodes == ()
    assert picker._pane.raw.layout.display == "none"


def test_a_pick_of_rows_that_have_moved_since_is_ignored(alerts: pd.DataFrame) -> None:
    """A click that was on its way while the rows were sorted anew selects no other alert; the page is answered."""
    picker = AlertPicker(alerts)
    page = look_at(picker)
    old = picker._grid.widget.version
    picker.sort("title")
    before = picker.selected["id"].tolist()
    page.say(type="pick", how="only", row=7, version=old)
    assert picker.selected["id"].tolist() == before
    assert page.answers == 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "pick", "how": "only", "row": 10_000},
        {"type": "pick", "how": "only", "row": -1},
        {"type": "pick", "how": "delete", "row": 1},
        {"type": "pages", "pages": [-1, 99, "x"]},
        {"type": "unheard of"},
    ],
)
def test_a_page_that_asks_for_nonsense_gets_nothing(alerts: pd.DataFrame, message: dict[str, Any]) -> None:
    """Rows and pages that are not there, and words that nobody knows, change nothing."""
    picker = AlertPicker(alerts)
    page = look_at(picker)
    before = picker.selected["id"].tolist(), sorted(page.pages)
    page.say(**message)
    assert (picker.selected["id"].tolist(), sorted(page.pages)) == before


def test_filters_and_counts(alerts: pd.DataFrame) -> None:
    """Pressing a severity shows only that one; each count says what a press would bring under the other filters."""
    picker = AlertPicker(alerts)
    expected = alerts["severity"].value_counts()
    for severity, n in expected.items():
        assert toggle(picker, "severity", severity).description.endswith(f" {n}")
    toggle(picker, "severity", "high").value = True
    high = alerts[alerts["severity"] == "high"]
    assert set(picker.shown["id"]) == set(high["id"])
    assert picker.selected["severity"].tolist() == ["high"]
    assert toggle(picker, "severity", "low").description.endswith(f" {expected['low']}")
    assert toggle(picker, "status", "new").description == f"new {(high['status'] == 'new').sum()}"
    toggle(picker, "status", "new").value = True
    assert set(picker.shown["status"]) <= {"new"}
    picker._bar.clear.click()
    assert len(picker.shown) == len(alerts)
    assert not any(one.value for one in picker._bar.toggles.values())


def test_every_filter_keeps_what_it_says(alerts: pd.DataFrame) -> None:
    """Source, tactic, entity and time each show exactly the alerts that the frame itself says."""
    picker = AlertPicker(alerts)
    source = alerts["service_source"].iloc[0]
    picker.filter(source=source.upper())
    assert set(picker.shown["id"]) == set(alerts.loc[alerts["service_source"] == source, "id"])
    picker.filter(tactic="credential access")
    assert set(picker.shown["id"]) == set(alerts.loc[alerts["category"] == "CredentialAccess", "id"])
    evidence = gi.evidence(alerts)
    users = evidence[evidence["evidence_type"] == "userEvidence"].dropna(subset="user_account_user_principal_name")
    user = users["user_account_user_principal_name"].value_counts().index[0]
    picker.filter(entity=user.upper())
    named = users.loc[users["user_account_user_principal_name"].str.casefold() == user.casefold(), "alert_id"]
    assert set(named) <= set(picker.shown["id"])
    assert all(user.casefold() in raw.casefold() for raw in picker.shown["raw"])
    middle = alerts["first_activity_date_time"].median()
    picker.filter(since=middle)
    assert set(picker.shown["id"]) == set(alerts.loc[alerts["last_activity_date_time"] >= middle, "id"])
    picker.filter(until=middle)
    assert set(picker.shown["id"]) == set(alerts.loc[alerts["first_activity_date_time"] < middle, "id"])
    picker.filter()
    assert len(picker.shown) == len(alerts)


def test_alerts_that_lack_a_value_can_be_asked_for(alerts: pd.DataFrame) -> None:
    """A missing severity is its own button, and alerts of unknown time are counted where time decides."""
    frame = alerts.copy()
    frame.loc[frame.index[:3], "severity"] = pd.NA
    frame.loc[frame.index[1:5], "first_activity_date_time"] = pd.NaT
    picker = AlertPicker(frame)
    assert picker.shown["id"].tolist()[-4:] == sorted(frame["id"].iloc[1:5])
    toggle(picker, "severity", "unknown").value = True
    assert set(picker.shown["id"]) == set(frame["id"].iloc[:3])
    picker.filter(until=pd.Timestamp("2020-01-01", tz="UTC"))
    assert len(picker.shown) == 0
    assert "4 of unknown time" in picker._grid.widget.note


def test_entities_are_picked_from_those_that_are_named(alerts: pd.DataFrame) -> None:
    """The box offers names with counts; choosing one filters, its button takes it away, a wrong one is refused."""
    picker = AlertPicker(alerts)
    bar = picker._bar
    assert bar.entity.options == ()
    bar.more.value = True
    option = bar.entity.options[0]
    count = int(option.rpartition(" · ")[2])
    bar.entity.value = option
    assert len(picker.shown) == count
    assert bar.more.description == "More filters (1 set)"
    (button,) = bar.chosen.children
    button.click()
    assert len(picker.shown) == len(alerts)
    bar.entity.value = option[:5]
    assert "no alert of this queue names" in picker._messages.widget.value
    assert len(picker.shown) == len(alerts)


def test_words_are_searched_in_all_that_is_named(alerts: pd.DataFrame) -> None:
    """All words must occur, in any case and order; also in impacted entities, evidence and ids."""
    picker = AlertPicker(alerts)
    wanted = alerts.iloc[9]
    words = str(wanted["title"]).split()
    picker._bar.text.value = f"{words[-1].upper()} {words[0].lower()}"
    assert wanted["id"] in set(picker.shown["id"])
    assert len(picker.shown) < len(alerts)
    picker._bar.text.value = wanted["id"]
    assert picker.selected["id"].tolist() == [wanted["id"]]
    address = gi.evidence(alerts)["ip_address"].dropna().iloc[0]
    picker._bar.text.value = address
    assert len(picker.shown)
    assert all(address in raw for raw in picker.shown["raw"])
    picker._bar.text.value = "no alert says this"
    assert len(picker.selected) == 0
    assert list(picker.selected.columns) == list(alerts.columns)
    assert picker.selection.node is None


def test_severities_sort_by_rank_not_by_letter(alerts: pd.DataFrame, make: Any) -> None:
    """A click on the header sorts from high to informational, a second click the other way round."""
    picker = make(alerts)
    picker._on_sort("severity")
    assert picker.shown["severity"].drop_duplicates().tolist() == ["high", "medium", "low", "informational"]
    picker._on_sort("severity")
    assert picker.shown["severity"].drop_duplicates().tolist() == ["informational", "low", "medium", "high"]


def test_sorting_selects_nothing(alerts: pd.DataFrame, make: Any) -> None:
    """Where nothing is selected, another order selects nothing; nor does a filter that is told not to choose."""
    picker = make(alerts)
    picker.select()
    picker.sort("severity")
    assert picker.selected.empty
    picker.filter(severity="high", choose=False)
    assert picker.selected.empty
    picker.filter(severity="low")
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[:1]
    before = picker.selection.nodes
    picker.filter(severity="high", choose=False)
    assert picker.selection.nodes == before


@pytest.mark.parametrize("column", ["title", "status", "source", "entities", "tactic", "last_activity", "assigned_to"])
def test_every_column_sorts_both_ways_with_unknown_last(alerts: pd.DataFrame, column: str) -> None:
    """Turning the direction turns the order of the values; what has none stands last either way."""
    frame = alerts.copy()
    frame.loc[frame.index[:2], ["title", "status", "service_source", "category", "assigned_to"]] = pd.NA
    frame.loc[frame.index[:2], "last_activity_date_time"] = pd.NaT
    picker = AlertPicker(frame)
    picker.sort(column, descending=False)
    page = look_at(picker)
    at = [one.name for one in picker._grid.columns].index(column)
    up = [row[at].partition(", ")[0] for row in page.rows()]  # of several entities the first one decides
    picker.sort(column, descending=True)
    down = [row[at].partition(", ")[0] for row in page.rows()]
    lacking = [value for value in up if value in {"-", "unknown"}]
    known, turned = up[: len(up) - len(lacking)], down[: len(up) - len(lacking)]
    assert up[len(known) :] == down[len(known) :] == lacking
    assert list(dict.fromkeys(known)) == list(dict.fromkeys(turned))[::-1]
    if column in {"title", "last_activity"}:
        assert known == sorted(known, key=str.casefold)


def test_plain_pages(alerts: pd.DataFrame) -> None:
    """The plain grid turns pages without changing the selection; the last page ends where the queue ends."""
    picker = AlertPicker(alerts, page_size=25, plain=True)
    grid, first = picker._grid, picker.selected["id"].tolist()
    grid.following.click()
    assert picker.selected["id"].tolist() == first
    assert grid.shown() == picker._order[25:50].tolist()
    grid.following.click()
    assert grid.following.disabled
    assert len([row for row in grid.rows if row.layout.display != "none"]) == len(alerts) - 50
    grid.rows[3].children[2].click()
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[53:54]
    grid.every.click()
    assert len(picker.selected) == len(alerts)
    grid.none.click()
    assert len(picker.selected) == 0


def test_plain_means_no_javascript_of_ours(alerts: pd.DataFrame) -> None:
    """The plain picker holds no widget that brings a module of its own."""

    def modules(widget: Any) -> set[str]:
        return {widget._view_module, *(one for child in getattr(widget, "children", ()) for one in modules(child))}

    assert modules(AlertPicker(alerts, plain=True)) <= {"@jupyter-widgets/controls", "@jupyter-widgets/base"}
    assert "anywidget" in modules(AlertPicker(alerts))


def test_severity_is_word_colour_and_shape(alerts: pd.DataFrame) -> None:
    """A row says its severity as a word with a shape, and has the class that colours it, in both grids."""
    for severity, words in (("high", "◆ high"), ("low", "● low")):
        own, plain = AlertPicker(alerts), AlertPicker(alerts, plain=True)
        for picker in (own, plain):
            picker.filter(severity=severity)
        page = look_at(own)
        assert page.pages[0]["rows"][0][0][:2] == [words, f"gi-{severity}"]
        cell = plain._grid.rows[0].children[1]
        assert (cell.description, f"gi-{severity}" in cell._dom_classes) == (words, True)


def test_details_tell_the_whole_alert(alerts: pd.DataFrame) -> None:
    """The pane holds facts, every evidence item's type, and each recommended action on a line of its own."""
    evidence = gi.evidence(alerts)
    alert = alerts[alerts["recommended_actions"].notna() & alerts["id"].isin(evidence["alert_id"])].iloc[0]
    picker = AlertPicker(alerts)
    picker.select(alert["id"])
    html = picker._pane._details.value
    items = evidence[evidence["alert_id"] == alert["id"]]
    assert f"Evidence ({len(items)})" in html
    for kind in items["evidence_type"]:
        assert kind.removesuffix("Evidence") in html
    assert alert["service_source"] in html
    assert html.count("<li>") >= 1


def test_raw_json_on_demand(alerts: pd.DataFrame) -> None:
    """The record as Graph sent it is shown when asked for, of the current alert, and hidden again."""
    picker = AlertPicker(alerts)
    pane = picker._pane
    assert pane._json.value == ""
    pane.raw.value = True
    for at in (0, 4):
        look_at(picker).pick(at)
        assert f"&quot;id&quot;: &quot;{picker.shown['id'].iloc[at]}&quot;" in pane._json.value
    pane.raw.value = False
    assert pane._json.value == ""


@pytest.mark.parametrize(
    "wrong",
    [None, "alerts", 3, [{"id": "1"}], pd.DataFrame({"a": [1]}), pd.DataFrame({"id": ["1"], "record_kind": ["alert"]})],
    ids=["none", "text", "number", "list", "foreign frame", "cut frame"],
)
def test_what_holds_no_alerts_is_refused(wrong: Any) -> None:
    """Anything but a frame of alerts is a UsageError that names what to give."""
    with pytest.raises(gi.UsageError, match="list_alerts"):
        AlertPicker(wrong)


def test_other_records_are_refused(alerts: pd.DataFrame) -> None:
    """A frame of other records, or with some among alerts, is refused by their name."""
    mixed = alerts.copy()
    mixed.loc[mixed.index[1], "record_kind"] = "incident"
    with pytest.raises(gi.UsageError, match="incident"):
        AlertPicker(mixed)


def test_misspelt_keywords_and_values(alerts: pd.DataFrame) -> None:
    """A misspelt keyword is a TypeError; an unknown severity, entity, time, column, id or size a UsageError."""
    with pytest.raises(TypeError):
        AlertPicker(alerts, pagesize=3)  # type: ignore[call-arg]
    picker = AlertPicker(alerts)
    log = picker.log
    for wrong in (
        lambda: AlertPicker(alerts, page_size=0),
        lambda: AlertPicker(alerts, selection=picker),
        lambda: picker.filter(severity="hgih"),
        lambda: picker.filter(entity="nobody@nowhere"),
        lambda: picker.filter(since="yesterday"),
        lambda: picker.filter(until=pd.Timestamp("2026-01-01")),
        lambda: picker.sort("titel"),
        lambda: picker.select("no such id"),
        lambda: picker.select(None),
    ):
        with pytest.raises(gi.UsageError):
            wrong()
    assert len(picker.shown) == len(alerts)
    assert picker.log == log


def test_no_alerts_says_so(alerts: pd.DataFrame, make: Any) -> None:
    """An empty frame gives a widget that says that there is nothing to pick, and an empty `.selected`."""
    picker = make(alerts.iloc[0:0])
    assert len(picker.selected) == 0
    assert "holds no alerts" in picker.children[-1].value
    assert "none of 0" in picker._repr_mimebundle_()["text/plain"]


def test_the_static_twin_stands_beside_the_live_view(alerts: pd.DataFrame) -> None:
    """One output holds the widget, a table with the selected rows marked, and plain words; it is small."""
    picker = AlertPicker(alerts)
    picker.select(*picker.shown["id"].iloc[3:5])
    bundle = picker._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["text/html"].count("<tr") > 50
    assert bundle["text/html"].count('<tr class="gi-on">') == 2
    assert "2 selected" in bundle["text/plain"]
    assert "\n" not in bundle["text/plain"]
    assert len(bundle["text/html"]) < 60_000


def test_what_a_notebook_stores_stays_small(alerts: pd.DataFrame) -> None:
    """The grid's state is its columns and counts, however many rows there are and are selected."""
    many = pd.concat([alerts] * 100, ignore_index=True)
    many["id"] = [f"da{at}" for at in range(len(many))]
    picker = AlertPicker(many)
    look_at(picker).say(type="all")
    assert len(picker.selected) == len(many) == len(picker.selection.nodes)
    state = picker._grid.widget.get_state()
    code = len(state.pop("_esm")) + len(state.pop("_css"))
    assert code < 20_000
    assert len(json.dumps(state)) < 4_000


def test_alerts_of_two_tenants_with_one_id_are_one_node(alerts: pd.DataFrame, make: Any) -> None:
    """Two rows that share an id are picked each on its own; selected elsewhere, both are highlighted."""
    twin = alerts.iloc[[0]].copy()
    twin["tenant_id"], twin["title"] = "another tenant", "twin"
    picker = make(pd.concat([alerts, twin]))
    grid = look_at(picker)
    grid.pick(picker.shown["title"].tolist().index("twin"))
    assert picker.selected["title"].tolist() == ["twin"]
    picker.selection.clear()
    picker.selection.select(Record("alert", twin["id"].iloc[0]))
    assert len(picker.selected) == len(grid.highlighted()) == 2


def test_pickers_that_share_a_selection_follow_each_other(alerts: pd.DataFrame) -> None:
    """What is highlighted in one is highlighted in the other, even where the other's filters hid it."""
    selection = Selection()
    one, two = AlertPicker(alerts, selection=selection), AlertPicker(alerts, selection=selection)
    two.filter(severity="high")
    low = one.shown[one.shown["severity"] == "low"]["id"].tolist()[:3]
    one.select(*low)
    assert two.selected["id"].tolist() == one.selected["id"].tolist()
    assert "filters were cleared" in two._messages.widget.value
    two.filter(severity="high")
    assert one.selected["severity"].tolist() == ["high"]


def test_what_is_no_alert_of_the_queue_is_not_highlighted(alerts: pd.DataFrame) -> None:
    """A user selected elsewhere leaves no row highlighted and says so; filtering then does not steal the selection."""
    picker = AlertPicker(alerts)
    user = Entity("user", "someone")
    picker.selection.select(user)
    assert len(picker.selected) == 0
    assert "Another view selected user someone" in picker._pane._details.value
    picker.filter(severity="high")
    assert picker.selection.nodes == (user,)
    page = look_at(picker)
    page.pick(1, "toggle")
    assert picker.selection.nodes == (user, Record("alert", picker.shown["id"].iloc[1]))
    assert len(page.highlighted()) == 1


def test_the_queue_calls_what_another_view_selected_by_its_name(alerts: pd.DataFrame) -> None:
    """A host is known by its name, not by the key that only the graph understands."""
    g = gi.entity_graph(alerts=alerts)
    picker = AlertPicker(alerts)
    explorer = gi.EntityExplorer(None, g, picker=picker)
    host = next(node for node in g if node.kind == "host" and g.nodes[node]["label"] != node.key)
    explorer.select(host)
    assert f"Another view selected host {g.nodes[host]['label']}:" in picker._pane._details.value
    assert host.key not in picker._pane._details.value


def test_blanks_in_the_entity_box_ask_for_nobody(alerts: pd.DataFrame) -> None:
    """They are no name that this queue could lack."""
    picker = AlertPicker(alerts)
    picker._bar.entity.value = "   "
    assert picker._messages.error is None
    assert len(picker.shown) == len(alerts)


def test_what_a_pane_leaves_out_is_counted(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence and lines of a record beyond what is shown are numbered, with what has them all."""
    evidence = gi.evidence(alerts)
    alert_id, n = evidence["alert_id"].value_counts().index[0], int(evidence["alert_id"].value_counts().iloc[0])
    picker = AlertPicker(alerts)
    picker.select(alert_id)
    picker._pane.raw.value = True
    assert "more items: gi.evidence" not in picker._pane._details.value
    assert "more lines" not in picker._pane._json.value
    lines = picker._pane._json.value.count("\n") + 1
    monkeypatch.setattr(alert_details, "MOST_EVIDENCE", 1)
    monkeypatch.setattr(alert_pane, "MOST_LINES", 5)
    picker.select()
    picker.select(alert_id)
    assert n > 1
    assert f"+{n - 1} more items: gi.evidence(picker.selected)" in picker._pane._details.value
    assert f"Evidence ({n})" in picker._pane._details.value
    assert f"… {lines - 5:,} more lines: picker.selected" in picker._pane._json.value
    assert picker._pane._json.value.count("\n") + 1 == 5


def test_filters_that_leave_nothing_blame_no_other_view(alerts: pd.DataFrame) -> None:
    """An alert of this queue that its own filters hide was selected by no other view; the grid says what to do."""
    picker = AlertPicker(alerts)
    assert picker.selection.node is not None
    picker.filter(text="no alert says this")
    assert picker.selection.nodes == ()
    assert "Another view" not in picker._pane._details.value
    assert "Change the filters" in picker._pane._details.value
    assert "Clear filters" in picker._grid.widget.empty
    assert picker._bar.clear.layout.display == "inline-flex"


def test_a_shared_time_range_filters(alerts: pd.DataFrame) -> None:
    """A time range set elsewhere shows the alerts active in it; none shows all again; other filters stay."""
    picker = AlertPicker(alerts)
    picker.filter(severity=["high", "medium", "low"])
    n = len(picker.shown)
    middle = alerts["first_activity_date_time"].median()
    picker.selection.set_time_range(middle, middle + pd.Timedelta(days=400))
    assert 0 < len(picker.shown) < n
    assert (picker.shown["last_activity_date_time"] >= middle).all()
    picker.selection.time_range = None
    assert len(picker.shown) == n


def test_the_code_leads_to_the_same_state(alerts: pd.DataFrame) -> None:
    """Running what `to_code` says gives the same filters, order, rows and selection."""
    middle = alerts["first_activity_date_time"].median()
    for steps in (
        lambda p: None,
        lambda p: p.filter(severity=["high", "low"], text="sign"),
        lambda p: (p.filter(until=middle), p.sort("title"), p.select(*p.shown["id"].iloc[2:9])),
        lambda p: p.select_all(),
        lambda p: p.select(),
    ):
        picker = AlertPicker(alerts)
        steps(picker)
        names: dict[str, Any] = {"gi": gi, "alerts": alerts}
        exec(picker.to_code(), names)
        other = names["picker"]
        assert other.shown["id"].tolist() == picker.shown["id"].tolist()
        assert other.selected["id"].tolist() == picker.selected["id"].tolist()
        assert other.selection.node == picker.selection.node


def test_what_was_done_is_in_the_log(alerts: pd.DataFrame) -> None:
    """Filters, sorts and picks are written in order, as plain values."""
    picker = AlertPicker(alerts)
    picker.filter(severity="high")
    picker.sort("title")
    look_at(picker).pick(1)
    actions = [entry["action"] for entry in json.loads(json.dumps(picker.log))]
    assert actions == ["select", "filter", "select", "sort", "select"]
    assert picker.log[1] == {"action": "filter", "by": "picker", "severity": ["high"]}
    assert picker.log[3] == {"action": "sort", "by": "picker", "column": "title", "descending": False}


UNSEEN = "invoice\u202egnp.exe\u200b\x00\x1b]8;;http://evil.example\x07\x85"


def test_what_the_page_is_sent_can_be_seen(alerts: pd.DataFrame) -> None:
    """Control and bidi characters of cells, hints, counts and column names travel as visible escapes, cut to length."""
    record = json.loads(alerts["raw"].iloc[0])
    record |= dict.fromkeys(("title", "severity", "status", "category", "serviceSource", "assignedTo"), UNSEEN)
    record["evidence"] = [
        {
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "userAccount": {"userPrincipalName": UNSEEN + "A" * 20_000},
        }
    ]
    picker = AlertPicker(gi.read_records("alerts", [record]))
    page = look_at(picker)
    (row,) = page.pages[0]["rows"]
    assert sum("\\u202e" in cell[0] for cell in row) == 7
    grid = RowGrid(
        [Column("a", UNSEEN, 10)], lambda numbers: [[Cell(UNSEEN, "", UNSEEN)] for _ in numbers],
        Events(print, print, print), rows=1, label="x", messages=Messages(),
    )  # fmt: skip
    grid.say(UNSEEN)
    sent: list[Any] = []
    grid.widget.send = sent.append
    grid.show(np.array([0]), np.array([True]), 0)
    said = json.dumps([page.pages, sent, grid.widget.columns, grid.widget.note], ensure_ascii=False)
    assert not [c for c in said if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]
    assert len(said) < 8_000


def test_words_are_looked_for_once_per_filter(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Order, counts and names share what meets the filters; other filters are looked at anew, the first ones again."""
    queue = Queue(alerts)
    asked: list[str] = []
    saying = queue.names.saying
    monkeypatch.setattr(queue.names, "saying", lambda word: (asked.append(word), saying(word))[1])
    first, other = Filters(text="sign"), Filters(text="token")
    for filters in (first, other, first):
        order = queue.order(filters, sort="title", descending=False)
        assert sum(queue.counts(filters)["severity"].values()) == len(order)
        queue.entities(filters, most=5)
        fresh = Queue(alerts)
        assert order.tolist() == fresh.order(filters, sort="title", descending=False).tolist()
    assert asked == ["sign", "token", "sign"]
