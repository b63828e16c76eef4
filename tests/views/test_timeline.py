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
from graphinvestigate.views.timeline_events import UNMAPPED

HOUR = 3_600_000
START = pd.Timestamp("2026-03-02", tz="UTC").value // 1_000_000


def points(figure: go.Figure) -> list[go.Scatter]:
    """The traces that hold one marker per record, the worst severity first: it is drawn last, on top."""
    return [trace for trace in figure.data if trace.mode == "markers"][::-1]


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


def test_records_without_a_time_are_counted(make_alerts):
    """What has no time is not drawn at some time, but counted by kind."""
    figure = plot_timeline(
        make_alerts({}, {"firstActivityDateTime": None}, {"firstActivityDateTime": "0001-01-01T00:00:00Z"})
    )
    assert sum(len(trace.x) for trace in points(figure)) == 1
    assert "time unknown: 2 alerts" in figure.layout.title.subtitle.text


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


def many(alerts: pd.DataFrame, n: int) -> pd.DataFrame:
    """The alerts again and again, spread over a month."""
    frame = pd.concat([alerts] * (n // len(alerts) + 1), ignore_index=True).iloc[:n].copy()
    offsets = np.random.default_rng(0).integers(0, 30 * 86_400, n)
    frame["first_activity_date_time"] += pd.to_timedelta(offsets, unit="s")
    return frame


def test_many_marks_become_counts_that_add_up(alerts):
    """Above 20,000 marks the figure counts: by severity and by lane each record once, in less than half a megabyte."""
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
    assert len(plot_timeline(frame.iloc[:-1]).data) == 2 * len(SEVERITIES)


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
