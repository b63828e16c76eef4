"""The timeline as a widget: brushing and zooming as a page tells them, the shared selection, code, log and twin."""

from __future__ import annotations

import json
import threading
import time
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.linking import Entity, Record
from graphinvestigate.views import timeline_naming
from graphinvestigate.views.pictures import svg_of
from graphinvestigate.views.style import source_word
from graphinvestigate.views.timeline_events import marks_of
from graphinvestigate.widgets import AlertPicker, Selection, TimelineView, timeline_drawing, timeline_reading
from graphinvestigate.widgets.timeline_window import Window, box_of, zoomed


@pytest.fixture(scope="module")
def risk() -> pd.DataFrame:
    """All risk detections of the small demo tenant."""
    with gi.connect_demo(seed=2, alerts=60) as client:
        return gi.list_risk_detections(client)


class Page:
    """The page's end: the figure it was given, and what its user does with it."""

    def __init__(self, view: TimelineView) -> None:
        self.view = view._view

    @property
    def figure(self) -> dict[str, Any]:
        """What is drawn."""
        return json.loads(self.view.figure)

    def points(self) -> dict[str, tuple[int, int]]:
        """Identity → trace and index of every mark that has a time."""
        return {
            row[4]: (number, at)
            for number, trace in enumerate(self.figure["data"])
            if trace.get("ids")
            for at, row in enumerate(trace["customdata"])
        }

    def say(self, **message: Any) -> None:
        """A message as the page sends it."""
        self.view._on_message(None, {"edition": self.view.edition, **message}, None)

    def _traces(self, places: list[tuple[int, int]]) -> list[dict[str, Any]]:
        data = self.figure["data"]
        return [{"trace": trace, "points": [at], "ids": [data[trace]["ids"][at]]} for trace, at in places]

    def click(self, identity: str, **keys: bool) -> None:
        """A click on a mark."""
        self.say(type="click", traces=self._traces([self.points()[identity]]), **keys)

    def brush(self, *identities: str) -> None:
        """A box around some marks."""
        found = self.points()
        self.say(type="select", traces=self._traces([found[one] for one in identities]), ranges={"x": ["", ""]})

    def zoom(self, start: str, end: str) -> None:
        """Dragging from one time to another."""
        self.say(type="zoom", ranges={"xaxis": [start, end], "yaxis": [5, 0]})

    def ringed(self) -> int:
        """How many rings are drawn."""
        return sum(len(_values(trace["x"])) for trace in self.figure["data"] if trace.get("name") == "selected")


def _values(packed: Any) -> list[float]:
    if isinstance(packed, dict):
        import base64

        return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).tolist()
    return packed


def test_brushing_and_clicking_select_everywhere(alerts: pd.DataFrame, risk: pd.DataFrame) -> None:
    """A box selects what it holds, Ctrl puts one in or out, Shift adds; picker and timeline show the same."""
    picker = AlertPicker(alerts)
    view = TimelineView(alerts, risk, selection=picker.selection)
    page = Page(view)
    one, two, three = (str(key) for key in picker.shown["id"].iloc[[4, 9, 30]])
    page.brush(f"alert {one}", f"alert {two}", f"risk_detection {risk['id'].iloc[0]}")
    assert set(view.selected["id"]) == {one, two, risk["id"].iloc[0]}
    assert set(picker.selected["id"]) == {one, two}
    page.click(f"alert {three}", ctrl=True)
    assert set(picker.selected["id"]) == {one, two, three}
    assert picker.selection.alert == three
    page.click(f"alert {three}", ctrl=True)
    page.click(f"alert {three}", shift=True)
    assert len(view.selected) == page.ringed() == 4
    page.click(f"alert {one}")
    assert view.selected["id"].tolist() == picker.selected["id"].tolist() == [one]
    page.say(type="select", traces=[], ranges={})
    assert len(view.selected) == 1, "plotly puts its box away: nothing was asked"
    page.brush()
    assert len(view.selected) == len(picker.selected) == page.ringed() == 0
    assert {entry["by"] for entry in picker.log[1:]} == {"timeline"}


@pytest.mark.parametrize("seed", range(3))
def test_selected_is_what_is_ringed_for_any_order(alerts: pd.DataFrame, risk: pd.DataFrame, seed: int) -> None:
    """Shuffled and repeated rows change nothing: what is selected elsewhere is ringed, in every lane it stands in."""
    order = np.random.default_rng(seed).integers(0, len(alerts), 90)
    frame = alerts.iloc[order]
    frame.index = pd.Index([3] * len(frame))
    for lanes in ("tactic", "entity"):
        view = TimelineView(frame, risk, lanes=lanes)
        wanted = list(dict.fromkeys(frame["id"]))[:7]
        view.selection.select(*(Record("alert", key) for key in wanted), Entity("user", "x"), Record("sign_in", "y"))
        assert set(view.selected["id"]) == set(wanted)
        assert view.selected["time"].is_monotonic_increasing
        marks = Page(view).figure["data"]
        ringed = {x for t in marks if t.get("name") == "selected" for x in _values(t["x"])}
        starts = frame[frame["id"].isin(wanted)]["first_activity_date_time"]
        assert ringed == {time.value / 1e6 for time in starts}


def test_zooming_a_dense_timeline_refines_it(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts become finer counts, then single records; all of time brings the first picture back."""
    monkeypatch.setattr(timeline_drawing, "MOST_MARKS", 30)
    view = TimelineView(alerts)
    page = Page(view)
    whole = page.figure["data"]
    assert [trace["type"] for trace in whole].count("heatmap") == 1
    assert "zoom in to see each record" in view._status.value
    times = alerts["first_activity_date_time"].sort_values()
    low, high = times.iloc[10].floor("us"), times.iloc[25].ceil("us")
    page.zoom(f"{low:%Y-%m-%d %H:%M:%S.%f}", f"{high:%Y-%m-%d %H:%M:%S.%f}")
    assert len(page.points()) >= 16
    assert view.time_range is not None
    assert abs(view.time_range[0] - low) < pd.Timedelta("1ms")
    assert [round(end / 1e6) for end in Window(low.value, high.value).ends] == [
        round(end) for end in page.figure["layout"]["xaxis"]["range"]
    ]
    drawn = page.figure["layout"]["xaxis"]["uirevision"]
    view._bar.all.click()
    assert page.figure["layout"]["xaxis"]["uirevision"] != drawn, "the page gives up what its user zoomed to"
    assert [trace["type"] for trace in page.figure["data"]] == [trace["type"] for trace in whole]
    assert view.time_range is None


def test_a_box_over_counts_selects_what_is_counted(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over lanes it takes those lanes, over the bars all of them; each record that began in it, and no other."""
    monkeypatch.setattr(timeline_drawing, "MOST_MARKS", 5)
    view = TimelineView(alerts, lanes="source", tz="America/New_York")
    times = alerts["first_activity_date_time"].sort_values()
    low, high = times.iloc[8].floor("us"), times.iloc[40].ceil("us")
    ends = [f"{one.tz_convert('America/New_York'):%Y-%m-%d %H:%M:%S.%f}" for one in (low, high)]
    page = Page(view)
    page.say(type="select", traces=[], ranges={"x": ends, "y": [0, 10]})
    inside = alerts["first_activity_date_time"].between(low, high)
    assert set(view.selected["id"]) == set(alerts.loc[inside, "id"])
    page.say(type="select", traces=[], ranges={"x": ends, "y2": [1.4, -0.4]})
    lanes = view._records.marks.lanes[:2]
    words = alerts["service_source"].map(source_word)
    assert set(view.selected["id"]) == set(alerts.loc[inside & words.isin(lanes), "id"])
    assert page.ringed() >= 1


@pytest.mark.parametrize("zoomed", [False, True])
def test_a_click_on_a_count_selects_what_it_counts(
    alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, zoomed: bool
) -> None:
    """In every cell of a lane and every bar of a severity: as many records as it says, of that lane or severity."""
    monkeypatch.setattr(timeline_drawing, "MOST_MARKS", 5)
    view = TimelineView(alerts, lanes="source")
    if zoomed:  # what began before the window is counted in its first span
        times = alerts["first_activity_date_time"].sort_values()
        view.zoom(times.iloc[20], times.iloc[50])
    page, before = Page(view), set()
    data = page.figure["data"]
    (heat,) = [number for number, trace in enumerate(data) if trace["type"] == "heatmap"]
    counts = _grid(data[heat]["customdata"])
    said = {}
    for row, column in np.argwhere(counts > 0).tolist():
        page.say(type="click", traces=[{"trace": heat, "points": [[row, column]], "ids": [None]}])
        said[row, column] = view.selected
        assert len(view.selected) == counts[row, column]
        assert not before & set(view.selected["id"]), "no record is counted twice"
        before |= set(view.selected["id"])
    assert sum(map(len, said.values())) == int(view._records.marks.within(*view._window.ends).sum())
    for number, trace in enumerate(data):
        if trace["type"] == "bar":
            column = int(np.argmax(_values(trace["y"])))
            page.say(type="click", traces=[{"trace": number, "points": [column], "ids": [None]}])
            assert len(view.selected) == _values(trace["y"])[column]
            assert set(view.selected["severity"]) == {trace["name"]}
    first = set(view.selected["id"])
    (row, column), other = next((at, one) for at, one in said.items() if not first & set(one["id"]))
    page.say(type="click", traces=[{"trace": heat, "points": [[row, column]], "ids": [None]}], ctrl=True)
    assert set(view.selected["id"]) == first | set(other["id"])
    page.say(type="click", traces=[{"trace": 99, "points": [column], "ids": [None]}])
    assert set(view.selected["id"]) == first | set(other["id"]), "a click on nothing changes nothing"


def _grid(packed: dict[str, Any]) -> np.ndarray:
    shape = [int(n) for n in packed["shape"].split(",")]
    return np.array(_values(packed)).reshape(shape)


def test_a_narrowed_timeline_stays_narrow_in_other_lanes(alerts: pd.DataFrame, risk: pd.DataFrame) -> None:
    """What another view filters away is gone in every lane and from the counts, and comes back; frames stay whole."""
    view = TimelineView(alerts, risk, lanes="record_kind")
    whole = len(view._records.marks)
    times = alerts["first_activity_date_time"].sort_values()
    view.set_lanes("source")
    view.narrow(until=times.iloc[9])
    inside = len(view._records.marks)
    assert 10 <= inside < whole
    for lanes in ("record_kind", "source", "tactic"):
        view.set_lanes(lanes)
        assert len(view._records.marks) == inside
        assert f"{inside} of {inside} marks in view" in view._head.value
    listed = int((alerts["first_activity_date_time"] <= times.iloc[9]).sum())
    assert f"{listed} alerts" in view._head.value
    assert [len(frame) for frame in view.frames] == [len(alerts), len(risk)]
    view.narrow()
    assert len(view._records.marks) == whole


def test_whom_alerts_name_is_read_ahead_and_once(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many marks the entities are read beside everything else; the lanes are those that are read on demand."""
    asked = TimelineView(alerts)
    asked.set_lanes("entity")
    monkeypatch.setattr(timeline_reading, "MANY", 10)
    ahead = TimelineView(alerts)
    reading = ahead._read._ahead
    assert reading is not None
    assert reading.result(30).marks.lanes == asked._records.marks.lanes
    monkeypatch.setattr(timeline_reading, "Records", None)  # whoever reads again fails
    ahead.set_lanes("entity")
    assert ahead._records.marks.lanes == asked._records.marks.lanes


@pytest.mark.parametrize("kernel_works", [0.0, 0.1, 0.5, 1.0])
def test_who_reads_ahead_rests_while_the_kernel_works(kernel_works: float) -> None:
    """Of a kernel at rest it takes the next moment, of one at work none for three times as long as it worked itself."""
    now = [0.0]

    class Watched(timeline_reading.Gently):
        def _rest(self, seconds: float) -> None:
            now[0] += seconds

    pace = Watched(lambda: now[0], lambda: now[0] * kernel_works)
    for worked in (0.5, 0.25):
        now[0] += worked
        begun = now[0]
        pace.breathe()
        assert now[0] - begun == pytest.approx(3 * worked if kernel_works >= 0.5 else 0.02)


def test_the_kernel_s_work_is_its_main_thread_s() -> None:
    """The clock goes on while the main thread works, and stands still while it waits for another that works."""
    clock = timeline_reading._kernel_clock()
    begun = clock()
    while clock() < begun + 0.01:
        pass
    if clock is time.perf_counter:
        pytest.skip("this system does not tell one thread's work from another's")
    seen: list[float] = []

    def other() -> None:
        before, end = clock(), time.thread_time() + 0.05
        while time.thread_time() < end:
            pass
        seen.append(clock() - before)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(20)
    assert seen[0] < 0.025


def test_who_is_waited_for_rests_no_more() -> None:
    """A rest that would take minutes ends when somebody asks for the whole, and there is none after it."""
    now = [0.0]
    pace = timeline_reading.Gently(lambda: now[0], time.perf_counter)
    now[0] = 1000.0
    reader = threading.Thread(target=lambda: (pace.breathe(), now.append(1.0), pace.breathe()), daemon=True)
    reader.start()
    assert now == [1000.0]
    pace.hurry()
    reader.join(20)
    assert not reader.is_alive()


def test_alerts_read_piece_by_piece_stand_in_the_same_lanes(
    alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who breathes reads the same marks as who does not, and breathes after each piece."""
    whole = marks_of([alerts], "entity")
    monkeypatch.setattr(timeline_naming, "_BREATH", 7)
    breaths: list[int] = []
    parts = marks_of([alerts], "entity", breathe=lambda: breaths.append(1))
    assert len(breaths) == -(-len(alerts) // 7)
    hurried = marks_of([alerts], "entity", breathe=lambda: breaths.append(1) or len(breaths) % 3 == 0)
    assert len(breaths) <= -(-len(alerts) // 7) + 3, "the rest is read at once for who waits"
    for other in (parts, hurried):
        assert other.lanes == whole.lanes
        for name in ("start", "end", "severity", "lane", "frame", "row"):
            assert getattr(other, name).tolist() == getattr(whole, name).tolist()


def test_a_timeline_that_grows_reads_only_what_is_new(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom an alert names is read once, whatever is shown before and after; a newer copy of it is read anew."""
    newer = alerts.iloc[[3]].assign(last_update_date_time=alerts["last_update_date_time"].max() + pd.Timedelta(hours=1))
    first, more = alerts.iloc[:20], alerts.iloc[10:]
    grown = pd.concat([first, more, newer], ignore_index=True).drop_duplicates("id", keep="last")
    read: list[int] = []
    taken = timeline_naming.evidence_of

    def counted(frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
        read.append(len(frame))
        return taken(frame, **options)

    monkeypatch.setattr(timeline_naming, "evidence_of", counted)
    view = TimelineView(first, lanes="entity")
    for frame, n in ((grown, len(alerts) - 20 + 1), (first, 1), (grown, len(alerts) - 20 + 1), (grown[::-1], 0)):
        read.clear()
        view.replace(frame)
        assert sum(read) == n
        whole = marks_of([frame], "entity")
        assert view._records.marks.lanes == whole.lanes
        for name in ("start", "end", "severity", "lane", "frame", "row"):
            assert getattr(view._records.marks, name).tolist() == getattr(whole, name).tolist(), name


def test_beside_a_queue_nobody_reads_its_alerts_again(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue has read whom its alerts name: lanes by entity are there at once, and are those of a timeline alone."""
    monkeypatch.setattr(timeline_reading, "MANY", 10)
    picker = AlertPicker(alerts)

    def nobody(*_: Any, **__: Any) -> Any:
        raise AssertionError("the evidence was read a second time")

    monkeypatch.setattr(timeline_naming, "evidence_of", nobody)
    explorer = gi.EntityExplorer(None, gi.entity_graph(alerts=alerts), picker=picker)
    explorer.timeline.set_lanes("entity")
    monkeypatch.undo()
    alone = marks_of(explorer.timeline.frames, "entity")
    marks = explorer.timeline._records.marks
    assert len(marks) > len(alerts)
    assert marks.lanes == alone.lanes
    for name in ("start", "end", "severity", "lane", "frame", "row"):
        assert getattr(marks, name).tolist() == getattr(alone, name).tolist(), name


def test_alerts_that_share_an_id_are_all_read(alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ids do not tell alerts apart, as of two tenants, nothing is taken for what was read before."""
    twice = pd.concat([alerts.head(5), alerts.head(5)], ignore_index=True)
    naming = timeline_naming.Naming()
    naming.pairs("alert", alerts)
    rows, names = naming.pairs("alert", twice)
    fresh_rows, fresh_names = timeline_naming.Naming().pairs("alert", twice)
    assert rows.tolist() == fresh_rows.tolist()
    assert names.tolist() == fresh_names.tolist()


def test_keys_walk_through_time(alerts: pd.DataFrame) -> None:
    """Right goes from record to record, Shift adds, Left goes back, + and - zoom around the middle, Home shows all."""
    view = TimelineView(alerts, lanes="record_kind")
    page = Page(view)
    times = alerts.sort_values(["first_activity_date_time"], kind="stable")["first_activity_date_time"].tolist()

    def press(key: str, **more: Any) -> None:
        page.say(type="key", key=key, **more)

    for _ in range(3):
        press("ArrowRight")
    assert view.selected["time"].tolist() == times[2:3]
    press("ArrowRight", shift=True)
    assert len(view.selected) == 2
    press("ArrowLeft")
    assert view.selected["time"].tolist() == times[2:3]
    assert "current: alert" in view._status.value
    press("Escape")
    assert len(view.selected) == 0
    press("ArrowLeft")
    assert view.selected["time"].tolist() == times[-1:]
    press("+")
    span = view.time_range
    press("+")
    assert span[0] < view.time_range[0] < view.time_range[1] < span[1]
    middle = view.time_range
    press("PageDown")
    assert middle[0] < view.time_range[0]
    assert middle[1] < view.time_range[1]
    for _ in range(8):
        press("-")
    assert view.time_range is None
    press("+")
    press("Home")
    assert view.time_range is None


def test_other_views_follow_the_window_if_asked_to(alerts: pd.DataFrame) -> None:
    """Zooming filters the picker only while the button is pressed; a range set elsewhere zooms the timeline."""
    picker = AlertPicker(alerts)
    view = TimelineView(alerts, selection=picker.selection)
    times = alerts["first_activity_date_time"].sort_values()
    view.zoom(times.iloc[20], times.iloc[30])
    assert len(picker.shown) == len(alerts)
    view._bar.leads.value = True
    expected = (alerts["last_activity_date_time"] >= times.iloc[20]) & (
        alerts["first_activity_date_time"] < times.iloc[30]
    )
    assert set(picker.shown["id"]) == set(alerts.loc[expected, "id"])
    view.zoom(times.iloc[40])
    assert picker.shown["id"].tolist()[-1:] != []
    assert len(picker.shown) < 30
    view._bar.leads.value = False
    assert len(picker.shown) == len(alerts)
    assert view.time_range is not None
    picker.selection.set_time_range(times.iloc[3], times.iloc[9], by="slider")
    assert view.time_range == (times.iloc[3], times.iloc[9])
    drawn = Page(view).figure["layout"]["xaxis"]
    picker.selection.time_range = None
    assert view.time_range is None
    assert Page(view).figure["layout"]["xaxis"]["uirevision"] != drawn["uirevision"]


def test_lanes_and_zone_are_chosen_with_controls(alerts: pd.DataFrame) -> None:
    """The boxes change lanes and zone; an unknown zone says so and leaves both as they were."""
    view = TimelineView(alerts)
    page = Page(view)
    view._bar.lanes.value = "source"
    assert "Defender for Endpoint" in page.figure["layout"]["yaxis"]["ticktext"]
    view._bar.zone.value = "Europe/Berlin"
    assert page.figure["layout"]["xaxis"]["title"]["text"].startswith("time, Europe/Berlin (UTC+01:00")
    view._bar.zone.value = "Middle-earth"
    assert "no time zone is called" in view._messages.widget.value
    assert view._bar.zone.value == "Europe/Berlin"
    view._bar.drag.value = "select"
    assert page.figure["layout"]["dragmode"] == "select"
    for axis in ("yaxis",):
        assert page.figure["layout"][axis]["fixedrange"]


def test_records_come_later_and_what_has_no_time_is_listed(alerts: pd.DataFrame, risk: pd.DataFrame) -> None:
    """`add` keeps lanes, window and selection; records of unknown time are listed by name."""
    untimed = alerts.copy()
    untimed.loc[untimed.index[:2], "first_activity_date_time"] = pd.NaT
    view = TimelineView(untimed)
    view.selection.select(Record("risk_detection", risk["id"].iloc[0]))
    assert len(view.selected) == 0
    view.add(risk)
    assert view.selected["id"].tolist() == [risk["id"].iloc[0]]
    assert len(view.frames) == 2
    assert "Time unknown (2)" in view._apart.value
    for key in untimed["id"].iloc[:2]:
        assert f"alert {key}" in view._apart.value


def test_the_code_leads_to_the_same_state(alerts: pd.DataFrame) -> None:
    """Running what `to_code` says gives the same lanes, zone, window, lines and selection."""
    view = TimelineView(alerts, lanes="entity", tz="Europe/Berlin", lines={"it's": "2026-01-02T10:00Z"})
    times = alerts["first_activity_date_time"].sort_values()
    view.zoom(times.iloc[5], times.iloc[50])
    view.select(times.iloc[10], times.iloc[14])
    names: dict[str, Any] = {"gi": gi, "alerts": alerts}
    exec(view.to_code(), names)
    other = names["timeline"]
    pd.testing.assert_frame_equal(other.selected, view.selected)
    assert len(view.selected) >= 5
    assert other.time_range == view.time_range
    assert Page(other).figure == Page(view).figure
    assert view._messages.error is None
    assert Page(view).ringed() >= len(view.selected)
    assert [entry["action"] for entry in json.loads(json.dumps(view.log))] == ["zoom", "select"]


def test_a_lane_can_be_selected(alerts: pd.DataFrame) -> None:
    """`select(lane=…)` takes all that stands in it; an unknown one is refused with the names there are."""
    view = TimelineView(alerts, lanes="source")
    view.select(lane="Defender for Endpoint")
    expected = alerts.loc[alerts["service_source"] == "microsoftDefenderForEndpoint", "id"]
    assert set(view.selected["id"]) == set(expected)
    with pytest.raises(gi.UsageError, match="Defender for Endpoint"):
        view.select(lane="Sentinell")


def test_misspelt_keywords_and_values(alerts: pd.DataFrame) -> None:
    """A misspelt keyword is a TypeError; unknown lanes, zones, times and selections are UsageErrors."""
    with pytest.raises(TypeError):
        TimelineView(alerts, lane="tactic")  # type: ignore[call-arg]
    view = TimelineView(alerts)
    log = view.log
    for wrong in (
        lambda: TimelineView(alerts, lanes="users"),
        lambda: TimelineView(alerts, tz="Mars"),
        lambda: TimelineView(alerts, selection=view),
        lambda: TimelineView("alerts"),
        lambda: TimelineView(alerts, lines={"x": "2026-01-02"}),
        lambda: view.set_lanes("users"),
        lambda: view.set_time_zone("Mars"),
        lambda: view.zoom("2026-01-02T10:00"),
        lambda: view.zoom("2026-01-02T10:00Z", "2026-01-01T10:00Z"),
        lambda: view.select("now"),
    ):
        with pytest.raises(gi.UsageError):
            wrong()
    assert view.log == log
    Page(view).say(type="zoom", ranges={"xaxis": ["nonsense", 3]})
    Page(view).say(type="click", traces=[{"trace": 0, "points": [0], "ids": ["999999"]}])
    assert view._messages.error is None
    assert view.log == log


def test_an_empty_timeline_says_so() -> None:
    """Without frames there is a figure with words, nothing is selected, and keys do nothing."""
    view = TimelineView()
    page = Page(view)
    for key in ("ArrowRight", "+", "PageUp", "Home"):
        page.say(type="key", key=key)
    assert view._messages.error is None
    assert page.figure["layout"]["annotations"][0]["text"] == "Nothing to draw: no records."
    assert len(view.selected) == 0
    assert "0 of 0 marks" in view._repr_mimebundle_()["text/plain"]


class Tags(HTMLParser):
    """Every tag and attribute of a piece of HTML."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.bad: list[tuple[str, str | None]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.bad += [(name, value) for name, value in attrs if name.startswith("on") or name in {"href", "src"}]


@pytest.mark.parametrize("dense", [False, True])
def test_the_static_twin_is_small_and_escaped(
    alerts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, dense: bool
) -> None:
    """One output holds the widget, a picture, a table of what is selected and words; hostile names stay text."""
    if dense:
        monkeypatch.setattr("graphinvestigate.widgets.timeline_svg.MOST_POINTS", 10)
    hostile = "</text></svg><script>alert(1)</script>\u202e"
    frame = alerts.copy()
    frame["title"] = frame["category"] = frame["service_source"] = hostile
    view = TimelineView(frame, lanes="source")
    view.selection.select(*(Record("alert", key) for key in frame["id"].iloc[:2]))
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    twin = bundle["text/html"]
    tags = Tags(twin)
    ((name, address),) = tags.bad
    assert name == "src"
    assert set(tags.tags) <= {
        "style", "div", "p", "img", "table", "tr", "th", "td", "details", "summary", "ul", "li", "span",
    }  # fmt: skip
    drawn = Tags(svg_of(address) or "")
    assert drawn.bad == []
    assert set(drawn.tags) <= {"svg", "title", "rect", "path", "text"}
    assert drawn.tags.count("path" if not dense else "rect") > 10
    assert twin.count('<tr class="gi-on">') == 2
    assert "\u202e" not in twin
    assert "%E2%80%AE" not in twin
    assert len(twin) < 60_000
    assert "2 selected" in bundle["text/plain"]
    json.dumps(view._view.figure)
    assert "\u202e" not in view._view.figure


BERLIN = ZoneInfo("Europe/Berlin")
# Minutes from the start of 2026 to the moments when Berlin's clocks go back, and forth.
BACK, FORTH = (
    int((pd.Timestamp(time, tz="UTC") - pd.Timestamp("2026-01-01", tz="UTC")).total_seconds() // 60)
    for time in ("2026-10-25T01:00", "2026-03-29T01:00")
)


@settings(max_examples=60)
@given(st.integers(0, 366 * 24 * 60), st.integers(1, 10_000))
@example(BACK - 30, 90)  # from the first of the two half past two in the night when clocks go back, to the second
@example(BACK + 30, 20)
@example(BACK - 50, 20)
@example(FORTH - 10, 20)
def test_a_window_survives_the_way_to_the_page(minute: int, length: int) -> None:
    """Any window drawn in a zone with summer time comes back as itself, or wider where a clock is ambiguous."""
    since = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(minutes=minute)
    until = since + pd.Timedelta(minutes=length)
    drawn = [f"{time.tz_convert(BERLIN):%Y-%m-%d %H:%M}" for time in (since, until)]
    box = box_of({"x": drawn}, BERLIN)
    assert box is not None
    assert box.since <= since.value
    assert box.until >= until.value
    assert box.until - box.since - (until - since).value <= 2 * 3_600_000_000_000


@pytest.mark.parametrize(
    "ends", [None, [], ["x", "y"], [None, None], ["2026-01-01"], ["2026-01-01T00:00Z"] * 2, [{}, 1]]
)
def test_what_is_no_range_is_no_window(alerts: pd.DataFrame, ends: Any) -> None:
    """Whatever a page sends instead of two times is nothing."""
    marks = TimelineView(alerts)._records.marks
    assert zoomed(ends, BERLIN, marks) is None
    assert box_of({"x": ends}, BERLIN) is None


def test_evidence_stands_for_its_alert(alerts: pd.DataFrame) -> None:
    """A mark of evidence selects the alert that it belongs to."""
    evidence = gi.evidence(alerts)
    view = TimelineView(evidence, selection=Selection())
    view.select()
    assert set(view.selection.nodes) == {Record("alert", key) for key in evidence["alert_id"]}


def test_what_is_selected_elsewhere_and_is_no_mark_is_named(alerts: pd.DataFrame) -> None:
    """A user has no time of its own: `0 selected` alone would read as if nothing were selected anywhere."""
    view = TimelineView(alerts)
    view.selection.select(Entity("user", "someone"))
    assert "0 selected" in view._status.value
    assert "user someone is selected: an entity has no mark" in view._status.value
    view.selection.clear()
    assert "no mark" not in view._status.value
