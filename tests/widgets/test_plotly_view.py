"""The live figure: its state is always complete, every user's action arrives, nonsense from the page does nothing."""

from __future__ import annotations

import gzip
import json
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from graphinvestigate.views.style import THEMES
from graphinvestigate.widgets.plotly_view import Event, PlotlyView, Point, read_event


def figure(*y: float) -> go.Figure:
    """A figure with a few points."""
    return go.Figure(go.Scatter(x=list(range(len(y))), y=list(y), ids=[f"p{at}" for at in range(len(y))]))


def test_the_state_is_the_current_figure() -> None:
    """After any change the synced state holds the whole figure, without a template, and both themes beside it."""
    view = PlotlyView(figure(1, 2), label="Points")
    for points in ((1, 2), (3, 4, 5), ()):
        view.draw(figure(*points))
        state = view.get_state()
        shown = json.loads(state["figure"])
        assert [list(trace["y"]) for trace in shown["data"]] == [list(points)]
        assert "template" not in shown["layout"]
        assert set(json.loads(state["templates"])) == set(THEMES)
        assert state["label"] == "Points"


def test_only_a_change_is_sent() -> None:
    """Drawing the same figure again sends nothing; another one is a new edition."""
    view = PlotlyView(figure(1), label="Points")
    view.draw(figure(1))
    assert view.edition == 0
    view.draw(figure(2))
    assert view.edition == 1


def test_the_library_is_sent_on_demand_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that asks gets plotly.js of the installed package as one buffer, packed if it can unpack."""
    view = PlotlyView(figure(1), label="Points")
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(PlotlyView, "send", lambda self, content, buffers=None: sent.append((content, buffers)))
    view._handle_custom_msg({"type": "plotly.js", "packed": True}, [])
    view._handle_custom_msg({"type": "plotly.js", "packed": False}, [])
    assert [content["type"] for content, _ in sent] == ["plotly.js", "plotly.js"]
    packed, plain = (buffers[0] for _, buffers in sent)
    assert gzip.decompress(packed) == plain == get_plotlyjs().encode()


def test_each_kind_of_event_reaches_its_own_callbacks() -> None:
    """Clicks, selections, zooms, legend entries and keys arrive apart, with trace, index, id and customdata."""
    view = PlotlyView(figure(1, 2), label="Points", keys=["p"])
    got: dict[str, list[Event]] = {}
    for name in ("click", "select", "zoom", "legend", "key"):
        view.on(name, lambda event, name=name: got.setdefault(name, []).append(event))
    group = {"trace": 0, "points": [1], "ids": ["p1"], "customdata": [["a", "b"]]}
    for number, message in enumerate(
        (
            {"type": "click", "traces": [group], "shift": True, "edition": 3},
            {"type": "select", "traces": [group, {"trace": 4, "points": [7, 8]}], "ranges": {"x": [0, 1]}},
            {"type": "select", "traces": []},
            {"type": "zoom", "ranges": {"xaxis": ["2026-01-01", "2026-01-02"]}},
            {"type": "legend", "trace": 2, "double": True},
            {"type": "key", "key": "p", "shift": False},
        )
    ):
        view._handle_custom_msg({**message, "number": number}, [])
    assert got["click"] == [Event("click", edition=3, points=(Point(0, 1, "p1", ["a", "b"]),), ranges={}, shift=True)]
    assert [event.points for event in got["select"]] == [
        (Point(0, 1, "p1", ["a", "b"]), Point(4, 7), Point(4, 8)),
        (),
    ]
    assert got["zoom"][0].ranges == {"xaxis": ["2026-01-01", "2026-01-02"]}
    assert (got["legend"][0].trace, got["legend"][0].double) == (2, True)
    assert got["key"][0].key == "p"


@pytest.mark.parametrize(
    "message",
    [
        None,
        "click",
        {},
        {"type": "click", "traces": [{"trace": 0}]},
        {"type": "click", "traces": [{"trace": "zero", "points": [1]}]},
        {"type": "click", "traces": 7},
        {"type": "click", "traces": [{"trace": 0, "points": [1, 2], "ids": ["a"]}]},
        {"type": "zoom", "ranges": 4},
        {"type": "nothing known"},
    ],
    ids=str,
)
def test_nonsense_from_the_page_does_nothing(message: Any) -> None:
    """A message that says nothing sensible calls nobody and raises nothing."""
    view = PlotlyView(figure(1, 2), label="Points")
    for name in ("click", "select", "zoom", "legend", "key"):
        view.on(name, lambda event: pytest.fail(f"{event} was told"))
    view._handle_custom_msg(message, [])


def test_an_event_can_be_read_alone() -> None:
    """`read_event` gives nothing for what is no event."""
    assert read_event({"type": "key", "key": "Enter"}) == Event("key", ranges={}, key="Enter")
    assert read_event({}) is None


def test_a_misspelt_keyword_is_refused() -> None:
    """A keyword that is not there is a TypeError, not a warning."""
    with pytest.raises(TypeError):
        PlotlyView(figure(1), label="Points", legend_ask=True)  # type: ignore[call-arg]
