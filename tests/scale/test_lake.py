"""The lake: what was pulled is there, once, per tenant, in its latest version; and a graph of it is the same graph."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import graphinvestigate as gi
from graphinvestigate.envelope import read_page
from graphinvestigate.errors import BadFileError, EntityNotFoundError, UsageError
from graphinvestigate.frames import RESOURCES, records_frame
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.mentions import mentions
from graphinvestigate.scale.lake import Lake

ONE, TWO = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
USER = "aaaaaaaa-0000-4000-8000-00000000000a"


def alert(number, *, tenant=ONE, updated="2026-01-05T00:00:00Z", created=None, user=USER, **own):
    """An alert that names a user."""
    account = {"azureAdUserId": user, "userPrincipalName": f"{user[:4]}@example.org"}
    item = {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": account}
    day = created or f"2026-01-0{number % 4 + 1}T10:00:00.1234567Z"
    record = {"id": f"a{number}", "tenantId": tenant, "createdDateTime": day, "firstActivityDateTime": day}
    return record | {"lastUpdateDateTime": updated, "severity": "low", "evidence": [item]} | own


def frame(records, resource="alerts", pull_id="p"):
    """The frame of one answer."""
    body = json.dumps({"value": records}).encode()
    return records_frame(RESOURCES[resource], [read_page(body, source="t")], pull_id=pull_id)


def by_id(table):
    """Rows in the order of their ids."""
    return table.sort_values("id", kind="stable").reset_index(drop=True)


def test_a_lake_gives_back_what_was_pulled(world, pulled):
    """Every source, asked of the lake, is what `list_…` gives: all rows, columns, dtypes and raw."""
    lake = Lake(pulled)
    for name, listed in {
        "alerts": gi.list_alerts(world.client, since="12d"),
        "incidents": gi.list_incidents(world.client, since="12d"),
        "risk_detections": gi.list_risk_detections(world.client, since="12d"),
        "risky_users": gi.list_risky_users(world.client),
        "sign_ins": gi.list_sign_ins(world.client, since="12d", event_types=["interactive", "nonInteractive"]),
    }.items():
        held = lake.records(name)
        assert len(held) > 5, name
        assert_frame_equal(by_id(held.drop(columns="pull_id")), by_id(listed.drop(columns="pull_id")))


def test_filters_columns_and_limits(world, pulled):
    """Windows, texts of any case, columns and limits choose as they do in a session; newest come first."""
    lake, every = Lake(pulled), gi.list_alerts(world.client, since="12d")
    until = every["created_date_time"].sort_values().iloc[len(every) // 2]
    part = lake.alerts(until=until.to_pydatetime(), severity=["HIGH", "medium"])
    right = every[(every["created_date_time"] < until) & every["severity"].isin(["high", "medium"])]
    assert sorted(part["id"]) == sorted(right["id"])
    few = lake.alerts(columns=["id", "severity"], limit=7)
    assert list(few.columns) == ["id", "severity"]
    newest = every.sort_values(["created_date_time", "id"], ascending=[False, True]).head(7)
    assert few["id"].tolist() == newest["id"].tolist()
    assert lake.records("alerts", where={"status": "nothing has it"}).empty
    for wrong in ({"where": {"no such": "x"}}, {"columns": ["no such"]}, {"since": "yesterday"}):
        with pytest.raises(UsageError):
            lake.records("alerts", **wrong)


def test_the_graph_of_a_lake_is_the_graph_of_its_records(world, pulled):
    """The whole of a lake, as a graph, is what `entity_graph` makes of the pulled frames."""
    lake = Lake(pulled)
    kinds = ("alerts", "incidents", "risk_detections", "risky_users", "sign_ins")
    expected = gi.entity_graph(**{kind: lake.records(kind) for kind in kinds}, tenant=world.client.tenant_id)
    g = lake.entity_graph()
    assert set(g) == set(expected)
    assert nx.utils.edges_equal(g.edges(keys=True, data=True), expected.edges(keys=True, data=True), directed=True)


def test_a_seed_gives_all_that_names_it(pulled):
    """Around a user the lake has every record that a graph of everything links to the user, and each of its links."""
    lake = Lake(pulled)
    everything = lake.entity_graph()
    table = gi.entities(everything)
    for entity in table[table["kind"] == "user"].head(4).itertuples():
        start = Entity("user", entity.key)
        for text in (entity.key, *everything.nodes[start]["identifiers"]):
            found = lake.entity_graph(seed=text)
            around = {node for node in nx.all_neighbors(everything, start) if isinstance(node, Record)}
            assert around <= set(found), text
            assert set(everything.edges(start, keys=True)) <= set(found.edges(start, keys=True))


def test_two_hops_stop_at_what_everybody_shares(pulled):
    """A second hop goes on through what few records name, and says what it did not walk through."""
    lake = Lake(pulled)
    seed = lake.entities().query("kind == 'host'")["key"].iloc[0]
    one = lake.entity_graph(seed=seed)
    two = lake.entity_graph(seed=seed, hops=2, most_records=10)
    assert set(one) <= set(two)
    assert len(two) > len(one)
    assert two.graph["not_walked"]
    assert all(records > 10 for records in two.graph["not_walked"].values())


def test_a_pivot_has_frames_and_a_graph(pulled):
    """A pivot gives the rows per source as `pivot` does, and says up to when the lake knows."""
    lake = Lake(pulled)
    user = lake.entities().query("kind == 'user'").iloc[0]
    found = lake.pivot(user["key"])
    assert found.entity == Entity("user", user["key"])
    assert sum(map(len, found.frames.values())) >= user["records"]
    assert set(found.coverage["source"]) == {"alerts", "incidents", "risk_detections", "risky_users", "sign_ins"}
    assert found.coverage["last_pull"].notna().all()
    assert found.entity in found.graph


def test_entities_are_those_of_the_graph(pulled):
    """The table of entities, computed by the engine, has the entities of the graph with their keys and records."""
    lake = Lake(pulled)
    g = lake.entity_graph()
    named = {
        node: {n for n in nx.all_neighbors(g, node) if isinstance(n, Record) and g.nodes[n]["read"]}
        for node in g
        if isinstance(node, Entity)
    }
    table = lake.entities()
    keys = {(row.kind, row.key): row.records for row in table.itertuples()}
    bare = {(node.kind, node.key): len(records) for node, records in named.items() if records}
    assert keys == bare
    assert table["records"].is_monotonic_decreasing


def test_mentions_at_rest_are_the_mentions(pulled):
    """What records name is kept as `mentions` lists it: identifiers, fields, relations, times."""
    lake = Lake(pulled)
    kept = lake.engine.arrow(lake._reader().mentions(resources=["alerts"])).to_pandas()
    listed = mentions(alerts=lake.records("alerts"))
    columns = ["record_id", "kind", "identifier_type", "identifier", "field", "relation"]
    assert sorted(kept[columns].itertuples(index=False)) == sorted(listed[columns].itertuples(index=False))
    values = dict(zip(zip(kept["record_id"], kept["field"], strict=True), kept["value"], strict=True))
    assert all(json.loads(values[row.record_id, row.field]) == row.value for row in listed.itertuples())


def test_a_timeline_counts_every_record_once(pulled):
    """Spans of time hold each record that has a time once, under its kind and level."""
    lake = Lake(pulled)
    hours = lake.timeline(width="1h", sources=["alerts", "risk_detections"])
    alerts = lake.alerts()
    times = alerts["first_activity_date_time"].fillna(alerts["created_date_time"])
    counted = times.dt.floor("h").to_frame("time").assign(level=alerts["severity"]).groupby(["time", "level"]).size()
    mine = hours[hours["record_kind"] == "alert"].set_index(["time", "level"])["records"]
    assert mine.sort_index().tolist() == counted.sort_index().tolist()
    assert set(hours["record_kind"]) == {"alert", "risk_detection"}
    assert lake.timeline(width="1d")["records"].sum() == sum(
        len(lake.records(kind)) for kind in ("alerts", "incidents", "risk_detections", "risky_users", "sign_ins")
    )
    for wrong in ("", "0h", "soon"):
        with pytest.raises(UsageError):
            lake.timeline(width=wrong)


def test_a_timeline_is_drawn_from_counts(pulled, make_lake):
    """The figure of a lake counts every record once, in few spans, and finer ones in a narrower window."""
    lake = Lake(pulled)
    figure = lake.plot_timeline(tz="Europe/Berlin")
    bars = [trace for trace in figure.data if trace.type == "bar"]
    counted = sum(int(np.sum(trace.y)) for trace in bars)
    assert counted == lake.timeline()["records"].sum() == sum(sum(row[1:]) for row in figure.layout.meta["rows"])
    assert all(len(trace.x) <= 401 for trace in bars)
    high = next(trace for trace in bars if trace.name == "high")
    levels = lake.timeline().query("level.str.lower() == 'high'")["records"].sum()
    assert int(np.sum(high.y)) == levels > 0
    assert "sign-ins" in figure.layout.title.subtitle.text
    since = lake.alerts(limit=1)["created_date_time"].iloc[0] - pd.Timedelta(hours=6)
    near = lake.plot_timeline(since=since.to_pydatetime(), sources=["alerts"])
    step, finer = (one.data[0].x[1] - one.data[0].x[0] for one in (figure, near))
    assert finer < step
    empty = make_lake(tenant=ONE)
    empty.add(frame([{"id": "a"}]))
    assert "time unknown: 1 alert" in empty.plot_timeline().layout.title.subtitle.text
    empty.add(frame([alert(1)]))
    assert "time unknown" not in empty.plot_timeline(since="2026-01-01T00:00:00Z").layout.title.subtitle.text


def test_who_is_named_together(make_lake):
    """Pairs are counted over records, and a record that names too many is left out and counted."""
    lake = make_lake(tenant=ONE)
    other = "bbbbbbbb-0000-4000-8000-00000000000b"
    both = alert(1)["evidence"] + alert(1, user=other)["evidence"]
    many = [alert(1, user=f"cccccccc-0000-4000-8000-{n:012}")["evidence"][0] for n in range(60)]
    lake.add(frame([alert(1, evidence=both), alert(2, evidence=both), alert(3), alert(4, evidence=both + many)]))
    pairs = lake.co_occurrence()
    assert pairs[["left_key", "right_key", "records"]].to_numpy().tolist() == [[USER, other, 2]]
    assert pairs.attrs["left_out"] == 1
    everybody = lake.co_occurrence(least=1, most=62)
    assert (len(everybody), everybody.attrs["left_out"]) == (62 * 61 // 2, 0)
    assert lake.co_occurrence(least=1, most=61).attrs["left_out"] == 1
    assert len(lake.co_occurrence(least=3, most=62)) == 1
    assert lake.co_occurrence(least=4, most=62).empty


def test_the_latest_version_counts(make_lake):
    """A record that comes again replaces itself, what it named included; an older version that comes late does not."""
    lake = make_lake(tenant=ONE)
    other = "bbbbbbbb-0000-4000-8000-00000000000b"
    lake.add(frame([alert(1), alert(2)]))
    lake.add(frame([alert(1, updated="2026-01-07T00:00:00Z", user=other, severity="high")]))
    lake.add(frame([alert(1, updated="2026-01-06T00:00:00Z", severity="medium")]))
    for _ in range(2):
        held = by_id(lake.alerts())
        assert held["severity"].tolist() == ["high", "low"]
        assert set(lake.entities()["key"]) == {USER, other}
        assert set(lake.entity_graph(seed=USER).nodes) & {Record("alert", "a1"), Record("alert", "a2")} == {
            Record("alert", "a2")
        }
        evidence = lake.engine.arrow(lake._reader().evidence(columns=["user_account_azure_ad_user_id"])).to_pylist()
        assert {(row["record_id"], row["user_account_azure_ad_user_id"]) for row in evidence} == {
            ("a1", other),
            ("a2", USER),
        }
        lake.compact(vacuum_after=0)


def test_compaction_changes_nothing_but_the_files(make_lake):
    """After compaction each day lies in one file per table, answers are the same, and nothing else is left."""
    lake = make_lake(tenant=ONE)
    for number in range(12):
        lake.add(frame([alert(number), alert(number % 3, updated=f"2026-02-{number + 1:02}T00:00:00Z")]))
    before = by_id(lake.alerts()), lake.entities(), lake.timeline(), lake.entity_graph(seed=USER)
    assert lake.compact(vacuum_after=0) == 4
    after = by_id(lake.alerts()), lake.entities(), lake.timeline(), lake.entity_graph(seed=USER)
    for one, other in zip(before[:3], after[:3], strict=True):
        assert_frame_equal(one, other)
    assert nx.utils.graphs_equal(before[3], after[3])
    files = list(lake.path.rglob("*.parquet"))
    assert len(files) == len({file.parent for file in files}) == 4 * 4
    assert lake.compact() == 0


def test_only_files_of_the_window_are_read(make_lake):
    """A question about some days opens no file of another day."""
    lake = make_lake(tenant=ONE)
    lake.add(frame([alert(number) for number in range(1, 9)]))
    for file in lake.path.rglob("day=2026-01-03/*.parquet"):
        file.write_bytes(b"not Parquet")
    early = {"until": "2026-01-03T00:00:00Z"}
    assert len(lake.alerts(**early)) == 4
    assert lake.timeline(**early)["records"].sum() == 4
    assert lake.entity_graph(seed=USER, **early).number_of_nodes() > 4
    assert len(lake.alerts(since="2026-01-04T00:00:00Z")) == 2
    with pytest.raises(BadFileError, match=r"day=2026-01-03/.*pull into a new folder"):
        lake.alerts()


def test_tenants_lie_apart(make_lake):
    """Records of two tenants in one lake are never in one answer; which one is meant has to be said."""
    lake = make_lake()
    lake.add(frame([alert(1), alert(2, tenant=TWO), alert(3, tenant=TWO)]))
    assert lake.tenants() == [ONE, TWO]
    with pytest.raises(UsageError, match="holds 2 tenants"):
        lake.alerts()
    for tenant, ids in ((ONE, ["a1"]), (TWO, ["a2", "a3"])):
        own = make_lake(tenant=tenant)
        assert by_id(own.alerts())["id"].tolist() == ids
        assert {node.id for node in own.entity_graph() if isinstance(node, Record)} == set(ids)
        own.compact()
    with pytest.raises(UsageError, match="nothing of tenant"):
        make_lake(tenant=ONE.replace("1", "3")).alerts()
    with pytest.raises(UsageError, match="say their tenant"):
        lake.add(frame([{"id": "x"}], "sign_ins"))
    lake.add(frame([{"id": "x", "createdDateTime": "2026-01-01T00:00:00Z"}], "sign_ins"), tenant=TWO)
    assert len(make_lake(tenant=TWO).records("sign_ins")) == 1


def test_what_means_something_in_one_tenant_only(make_lake):
    """Hosts of one short name, private addresses and accounts of two tenants are two, also where graphs are merged."""
    lake = make_lake()
    device = {"hostName": "LAPTOP-7", "ntDomain": "corp"}
    items = [
        {"@odata.type": "#microsoft.graph.security.deviceEvidence", **device, "lastIpAddress": "10.0.0.7"},
        {"@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": "10.0.0.7"},
        {
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "userAccount": {"accountName": "admin", "domainName": "corp"},
        },
    ]
    lake.add(frame([alert(1, evidence=items), alert(1, tenant=TWO, evidence=items)]))
    graphs, keys = [], []
    for tenant in (ONE, TWO):
        own = make_lake(tenant=tenant)
        keys.append(set(own.entities()[["kind", "key"]].itertuples(index=False, name=None)))
        assert {("ip", f"{tenant}/10.0.0.7"), ("user", f"{tenant}/corp\\admin")} <= keys[-1]
        assert all(key.startswith(f"{tenant}/") for _, key in keys[-1])
        for name in ("10.0.0.7", "corp\\admin", "laptop-7"):
            found = own.entity_graph(seed=name)
            assert {node for node in found if isinstance(node, Record)} == {Record("alert", "a1")}
        graphs.append(own.entity_graph())
    assert not keys[0] & keys[1]
    merged = gi.merge_graphs(*graphs)
    assert {(n.kind, n.key) for n in merged if isinstance(n, Entity) and n.kind in ("ip", "user", "host")} >= (
        keys[0] | keys[1]
    )


@pytest.mark.parametrize("tenant", ["../other", "a/b", "..", "x..y", "", " "])
def test_a_tenant_is_no_way_out_of_the_folder(make_lake, tenant):
    """A tenant's name that is none leads nowhere: it is refused, or says nothing."""
    lake = make_lake()
    with pytest.raises(UsageError, match=r"no tenant|say their tenant"):
        lake.add(frame([alert(1, tenant=tenant)]))
    with pytest.raises(UsageError):
        make_lake(tenant=tenant).alerts()
    assert not [path for path in lake.path.parent.rglob("*") if path.is_file() and lake.path not in path.parents]


def test_what_a_newer_version_wrote_is_refused(make_lake):
    """A commit of a later format is refused by whoever asks, adds or compacts, and nothing is written."""
    lake = make_lake(tenant=ONE)
    lake.add(frame([alert(1)]))
    (last,) = lake.path.rglob("log/*.json")
    newer = json.loads(last.read_text()) | {"format": 2, "number": 2, "sorted_by": "x"}
    last.with_name("0000000002.json").write_text(json.dumps(newer))
    for ask in (lake.alerts, lake.entities, lake.pulls, lake.compact, lambda: lake.add(frame([alert(2)]))):
        with pytest.raises(BadFileError, match="another version"):
            ask()
    assert len(list(lake.path.rglob("log/*.json"))) == 2


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_a_column_that_became_something_else_is_named(make_lake, engine):
    """A file whose column holds another type than now is an error that names the lake, or is read as what it says."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lake = make_lake(tenant=ONE, engine=engine)
    lake.add(frame([alert(1), alert(2, created="2026-01-03T00:00:00Z")]))
    path = next(iter(lake.path.rglob("alerts/day=2026-01-03/*.parquet")))
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("severity")
    pq.write_table(table.set_column(at, "severity", pa.array([[1, 2]] * len(table))), path)
    with pytest.raises(BadFileError, match="pull into a new folder"):
        lake.alerts()


def test_alerts_inside_incidents_are_alerts(make_lake):
    """Alerts that came inside incidents are records of their own, once."""
    lake = make_lake(tenant=ONE)
    incident = {"id": "i", "tenantId": ONE, "createdDateTime": "2026-01-01T00:00:00Z", "alerts": [alert(1), alert(2)]}
    lake.add(frame([incident], "incidents"))
    lake.add(frame([alert(2), alert(3)]))
    assert by_id(lake.alerts())["id"].tolist() == ["a1", "a2", "a3"]
    assert lake.entities()["records"].tolist() == [3]


def test_records_without_id_or_time_are_kept(make_lake):
    """Records without an id, a time or anything at all are kept, and found by what they name."""
    lake = make_lake(tenant=ONE)
    nameless = {key: value for key, value in alert(1).items() if key not in ("id", "createdDateTime")}
    lake.add(frame([nameless, {}, alert(2)]))
    assert len(lake.alerts()) == 3
    assert lake.alerts()["id"].isna().sum() == 2
    assert len(lake.alerts(since="2020-01-01T00:00:00Z")) == 1
    assert len(lake.pivot(USER).frames["alerts"]) == 2
    lake.compact()
    assert len(lake.alerts()) == 3


def test_old_and_future_files_are_read(make_lake):
    """Files without a column of now, and with one that is not known yet, are read; what they lack is missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lake = make_lake(tenant=ONE)
    lake.add(frame([alert(1), alert(2, created="2026-01-03T00:00:00Z", title="t")]))
    for path in lake.path.rglob("alerts/day=*/*.parquet"):
        table = pq.read_table(path, partitioning=None)
        older = table.drop_columns(["severity"]).append_column("not_yet_known", pa.array(["x"] * len(table)))
        pq.write_table(older, path)
        break
    held = by_id(lake.alerts())
    assert len(held) == 2
    assert held["severity"].isna().sum() == 1
    assert (held.dtypes == frame([]).dtypes).all()
    lake.compact()
    assert len(lake.alerts()) == 2


def test_nobody_of_that_name(pulled):
    """Who is not named by any record is not found, with names that come close."""
    lake = Lake(pulled)
    some = lake.entities().query("kind == 'user'")["key"].iloc[0]
    with pytest.raises(EntityNotFoundError) as caught:
        lake.entity_graph(seed=some[:9])
    assert some in {entity.key for entity in caught.value.near}
    with pytest.raises(UsageError, match="limit="):
        lake.entity_graph(limit=3)
    with pytest.raises(UsageError, match="hops"):
        lake.entity_graph(seed=some, hops=0)


def test_what_is_no_lake_is_left_alone(tmp_path):
    """A folder with something else in it is refused, as is a lake of another version, and nothing is written there."""
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="folder of its own"):
        Lake(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "lake.json").write_text("graphinvestigate lake 99\n")
    with pytest.raises(BadFileError, match="another version"):
        Lake(tmp_path)
    with pytest.raises(UsageError, match="does not exist yet"):
        Lake(tmp_path / "none").alerts()
    assert not (tmp_path / "none").exists()
    with pytest.raises(UsageError, match="engine="):
        Lake(tmp_path / "none", engine=7)


def test_a_lake_does_not_change_what_it_is_given(make_lake):
    """Adding a frame leaves it as it was; a frame without raw, or of two kinds, is refused."""
    lake, given = make_lake(tenant=ONE), frame([alert(1)])
    before = given.copy()
    assert lake.add(given) == 1
    assert_frame_equal(given, before)
    for wrong in (given.drop(columns="raw"), pd.concat([given, frame([{"id": "x"}], "sign_ins")]), pd.DataFrame()):
        with pytest.raises(UsageError):
            lake.add(wrong)
