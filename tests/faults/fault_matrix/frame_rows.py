"""D16 to D27: records with anything in them, as frames and as a graph."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import networkx as nx
import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

import graphinvestigate as gi
from fault_matrix.fakes import Demo, FakeGraph, connected, page
from fault_matrix.mistakes import NoPrefer, through
from fault_matrix.row import raised, row, same, worked
from graphinvestigate.client import parse_time
from graphinvestigate.envelope import read_page
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, newest, records_frame, schema_report
from graphinvestigate.linking import entity_graph

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def body_of(*records: Any) -> bytes:
    """A list answer."""
    return json.dumps({"value": records}).encode()


def alerts_of(body: bytes) -> pd.DataFrame:
    """An answer's alerts as a frame."""
    return records_frame(RESOURCES["alerts"], [read_page(body, source="test")], pull_id="p")


@row("D16", real=connected, broken=through(NoPrefer))
def unknown_members_are_kept_as_they_came(subject: Any) -> None:
    """Members of enums that are new come by name because they are asked for, are kept as written and counted."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = "include-unknown-enum-members" in request.headers.get("prefer", "")
        return page(
            {"id": "a", "serviceSource": "brandNew" if asked else "unknownFutureValue"},
            {"id": "b", "severity": "HIGH", "serviceSource": "Microsoftdefenderforendpoint"},
        )

    frame = worked(lambda: gi.list_alerts(subject(FakeGraph(answer))))
    same(frame["service_source"], ["brandNew", "Microsoftdefenderforendpoint"])
    same(frame["severity"].dropna(), ["HIGH"])
    found = schema_report(frame)
    same(found.loc[found["problem"] == "unknown enum member", "value"], ["brandNew"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("id", "title", "severity", "createdDateTime", "evidence", "mitreTechniques", "additionalData", "newProperty")


def known_only(body: bytes) -> pd.DataFrame:
    """Reads what it knows by name and drops the rest."""
    records = json.loads(body)["value"]
    kept = [{"id": one["id"], "title": one["title"]} for one in records]
    return pd.DataFrame({"id": [one["id"] for one in kept], "raw": [json.dumps(one) for one in kept]})


@row("D17", real=alerts_of, broken=known_only)
def no_record_is_refused_and_no_value_lost(subject: Any) -> None:
    """Unknown, missing, null or differently typed properties raise nothing, and `raw` holds every value as sent."""

    @given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=5))
    @settings(max_examples=40, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    def any_object(record: dict[str, Any]) -> None:
        frame = worked(lambda: subject(body_of(record, {"id": "after"})))
        assert len(frame) == 2
        assert json.loads(frame["raw"].iloc[0]) == record

    any_object()
    strange = {"id": "a", "evidence": [{"@odata.type": "#microsoft.graph.security.newEvidence", "x": 1}, None, 5]}
    frame = worked(lambda: subject(body_of({**strange, "title": {"text": 1}})))
    assert json.loads(frame["raw"].iloc[0])["evidence"] == strange["evidence"]
    assert "unknown property" not in set(schema_report(frame)["problem"])
    same(gi.evidence(frame)["evidence_type"].dropna(), ["newEvidence"])


TIMES = {
    "2026-03-01T10:00:00.1234567Z": "2026-03-01T10:00:00.1234567Z",
    "2026-03-01T10:00:00Z": "2026-03-01T10:00:00Z",
    "2026-03-01T12:00:00.5+02:00": "2026-03-01T10:00:00.5Z",
    "9999-12-31T23:59:59.9999999Z": None,
    "0001-01-01T00:00:00Z": None,
    "2026-13-01T00:00:00Z": None,
    "yesterday": None,
}


def coerced(body: bytes) -> pd.DataFrame:
    """Times by pandas' own guess, what does not fit it made nothing."""
    frame = alerts_of(body)
    said = [json.loads(raw)["createdDateTime"] for raw in frame["raw"]]
    return frame.assign(created_date_time=pd.to_datetime(pd.Series(said), utc=True, errors="coerce"))


@row("D18", real=alerts_of, broken=coerced)
def times_of_all_shapes_are_read(subject: Any) -> None:
    """Times with any number of decimals and any offset are read exactly; fillers and nonsense are NaT, raw kept."""
    records = [{"id": f"{n}", "createdDateTime": time} for n, time in enumerate([*TIMES, None])]
    frame = worked(lambda: subject(body_of(*records)))
    assert str(frame["created_date_time"].dtype) == "datetime64[ns, UTC]"
    same(frame["created_date_time"].tolist()[:3], [pd.Timestamp(time) for time in TIMES.values() if time])
    assert frame["created_date_time"].isna().tolist() == [False] * 3 + [True] * 5
    assert "9999-12-31T23:59:59.9999999Z" in frame["raw"].iloc[3]
    problems = schema_report(frame).set_index("problem")["count"]
    assert problems["filler time"] == 2
    assert problems["no time"] == 2


def newest_text(resource: Any, frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The newest row by the text of its time."""
    said = [json.loads(raw).get("lastUpdateDateTime", "") for raw in frame["raw"]]
    ordered = frame.assign(said=said).sort_values("said", kind="stable")
    kept = ordered.drop_duplicates("id", keep="last")
    return kept.drop(columns="said").reset_index(drop=True), len(frame) - len(kept)


@row("D19", real=newest, broken=newest_text)
def times_are_compared_as_times(subject: Any) -> None:
    """Which row is newer is told by time, not by text; the same bytes give the same rows in the same order."""
    older = {"id": "a", "title": "older", "lastUpdateDateTime": "2026-03-01T00:00:00Z"}
    newer = {"id": "a", "title": "newer", "lastUpdateDateTime": "2026-03-01T00:00:00.5Z"}
    for records in ([older, newer], [newer, older]):
        rest = [{"id": "z", "title": "z"}, {"id": "b", "title": "b"}]
        frame = alerts_of(body_of(*records, *rest))
        kept, dropped = subject(RESOURCES["alerts"], frame)
        same(kept["title"], ["newer", "z", "b"])
        assert dropped == 1
        pd.testing.assert_frame_equal(kept, subject(RESOURCES["alerts"], frame)[0])


@row("D20", real=parse_time, broken=lambda value, now: pd.Timestamp(value).tz_localize("UTC").to_pydatetime())
def a_time_without_a_zone_is_refused(subject: Any) -> None:
    """A time without a zone may be hours off, and one that a clock shows twice is ambiguous: both are refused."""
    for naive in ("2026-02-01T10:00:00", "2025-10-26 02:30", datetime(2026, 2, 1, 10), pd.Timestamp("2026-02-01")):  # noqa: DTZ001
        raised(UsageError, lambda n=naive: subject(n, now=NOW), "zone")
    summer = pd.Timestamp("2025-10-26 02:30").tz_localize("Europe/Berlin", ambiguous=True)
    winter = pd.Timestamp("2025-10-26 02:30").tz_localize("Europe/Berlin", ambiguous=False)
    same([subject(moment, now=NOW).hour for moment in (summer, winter)], [0, 1])


def normalized(body: bytes) -> pd.DataFrame:
    """`json_normalize`, with the columns renamed."""
    found = pd.json_normalize(json.loads(body)["value"])
    return found.rename(columns={"alertCount": "alert_count"}).assign(
        **{name: pd.to_numeric(found[name]) for name in ("id",)}
    )


@row("D21", real=alerts_of, broken=normalized)
def ids_are_text_and_numbers_exact(subject: Any) -> None:
    """Leading zeros of an id stay, and a number beyond a float's reach is exact, beside nulls too."""
    records = b'{"id":"000123","incidentId":"9007199254740993"},{"id":"7","incidentId":null}'
    frame = worked(lambda: subject(b'{"value":[%s]}' % records))
    same(frame["id"], ["000123", "7"])
    same(frame["incident_id"].dropna(), ["9007199254740993"])
    item = '{"@odata.type":"#microsoft.graph.security.fileEvidence","fileDetails":{"fileSize":9007199254740993}}'
    whole = subject(
        f'{{"value":[{{"id":"1","evidence":[{item},{item.replace("9007199254740993", "null")}]}}]}}'.encode()
    )
    same(gi.evidence(whole)["file_details_file_size"].dropna(), [9007199254740993])


def joined(*, alerts: pd.DataFrame) -> Any:
    """A graph by joining alerts on the users in their evidence."""
    items = gi.evidence(alerts)[["alert_id", "user_account_azure_ad_user_id"]]
    pairs = items.merge(items, on="user_account_azure_ad_user_id")
    graph = nx.MultiDiGraph()
    graph.add_edges_from(zip(pairs["alert_id_x"], pairs["alert_id_y"], strict=True))
    return graph


@row("D22", real=entity_graph, broken=joined)
def nothing_is_no_entity(subject: Any) -> None:
    """Null, empty and dash are no names: records that lack a value are not linked by lacking it."""
    records = []
    for number in range(30):
        account = {"azureAdUserId": (None, "", "-")[number % 3], "userPrincipalName": None, "accountName": ""}
        item = {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": account}
        records.append({"id": f"alert-{number}", "title": "t", "evidence": [item]})
    graph = subject(alerts=alerts_of(body_of(*records)))
    assert nx.number_weakly_connected_components(graph) == len(records)


def whole_rows(_resource: Any, frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Rows that are the same in every cell."""
    cells = pd.DataFrame([json.loads(raw) for raw in frame["raw"]])
    kept = frame.loc[~cells.duplicated()]
    return kept, len(frame) - len(kept)


@row("D23", real=newest, broken=whole_rows)
def lists_in_cells_are_no_obstacle(subject: Any) -> None:
    """Rows with lists and objects in them are told apart by id alone, without an error."""
    record = {"id": "a", "mitreTechniques": ["T1078"], "evidence": [{"x": {"y": []}}], "additionalData": {"k": [1]}}
    frame = alerts_of(body_of(record, {**record, "mitreTechniques": []}, {**record, "id": "b"}))
    kept, dropped = worked(lambda: subject(RESOURCES["alerts"], frame))
    same(sorted(kept["id"]), ["a", "b"])
    assert dropped == 1


def as_sets(client: Any) -> pd.DataFrame:
    """Rows by way of a set, which keeps no order."""
    frame = gi.list_alerts(client)
    as_sets.turns += 1
    order = sorted(set(frame["id"]), reverse=as_sets.turns % 2 == 0)
    return frame.set_index("id", drop=False).loc[order].reset_index(drop=True)


as_sets.turns = 0


@row("D27", real=gi.list_alerts, broken=as_sets)
def the_same_question_gives_the_same_frame(subject: Any) -> None:
    """Asked twice while nothing changed, the frames and the graphs made of them are the same."""
    demo = Demo(connected)
    one, two = (subject(demo.client).assign(pull_id="p") for _ in range(2))
    try:
        pd.testing.assert_frame_equal(one, two)
    except AssertionError as differs:
        raise AssertionError("the frames differ") from differs
    graphs = [entity_graph(alerts=frame) for frame in (one, two)]
    assert list(graphs[0].nodes(data=True)) == list(graphs[1].nodes(data=True))
    assert list(graphs[0].edges(keys=True, data=True)) == list(graphs[1].edges(keys=True, data=True))
