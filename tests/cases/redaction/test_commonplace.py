"""A name that nothing tells from other text is replaced where a field says that it is one, and stops no redaction."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.cases.leaks import find_leaks
from graphinvestigate.cases.redaction.called import Called
from graphinvestigate.cases.redaction.commonplace import is_commonplace
from graphinvestigate.cases.redaction.texts import Texts

KEY = "a key of the tests, long enough"
TENANT = "5a7e1c3d-9b20-4f6e-8d11-0c2b3a4d5e6f"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
# Signs, pictures, marks, what nobody sees, one or two letters, short numbers, words of Graph's and of a case's own.
SIGNS = ["---", "----", "....", "*", "****", "@@@@", "/", "////", "$$$$", "'", "''''", '""""', "\\", "\\\\\\\\", "____"]
SIGNS += ["()", "[[[[", "{}{}", "&&&&", "<<<<", "%%%%", "====", "||||", ",,,,", "::::", "- - - -", "\u2603", "#"]
PICTURES = ["\u2603\u2603\u2603\u2603", "\U0001f642", "\U0001f642" * 4, FAMILY]
UNSEEN = ["\u0301", "\u0301" * 4, "\u200b", "\u200b" * 4, "\u202e" * 4, "\0" * 4]
SHORT = ["a", "ab", "\u00e9", "\u674e", "1", "12", "1234", "a.", "    x"]
WORDS = ["alert", "alerts", "incident", "notes", "graph", "security", "service", "mail", "user", "host", "file", "high"]
WORDS += ["medium", "new", "windows", "value", "record", "evidence", "malware", "domain", "redact", "true", "root"]
ODD = [*SIGNS, *PICTURES, *UNSEEN, *SHORT, *WORDS]
FIELDS = (("userAccount", "accountName"), ("userAccount", "displayName"), ("hostName",))


def alert(name: str, text: str) -> dict[str, Any]:
    """An alert in whose evidence a user and a host are called so, and a text beside them."""
    kind = "#microsoft.graph.security."
    account = {"userPrincipalName": "kim.lee@contoso.test", "accountName": name, "displayName": name}
    device = {"@odata.type": f"{kind}deviceEvidence", "hostName": name, "deviceDnsName": "h1.contoso.test"}
    return {
        "id": "a-1",
        "title": text,
        "createdDateTime": "2026-01-01T00:00:00Z",
        "severity": "high",
        "status": "new",
        "tenantId": TENANT,
        "evidence": [
            {"@odata.type": f"{kind}userEvidence", "userAccount": account},
            {**device, "mdeDeviceId": "a" * 40},
            {"@odata.type": f"{kind}processEvidence", "processId": 7, "processCommandLine": f"cmd ---- {text}"},
        ],
    }


def case_of(name: str, text: str) -> gi.Case:
    """A case with that alert, its graph and a note."""
    alerts = gi.read_records("alerts", json.dumps([alert(name, text)]).encode())
    made = gi.Case("INC-3")
    made.add(alerts, gi.entity_graph(alerts=alerts))
    made.note(f"About {text}.")
    return made


def redacted(case: gi.Case) -> tuple[gi.Case, gi.Redactor]:
    """The case under pseudonyms, whatever it warns of."""
    redactor = gi.Redactor(KEY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return redactor.redact(case), redactor


def named(record: dict[str, Any]) -> list[str]:
    """What the fields of the alert's evidence call the user and the host."""
    user, host, _ = record["evidence"]
    return [user["userAccount"]["accountName"], user["userAccount"]["displayName"], host["hostName"]]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_an_odd_name_stops_no_redaction(name: str) -> None:
    """Its fields hold pseudonyms, words of Graph's stay, and the graph has as many nodes as it had."""
    case = case_of(name, "plain ---- words ....")
    made, _ = redacted(case)
    frame = made.frames["alerts"]
    record = json.loads(frame["raw"].iloc[0])
    called = named(record)
    # The built-in account `root` is everybody's; a host of that name is somebody's.
    assert name not in (called if name != "root" else called[2:])
    assert (record["severity"], record["status"], frame["record_kind"].iloc[0]) == ("high", "new", "alert")
    assert record["title"] == "plain ---- words ...." or "\u2603" in name
    assert len(made.graph) == len(case.graph)


@pytest.mark.parametrize("name", ["----", FAMILY, "\u0301" * 4, "ab", "1234", "alert", "root"], ids=ascii)
def test_a_copy_with_odd_names_replays(name: str, tmp_path: Path) -> None:
    """Who opens the saved copy rebuilds it without a difference."""
    made, _ = redacted(case_of(name, f"seen {name}"))
    assert gi.open_case(made.save(tmp_path / "shared")).replay().differences == []


@pytest.mark.parametrize("name", PICTURES, ids=ascii)
def test_pictures_are_replaced_in_texts_too(name: str) -> None:
    """Nobody writes them for anything else: they stand in no text, and in no escaped one."""
    made, redactor = redacted(case_of(name, f"seen {name} and more{name}"))
    saved = json.dumps([alert("x", made.frames["alerts"]["title"].iloc[0])], ensure_ascii=False)
    assert name not in saved
    assert json.loads(made.frames["alerts"]["raw"].iloc[0])["evidence"][2]["processCommandLine"].startswith("cmd ---- ")
    assert name not in str([note.text for note in made._contents.notes.values()])
    assert name not in redactor.redact(json.dumps(name))


@pytest.mark.parametrize("name", ["----", "ab", "1234", "\u2603", "\u0301" * 4, "a."], ids=ascii)
def test_what_stays_in_texts_is_told(name: str) -> None:
    """A text with a name that says too little stays as it is; who redacts is told of the name and in how many texts."""
    case = case_of(name, "plain words")
    redactor = gi.Redactor(KEY)
    text = f"seen {name} twice: {name}"
    with pytest.warns(UserWarning, match="left in free text") as caught:
        made = redactor.redact(case, text, "nothing of it here")
    assert made[1] == text
    assert re.search(re.escape(f"{name!r} (in ") + r"\d+ texts?\)", str(caught[0].message))
    row = redactor.review.set_index("original").loc[[name]].iloc[0]
    assert (row["how"], row["left"] >= 1) == ("word", True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        redactor.redact("nothing new")  # it is told once


def test_everyday_words_are_listed_and_not_warned_of() -> None:
    """An account called `alerts` is replaced in its field; the word stays in titles, and the review counts it."""
    redactor = gi.Redactor(KEY)
    title, frame = redactor.redact(
        "Two alerts of alerts@contoso.test", {"accountName": "alerts", "userPrincipalName": "alerts@contoso.test"}
    )
    assert re.fullmatch(r"Two alerts of user-\w{9}@domain-\w{9}\.t\w{5}\.example", title)
    assert frame["accountName"].startswith("user-")
    assert redactor.review.set_index("original").loc["alerts", ["how", "left"]].tolist() == ["word", 1]


NAMES = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(categories=["P", "S", "M", "Cf", "Zs"]), min_size=1, max_size=6),
    st.text(min_size=1, max_size=4),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(name=NAMES, before=st.sampled_from(["", "seen ", "-- ", "x"]), after=st.sampled_from(["", " twice", "!"]))
@example(name="----", before="x", after="")
@example(name="1234", before="", after="")
@example(name="\u2603\u2603", before="x", after="")
@example(name="An Li", before="more th", after="fe")
def test_no_field_of_a_redacted_case_holds_the_name(name: str, before: str, after: str) -> None:
    """Whatever somebody is called, and whatever stands beside it, the case is redacted and no such field has it."""
    case = case_of(name, f"{before}{name}{after}")
    was = named(json.loads(case.frames["alerts"]["raw"].iloc[0]))
    made, _ = redacted(case)
    record = json.loads(made.frames["alerts"]["raw"].iloc[0])
    assert record["evidence"][0]["userAccount"]["userPrincipalName"].startswith("user-")
    stays = {"", "-", "--", "n/a", "none", "null", "unknown", "root"}  # who is called by a filler is nobody
    if name.strip().lower() not in stays | {"::", "."}:
        assert not [one for one, old in zip(named(record), was, strict=True) if one.strip() == old.strip()]
        for node, attrs in made.graph.nodes(data=True):
            values = {text.partition("=")[2].rpartition("/")[2] for text in attrs.get("identifiers", ())}
            assert not isinstance(node, gi.Entity) or name.strip() not in {attrs.get("label"), *values}


def test_a_name_left_in_a_field_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no text can be searched for is searched for in the fields that hold names: one that was left is refused."""
    inner = Texts._field

    def forgetful(self: Texts, value: str, kind: str | None) -> str:
        return value if kind == "host" and value == "----" else inner(self, value, kind)

    case = case_of("----", "plain words")
    redactor = gi.Redactor(KEY)
    with monkeypatch.context() as patch:
        patch.setattr(Texts, "_field", forgetful)
        redactor.learn(case)
        made = redactor._redacted(case)
    with pytest.raises(gi.RedactionLeakError, match="in a field that holds names"):
        redactor.check(made)


def test_every_word_of_a_case_itself_is_commonplace(world: Any, tmp_path: Path) -> None:
    """Fields, kinds, relations and files of a saved case: an account called like one of them stops no redaction."""
    case = gi.Case("INC-5")
    alerts = gi.list_alerts(world.client)
    case.add(alerts, gi.list_sign_ins(world.client), gi.list_incidents(world.client))
    case.note("x", entity=next(node for node in sorted(case.graph) if node.kind == "user"))
    words: set[str] = set()

    def walk(value: Any, names: bool = False) -> None:
        if isinstance(value, dict):
            for key, one in value.items():
                kinds = (key, one) if key in ("kind", "relation", "record_kind", "action") else (key,)
                said = [text for text in kinds if isinstance(text, str) and re.fullmatch(r"[a-z_]+", text)]
                words.update(word for text in said if not names for word in text.split("_"))
                walk(one, key == "names")
        elif isinstance(value, list):
            for one in value:
                walk(one)

    for file in case.save(tmp_path / "case").rglob("*"):
        words.update(re.findall(r"[a-z]+", str(file.relative_to(tmp_path / "case"))))
        for line in file.read_text("utf-8").splitlines() if file.is_file() else ():
            if line.startswith("{"):
                walk(json.loads(line) if line.endswith("}") else {})
    assert len(words) > 100
    assert {word for word in words if len(word) > 3 and not is_commonplace(word)} <= {"usertype"}


def test_a_persons_name_stands_alone() -> None:
    """`An Li` is in no `than life`; where the name stands, whatever quotes are around it, it is replaced and found."""
    redactor = gi.Redactor(KEY)
    made, _ = redactor.redact("More than life, said An Li.", {"userDisplayName": "An Li"})
    assert re.fullmatch(r"More than life, said person-\w{9}\.", made)
    for text in ("An Li", "\u201cAn Li\u201d", "An Li\u2019s", "\u00abAN LI\u00bb", "an li,"):
        assert len(find_leaks([text.encode()], ["An Li"])) == 1, text
    assert find_leaks([b"more than life"], ["An Li"]) == []
    assert len(find_leaks(["the \u201cfinance\u201d team".encode()], ["finance"])) == 1


@pytest.mark.parametrize(
    "name", ["\u674e\u660e", "\u5c71\u7530\u592a\u90ce", "\uae40\ucca0\uc218", "\u0e2a\u0e21\u0e0a\u0e32\u0e22"]
)
def test_a_name_is_found_where_no_blank_parts_words(name: str) -> None:
    """A name of Han, Hangul or Thai letters is replaced and found amid others, which no blank parts from it."""
    text = f"\u8b66\u544a{name}\u306e\u7aef\u672b"
    made, _ = gi.redact(text, {"userDisplayName": name}, key=KEY)
    assert name not in made
    assert made.startswith("\u8b66\u544auser-")
    assert [leak.original for leak in find_leaks([text.encode(), json.dumps(text).encode()], [name])] == [name, name]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Zo\u00eb Brandt", "Zoe\u0308 Brandt"),
        ("Zoe\u0308 Brandt", "Zo\u00eb Brandt"),
        ("Kim\u200b Leeward", "Kim Leeward"),
        ("ws-fin-07", "one\\nws-fin-07"),
    ],
)
def test_a_name_is_one_however_its_letters_are_composed(name: str, written: str) -> None:
    """Accents apart or not, an invisible character more or less, a line's end written as an escape: it is replaced."""
    field = {"userDisplayName": name} if " " in name else {"deviceName": name}
    made, beside = gi.redact(f"see {written} there", field, key=KEY)
    assert written not in made
    assert made.endswith(f"{next(iter(beside.values()))} there")


def test_an_incident_of_few_digits_is_redacted_in_its_link() -> None:
    """The number of an incident below ten thousand is replaced in its field and in the portal's address."""
    made = gi.redact({"id": "2973", "incidentWebUrl": "https://security.microsoft.com/incidents/2973"}, key=KEY)
    assert made["incidentWebUrl"] == f"https://security.microsoft.com/incidents/{made['id']}"
    assert made["id"] != "2973"


JOINED = ["orla_ishikawa", "ORLA_ISHIKAWA", "orla-ishikawa", "OrlaIshikawa", "LAPTOP-orla-ishikawa", "ishikawa_orla"]
JOINED += ["IshikawaOrla", "orla_ishikawa_contoso_test", "sites/personal/orla_ishikawa_contoso_test/Documents"]


@pytest.mark.parametrize("written", JOINED)
def test_a_name_is_found_however_its_parts_are_joined(written: str) -> None:
    """Sites, folders and machines that are called after somebody join a name's parts with other signs, or none."""
    for field in ({"userPrincipalName": "orla.ishikawa@contoso.test"}, {"userDisplayName": "Orla Ishikawa"}):
        made, _ = gi.redact(f"see {written}!", field, key=KEY)
        assert "orla" not in made.lower()
        assert "ishikawa" not in made.lower()
        assert made.startswith("see ")
    kept, _ = gi.redact("the sign_in of 10", {"userDisplayName": "Sign In"}, key=KEY)
    assert kept == "the sign_in of 10"


def test_who_wrote_a_note_is_known_in_all_texts() -> None:
    """The author of one note, whom another names, has one pseudonym in both, and stops no redaction."""
    case = gi.Case("INC-3", author="orla.h")
    case.note("Mine.")
    case.author = ""
    case.note("As orla.h said.")
    made, _ = redacted(case)
    first, second = made._contents.notes.values()
    assert first.author.startswith("user-")
    assert second.text == f"As {first.author} said."


def test_no_two_files_get_one_name_and_none_keeps_a_hash() -> None:
    """Two names that become one are told apart, and a long one loses the hash that a guess could be compared with."""
    redactor = gi.Redactor(KEY)
    redactor.learn({"deviceName": "ws-fin-07"})
    long = f"{'calls-' * 9}1a2b3c4d"
    made = dict(Called(redactor._texts).names("table", ["ws-fin-07", "WS-FIN-07", long, "calls"]))
    assert len(set(made.values())) == 4
    assert not [name for name in made.values() if "fin" in name.lower() or "1a2b3c4d" in name]
    assert made["calls"] == "calls"


def test_what_was_merged_by_hand_is_redacted() -> None:
    """The identifiers that somebody took for one are their pseudonyms in the graph's own attributes."""
    alerts = gi.read_records("alerts", json.dumps([alert("orlaish", "x")]).encode())
    g = gi.entity_graph(alerts=alerts, merges=[("upn=kim.lee@contoso.test", "upn=orlaish@contoso.test")])
    made = gi.redact(g, key=KEY)
    (pair,) = made.graph["merges"]
    assert [text.partition("=")[0] for text in pair] == ["upn", "upn"]
    assert not re.search("kim|orla|contoso", str(made.graph))
