"""T13 to T31: connections that break, bodies that are damaged, answers that are not Graph's."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import httpx
import pandas as pd

from fault_matrix.fakes import ALERTS, FakeGraph, connected, ids, link, page
from fault_matrix.mistakes import (
    AnyEncoding,
    AnyType,
    DecodesErrors,
    FollowsRedirects,
    GivesUp,
    Inflated,
    Lenient,
    Mended,
    NoTimeouts,
    Stubborn,
    through,
)
from fault_matrix.row import raised, row, same, worked
from fault_matrix.wire import GOOD, ToLoopback, answer, closed_port, read_head, reset, wired
from graphinvestigate.client.bounded import Bounded
from graphinvestigate.envelope import read_page
from graphinvestigate.errors import BadResponseError, NetworkError, ProxyInterceptError, ServiceError
from graphinvestigate.frames import RESOURCES, records_frame

PACKED = gzip.compress(GOOD)


@row("T13", real=connected, broken=through(GivesUp))
def a_dead_server_is_tried_six_times(subject):
    """A server that does not answer is tried six times; the error names host and proxy to check, not the query."""
    to = ToLoopback(closed_port())
    client = subject(to)
    dead = raised(NetworkError, lambda: list(client.pages(ALERTS, params={"$filter": "a eq 'alice'"})), "proxy")
    assert dead.attempts == 6
    assert len(to.sleeps) == 5
    assert "graph.microsoft.com after 6 attempts" in str(dead)
    assert "alice" not in str(dead)


@row("T14", real=connected, broken=through(GivesUp))
def a_reset_page_is_read_again_whole(subject):
    """A connection that is reset in the middle of a body: the page is asked for again, its first part thrown away."""
    client, server = wired(subject, reset, answer(GOOD))
    same(ids(client), ["a", "b"])
    assert len(server.asked) == 2


@row("T15", real=connected, broken=through(GivesUp))
def a_short_body_is_read_again(subject):
    """A body shorter than its stated length, or cut between chunks, is asked for again."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n10\r\nabc"
    for broken in (answer(GOOD[:-5], length=len(GOOD)), chunked, b""):
        client, server = wired(subject, broken, answer(GOOD))
        same(ids(client), ["a", "b"])
        assert len(server.asked) == 2


@row("T16", real=connected, broken=through(Mended))
def half_a_json_is_no_answer(subject):
    """A body without a length that stops inside its JSON is asked for again; one that stays so is an error."""
    client, server = wired(subject, answer(GOOD[:-5], length=-1), answer(GOOD))
    same(ids(client), ["a", "b"])
    assert len(server.asked) == 2
    client, server = wired(subject, answer(GOOD[:-5], length=-1))
    raised(BadResponseError, lambda: list(client.pages(ALERTS)))
    assert len(server.asked) == 3


@row("T17", real=connected, broken=through(Lenient))
def no_records_are_no_empty_list(subject):
    """JSON without a list of records is an error at once, never an empty list."""
    for body in (b"{}", b"null", b"[]", b'{"value":null}', b'{"value":{}}', b'{"value":"x"}', b'{"value":[1]}'):
        fake = FakeGraph([httpx.Response(200, content=body)])
        client = subject(fake)
        raised(BadResponseError, lambda c=client: list(c.pages(ALERTS)))
        assert len(fake.seen) == 1


@row("T18", real=connected, broken=through(Inflated))
def half_a_gzip_is_no_answer(subject):
    """A compressed body that ends too early, though as long as stated, is asked for again; if it stays, an error."""
    cut = answer(PACKED[:-12], b"Content-Encoding: gzip")
    client, server = wired(subject, cut, answer(GOOD))
    same(ids(client), ["a", "b"])
    assert len(server.asked) == 2
    client, server = wired(subject, cut)
    raised(NetworkError, lambda: list(client.pages(ALERTS)), "3 attempts")


class Unbounded(httpx.BaseTransport):
    """Reads and unpacks an answer whole, however large and however slow, and looks at its size afterwards."""

    def __init__(self, inner, *, max_body=0, **_rest):
        self.inner = inner
        self.max_body = max_body

    def handle_request(self, request):
        answer = self.inner.handle_request(request)
        answer.read()
        if self.max_body and len(answer.content) > self.max_body:
            raise BadResponseError("larger than 4 MiB")
        return answer


class Pieces(httpx.SyncByteStream):
    """A body in pieces."""

    def __init__(self, pieces):
        self.pieces = pieces

    def __iter__(self):
        yield from self.pieces


@row("T19", real=Bounded, broken=Unbounded)
def a_bomb_is_not_unpacked(subject):
    """Of a compressed answer no more is unpacked than the limit, however small it arrives."""
    bomb = gzip.compress(bytes(48 * 2**20))
    inner = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Pieces([bomb]))
    )
    bounded = subject(inner, max_body=4 * 2**20)
    tracemalloc.start()
    try:
        raised(BadResponseError, lambda: bounded.handle_request(httpx.Request("GET", "https://graph.test/")), "4 MiB")
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()


@row("T20", real=connected, broken=through(AnyEncoding))
def an_unknown_encoding_is_named(subject):
    """Only gzip is asked for; an answer in another encoding is an error that names it."""
    for encoding in (b"br", b"zstd", b"deflate"):
        client, server = wired(subject, answer(b"\x00\x01", b"Content-Encoding: " + encoding))
        raised(BadResponseError, lambda c=client: list(c.pages(ALERTS)), encoding.decode())
        assert len(server.asked) == 1
        assert b"accept-encoding: gzip\r\n" in server.asked[0].lower()


@row("T21", real=connected, broken=through(AnyType))
def a_web_page_is_named_as_one(subject):
    """A web page instead of JSON is an error of its own that names the host and shows its harmless beginning."""
    html = "<html>\n<title>Sign in \x1b[31m\u202eto Wi-Fi</title>" + "x" * 500
    fake = FakeGraph([httpx.Response(200, html=html)])
    client = subject(fake)
    met = raised(ProxyInterceptError, lambda: list(client.pages(ALERTS)), "Sign in")
    assert "graph.microsoft.com" in str(met)
    assert "x" * 90 not in str(met)
    assert not {"\x1b", "\u202e", "\n"} & set(str(met))
    assert len(fake.seen) == 1


@row("T22", real=connected, broken=through(DecodesErrors))
def a_502_page_stays_a_502(subject):
    """An HTML error page of a gateway is tried again, then reported by its status, not as bad JSON."""
    fake = FakeGraph([httpx.Response(502, html="<h1>Bad Gateway</h1>")])
    client = subject(fake)
    raised(ServiceError, lambda: list(client.pages(ALERTS)), "502")
    assert len(fake.seen) == 6


def alerts_of(body):
    """An answer's alerts as a frame."""
    return records_frame(RESOURCES["alerts"], [read_page(body, source="test")], pull_id="p")


def loaded(body):
    """An answer's alerts as most people read them."""
    frame = pd.DataFrame(json.loads(body)["value"])
    return frame.assign(raw=[json.dumps(record) for record in json.loads(body)["value"]])


@row("T23", real=alerts_of, broken=loaded)
def only_valid_json_is_read_and_all_of_it(subject):
    """What is no valid JSON is one kind of error, whatever is wrong; valid JSON of any size loses no record."""
    for body in (
        b'{"value":[{"id":"a","x":NaN}]}',
        b'{"value":[{"id":"a","x":-Infinity}]}',
        b'{"value":[{"id":"\xff"}]}',
        b'{"value":[{"id":' + b"[" * 200_000,
        b'{"value":[{"id":"a"}]} x',
        b"",
    ):
        raised(BadResponseError, lambda b=body: subject(b))
    odd = [
        b'{"id":"a","title":"half \\ud800 a character"}',
        b'{"id":"b","title":%s}' % (b"1" * 5000),
        b'{"id":"c","title":"first","title":"second"}',
        b'{"id":"d","title":1e999}',
    ]
    frame = worked(lambda: subject(b'\xef\xbb\xbf{"value":[%s]}' % b",".join(odd)))
    same(frame["id"], ["a", "b", "c", "d"])
    same([f"{raw}".encode() for raw in frame["raw"]], odd)
    assert frame["title"].isna().tolist()[1] is True


@row("T24", real=Bounded, broken=Unbounded)
def a_slow_drip_ends_at_the_deadline(subject):
    """An answer that drips is given up two minutes after it was asked for, however steadily it drips."""
    now = [0.0]

    def drip():
        for _ in range(1000):
            now[0] += 1.0
            yield b" "

    inner = httpx.MockTransport(lambda _: httpx.Response(200, stream=Pieces(drip())))
    client = subject(inner, clock=lambda: now[0])
    raised(httpx.ReadTimeout, lambda: client.handle_request(httpx.Request("GET", "https://graph.test/")))
    assert now[0] <= 122


@row("T25", real=connected, broken=through(NoTimeouts))
def a_silent_server_is_not_waited_for_for_ever(subject):
    """Every request has bounds on connecting and on silence, and an interruption leaves at once with what came."""
    fake = FakeGraph([page("a", next_link=link("2")), KeyboardInterrupt()])
    pages = subject(fake).pages(ALERTS)
    assert len(next(pages)) == 1
    raised(KeyboardInterrupt, lambda: next(pages))
    assert len(fake.seen) == 2
    for seen in fake.seen:
        assert (seen.timeout.get("connect"), seen.timeout.get("read")) == (10.0, 60.0)


@row("T26", real=connected, broken=through(FollowsRedirects))
def a_redirect_is_not_followed(subject):
    """No redirect is followed; nobody else sees as much as a header."""
    for status, to in ((302, "https://evil.test/"), (307, "http://graph.microsoft.com/"), (308, "/elsewhere")):
        fake = FakeGraph([httpx.Response(status, headers={"Location": to}), page("a")])
        client = subject(fake)
        raised(ProxyInterceptError, lambda c=client: list(c.pages(ALERTS)))
        assert len(fake.seen) == 1


@row("T30", real=connected, broken=through(Stubborn))
def headers_without_end_are_tried_thrice(subject):
    """An answer whose head is no HTTP, or has no end, is tried three times in all, then a network error."""
    for broken in (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", b"nonsense\r\n\r\n"):
        client, server = wired(subject, broken)
        raised(NetworkError, lambda c=client: list(c.pages(ALERTS)))
        assert len(server.asked) == 3


@row("T31", real=connected, broken=through(GivesUp))
def a_dropped_connection_between_pages_goes_unseen(subject):
    """A kept connection that is dropped when the next page is asked for is opened again; no row is lost."""

    def first_page_then_drop(connection):
        following = b"https://graph.microsoft.com/v1.0/security/alerts_v2?$skiptoken=2"
        connection.sendall(answer(b'{"value":[{"id":"a"}],"@odata.nextLink":"%s"}' % following, close=False))
        dropped.append(read_head(connection))

    dropped = []
    client, server = wired(subject, first_page_then_drop, answer(b'{"value":[{"id":"b"}]}'))
    same(ids(client), ["a", "b"])
    assert b"skiptoken=2" in dropped[0]
    assert b"skiptoken=2" in server.asked[1]
