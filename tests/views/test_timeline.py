"""What happened when."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.linking.tactics import TACTICS
from graphinvestigate.views import plot_timeline, timeline
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline import timeline_figure, zone_of
from graphinvestigate.views.timeline_events import UNMAPPED, marks_of
from graphinvestigate.views.timeline_notes import duration

HOUR = 3_600_000
START = pd.Timestamp("2026-03-02", tz="UTC").value // 1_000_000


def points(figure: go.Figure) -> list[go.Scatter]:
    """The traces that hold one marker per record, the worst severity first: it is drawn last, on top."""
    return [trace for trace in figure.data if trace.mode == "markers" and trace.name != "selected"][::-1]


def lanes(figure: go.Figure) -> list[str]:
    """The lanes, top to bottom."""
    return list(figure.layout.yaxis.ticktext)


def lane_of(figure: go.Figure, y: float) -> str:
    """The lane that a mark stands in."""
    at = int(np.abs(np.array(figure.layout.yaxis.tickvals) - y).argmin())
    return lanes(figure)[at]


def test_every_record_with_a_time_is_one_mark(alerts, sign_ins, risk):
    """Nothing is lost: as many marks as records."""
    figure = plot_timeline(alerts, sign_ins, risk)
    assert sum(len(trace.x) for trace in points(figure)) == len(alerts) + len(sign_ins) + len(risk)
    assert figure.layout.title.subtitle.text == "12 alerts, 3 sign-ins, 2 risk detections"


def test_records_stand_at_their_event_time(alerts, risk):
    """An alert stands at its first activity, a risk detection at its activity, not when it was detected."""
    figure = plot_timeline(alerts, risk)
    when = {row[4]: x for trace in points(figure) for x, row in zip(trace.x, trace.customdata, strict=True)}
    assert when["alert da0003"] == START + 3 * HOUR
    assert when["risk_detection r1"] == START + HOUR + HOUR / 3


def test_bars_last_from_first_to_last_activity(make_alerts):
    """A bar ends at the last activity; an instant has none; a last before the first makes none."""
    figure = plot_timeline(
        make_alerts(
            {"firstActivityDateTime": "2026-03-02T01:00:00Z", "lastActivityDateTime": "2026-03-02T03:30:00Z"},
            {"firstActivityDateTime": "2026-03-02T02:00:00Z", "lastActivityDateTime": "2026-03-02T02:00:00Z"},
            {"firstActivityDateTime": "2026-03-02T04:00:00Z", "lastActivityDateTime": "2026-03-02T03:00:00Z"},
        )
    )
    bars = [trace for trace in figure.data if trace.mode == "lines" and len(trace.x)]
    assert len(bars) == 1
    assert bars[0].x[0] == START + HOUR
    assert bars[0].x[1] == START + 3.5 * HOUR
    assert np.isnan(bars[0].x[2])


def test_records_without_a_time_stand_apart(make_alerts, sign_ins):
    """What has no time stands at no time: in a strip of its own, in its lane, counted by kind, named in the hover."""
    untimed = {"firstActivityDateTime": None}, {"firstActivityDateTime": "0001-01-01T00:00:00Z"}
    alerts = make_alerts({}, *untimed)
    figure = plot_timeline(alerts, sign_ins)
    strip = [trace for trace in figure.data if trace.xaxis == "x2"]
    assert sum(len(trace.x) for trace in points(figure)) - sum(len(trace.x) for trace in strip) == 4
    (trace,) = strip
    assert [row[2] for row in trace.customdata] == ["time unknown"] * 2
    assert {row[4] for row in trace.customdata} == {"alert da0001", "alert da0002"}
    assert {lane_of(figure, y) for y in trace.y} == {"Alerts"}
    assert len(set(zip(trace.x, trace.y, strict=True))) == 2
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert figure.layout.xaxis2.title.text == "time unknown"
    assert "time unknown: 2 alerts" in figure.layout.title.subtitle.text
    assert "xaxis2" not in plot_timeline(alerts.iloc[:1]).layout.to_plotly_json()


def test_severity_is_colour_shape_and_word(alerts, sign_ins):
    """Each severity has its own trace, colour, symbol and word; a hidden risk is unknown, not none."""
    figure = plot_timeline(alerts, sign_ins)
    for look, trace in zip(SEVERITIES.values(), points(figure), strict=True):
        assert (trace.name, trace.marker.symbol, trace.marker.color) == (look.word, look.symbol, look.color)
        assert all(f"severity {look.word}" in row[1] for row in trace.customdata)
    by_word = {trace.name: len(trace.x) for trace in points(figure)}
    assert by_word == {"high": 4, "medium": 3, "low": 3, "informational": 3, "no risk": 1, "unknown": 1}


def test_tactic_lanes_follow_attack_and_invent_none(make_alerts, risk):
    """Categories that ATT&CK knows come in its order, however spelt; others and other records get no tactic."""
    names = [
        "Impact",
        "initialAccess",
        "Credential Access",
        "Malware",
        "CommandAndControl",
        None,
        "TotallyNew",
        "defense_evasion",
    ]
    figure = plot_timeline(make_alerts(*({"category": name} for name in names)), risk, lanes="tactic")
    assert lanes(figure) == [
        "Initial access", "Defense evasion", "Credential access", "Command and control", "Impact", UNMAPPED,
        "Risk detections",
    ]  # fmt: skip
    unmapped = [
        row
        for trace in points(figure)
        for y, row in zip(trace.y, trace.customdata, strict=True)
        if lane_of(figure, y) == UNMAPPED
    ]
    assert len(unmapped) == 3
    assert len(TACTICS) == len(set(TACTICS))


def test_entity_lanes_show_an_alert_with_each_entity(alerts, sign_ins):
    """An alert stands in the lane of each user and host it names, and one that names nobody still stands somewhere."""
    figure = plot_timeline(alerts, sign_ins, lanes="entity")
    assert set(lanes(figure)) == {
        "alice@contoso.com", "bob@contoso.com", "lt-1.contoso.com", "Alerts without a user or host",
    }  # fmt: skip
    assert lanes(figure)[-1] == "Alerts without a user or host"
    marks = [
        (lane_of(figure, y), row[4])
        for trace in points(figure)
        for y, row in zip(trace.y, trace.customdata, strict=True)
    ]
    assert sorted(lane for lane, key in marks if key == "alert da0000") == ["alice@contoso.com", "lt-1.contoso.com"]
    assert ("alice@contoso.com", "sign_in s0") in marks
    assert "12 alerts, 3 sign-ins" in figure.layout.title.subtitle.text


def test_source_lanes_name_the_product(alerts, risk, sign_ins):
    """Alerts stand under their service source, in words."""
    figure = plot_timeline(alerts, risk, sign_ins, lanes="source")
    assert set(lanes(figure)) == {"Defender for Endpoint", "Identity Protection", "Sign-ins"}


def test_the_time_zone_is_named_and_hover_stays_utc(alerts):
    """Another zone moves the marks, names itself with its offset, and leaves the hover in UTC."""
    utc, berlin = plot_timeline(alerts), plot_timeline(alerts, tz="Europe/Berlin")
    assert utc.layout.xaxis.title.text == "time, UTC"
    assert berlin.layout.xaxis.title.text == "time, Europe/Berlin (UTC+01:00)"
    for one, other in zip(points(utc), points(berlin), strict=True):
        np.testing.assert_array_equal(np.array(one.x) + HOUR, other.x)
        assert [row[2] for row in one.customdata] == [row[2] for row in other.customdata]
    assert points(utc)[0].customdata[0][2] == "2026-03-02 00:00:00 to 2026-03-02 00:30:00 UTC"


def test_marks_of_one_lane_do_not_cover_each_other(make_alerts):
    """Alerts at the same time stand in rows below each other."""
    figure = plot_timeline(make_alerts(*({"firstActivityDateTime": "2026-03-02T01:00:00Z"} for _ in range(5))))
    ys = [y for trace in points(figure) for y in trace.y]
    assert len(set(ys)) == 5


def test_an_empty_timeline_says_so(alerts, make_alerts):
    """No frames, no rows or no times: a figure with words instead of an empty frame."""
    for figure in (
        plot_timeline(),
        plot_timeline(alerts.iloc[:0]),
        plot_timeline(frames.empty_frame(frames.RESOURCES["sign_ins"])),
    ):
        assert figure.layout.annotations[0].text == "Nothing to draw: no records."
    timeless = plot_timeline(make_alerts({"firstActivityDateTime": None}))
    assert timeless.layout.annotations[0].text == "Nothing to draw: no record has a time."


def test_usage_errors_say_what_fits(alerts):
    """An unknown lane, zone or frame is refused with the names that fit."""
    with pytest.raises(UsageError, match="tactic, entity, source, record_kind"):
        plot_timeline(alerts, lanes="users")
    with pytest.raises(UsageError, match="Europe/Berlin"):
        plot_timeline(alerts, tz="Berlin\x1b")
    with pytest.raises(UsageError, match="record_kind"):
        plot_timeline(pd.DataFrame({"a": [1]}))
    with pytest.raises(UsageError, match="first_activity_date_time"):
        plot_timeline(alerts[["record_kind", "id"]])
    with pytest.raises(UsageError, match="knows no time"):
        plot_timeline(pd.DataFrame({"record_kind": ["weather"]}))
    with pytest.raises(UsageError, match="no time zone"):
        plot_timeline(alerts, since="2026-03-02T10:00")
    with pytest.raises(UsageError, match="is no time"):
        plot_timeline(alerts, until="yesterday\x1b")
    with pytest.raises(UsageError, match="names and times"):
        plot_timeline(alerts, lines=["2026-03-02T10:00Z"])
    with pytest.raises(UsageError, match="has no time"):
        plot_timeline(alerts, lines={"reset": None})
    with pytest.raises(UsageError, match="at most 20"):
        plot_timeline(alerts, lines={str(at): "2026-03-02T10:00Z" for at in range(21)})


def many(alerts: pd.DataFrame, n: int) -> pd.DataFrame:
    """The alerts again and again, spread over a month."""
    frame = pd.concat([alerts] * (n // len(alerts) + 1), ignore_index=True).iloc[:n].copy()
    offsets = np.random.default_rng(0).integers(0, 30 * 86_400, n)
    frame["first_activity_date_time"] += pd.to_timedelta(offsets, unit="s")
    return frame


def test_many_marks_become_counts_that_add_up(alerts):
    """Above 5,000 marks the figure counts: by severity and by lane each record once, in less than half a megabyte."""
    frame = many(alerts, timeline.MOST_MARKS + 1)
    figure = plot_timeline(frame, lanes="tactic")
    bars = [trace for trace in figure.data if trace.type == "bar"]
    (heat,) = (trace for trace in figure.data if trace.type == "heatmap")
    assert sum(int(np.sum(trace.y)) for trace in bars) == len(frame)
    assert int(np.sum(heat.customdata)) == len(frame)
    assert {trace.name: int(np.sum(trace.y)) for trace in bars} == frame["severity"].value_counts().to_dict()
    assert len(figure.to_json()) < 500_000
    assert figure.layout.yaxis2.type == "category"
    assert lanes_of_density(figure) == ["Initial access", "Credential access", "Exfiltration", UNMAPPED]
    assert figure.layout.meta["dense"]
    each = plot_timeline(frame.iloc[:-1])
    assert len(each.data) == 2 * len(SEVERITIES)
    assert not each.layout.meta["dense"]


def lanes_of_density(figure: go.Figure) -> list[str]:
    """The lanes of a figure of counts."""
    return list(figure.layout.yaxis2.ticktext)


def test_counts_stand_in_the_span_in_which_they_happened(alerts):
    """A burst within one minute is counted in the span that holds that minute."""
    frame = many(alerts, timeline.MOST_MARKS + 500)
    burst = pd.Timestamp("2026-03-09T12:34:00Z")
    frame.loc[frame.index[:5000], "first_activity_date_time"] = burst
    figure = plot_timeline(frame)
    total = sum(np.array(trace.y) for trace in figure.data if trace.type == "bar")
    x = np.array(figure.data[0].x)
    at = int(total.argmax())
    assert total[at] >= 5000
    assert x[at] <= burst.value / 1e6 < x[at + 1]


def test_times_travel_as_packed_floats(alerts):
    """Times are floats in arrays (which plotly packs), on a date axis; nothing is left to guess for any axis."""
    figure = plot_timeline(alerts)
    assert figure.layout.xaxis.type == "date"
    assert figure.layout.autotypenumbers == "strict"
    assert all(np.asarray(trace.x).dtype == np.float64 for trace in figure.data)


def test_the_frames_are_left_alone(alerts, sign_ins):
    """Plotting changes no frame, and the same frames give the same figure."""
    before = alerts.copy(deep=True)
    first = plot_timeline(alerts, sign_ins, lanes="entity").to_json()
    assert first == plot_timeline(alerts, sign_ins, lanes="entity").to_json()
    pd.testing.assert_frame_equal(alerts, before)


def test_a_frame_of_several_kinds_is_read_by_kind(alerts, sign_ins):
    """Frames that were put together are told apart by their record kind."""
    both = pd.concat([alerts, sign_ins], ignore_index=True)
    assert lanes(plot_timeline(both)) == ["Alerts", "Sign-ins"]
    assert sum(len(trace.x) for trace in points(plot_timeline(both))) == 15


def said(figure: go.Figure) -> list[str]:
    """The labels in the figure."""
    return [one.text for one in figure.layout.annotations]


def at_minutes(make_alerts, *minutes: float, lasting: float = 0) -> pd.DataFrame:
    """Alerts at these minutes of a day."""
    start = pd.Timestamp("2026-03-02T00:00:00Z")
    times = [(start + pd.Timedelta(minutes=one), start + pd.Timedelta(minutes=one + lasting)) for one in minutes]
    return make_alerts(
        *(
            {"firstActivityDateTime": first.isoformat(), "lastActivityDateTime": last.isoformat()}
            for first, last in times
        )
    )


def test_a_gap_is_labelled_with_how_long_it_is(make_alerts):
    """A stretch without activity is banded from the last activity before it to the first after; bars fill gaps."""
    frame = at_minutes(make_alerts, 0, 10, 20, 30, 40, 475, 480, 600, lasting=5)
    figure = plot_timeline(frame)
    assert said(figure) == ["nothing for 7 hours 10 minutes", "nothing for 1 hour 55 minutes"]
    bands = [shape for shape in figure.layout.shapes if shape.xref == "x"]
    assert (bands[0].x0, bands[0].x1) == (START + 45 * 60_000, START + 475 * 60_000)
    long = at_minutes(make_alerts, 0, 10, lasting=600)
    assert said(plot_timeline(pd.concat([frame, long]))) == []
    assert said(plot_timeline(frame.iloc[:1])) == []


def test_words_of_gaps_that_lie_close_stand_in_lines_of_their_own(make_alerts):
    """Two long gaps with one alert between them: their words do not meet; those of gaps far apart share a line."""
    near = plot_timeline(at_minutes(make_alerts, 0, 400, 410, 1000, 1010, 2000, 2010, 2020))
    assert [note.yshift for note in near.layout.annotations] == [0, 18, 0]
    apart = plot_timeline(at_minutes(make_alerts, 0, 10, 400, *range(410, 1600, 30), 1610, 2000))
    assert [note.yshift for note in apart.layout.annotations] == [0, 0]


def test_a_time_zone_is_found_in_whatever_case():
    """People write `europe/berlin`, and blanks around it; what is no zone is still refused."""
    assert zone_of(" europe/BERLIN ").key == "Europe/Berlin"
    for wrong in ("", "   ", "+02:00", "../UTC", "x" * 10_000, 7):
        with pytest.raises(UsageError, match="no time zone") as refused:
            zone_of(wrong)
        assert len(str(refused.value)) < 500


def test_a_gap_is_measured_in_another_zone_too(make_alerts):
    """Labels stand where the axis of the zone has them, and say the same."""
    frame = at_minutes(make_alerts, 0, 10, 600)
    utc, berlin = plot_timeline(frame), plot_timeline(frame, tz="Europe/Berlin")
    assert said(utc) == said(berlin) == ["nothing for 9 hours 50 minutes"]
    assert berlin.layout.annotations[0].x - utc.layout.annotations[0].x == HOUR


def test_a_burst_is_labelled_with_its_count(make_alerts):
    """A span in which far more happened than usually is labelled with how many; an even spread has no burst."""
    even = [at * 10 for at in range(40)]
    burst = [200 + at / 60 for at in range(12)]
    figure = plot_timeline(at_minutes(make_alerts, *even, *burst))
    assert said(figure) == ["13 within 1 minute"]
    (band,) = (shape for shape in figure.layout.shapes if shape.xref == "x")
    assert (band.x0, band.x1) == (START + 200 * 60_000, START + 201 * 60_000)
    assert said(plot_timeline(at_minutes(make_alerts, *even))) == []


def test_what_is_said_of_bursts_and_gaps_covers_no_mark(make_alerts):
    """Its words stand in strips above and below all lanes, which are there only where something is said."""
    even = [minute * 60 for minute in range(20)]
    plain = plot_timeline(at_minutes(make_alerts, *even))
    assert plain.layout.yaxis.range[1] == 0
    noted = plot_timeline(at_minutes(make_alerts, *even, *[200 + at / 60 for at in range(12)], 20_000))
    kinds = {"burst" if "within" in note.text else "gap" for note in noted.layout.annotations}
    assert kinds == {"burst", "gap"}
    bottom, top = noted.layout.yaxis.range
    marks = np.concatenate([trace.y for trace in noted.data if trace.mode == "markers" and len(trace.y)])
    row = 18 / 15  # what a line of words takes
    assert marks.min() - top > row
    assert bottom - marks.max() > row
    ends = sorted({(shape.y0, shape.y1) for shape in noted.layout.shapes if shape.xref == "x"})
    strip = (0 - top) / (bottom - top)  # a narrow band that went on through it would cross the words out
    assert ends == [(0, pytest.approx(1 - strip)), (pytest.approx(strip), 1)]
    dense = timeline_figure(
        marks_of([at_minutes(make_alerts, *even, *[200 + at / 60 for at in range(12)])], "source"), most_marks=5
    )
    tallest = sum(np.asarray(trace.y) for trace in dense.data if trace.type == "bar").max()
    assert dense.layout.yaxis.range[1] > 1.2 * tallest


def test_gaps_and_bursts_of_counts(alerts):
    """A figure of counts has the same labels, from the records themselves."""
    frame = many(alerts, timeline.MOST_MARKS + 3000)
    start = pd.Timestamp("2026-03-02", tz="UTC")
    quiet = (frame["first_activity_date_time"] < start + pd.Timedelta(days=12)) | (
        frame["first_activity_date_time"] > start + pd.Timedelta(days=18)
    )
    frame = frame[quiet]
    frame.loc[frame.index[:900], "first_activity_date_time"] = start + pd.Timedelta(days=20, minutes=7)
    frame["last_activity_date_time"] = frame["first_activity_date_time"]
    labels = said(plot_timeline(frame))
    assert len(labels) == 2
    assert labels[0].startswith(("nothing for 5 days 23", "nothing for 6 days"))
    assert int(labels[1].split(" within ")[0]) >= 900


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a second"), (1, "1 second"), (61, "1 minute 1 second"), (3600, "1 hour"), (86_400 * 12, "12 days"),
     (90_000, "1 day 1 hour"), (36_060, "10 hours")],
)  # fmt: skip
def test_durations_in_words(seconds, words):
    """Two digits that matter: the largest unit, and the next while the first is small."""
    assert duration(seconds * 1_000_000_000) == words


def test_reference_lines_are_named_and_in_view(alerts):
    """Each line stands at its moment, dashed, with its name as text; the axis reaches as far as it."""
    late = pd.Timestamp("2026-03-04T00:00:00Z")
    figure = plot_timeline(alerts, lines={"reset <b>": "2026-03-02T10:00:00+01:00", "late": late}, tz="Europe/Berlin")
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert [line.x0 for line in lines] == [START + 10 * HOUR, START + 49 * HOUR]
    assert said(figure)[-2:] == ["reset &lt;b&gt;", "late"]
    low, high = figure.layout.xaxis.range
    assert low < START + HOUR < START + 49 * HOUR < high


def test_a_window_shows_what_was_active_in_it(alerts):
    """From since to until, each end included: what lasts into it is shown, and the axis ends where it does."""
    figure = plot_timeline(alerts, since="2026-03-02T02:15:00Z", until="2026-03-02T04:00:00Z")
    shown = {row[4] for trace in points(figure) for row in trace.customdata}
    assert shown == {"alert da0002", "alert da0003", "alert da0004"}
    assert list(figure.layout.xaxis.range) == [START + 2.25 * HOUR, START + 4 * HOUR]
    assert "3 of 12 marks in this window" in figure.layout.title.subtitle.text
    none = plot_timeline(alerts, since="2027-03-02T02:15:00Z")
    assert none.layout.annotations[0].text == "Nothing to draw: no mark in this window."
    half = plot_timeline(alerts, since="2026-03-02T10:15:00Z")
    assert half.layout.xaxis.range[0] == START + 10.25 * HOUR
    assert half.layout.xaxis.range[1] > START + 11 * HOUR


def test_a_narrower_window_shows_each_of_many(alerts):
    """Where the whole is counts, a window of few marks shows each, and one of many finer counts that add up."""
    frame = many(alerts, timeline.MOST_MARKS * 3)
    frame["last_activity_date_time"] = frame["first_activity_date_time"]
    low = pd.Timestamp("2026-03-10", tz="UTC")
    for hours, dense in ((24 * 12, True), (24, False)):
        high = low + pd.Timedelta(hours=hours)
        figure = plot_timeline(frame, since=low, until=high)
        assert figure.layout.meta["dense"] is dense
        inside = frame["first_activity_date_time"].between(low, high)
        drawn = [trace.y for trace in figure.data if trace.type == "bar"] if dense else []
        n = sum(int(np.sum(y)) for y in drawn) if dense else sum(len(trace.x) for trace in points(figure))
        assert n == inside.sum()
    whole = plot_timeline(frame)
    step = [np.diff(np.asarray(one.data[0].x)).min() for one in (whole, plot_timeline(frame, since=low))]
    assert step[1] <= step[0]


def test_selected_marks_are_ringed(alerts):
    """What is selected has a ring in its place; among counts, the cell that holds it."""
    marks = marks_of([alerts], "tactic")
    chosen = np.zeros(len(marks), dtype=bool)
    chosen[[2, 5]] = True
    figure = timeline_figure(marks, chosen=chosen, named=True)
    (ring,) = (trace for trace in figure.data if trace.name == "selected")
    named = {
        one: (x, y) for t in points(figure) if t.ids is not None for one, x, y in zip(t.ids, t.x, t.y, strict=True)
    }
    assert sorted(zip(ring.x, ring.y, strict=True)) == sorted([named["2"], named["5"]])
    dense = timeline_figure(marks, chosen=chosen, most_marks=1)
    (ring,) = (trace for trace in dense.data if trace.name == "selected")
    assert sum(ring.customdata) == 2
    assert set(ring.y) <= {"0", "1", "2", "3"}
