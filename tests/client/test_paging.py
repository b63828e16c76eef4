"""Lists are read to their end, next links as they came, and never in circles."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from graphinvestigate.client import connect
from graphinvestigate.errors import BadResponseError, PagingLoopError, UsageError

ALERTS = "/security/alerts_v2"
HOME = "https://graph.microsoft.com"

FOREIGN = [
    "https://evil.test/v1.0/security/alerts_v2?$skiptoken=2",
    "https://graph.microsoft.com@evil.test/v1.0/x",
    "https://user@graph.microsoft.com/v1.0/x",
    "https://user:word@graph.microsoft.com/v1.0/x",
    "https://@graph.microsoft.com/v1.0/x",
    "https://graph.microsoft.com.evil.test/v1.0/x",
    "https://graph.microsoft.com\\@evil.test/v1.0/x",
    "https://graph.microsoft.com\\.evil.test/v1.0/x",
    "https://graph.microsoft.com:444/v1.0/x",
    "http://graph.microsoft.com/v1.0/x",
    "http://graph.microsoft.com:443/v1.0/x",
    "//graph.microsoft.com/v1.0/x",
    "/v1.0/security/alerts_v2?$skiptoken=2",
    "https:graph.microsoft.com/v1.0/x",
    "https:///graph.microsoft.com/v1.0/x",
    "https://graph%2emicrosoft.com/v1.0/x",
    "https://graph.microsoft.com./v1.0/x",
    "https://graph\t.microsoft.com/v1.0/x",
    "https://graph.microsoft.com/v1.0/x\r\nHost: evil.test",
    "https://gr\u0430ph.microsoft.com/v1.0/x",  # Cyrillic a
    "https://\u0261raph.microsoft.com/v1.0/x",  # IPA g
    "https://graph\u3002microsoft.com/v1.0/x",  # ideographic full stop
    "https://[graph.microsoft.com]/v1.0/x",
    "ftp://graph.microsoft.com/v1.0/x",
    "javascript:alert(1)",
    "not a link",
]


def test_an_empty_page_is_not_the_end(graph: Any, make: Any) -> None:
    """D01: an empty page with a next link is followed; the rows after it come."""
    client, fake = graph(
        [make.page("a", next_link=make.link("2")), make.page(next_link=make.link("3")), make.page("b", "c")]
    )
    pages = list(client.pages(ALERTS, params={"$top": 2}))
    assert make.ids(pages) == ["a", "b", "c"]
    assert [len(page) for page in pages] == [1, 0, 2]
    assert client.requests_made == len(fake.seen) == 3


@pytest.mark.parametrize("link", FOREIGN, ids=[f"{n}" for n in range(len(FOREIGN))])
def test_a_foreign_next_link_gets_neither_request_nor_token(graph: Any, make: Any, link: str) -> None:
    """D04: a next link that leads elsewhere is refused before a token is asked for; the first page is kept."""
    tokens = make.Tokens()
    client, fake = graph([make.page("a", next_link=link)], credential=tokens)
    pages = client.pages(ALERTS)
    assert make.ids([next(pages)]) == ["a"]
    with pytest.raises(BadResponseError, match="next link"):
        next(pages)
    assert len(fake.seen) == 1
    assert len(tokens.asked) == 1
    # Given by hand it goes nowhere either.
    with pytest.raises((BadResponseError, UsageError)):
        client.page(link)
    assert len(fake.seen) == 1
    assert len(tokens.asked) == 1


@pytest.mark.parametrize(
    "tail",
    [
        "?$skiptoken=a%2fb%2Fc&$filter=x%20eq%20'O''Brien'&$top=50",
        "?$skiptoken=%7b%22x%22%7d+%zz",
        "?%24skiptoken=RFNwdAIAAQAAAB%3d%3d",
        "?$skip=1000&a=1&a=2&=&&b",
        "?$skiptoken=`|^{}[]\\~!*();,",
        "",
    ],
)
def test_a_next_link_is_sent_byte_for_byte(graph: Any, make: Any, tail: str) -> None:
    """D05: nothing is taken out of a next link, put into it or written another way; Prefer goes with it."""
    sent = f"/v1.0{ALERTS}/next{tail}"
    client, fake = graph([make.page("a", next_link=HOME + sent), make.page("b")])
    pages = list(client.pages(ALERTS, params={"$top": 5}, headers={"ConsistencyLevel": "eventual"}))
    assert make.ids(pages) == ["a", "b"]
    assert fake.seen[1].target == sent
    for request in fake.seen:
        assert "include-unknown-enum-members" in request.headers["prefer"]
        assert request.headers["consistencylevel"] == "eventual"


@pytest.mark.parametrize(
    "links",
    [["2", "2"], ["2", "3", "2"], ["2&x=1", "3", "2&x=1"]],
    ids=["itself", "back", "with more in it"],
)
def test_links_that_lead_back_end_in_an_error(graph: Any, make: Any, links: list[str]) -> None:
    """D02: a next link that was read already stops the pull, with at most one request per page."""
    answers = [make.page(f"row-{n}", next_link=make.link(one)) for n, one in enumerate(links)]
    client, fake = graph(answers)
    got = []
    with pytest.raises(PagingLoopError, match="leads back"):
        got.extend(client.pages(ALERTS))
    assert len(fake.seen) <= len(links)


def test_links_to_the_first_page_and_reordered_queries_are_known(graph: Any, make: Any) -> None:
    """D02: a link to the first page, or to a page with its query in another order, is no new page."""
    first = f"{HOME}/v1.0{ALERTS}?$top=5"
    client, fake = graph([make.page("a", next_link=first)])
    with pytest.raises(PagingLoopError):
        list(client.pages(ALERTS, params={"$top": 5}))
    assert len(fake.seen) == 1
    one, other = (f"{HOME}/v1.0{ALERTS}?{query}" for query in ("$top=5&$skiptoken=2", "$skiptoken=2&$top=5"))
    client, fake = graph([make.page("a", next_link=one), make.page("b", next_link=other)])
    with pytest.raises(PagingLoopError):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 2


def test_ever_new_links_with_nothing_new_end_in_an_error(graph: Any, make: Any) -> None:
    """D03: twenty empty pages in a row, or three with the same rows, are a loop however their links differ."""
    count = iter(range(10_000))
    client, fake = graph(lambda _request: make.page(next_link=make.link(f"new-{next(count)}")))
    with pytest.raises(PagingLoopError, match="20 empty pages"):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 20
    client, fake = graph(lambda _request: make.page("a", "b", next_link=make.link(f"new-{next(count)}")))
    with pytest.raises(PagingLoopError, match="same records"):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 3


def test_nineteen_empty_pages_are_no_loop(graph: Any, make: Any) -> None:
    """Empty pages are counted in a row: a row between them starts the count again."""
    answers = [make.page(next_link=make.link(str(n))) for n in range(19)]
    answers += [make.page("a", next_link=make.link("row"))]
    answers += [make.page(next_link=make.link(f"more-{n}")) for n in range(19)] + [make.page("b")]
    client, _ = graph(answers)
    assert make.ids(client.pages(ALERTS)) == ["a", "b"]


def test_a_pull_goes_on_from_a_next_link(graph: Any, make: Any) -> None:
    """After a failed page, `pages` and `page` go on from the last page's next link; it takes no other query."""
    rest = [make.page("b", next_link=make.link("3")), make.page("c")]
    client, _ = graph([make.page("a", next_link=make.link("2")), make.refusal(400), *rest, *rest])
    pages = client.pages(ALERTS)
    first = next(pages)
    with pytest.raises(Exception, match="400"):
        next(pages)
    assert make.ids(client.pages(first.next_link)) == ["b", "c"]
    assert make.ids([client.page(first.next_link)]) == ["b"]
    with pytest.raises(UsageError, match="params="):
        client.page(first.next_link, params={"$top": 5})


def test_a_query_arrives_as_it_was_meant(graph: Any, make: Any) -> None:
    """X01: whatever stands in a value stays in that value: the query decodes to exactly the parameters."""
    params = {"$filter": "a eq 'O''Brien & x=1#+%41\n\U0001f600'", "$top": 5, "$count": True}
    client, fake = graph([make.page()])
    list(client.pages(ALERTS, params=params))
    url = httpx.URL(f"https://x.test{fake.seen[0].target}")
    assert dict(url.params) == {"$filter": params["$filter"], "$top": "5", "$count": "true"}
    assert url.path == f"/v1.0{ALERTS}"


@pytest.mark.parametrize(
    "path",
    ["security/alerts_v2", "/security/../users", "/a/./b", "/a?$top=1", "/a#b", "/a b", "/a\n", "//evil.test/x",
     "", "/", "/\u0430", "ftp://x", None],
)  # fmt: skip
def test_a_path_that_is_none_is_refused(graph: Any, make: Any, path: Any) -> None:
    """X03: a path with a query, dots, blanks or an empty segment is refused before anything is asked."""
    client, fake = graph([make.page()])
    with pytest.raises(UsageError):
        client.pages(path)
    with pytest.raises(UsageError):
        client.record(path)
    assert fake.seen == []


def test_wrong_versions_values_and_headers_are_refused(graph: Any, make: Any) -> None:
    """What can't be asked is refused before anything is asked."""
    client, fake = graph([make.page()])
    wrong: list[dict[str, Any]] = [
        {"version": "v2.0"},
        {"params": {"$filter": "\ud800"}},
        {"params": {"$top": 1.5}},
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": {"host": "evil.test"}},
    ]
    for arguments in wrong:
        with pytest.raises(UsageError):
            client.pages(ALERTS, **arguments)
    assert fake.seen == []


def test_prefer_is_added_to_never_replaced(graph: Any, make: Any) -> None:
    """A caller's Prefer header stands beside the one that makes Graph show new enum values."""
    client, fake = graph([make.page()])
    list(client.pages(ALERTS, headers={"prefer": "odata.maxpagesize=5"}))
    assert fake.seen[0].headers["prefer"] == "include-unknown-enum-members, odata.maxpagesize=5"


def test_a_record_is_one_record(graph: Any, make: Any) -> None:
    """`record` gives a page with one record, exactly as it was received."""
    client, fake = graph([httpx.Response(200, content=b' {"id": "a",  "n": 1.0}\n')])
    page = client.record("/security/alerts_v2/a%2Bb")
    assert page.record(0) == b'{"id": "a",  "n": 1.0}'
    assert fake.seen[0].target == "/v1.0/security/alerts_v2/a%2Bb"


def test_a_closed_client_says_so(graph: Any, make: Any) -> None:
    """After `close`, also by leaving `with`, asking is a UsageError."""
    client, fake = graph([make.page()])
    with client:
        pass
    with pytest.raises(UsageError, match="closed"):
        list(client.pages(ALERTS))
    client.close()
    assert fake.seen == []


def test_connecting_asks_nothing(make: Any) -> None:
    """Connecting does no network I/O, whichever way to sign in was chosen."""
    for arguments in ({}, {"auth": "device_code"}, {"auth": "client_secret", "client_secret": "word"}):
        with connect(tenant_id="contoso.test", client_id="app", **arguments) as client:
            assert client.requests_made == 0
            assert repr(client) == "GraphClient(tenant_id='contoso.test', cloud='global')"
            assert client.base_url == HOME
            assert client.pulls == {}
