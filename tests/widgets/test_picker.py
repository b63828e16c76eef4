"""The alert queue: whatever is done to it, `.selected` is the highlighted alert."""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.widgets import AlertPicker, Selection


def highlighted(picker: AlertPicker) -> list[tuple[str, ...]]:
    """What the cells of the marked rows say."""
    rows = [row for row in picker._grid.rows if "gi-on" in row._dom_classes and row.layout.display != "none"]
    return [tuple(cell.tooltip for cell in row.children) for row in rows]


def title_of(picker: AlertPicker) -> str:
    """The title in the marked row."""
    (row,) = highlighted(picker)
    return row[2]


def toggle(picker: AlertPicker, column: str, value: str) -> ipywidgets.ToggleButton:
    """The button that filters by a value."""
    return picker._toggles[column, value]


def test_newest_first(alerts: pd.DataFrame) -> None:
    """The queue starts with the newest alert, highlighted, and shows them all."""
    picker = AlertPicker(alerts)
    times = picker.shown["first_activity_date_time"]
    assert len(times) == len(alerts)
    assert times.is_monotonic_decreasing
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[:1]
    assert list(picker.selected.columns) == list(alerts.columns)


@pytest.mark.parametrize("seed", range(3))
def test_selected_is_the_highlighted_alert_for_any_order_and_index(alerts: pd.DataFrame, seed: int) -> None:
    """Shuffled rows, a duplicated index and later changes of the frame don't change which alert a row stands for."""
    order = np.random.default_rng(seed).permutation(len(alerts))
    frame = alerts.iloc[order].copy()
    frame.index = pd.Index([7] * len(frame))
    picker = AlertPicker(frame)
    frame["id"] = frame["id"].to_numpy()[::-1]
    titles = dict(zip(alerts["id"], alerts["title"], strict=True))
    assert picker.shown["id"].tolist() == AlertPicker(alerts).shown["id"].tolist()
    for at in (5, 0, 11):
        wanted = picker.shown["id"].iloc[at]
        picker._grid.rows[at].children[at % 7].click()
        assert picker.selected["id"].tolist() == [wanted]
        assert title_of(picker) == titles[wanted]


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
    picker._clear.click()
    assert len(picker.shown) == len(alerts)
    assert not any(one.value for one in picker._toggles.values())


def test_words_are_searched_in_what_is_shown(alerts: pd.DataFrame) -> None:
    """All words must occur, in any case and order; also in impacted entities and ids."""
    picker = AlertPicker(alerts)
    wanted = alerts.iloc[9]
    words = str(wanted["title"]).split()
    picker._text.value = f"{words[-1].upper()} {words[0].lower()}"
    assert wanted["id"] in set(picker.shown["id"])
    assert len(picker.shown) < len(alerts)
    picker._text.value = wanted["id"]
    assert picker.selected["id"].tolist() == [wanted["id"]]
    picker._text.value = "no alert says this"
    assert len(picker.selected) == 0
    assert list(picker.selected.columns) == list(alerts.columns)
    assert highlighted(picker) == []
    assert picker.selection.node is None


def test_severities_sort_by_rank_not_by_letter(alerts: pd.DataFrame) -> None:
    """A click on the header sorts from high to informational, a second click the other way round."""
    picker = AlertPicker(alerts)
    picker._grid.headers[0].click()
    assert picker.shown["severity"].drop_duplicates().tolist() == ["high", "medium", "low", "informational"]
    picker._grid.headers[0].click()
    assert picker.shown["severity"].drop_duplicates().tolist() == ["informational", "low", "medium", "high"]
    assert picker._grid.headers[0].description == "Severity ▲"


def test_pages(alerts: pd.DataFrame) -> None:
    """Turning the page highlights its first alert; the last page ends where the queue ends."""
    picker = AlertPicker(alerts, page_size=25)
    picker._next.click()
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[25:26]
    picker._next.click()
    assert picker._next.disabled
    assert len([row for row in picker._grid.rows if row.layout.display != "none"]) == len(alerts) - 50
    picker._next.click()
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[50:51]


def test_severity_is_word_colour_and_shape(alerts: pd.DataFrame) -> None:
    """A row says its severity as a word with a shape, and has the class that colours it."""
    picker = AlertPicker(alerts)
    picker.filter(severity="high")
    cell = picker._grid.rows[0].children[0]
    assert cell.description == "◆ high"
    assert "gi-high" in cell._dom_classes
    picker.filter(severity="low")
    assert cell.description == "● low"
    assert "gi-high" not in cell._dom_classes


def test_details_tell_the_whole_alert(alerts: pd.DataFrame) -> None:
    """The pane holds facts, every evidence item's type, and each recommended action on a line of its own."""
    evidence = gi.evidence(alerts)
    alert = alerts[alerts["recommended_actions"].notna() & alerts["id"].isin(evidence["alert_id"])].iloc[0]
    picker = AlertPicker(alerts)
    picker.select(alert["id"])
    html = picker._details.value
    items = evidence[evidence["alert_id"] == alert["id"]]
    assert f"Evidence ({len(items)})" in html
    for kind in items["evidence_type"]:
        assert kind.removesuffix("Evidence") in html
    assert alert["service_source"] in html
    assert html.count("<li>") >= 1


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
    """A misspelt keyword is a TypeError; an unknown severity, column, id or page size a UsageError."""
    with pytest.raises(TypeError):
        AlertPicker(alerts, pagesize=3)  # type: ignore[call-arg]
    picker = AlertPicker(alerts)
    for wrong in (
        lambda: AlertPicker(alerts, page_size=0),
        lambda: picker.filter(severity="hgih"),
        lambda: picker.sort("titel"),
        lambda: picker.select("no such id"),
    ):
        with pytest.raises(gi.UsageError):
            wrong()
    assert len(picker.shown) == len(alerts)


def test_no_alerts_says_so(alerts: pd.DataFrame) -> None:
    """An empty frame gives a widget that says that there is nothing to pick, and an empty `.selected`."""
    picker = AlertPicker(alerts.iloc[0:0])
    assert len(picker.selected) == 0
    assert "holds no alerts" in picker.children[-1].value
    assert "none of 0" in picker._repr_mimebundle_()["text/plain"]


def test_the_static_twin_stands_beside_the_live_view(alerts: pd.DataFrame) -> None:
    """One output holds the widget, a table and plain words."""
    bundle = AlertPicker(alerts)._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["text/html"].count("<tr") > 50
    assert "\n" not in bundle["text/plain"]


def test_alerts_without_an_id_can_be_picked(alerts: pd.DataFrame) -> None:
    """A row whose id is missing is shown and picked like others, though no graph can follow it."""
    frame = alerts.head(4).copy()
    frame.loc[frame.index[:2], "id"] = pd.NA
    picker = AlertPicker(frame)
    assert len(picker.shown) == 4
    for at in range(4):
        picker._grid.rows[at].children[2].click()
        assert title_of(picker) == picker.selected["title"].iloc[0]


def test_pickers_that_share_a_selection_follow_each_other(alerts: pd.DataFrame) -> None:
    """What is highlighted in one is highlighted in the other, even where the other's filters hid it."""
    selection = Selection()
    one, two = AlertPicker(alerts, selection=selection), AlertPicker(alerts, selection=selection)
    two.filter(severity="high")
    low = one.shown[one.shown["severity"] == "low"]["id"].iloc[0]
    one.select(low)
    assert two.selected["id"].tolist() == [low]
    with pytest.raises(gi.UsageError):
        selection.node = "alice"
