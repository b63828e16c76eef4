"""Hostile cases: whatever a file holds, a case opens or is refused by our own error, and nothing of it comes alive."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.cases.case import Case
from graphinvestigate.files import sha256

EVIL = '<img src=x onerror=alert(1)>\u202e</script><a href="http://evil.example">x</a>\x1b]8;;http://evil\x07'
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FILES = ("notes.json", "graph.json", "requests.jsonl", "actions.jsonl", "records/alerts.jsonl", "tables/t.json")


@pytest.fixture(scope="module")
def whole(found, tmp_path_factory) -> Path:
    """A case with something in each of its files."""
    case = Case("INC-1")
    case.add(found.frames["alerts"].head(2), found.frames["risky_users"].head(1))
    case.add(gi.entities(case.graph).head(2), name="t")
    case.note("x", entity=next(node for node in case.graph if isinstance(node, gi.Entity)))
    case.add(gi.plot_timeline(case.frames["alerts"]))
    return case.save(tmp_path_factory.mktemp("hostile") / "case")


def agree(folder: Path, name: str, data: bytes) -> None:
    """Write a file, and make the manifest agree with it."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"][name] = {"sha256": sha256(data), "bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest)))


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with its own hash, as the format says it is made."""
    own = ("content_sha256", "derived", "derived_sha256")
    said = {name: told for name, told in manifest.items() if name not in own}
    hashes = {
        "content_sha256": sha256(json.dumps(said, sort_keys=True, indent=1) + "\n"),
        "derived_sha256": sha256(json.dumps(manifest.get("derived"), sort_keys=True, indent=1) + "\n"),
    }
    return {**manifest, **hashes}


def used(folder: Path, *, agrees: bool = True) -> gi.Case:
    """Open a case and look at all of it."""
    case = gi.open_case(folder)
    assert case.verify() == [] or not agrees
    _ = case.notes, case.checklist, case.verdict, case.actions, case.tables, case.figures, repr(case)
    case.markdown()
    case.report(folder.parent / "report.html")
    case.replay()
    return case


def refusal(folder: Path, *, agrees: bool = True) -> str | None:
    """What our own error says where a case is refused; None where all of it can be used."""
    try:
        used(folder, agrees=agrees)
    except gi.GraphInvestigateError as error:
        return str(error)
    return None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), value=json_values)
def test_any_json_in_any_file_is_refused_or_read(whole, tmp_path, name, value) -> None:
    """Any JSON value in the place of a file gives a case that can be used, or our own error."""
    folder = tmp_path / "case"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    agree(folder, name, json.dumps(value).encode() + b"\n")
    refused = refusal(folder)
    assert refused is None or name in refused or str(folder) in refused, "an error says what it is of"


def swapped(data: st.DataObject, value: object) -> object:
    """The same JSON with one value somewhere in it replaced."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: swapped(data, value[key])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], swapped(data, value[at]), *value[at + 1 :]]
    return data.draw(json_values)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["graph.json", "notes.json", "tables/t.json", "figures/Timeline.json", "manifest.json"]),
    data=st.data(),
)
def test_one_wrong_value_anywhere_is_refused_or_read(whole, tmp_path, name, data) -> None:
    """One value of another type, however deep, gives a case that can be used, or our own error: no traceback."""
    folder = tmp_path / "case"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    value = swapped(data, json.loads((folder / name).read_bytes()))
    if name == "manifest.json":
        (folder / name).write_text(json.dumps(sealed(value) if isinstance(value, dict) else value))
    else:
        agree(folder, name, json.dumps(value).encode())
    refused = refusal(folder, agrees=name != "manifest.json")
    assert refused is None or name in refused or str(folder) in refused, "an error says what it is of"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_says_the_same_is_read(whole, tmp_path, name) -> None:
    """Written anew by the helpers of these tests, a case is used whole: what they refuse is what was put there."""
    shutil.copytree(whole, tmp_path / "case")
    agree(tmp_path / "case", name, (whole / name).read_bytes())
    assert used(tmp_path / "case").replay().differences == []


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_hostile_text_from_a_case_is_only_text(tmp_path) -> None:
    """Names, notes, steps, tables, figures and records of a case make no tag, link or control character anywhere."""
    case = Case(f"INC {EVIL}", author=EVIL)
    case.add(gi.read_records("alerts", [{"id": EVIL, "title": EVIL, "severity": EVIL, "createdDateTime": EVIL}]))
    case.note(EVIL)
    case.finding(EVIL, record=case.frames["alerts"].iloc[0])
    case.not_checked(EVIL)
    case.conclude("malicious", EVIL)
    figure = gi.plot_timeline(case.frames["alerts"])
    figure.update_layout(title_text=EVIL, images=[{"source": "http://evil.example/x.png"}])
    figure.add_annotation(text='<a href="http://evil.example">Reset your password</a>', x=0, y=0)
    case.add(figure, name=EVIL)
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case")
    parser = Tags()
    text = again.report(tmp_path / "report.html").read_text(encoding="utf-8")
    parser.feed(text)
    assert not [attrs for tag, attrs in parser.seen if tag == "img" or any(name.startswith("on") for name in attrs)]
    assert all((attrs.get("href") or "#").startswith("#") for tag, attrs in parser.seen if tag == "a")
    assert "\u202e" not in text
    assert "\x1b" not in text + again.markdown() + repr(again)
    drawn = json.dumps(json.loads(next(iter(again.figures.values())).to_json()))
    assert "<a " not in drawn
    assert "<img" not in drawn
    assert "evil.example/x.png" not in drawn


def test_a_case_of_version_1_still_opens() -> None:
    """The case that version 1 of the format wrote opens, whole, with everything in it, and is rebuilt."""
    folder = Path(__file__).with_name("data") / "version-1"
    case = gi.open_case(folder)
    assert case.name == "An old case"
    assert case.verify() == []
    assert case.frames["alerts"]["id"].tolist() == ["a-1", "a-2"]
    assert case.frames["alerts"]["mine"].iloc[0] == "seen"
    assert case.frames["alerts"]["points"].tolist() == [1.5, float("inf")]
    assert "propertyOfTomorrow" in case.frames["alerts"]["raw"].iloc[0]
    assert case.frames["risky_users"]["raw"].iloc[0].startswith("{\n")
    user = gi.find_entity(case.graph, "ada@old.example")
    assert case.notes_on(user)["text"].tolist() == ["a fact"]
    assert set(case.notes["kind"]) == {"note", "finding"}
    assert case.verdict.value == "malicious"
    assert case.tables["calls"]["n"].tolist() == [3]
    assert list(case.figures) == ["Timeline"]
    assert "mailbox rules: no permission" in case.markdown()
    assert gi.why(case.graph, user, gi.Record("alert", "a-1"))["field"].str.startswith("evidence[0]").all()
    replay = case.replay()
    assert replay.frames["incidents"]["id"].tolist() == ["77"]
    assert {gi.Record("alert", "a-1"), user} <= set(replay.graph)


def test_an_old_case_can_be_saved_by_this_version(tmp_path) -> None:
    """An old case that is copied, added to and saved has what it had."""
    shutil.copytree(Path(__file__).with_name("data") / "version-1", tmp_path / "case")
    case = gi.open_case(tmp_path / "case")
    case.note("years later")
    case.save()
    again = gi.open_case(tmp_path / "case")
    assert again.verify() == []
    assert {"a fact", "years later"} <= set(again.notes["text"])
    assert again.replay().differences == []


def _hostile_alerts(**own: str) -> Any:
    """One alert; `own` gives members as JSON."""
    members = {"id": '"a1"', "tenantId": '"t1"', "createdDateTime": '"2026-01-01T00:00:00Z"', "evidence": "[]", **own}
    body = ", ".join(f'"{name}": {value}' for name, value in members.items())
    return gi.read_records("alerts", f'{{"value": [{{{body}}}]}}'.encode())


@pytest.mark.parametrize(
    "own",
    [
        {"x": "9" * 5000},
        {"x": "1e999"},
        {"title": r'"\ud800 ann@example.org"'},
        {"title": json.dumps("[" * 50_000)},
        {"title": json.dumps('{"a":' * 50_000)},
        {"title": json.dumps("[" * 600 + '"ann@example.org"' + "]" * 600)},
        {"title": json.dumps('{"a": 1e999, "b": "ann@example.org"}')},
    ],
    ids=["digits", "infinite", "half", "brackets", "braces", "deep", "infinite text"],
)
def test_no_record_stops_a_redaction(tmp_path, own) -> None:
    """Long numbers, half characters and texts that only look like JSON are redacted with all else, and stay JSON."""
    alerts = _hostile_alerts(**own)
    case = Case("odd")
    case.add(alerts, gi.entity_graph(alerts=alerts))
    case.save(tmp_path / "case")
    for redacted in (
        gi.redact(alerts, key=b"k" * 32),
        gi.redact(gi.open_case(tmp_path / "case"), key=b"k" * 32).frames["alerts"],
    ):
        text = redacted["raw"].iloc[0]
        assert "ann@" not in text
        record = json.loads(text, parse_int=str, parse_constant=pytest.fail)
        assert "x" not in own or record["x"] == own["x"]
        assert "Infinity" not in str(record.get("title"))


def test_a_record_that_is_too_deep_to_redact_is_named() -> None:
    """It can't come from Graph; the error says which column it is in, and what to do."""
    with pytest.raises(gi.UsageError, match="column raw is nested too deeply to be redacted"):
        gi.redact(_hostile_alerts(x="[" * 700 + "]" * 700), key=b"k" * 32)
