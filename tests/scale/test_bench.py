"""The benchmark: what it makes, measures and writes; never how fast anything is."""

from __future__ import annotations

import json
import time

import pytest

from graphinvestigate.cli import main
from graphinvestigate.envelope import read_page
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, evidence, read_records, records_frame
from graphinvestigate.linking import Entity
from graphinvestigate.linking.entity_graph import entity_graph
from graphinvestigate.scale.bench.command import FIXED, GROWING, PEERS, run, sizes_of
from graphinvestigate.scale.bench.company import company_pages
from graphinvestigate.scale.bench.decode import IDENTIFYING, frames_of, normalized
from graphinvestigate.scale.bench.measure import Finding, Taken, peak_extra, side_by_side
from graphinvestigate.scale.bench.report import document, machine, page, table
from graphinvestigate.scale.bench.starting import distributions
from graphinvestigate.scale.bench.summary import markdown, picture
from graphinvestigate.scale.bench.synthetic import alert_pages


def test_synthetic_alerts_are_like_graphs():
    """Made-up alerts have the size and shape of Graph's, fit the fast path, and are the same for the same seed."""
    pages = list(alert_pages(2500))
    assert [len(read_page(body, source="t")) for body in pages] == [1000, 1000, 500]
    assert 4300 < sum(map(len, pages)) / 2500 < 4500
    alerts = records_frame(RESOURCES["alerts"], [read_page(body, source="t") for body in pages], pull_id="p")
    assert alerts["id"].is_unique
    items = evidence(alerts)
    assert len(items) == 4 * len(alerts)
    assert items["evidence_type"].nunique() == 8
    assert alerts["created_date_time"].notna().all()
    few, most = items["user_account_user_principal_name"].value_counts().agg(["median", "max"])
    assert most > 20 * few
    assert list(alert_pages(10)) == list(alert_pages(10)) != list(alert_pages(10, seed=1))
    assert set(items.columns) >= IDENTIFYING
    assert frames_of(pages[:1], columns=IDENTIFYING)[1].shape[1] < items.shape[1] / 2


def test_one_tenant_has_the_same_people_however_many_alerts():
    """Of a tenant of a given size any number of alerts meet the same people; the first are the same alerts."""
    few, more = (frames_of(list(alert_pages(count, tenant=60_000)))[1] for count in (1000, 3000))
    name = "user_account_user_principal_name"
    assert list(few[name].dropna()) == list(more[name].dropna())[: few[name].count()]
    assert few[name].nunique() > 3 * frames_of(list(alert_pages(1000)))[1][name].nunique()


def test_a_companys_alerts_meet_the_same_entities():
    """Made-up alerts of a company have a process and over thirteen links each, and meet the rest again."""
    g = entity_graph(alerts=read_records("alerts", list(company_pages(2500))))
    assert sum(kind == "alert" for kind, _ in g) == 2500
    entities = [node for node in g if type(node) is Entity]
    assert 2500 <= sum(kind == "process" for kind, _ in entities) < 3500
    assert len(entities) < 2.2 * 2500
    assert g.size() > 13 * 2500


def test_the_other_side_makes_the_same_frames():
    """What json_normalize is measured with has the same rows, times, alerts' columns and records as ours."""
    pages = list(alert_pages(60, page=30))
    (alerts, items), (others, their_items) = frames_of(pages), normalized(pages, typed=True)
    assert list(others["id"]) == list(alerts["id"])
    assert list(their_items["alert_id"]) == list(items["alert_id"])
    for theirs, ours in (
        ("createdDateTime", "created_date_time"),
        ("alert_lastActivityDateTime", "last_activity_date_time"),
    ):
        assert list(their_items[theirs]) == list(items[ours])
    assert list(their_items["alert_tenantId"]) == list(items["tenant_id"])
    for one, two in ((others, alerts), (their_items, items)):
        assert [json.loads(text) for text in one["raw"]] == [json.loads(text) for text in two["raw"]]
    assert normalized(pages)[1].shape[0] == len(items)


def test_sides_are_run_in_turn_and_the_fastest_round_counts():
    """Each side runs once a round, one after the other; the shortest time of each is what counts."""
    ran = []

    def side(name, seconds):
        def work():
            ran.append(name)
            time.sleep(seconds if ran.count(name) == 1 else seconds / 10)

        return work

    slow, quick = side_by_side(side("a", 1.0), side("b", 0.02), rounds=2)
    assert ran == ["a", "b", "a", "b"]
    assert 0.1 <= slow.wall < 1.0
    assert quick.wall < slow.wall
    assert slow.processor < 0.1  # it slept


def _numbers(count):
    return list(range(count))


def _bytes_of(numbers):
    return b"x" * (len(numbers) * 1000)


def test_peaks_are_what_is_held_more():
    """The peak counts what a function needs beyond what was there before it, freed or not."""
    found = peak_extra(_numbers, _bytes_of, 50_000)
    assert found is not None
    assert 45e6 < found < 80e6


def test_budgets_are_upper_or_lower_bounds():
    """A budget is kept up to itself; without one there is nothing to keep."""
    assert Finding("r", 1, "m", 1.0, 1.0).kept is True
    assert Finding("r", 1, "m", 1.1, 1.0).kept is False
    assert Finding("r", 1, "m", 10.0, 10.0, at_least=True).kept is True
    assert Finding("r", 1, "m", 9.9, 10.0, at_least=True).kept is False
    assert Finding("r", 1, "m", 9.9).kept is None
    assert Taken(1.0, 2.0).processor == 2.0


def test_findings_are_written_with_the_machine():
    """The table has a line each; the file says cores, memory and versions, and nothing of whose machine it is."""
    import getpass
    import socket

    found = [Finding("decode", 1000, "time / x", 0.5, 1.0, note="<b>"), Finding("graph", 10, "s", 3.0, 2.0)]
    assert table(found).count("\n") == 2
    assert "kept" in table(found)
    assert "missed" in table(found)
    about = machine()
    said = json.loads(document(found, about))
    assert said["machine"]["versions"]["pandas"]
    assert [one["kept"] for one in said["findings"]] == [True, False]
    html = page(found, about)
    assert "<b>" not in html.split("<pre>")[1]
    for private in (socket.gethostname(), getpass.getuser(), "/home/", "/work/"):
        assert private not in document(found, about)


def test_findings_are_summed_up_for_documentation():
    """The Markdown table has a line each and the machine; the picture is well-formed, red where a budget is missed."""
    from xml.etree import ElementTree

    found = [
        Finding("decode", 1000, "time / x", 0.5, 1.0, note="<b>"),
        Finding("graph", 10, "s", 3.0, 2.0),
        Finding("decode", 1000, "y / time", 5.0, 10.0, at_least=True),
        Finding("lake", 10, "s", 1.0),
    ]
    said = markdown(found, machine())
    assert [line.count("|") for line in said.splitlines() if line.startswith("|")] == [7] * 6
    assert "| graph | 10 | s | 3.000 | ≤ 2 | missed |" in said
    assert "pandas" in said
    drawn = ElementTree.fromstring(picture(found))
    name = "{http://www.w3.org/2000/svg}"
    bars = [one for one in drawn.iter(f"{name}rect") if one.get("fill") != "#ffffff"]
    assert [one.get("fill") for one in bars] == ["#2b7a4b", "#b3261e", "#b3261e"]
    assert [float(one.get("width")) for one in bars] == [75.0, 225.0, 300.0]
    assert any("<b>" in (text.text or "") for text in drawn.iter(f"{name}text"))


def test_sizes_and_rows_are_read_or_refused(tmp_path):
    """Sizes are written 1k, 10k, 1M; what is no size and no row is refused before anything is measured."""
    assert sizes_of("1k, 10K,1M,7") == [1000, 10_000, 1_000_000, 7]
    for wrong in ("", "0", "many", "1k,,2k", "-5", "1g"):
        with pytest.raises(UsageError):
            sizes_of(wrong)
    said: list[str] = []
    with pytest.raises(UsageError, match="no row speed"):
        run("speed", "1k", tmp_path, said.append)
    with pytest.raises(UsageError):
        run("timeline", "many", tmp_path, said.append)
    assert said == []
    assert set(FIXED).isdisjoint(GROWING)


def test_a_peer_that_is_not_installed_is_told(monkeypatch):
    """A row whose comparison is missing says so: a table without the line would look complete."""
    monkeypatch.setitem(PEERS, "index", ("no_such_peer", "json"))
    lines: list[str] = []
    assert run("index", "100", None, lines.append) == 0
    assert [one for one in lines if "not installed" in one] == [
        "index: no_such_peer is not installed, so nothing is compared with it (extras bench, interop)"
    ]


def test_the_command_measures_and_writes(tmp_path, capsys):
    """`graphinvestigate bench` prints what it finds and writes the same as JSON and as a page."""
    assert main(["bench", "--rows", "timeline,index", "--sizes", "1k", "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    said = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert {one["row"] for one in said["findings"]} == {"timeline", "index"}
    assert all(one["value"] >= 0 for one in said["findings"])
    assert printed.count("timeline") >= 2
    assert "plotly" in (tmp_path / "out" / "bench.html").read_text()
    assert "| timeline | 1,000 |" in (tmp_path / "out" / "bench.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "bench.svg").read_text(encoding="utf-8").startswith("<svg")
    assert main(["bench", "--rows", "nothing"]) == 2


def test_the_core_is_counted():
    """The distributions of the core are counted with all that they need; of what is not installed nothing is said."""
    assert (distributions("pandas") or 0) >= 3
    assert distributions("no-such-distribution") is None


def test_the_run_that_is_kept_says_what_it_was_measured_with():
    """The committed results are a whole run, with the versions that they were measured with."""
    from pathlib import Path

    folder = Path(__file__).parents[2] / "docs" / "benchmarks"
    said = json.loads((folder / "bench.json").read_text())
    assert {*FIXED, *GROWING} - {"engine"} <= {one["row"] for one in said["findings"]}
    assert {"pandas", "pyarrow", "duckdb", "orjson"} <= set(said["machine"]["versions"])
    assert {one["size"] for one in said["findings"] if one["row"] == "decode"} >= {1000, 10_000, 100_000}
    findings = [Finding(**{name: value for name, value in one.items() if name != "kept"}) for one in said["findings"]]
    assert [one.kept for one in findings] == [one["kept"] for one in said["findings"]]
    assert (folder / "bench.md").read_text(encoding="utf-8").endswith(markdown(findings, said["machine"]))
    assert (folder / "bench.svg").read_text(encoding="utf-8") == picture(findings)
