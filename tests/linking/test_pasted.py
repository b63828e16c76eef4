"""What a pasted text names: every kind, defanged or not, and nothing that it does not say."""

from __future__ import annotations

import ipaddress

import networkx as nx
import pytest
from hypothesis import given, strategies as st

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, entity_graph, find_entity, find_mentions
from graphinvestigate.linking.pasted import refang
from tests.linking.conftest import ALICE, LAPTOP, alert, alerts_frame, device, item, user

GUID = "48d31887-5fad-4d73-a9f5-3c356e68a038"


def readings(text: str, **options: nx.MultiDiGraph) -> set[tuple[str, str]]:
    """Kind and identifier of everything found."""
    table = find_mentions(text, **options)
    return set(table[["kind", "identifier"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail alice@Contoso.com now", {("user", "alice@contoso.com")}),
        ("bob[at]fabrikam[dot]com, o'brien@x.example.", {("user", "bob@fabrikam.com"), ("user", "o'brien@x.example")}),
        (r"as CONTOSO\alice.", {("user", r"contoso\alice")}),
        ("S-1-5-21-1-2-3-1104", {("user", "S-1-5-21-1-2-3-1104")}),
        ("S-1-5-18 did it", set()),
        ("from 203.0.113[.]9:443 and 2001:DB8::1.", {("ip", "203.0.113.9"), ("ip", "2001:db8::1")}),
        ("::ffff:203.0.113.9", {("ip", "203.0.113.9")}),
        ("0.0.0.0 is a filler, 10.0.19041.1 a version, 12:30:45 a time, 300.1.2.3 nothing", set()),
        ("hxxps://evil[.]example/a?b=1).", {("url", "https://evil.example/a?b=1"), ("domain", "evil.example")}),
        ("(see http://x.example/a_(b))", {("url", "http://x.example/a_(b)"), ("domain", "x.example")}),
        ("http[:]//198.51.100.7:8080/a", {("url", "http://198.51.100.7:8080/a"), ("ip", "198.51.100.7")}),
        (f"sha256 {'AB' * 32}", {("file", "ab" * 32)}),
        (f"md5: {'0c' * 16};", {("file", "0c" * 16)}),
        (f"{'cd' * 20}", {("file", "cd" * 20), ("host", "cd" * 20)}),
        ("host wks-b96025 or LAPTOP-7", {("host", "wks-b96025"), ("host", "laptop-7")}),
        ("a well-known so-called state-of-the-art thing", set()),
        ("srv01.corp.example", {("host", "srv01.corp.example"), ("domain", "srv01.corp.example")}),
        ("setup.exe, report.docx, e.g. this, i.e. that, 3.14", set()),
        ("da637551227677560813_-961444813", {("alert", "da637551227677560813_-961444813")}),
        (f"fa{GUID}", {("alert", f"fa{GUID}")}),
        (f"ad{'1f' * 32} ca{'1f' * 12}", {("alert", f"ad{'1f' * 32}"), ("alert", f"ca{'1f' * 12}")}),
        ("Incident 29, incident #30, incident-id: 31, INC-4711", {("incident", i) for i in ("29", "30", "31", "4711")}),
        ("Contoso Inc 2024 had 3 incidents.", set()),
        ("https://security.microsoft.com/incidents/31?tid=x", {("incident", "31")}),
        ("https://security.microsoft.com/alerts/da1_-2?tid=x", {("alert", "da1_-2")}),
    ],
)
def test_a_text_names_exactly_this(text: str, found: set[tuple[str, str]]) -> None:
    """Each kind is read in one spelling, defanged or not; versions, times, file names and plain words are nobody."""
    assert readings(text) == found


def test_an_id_alone_could_be_several_and_says_so() -> None:
    """A bare GUID is a user, a device, an app …: each is possible, none sure."""
    table = find_mentions(f"id {GUID}")
    assert set(table["kind"]) == {"user", "host", "app", "service_principal", "mail_message", "sign_in"}
    assert set(table["certainty"]) == {"possible"}
    assert set(table["text"]) == {GUID}


def test_what_the_graph_knows_is_sure() -> None:
    """With a graph the reading that it knows stands alone, with the node's key; the rest stays possible."""
    odd = item("ipEvidence", ipAddress="10.0.0.9")
    g = entity_graph(alerts=alerts_frame(alert("da637551227677560813_-961444813", user(), device(), odd)))
    alert_id = "da637551227677560813_-961444813"
    text = f"{ALICE} used {LAPTOP} (LAPTOP-7), 10.0.0.9, CONTOSO\\alice; see {alert_id}; other {GUID[:-1]}9"
    table = find_mentions(text, g=g)
    known = table[table["certainty"] == "sure"].set_index("text")
    assert known.loc[ALICE, ["kind", "key"]].tolist() == ["user", ALICE]
    assert known.loc[LAPTOP, ["kind", "key"]].tolist() == ["host", LAPTOP]
    assert known.loc["LAPTOP-7", ["kind", "key"]].tolist() == ["host", LAPTOP]
    assert known.loc["CONTOSO\\alice", "key"] == ALICE
    assert known.loc["da637551227677560813_-961444813", ["kind", "label"]].tolist() == [
        "alert",
        "Suspicious LSASS access",
    ]
    assert find_entity(g, Entity("ip", known.loc["10.0.0.9", "key"])) in g
    other = table[table["text"] == f"{GUID[:-1]}9"]
    assert set(other["certainty"]) == {"possible"}
    assert other["key"].isna().all()


def test_places_are_those_in_the_text_in_its_order() -> None:
    """`start` and `end` cut out what was written, from the first to the last."""
    text = "From 203.0.113[.]9 to alice@contoso.com via https://x.example/a, then 203.0.113.9."
    table = find_mentions(text)
    assert [text[row.start : row.end] for row in table.itertuples()] == list(table["text"])
    assert table["start"].is_monotonic_increasing
    assert list(table["identifier"]).count("203.0.113.9") == 2


@given(st.ip_addresses(), st.sampled_from([".", "[.]", "(.)", "[dot]"]))
def test_every_address_is_found_however_it_was_defanged(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, dot: str
) -> None:
    """Any address stands for itself in a sentence, unless it is a filler."""
    written = str(address).replace(".", dot)
    found = {identifier for kind, identifier in readings(f"seen at {written}, twice") if kind == "ip"}
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert found == (set() if mapped.is_unspecified else {str(mapped)})


@given(st.text(max_size=300) | st.text(alphabet="aA0.:@[]()\\-/x ht p%", max_size=300))
def test_any_text_can_be_pasted(text: str) -> None:
    """Whatever is pasted, nothing is raised, and every place is a part of the text."""
    for row in find_mentions(text).itertuples():
        assert text[row.start : row.end] == row.text != ""
        assert row.identifier


def test_what_is_no_text_is_told() -> None:
    """Something else than text, or far too much of it, is an error that says so."""
    with pytest.raises(UsageError, match="takes text"):
        find_mentions(b"x")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="paste a part"):
        find_mentions("x" * 2_000_001)
    assert list(find_mentions("").columns) == list(find_mentions("a@b.example").columns)


def test_refanging_leaves_plain_text_alone() -> None:
    """Only the defanging is undone."""
    assert refang("hxxps[:]//a[.]b(.)c/[x]") == "https://a.b.c/[x]"
    assert refang("http://a.b/c") == "http://a.b/c"


def test_the_demo_tenants_alert_ids_are_recognised(world) -> None:
    """Alert ids of every product of the demo tenant are read as alerts, and found in its graph."""
    alerts = gi.list_alerts(world.client)
    g = gi.entity_graph(alerts=alerts)
    text = "\n".join(f"please look at {name} today" for name in alerts["id"])
    table = find_mentions(text, g=g)
    assert set(table.loc[table["kind"] == "alert", "key"]) == set(alerts["id"])
