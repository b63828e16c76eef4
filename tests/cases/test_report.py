"""The report: one file, no network, nothing hostile alive in it."""

from __future__ import annotations

import dataclasses
import os
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.cases import telling
from graphinvestigate.cases.case import Case
from graphinvestigate.cases.markdown import markdown
from graphinvestigate.cases.report import report_html, sections
from graphinvestigate.linking.identifiers import is_private_ip
from graphinvestigate.walkthrough import investigate


class Seen(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def case(world, found) -> Case:
    """A case of the default tenant's investigation, with what an analyst writes."""
    case = Case("INC-1", author="an analyst")
    case.add(found, world.client)
    case.finding("<b>The session</b> was replayed", edge=(found.user, found.address))
    case.note("Asked her manager: she was on leave.", entity=found.user)
    case.not_checked("mailbox rules: no permission")
    case.conclude("malicious", "A replayed session, then credential theft.")
    return case


@pytest.fixture(scope="module")
def report(case, tmp_path_factory) -> Path:
    """Its report."""
    return case.report(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def seen(report) -> Seen:
    """The report as a browser would read it."""
    parser = Seen()
    parser.feed(report.read_text(encoding="utf-8"))
    return parser


def test_the_report_loads_nothing(seen) -> None:
    """No tag of the report names anything outside of it."""
    assert {"h1", "table", "script", "a"} <= {tag for tag, _ in seen.tags}
    for tag, attrs in seen.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert (attrs.get(name) or "#").startswith(("#", "data:")), (tag, attrs)


def test_the_report_answers_the_four_questions(seen, found, case) -> None:
    """Each question has its answer, with the rows behind it, and what it rests on; the answers are the story's."""
    text = " ".join("\n".join(seen.text).split()).replace("[.]", ".")  # the story has addresses as they are
    assert len(found.story.answers) == 4
    for question in found.story.answers:
        assert question in text
    assert " ".join(found.story.answers["How did it start?"].split()) in text
    for row in found.story.touched[found.story.touched["part"].eq("victim")].itertuples():
        assert row.why in text
        assert row.label in text
        assert row.record_id in text
    assert set(found.story.missed["gap"]) <= {gap for gap in found.story.missed["gap"] if gap in text}
    replay = found.story.missed.query("gap == 'session used elsewhere'").iloc[0]
    assert " ".join(replay["why"].split()) in text
    assert f"These answers rest on {len(case.frames['alerts']):,} alerts" in text
    assert "What these records do not show is unknown, not absent." in text


def test_answers_say_what_they_do_without(found, tmp_path) -> None:
    """A case that holds alerts alone says that sign-ins and risk are missing, and claims nothing of them."""
    case = Case("INC-2")
    case.add(found.frames["alerts"], found.frames["incidents"], found.graph)
    case.focus(found.incident)
    text = case.report(tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Without risk detections and sign-ins, which the case does not hold, much cannot be told." in text
    assert "Sign-ins (never asked for in this case)" in text or "sign-ins (never asked for in this case)" in text


def test_a_case_about_no_incident_speaks_of_its_own_alerts() -> None:
    """Where no incident is meant, the span of time is the case's, and no incident's."""
    quiet = gi.connect_demo(seed=14, alerts=30)
    case = Case("INC-3")
    case.add(gi.list_alerts(quiet), gi.list_incidents(quiet))
    summary = case.markdown().partition("## ")[2].partition("## ")[0]
    assert "incidents here looks like an intrusion" in summary
    assert "The case's 30 alerts span" in summary
    assert "Its " not in summary


def test_risk_that_was_not_asked_for_is_not_known(found) -> None:
    """Without risk detections and risky users nothing is said of a user's risk; with an empty answer, that none is."""
    alerts, incidents = found.frames["alerts"], found.frames["incidents"]
    case = Case("INC-2")
    case.add(alerts, incidents)
    case.focus(found.incident)
    assert "risk is not known: the case holds no risk detections" in case.markdown()
    case.add(gi.read_records("risk_detections", []), gi.read_records("risky_users", []))
    assert "Entra reports no risk for that user in these records." in case.markdown()


def test_a_case_about_no_incident_answers_nothing(tmp_path) -> None:
    """Without an incident there is no such section, and nothing is invented to fill it."""
    text = Case("EMPTY").report(tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Four questions" not in text
    assert "How did it start?" not in text


def test_the_report_holds_graph_timeline_and_tables(seen, found) -> None:
    """Two figures that stay interactive, and every alert, incident and request in tables."""
    figures = [attrs for tag, attrs in seen.tags if tag == "div" and attrs.get("class") == "gi-figure"]
    assert len(figures) == 2
    text = "\n".join(seen.text)
    assert text.count(found.incident.id) >= 2
    for title in found.frames["alerts"]["title"].dropna().head(20):
        assert title.strip()[:12].split("\\")[0] in text


def test_the_report_has_everything_a_reader_needs(seen, case, found) -> None:
    """Verdict, findings, how it unfolded, path, entities, indicators, what was not checked, requests and hashes."""
    text = "\n".join(seen.text)
    for words in (
        *("Verdict: malicious by an analyst", "<b>The session</b> was replayed", "How it unfolded", "From the user"),
        *(
            "Entity graph",
            "Who and what matters",
            "Indicators",
            "The case holds no change to the tenant",
            "she was on leave",
        ),
        *("mailbox rules: no permission", "not checked", "Appendix: requests", "SHA-256"),
    ):
        assert words in text, words
    for sentence in found.paths[0].sentences:
        assert sentence in text
    for pull_id in case.coverage["pull_id"].dropna():
        assert pull_id in text


def test_what_was_written_to_the_tenant_is_told(tmp_path) -> None:
    """Each change that was sent stands in the report and in the ticket, with its record; a dry run is none."""
    client = gi.connect_demo(seed=2, alerts=30)
    alerts = gi.list_alerts(client)
    staged = gi.actions.stage(client, alerts.head(1), status="inProgress", comment="looking at it")
    case = Case("INC-5")
    case.add(alerts, staged.apply())
    assert "The case holds no change to the tenant" in case.report(tmp_path / "dry.html").read_text(encoding="utf-8")
    case.add(staged.apply(dry_run=False))
    text = case.report(tmp_path / "written.html").read_text(encoding="utf-8")
    assert "The case holds no change to the tenant" not in text
    ticket = case.markdown()
    for told in (
        text[text.index("Actions taken in the tenant</h2>") :],
        ticket[ticket.index("Written to the tenant") :],
    ):
        assert told.count("wrote to the tenant") >= 2
        assert alerts["id"].iloc[0] in told[:4000].replace("\\", "")
        assert "inProgress" in told[:4000]


def test_every_request_is_in_the_appendix(case) -> None:
    """However many there were: who asks months later what was asked finds each, with its address as text."""
    dossier = case._dossier()
    many = pd.concat([dossier.coverage.head(1)] * 700, ignore_index=True)
    many["pull_id"] = [f"pull-{number:04}-of-many" for number in range(700)]
    asked = dataclasses.replace(dossier, coverage=many)
    html = report_html(asked, sections(asked))
    assert [pull_id for pull_id in many["pull_id"] if pull_id not in html] == []


def test_what_is_left_out_of_a_list_is_said(case) -> None:
    """The last two hundred steps and the first fifty entities are listed, and how many there are beyond."""
    dossier = case._dossier()
    step = {"action": "note", "at": "2026-02-03T10:00:00Z", "id": "x", "text": "rang back"}
    all_of_them = sum(isinstance(node, gi.Entity) for node in dossier.graph)
    assert all_of_them > len(dossier.entities) == 50
    many = dataclasses.replace(dossier, actions=[*dossier.actions, *([step] * 300)])
    done = len(telling.steps(many))
    html = report_html(many, sections(many))
    assert f"{done - 200:,} earlier steps are not listed here" in html
    assert f"The first 50 of {all_of_them:,} entities" in html
    assert "40 of 50 rows not shown; the case has them" in markdown(dossier)


def test_indicators_are_defanged_and_say_what_is_shared(seen, case, found) -> None:
    """No address or domain of the attack stands in the list of indicators as something that can be clicked."""
    table = case._dossier().indicators
    assert len(table) > 5
    for row in table[table["type"].isin(["IP address", "domain", "URL"])].itertuples():
        assert "://" not in row.indicator.replace("[://]", "")
        assert not any("." in part.replace("[.]", "") for part in [row.indicator.split("/")[0]])
        assert row.indicator in "\n".join(seen.text)
    private = {n.key for n in found.graph if n.kind == "ip" and is_private_ip(n.key.rpartition("/")[2])}
    assert private
    assert not {key.rpartition("/")[2].replace(".", "[.]") for key in private} & set(table["indicator"])
    assert found.address.key.replace(".", "[.]") in set(table["indicator"])
    theirs = found.story.touched[found.story.touched["part"].eq("attacker")]
    listed = dict(zip(table["indicator"].str.replace("[.]", ".").str.replace("[@]", "@"), table["why"], strict=True))
    for row in theirs[theirs["kind"].isin(["ip", "mailbox", "app"])].itertuples():
        assert listed[row.key] == row.why
    replay = found.story.missed.query("gap == 'session used elsewhere'").iloc[0]["why"]
    unnamed = [row.key for row in theirs.itertuples() if row.why == "the session was used there"]
    assert unnamed, "the address that no alert names"
    assert all(address in replay for address in unnamed)
    assert not table.loc[table["indicator"].isin([one.replace(".", "[.]") for one in unnamed]), "alerts"].any()
    mails = set(table.loc[table["type"].eq("mail address"), "indicator"])
    assert mails
    assert not {found.graph.nodes[found.user]["label"].replace(".", "[.]").replace("@", "[@]")} & mails
    hubs = {row.key for row in gi.find_hubs(found.graph).itertuples() if row.kind == "ip"}
    shared = table[table["indicator"].str.replace("[.]", ".").isin(hubs)]
    assert len(shared)
    assert shared["shared"].str.len().gt(10).all()


def sections_of(html: str) -> dict[str, str]:
    """The sections of a report with the data of their figures, as read: entities and JSON's escapes undone."""
    found = {}
    for part in html.split('<section id="')[1:]:
        body = re.sub(r"\\u([0-9a-f]{4})", lambda one: chr(int(one[1], 16)), unescape(part))
        found[unescape(re.search(r"<h2>(.*?)</h2>", part)[1])] = body
    return found


def standing(value: str, text: str) -> bool:
    """Whether an address stands in a text as it is, and not broken."""
    return re.search(rf"(?i)(?<![\w.]){re.escape(value)}(?![\w])", text) is not None


def test_nothing_told_can_be_clicked(case, found, tmp_path) -> None:
    """Outside of the appendix no URL, address or domain of the graph stands as it is: not in a figure either."""
    marked = Case("http://marked.example/INC-1")
    marked.add(found)
    marked.finding(f"From {found.address.key}, see https://evil.example/a?b=http://other.example and www.evil.example.")
    html, ticket = marked.report(tmp_path / "r.html").read_text("utf-8"), marked.markdown()
    told = {name: text for name, text in sections_of(html).items() if not name.startswith("Appendix: ")}
    assert {"Summary", "Findings", "Four questions", "How it unfolded", "Entity graph", "Indicators"} <= set(told)
    table = case._dossier().indicators
    plain = table[table["type"].isin(["IP address", "domain"])]["indicator"].str.replace("[.]", ".")
    assert len(plain) > 5
    answers = " ".join([*found.story.answers.values(), *found.paths[0].sentences])
    assert any(standing(one, answers) for one in plain)  # as the story has them
    for name, text in (*told.items(), ("the ticket", re.sub(r"\\(.)", r"\1", ticket))):
        assert [one for one in plain if standing(one, text)] == [], name
        assert not re.search(r"\w://|(?<!\[)www\.", text), name
    mails = {one.lower() for text in told.values() for one in re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text)}
    accounts = {name.rpartition("@")[2] for n, attrs in found.graph.nodes(data=True) if n.kind == "user"
                for name in attrs["identifiers"] if name.startswith("upn=")}  # fmt: skip
    assert mails
    assert mails <= accounts  # a sender's address is broken, a user's name is readable
    assert "[@]" in told["Four questions"]
    assert "hxxps[://]evil[.]example/a?b=hxxp[://]other[.]example and www[.]evil[.]example" in told["Findings"]
    assert any(one.replace(".", "[.]") in told["Four questions"] for one in plain)
    assert any(one.replace(".", "[.]") in told["Entity graph"] for one in plain)
    appendix = "".join(text for name, text in sections_of(html).items() if name.startswith("Appendix: "))
    assert standing(found.address.key, appendix)  # to be copied and searched for
    assert "://" not in re.search(r"<h1>.*?</h1>", html)[0].replace("[://]", "")


def test_the_tenant_has_a_name_and_its_id_stands_small(report, found) -> None:
    """The heading names the domain of the tenant's users, not a GUID; that stands in the line below."""
    heading, small = re.search(r'<h1>(.*?)</h1><p class="gi-made">(.*?)</p>', report.read_text("utf-8")).groups()
    domain = found.graph.nodes[found.user]["label"].rpartition("@")[2]
    assert heading == f"INC-1 · {domain}"
    (tenant,) = set(found.frames["alerts"]["tenant_id"].dropna())
    assert small.endswith(f"· tenant {tenant}")
    assert f"@{domain}" in "".join(sections_of(report.read_text("utf-8"))["Summary"])  # and users' names are readable


def test_hostile_text_of_the_tenant_is_only_text(world, seen) -> None:
    """The tenant's markup (img, script, links) makes no tag, no handler and no control character in the report."""
    alert_id = world.tenant.truth.hostile_alert_id
    hostile = next(a for a in world.tenant.collections["security/alerts_v2"] if a["id"] == alert_id)
    assert any(mark in str(hostile) for mark in ("<img", "<script", "<a ", "\u202e"))
    allowed = {
        *("html", "head", "meta", "title", "style", "script", "body", "header", "h1", "h2", "p", "nav", "ol", "li"),
        *("a", "main", "section", "figure", "div", "noscript", "details", "summary", "table", "caption", "thead"),
        *("tbody", "tfoot", "tr", "th", "td", "span", "ul"),
    }
    assert {tag for tag, _ in seen.tags} <= allowed
    assert not [attrs for _, attrs in seen.tags if any(name.startswith("on") for name in attrs)]
    assert "\u202e" not in "".join(seen.text)
    assert "\x1b" not in "".join(seen.text)


def test_a_quiet_tenant_has_a_report_too(make_world, tmp_path) -> None:
    """Without an incident that matters, the report says so and still shows the queue."""
    case = Case("quiet")
    case.add(investigate(make_world(seed=90_211, alerts=60, attack=False).client))
    text = case.report(tmp_path / "quiet.html").read_text(encoding="utf-8")
    assert "looks like an intrusion by its records" in text
    assert "No verdict has been given yet" in text
    assert "Alerts" in text


def test_a_case_can_be_about_an_incident_that_looks_harmless(world, tmp_path) -> None:
    """Whichever incident the analyst chose, the report tells how that one unfolded, and whether it looks grave."""
    alerts = gi.list_alerts(world.client, since="30d")
    incidents = gi.list_incidents(world.client, since="30d")
    case = Case("INC-2")
    case.add(alerts, incidents)
    counts = alerts["incident_id"].value_counts()
    harmless = next(i for i in counts.index if counts[i] == 1)
    case.focus(harmless)
    text = case.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"Incident {harmless} does not look like an intrusion" in text
    assert "Its 1 alert spans" in text
    with pytest.raises(gi.UsageError, match="no incident"):
        case.focus("nothing")


@pytest.mark.skipif(os.name == "nt", reason="folders without write permission work differently on Windows")
def test_a_report_is_written_whole_or_not_at_all(case, tmp_path, monkeypatch) -> None:
    """When the disk fails half-way, the older report stays and no half file does."""
    target = tmp_path / "report.html"
    target.write_text("older", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(gi.NotSavedError, match="No space left"):
        case.report(target)
    assert target.read_text(encoding="utf-8") == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
