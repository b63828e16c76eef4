"""D01 to D15: lists to their end, and nothing missing without a word."""

from __future__ import annotations

import json

import httpx

import graphinvestigate as gi
from fault_matrix.fakes import ALERTS, HOME, Demo, FakeGraph, Tokens, connected, ids, link, page, refusal
from fault_matrix.mistakes import (
    Around,
    EmptyPageEnds,
    NoLoopCheck,
    ParamsOnNextLink,
    StopsQuietly,
    around,
)
from fault_matrix.row import ended, raised, row, same, worked
from graphinvestigate.demo.faults import Fault, empty_page, error
from graphinvestigate.envelope import read_page
from graphinvestigate.errors import (
    BadResponseError,
    GraphError,
    LicenceMissingError,
    PagingLoopError,
    PartialResultError,
    PermissionMissingError,
)

FOREIGN = (
    "https://evil.test/v1.0/security/alerts_v2?$skiptoken=2",
    "https://graph.microsoft.com@evil.test/v1.0/x",
    "https://user@graph.microsoft.com/v1.0/x",
    "https://@graph.microsoft.com/v1.0/x",
    "https://graph.microsoft.com.evil.test/v1.0/x",
    "https://graph.microsoft.com\\@evil.test/v1.0/x",
    "https://graph.microsoft.com\\.evil.test/v1.0/x",
    "https://graph.microsoft.com:444/v1.0/x",
    "http://graph.microsoft.com/v1.0/x",
    "//graph.microsoft.com/v1.0/x",
    "https://graph%2emicrosoft.com/v1.0/x",
    "https://graph.microsoft.com./v1.0/x",
    "https://graph\t.microsoft.com/v1.0/x",
    "https://gr\u0430ph.microsoft.com/v1.0/x",  # Cyrillic a
    "https://\u0261raph.microsoft.com/v1.0/x",  # IPA g
    "https://graph\u3002microsoft.com/v1.0/x",  # ideographic full stop
)


@row("D01", real=connected, broken=around(EmptyPageEnds))
def an_empty_page_is_not_the_end(subject):
    """An empty page with a next link is followed; the rows after it come."""
    demo = Demo(subject, Fault(ALERTS, empty_page(), on={2, 3}))
    same(ids(demo.client, params={"$top": 20}), demo.ids())
    assert len(demo.statuses) == 5


@row("D02", real=connected, broken=around(NoLoopCheck))
def links_in_a_circle_end_in_an_error(subject):
    """A next link to a page that was read already, however its query is ordered, ends the pull with an error."""
    turned = [f"{HOME}/v1.0{ALERTS}?{query}" for query in ("$top=5&$skiptoken=2", "$skiptoken=2&$top=5")]
    for links in ([link("2")] * 2, [link("2"), link("3"), link("2")], [*turned, *turned]):
        fake = FakeGraph([page(f"row-{n}", next_link=one) for n, one in enumerate(links)], enough=20)
        client = subject(fake)
        got = []
        raised(PagingLoopError, lambda c=client, g=got: g.extend(c.pages(ALERTS)))
        assert len(fake.seen) <= len(links)
        assert len(got) == len(fake.seen)


@row("D03", real=connected, broken=around(NoLoopCheck))
def ever_new_links_end_in_an_error(subject):
    """Links that are ever new but bring nothing new are a circle too: twenty empty pages, or the same rows thrice."""
    count = iter(range(10_000))
    for rows, most in (((), 20), (("a", "b"), 3)):
        fake = FakeGraph(lambda _, r=rows: page(*r, next_link=link(f"new-{next(count)}")), enough=50)
        client = subject(fake)
        raised(PagingLoopError, lambda c=client: list(c.pages(ALERTS)))
        assert len(fake.seen) == most


class TokenAnywhere(Around):
    """Sends a request, and the token with it, wherever a next link leads."""

    def __init__(self, client, transport, tokens):
        super().__init__(client)
        self.http = httpx.Client(transport=transport)
        self.tokens = tokens

    def pages(self, path, **arguments):
        one = self.client.page(path, **arguments)
        yield one
        bearer = {"Authorization": f"Bearer {self.tokens.get_token('graph').token}"}
        self.http.get(one.next_link.replace("\t", "").replace("//graph.microsoft.com/v1.0/x", ""), headers=bearer)


@row("D04", real=connected, broken=lambda to, tokens: TokenAnywhere(connected(to, tokens), to, tokens))
def a_foreign_next_link_gets_nothing(subject):
    """A next link that leads anywhere but to Graph is refused before a token is asked for; what came is kept."""
    for foreign in FOREIGN:
        tokens = Tokens()
        fake = FakeGraph([page("a", next_link=foreign)])
        pages = subject(fake, tokens).pages(ALERTS)
        assert len(next(pages)) == 1
        error, _ = ended(lambda p=pages: next(p))
        assert len(fake.seen) == 1, fake.seen[-1]
        assert len(tokens.asked) == 1
        assert isinstance(error, BadResponseError), error
        assert "next link" in str(error)


@row("D05", real=connected, broken=around(ParamsOnNextLink))
def a_next_link_is_sent_byte_for_byte(subject):
    """A next link is sent as it came, without the parameters of the first page, and with its headers again."""
    for tail in ("?$skiptoken=a%2fb%2Fc&$filter=x%20eq%20'O''Brien'", "?$skiptoken=%7b%22x%22%7d+%zz", "?a=1&a=2&&b"):
        sent = f"/v1.0{ALERTS}/next{tail}"
        fake = FakeGraph([page("a", next_link=HOME + sent), page("b")])
        headers = {"ConsistencyLevel": "eventual"}
        same(ids(subject(fake), params={"$top": 5}, headers=headers), ["a", "b"])
        assert fake.seen[1].target == sent
        for seen in fake.seen:
            assert "include-unknown-enum-members" in seen.headers["prefer"]
            assert seen.headers["consistencylevel"] == "eventual"


def naive_list(client, **arguments):
    """Rows in a frame, with no look at ids, counts and windows."""
    import pandas as pd

    found = [json.loads(one.record(n)) for one in client.pages(ALERTS, params={"$top": 20}) for n in range(len(one))]
    return pd.DataFrame(
        {"id": [one["id"] for one in found], "status": [one.get("status") for one in found], "pull_id": "none"}
    )


@row("D08", real=gi.list_alerts, broken=naive_list)
def a_row_that_comes_twice_is_one(subject):
    """A record that stands on two pages is one row: the one changed last; the coverage counts the repetition."""
    old = {"id": "a", "status": "new", "lastUpdateDateTime": "2026-03-01T00:00:00Z"}
    new = {"id": "a", "status": "resolved", "lastUpdateDateTime": "2026-03-01T00:00:00.5Z"}
    for first, second in ((old, new), (new, old)):
        client = connected(FakeGraph([page(first, "b", next_link=link("2")), page(second, "c")]))
        frame = subject(client)
        assert sorted(frame["id"]) == ["a", "b", "c"]
        same(frame.loc[frame["id"] == "a", "status"], ["resolved"])
        assert gi.coverage(frame)["note"].str.contains("1 repeated").all()


@row("D09", real=gi.list_alerts, broken=naive_list)
def rows_that_move_while_paging_are_not_lost_quietly(subject):
    """Rows that come, change or go while pages are read: what stays comes exactly once, or the pull says it did not."""
    start = [{"id": f"row-{n}", "lastUpdateDateTime": "2026-03-01T00:00:00Z"} for n in range(30)]

    def serve(change):
        held = [dict(one) for one in start]

        def answer(request):
            skip = int(request.url.params.get("$skip", "0"))
            if skip == 10:
                change(held)
            more = f"{HOME}/v1.0{ALERTS}?$skip={skip + 10}" if skip + 10 < len(held) else None
            return page(*held[skip : skip + 10], next_link=more, count=len(held) if skip == 0 else None)

        return FakeGraph(answer)

    def touch(held):
        held[15]["status"] = "resolved"
        held.insert(0, held.pop(15))

    changes = (lambda held: held.insert(0, {"id": "new"}), touch, lambda held: held.pop(0))
    for change in changes:
        fake = serve(change)
        stopped, frame = ended(lambda f=fake: subject(connected(f)))
        if isinstance(stopped, PartialResultError):
            assert "row" in stopped.missing
            continue
        assert stopped is None, stopped
        same(sorted(one for one in frame["id"] if one != "new"), sorted(one["id"] for one in start))
        assert "createdDateTime" in fake.seen[0].url.params.get("$filter", ""), "the window was left open"


@row("D10", real=gi.list_alerts, broken=naive_list)
def fewer_rows_than_counted_is_an_error(subject):
    """Graph counts five and sends three: an error with the rows that came and both figures in the coverage."""
    client = connected(FakeGraph([page("a", "b", next_link=link("2"), count=5), page("c")]))
    short = raised(PartialResultError, lambda: subject(client), "2 of the 5")
    same(short.frame["id"], ["a", "b", "c"])
    said = gi.coverage(short.frame).iloc[0]
    assert (said["count_expected"], said["rows_received"], bool(said["complete"])) == (5, 3, False)


@row(
    "D11", real=lambda body: read_page(body, source="test").count, broken=lambda body: json.loads(body)["@odata.count"]
)
def a_count_of_any_shape_is_no_crash(subject):
    """The count may be a number, digits in a string, absent or nonsense: it is read or it is unknown."""
    for written, read in (("3", 3), ('"3"', 3), ("null", None), ('"many"', None), ("-1", None)):
        same([worked(lambda w=written: subject(b'{"value":[],"@odata.count":%s}' % w.encode()))], [read])
    assert worked(lambda: subject(b'{"value":[]}')) is None


@row("D12", real=connected, broken=around(StopsQuietly))
def good_pages_survive_a_bad_one(subject):
    """A page that fails for good leaves the rows before it in the error, which says what is missing and resumes."""
    demo = Demo(subject, Fault(ALERTS, error(500), on=set(range(3, 9))))
    stopped = raised(PartialResultError, lambda: gi.list_alerts(demo.client, page_size=20))
    same(stopped.frame["id"], demo.ids()[:40])
    assert "page 2" in stopped.missing
    assert not gi.coverage(stopped.frame)["complete"].any()
    same(stopped.resume()["id"], demo.ids())
    demo = Demo(subject, Fault(ALERTS, error(500), on=set(range(3, 9))))
    kept = gi.list_alerts(demo.client, page_size=20, on_partial="return")
    same(kept["id"], demo.ids()[:40])
    assert "page 2" in gi.coverage(kept)["note"].item()


class OneForbidden(Around):
    """Every 403 in the same words."""

    def pages(self, path, **arguments):
        try:
            yield from self.client.pages(path, **arguments)
        except GraphError as forbidden:
            raise PermissionMissingError("403 Forbidden", status=403) from forbidden


@row("D15", real=connected, broken=around(OneForbidden))
def four_kinds_of_forbidden(subject):
    """No permission, no licence, a policy and no reason are told apart, and the least permission is named."""
    cases = (
        ("Forbidden", "Missing application roles. API required roles: X", PermissionMissingError, "SecurityAlert"),
        ("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither", LicenceMissingError, "not absent"),
        ("AccessDenied", "Blocked by Conditional Access policy", PermissionMissingError, "policy"),
        ("", "", PermissionMissingError, "no reason"),
    )
    said = set()
    for code, message, kind, words in cases:
        client = subject(FakeGraph([refusal(403, code, message)]))
        arguments = {"permission": "SecurityAlert.Read.All"}
        said.add(str(raised(kind, lambda c=client, a=arguments: list(c.pages(ALERTS, **a)), words)))
    assert len(said) == 4
