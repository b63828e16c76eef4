"""X01 to X19: values that stay values, and an emulator that answers this machine alone."""

from __future__ import annotations

import http.client
import http.server
import re
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

import graphinvestigate as gi
from fault_matrix.fakes import Demo, FakeGraph, connected, page, tenant
from fault_matrix.row import OPEN, raised, row, same
from graphinvestigate.client import kql_string, odata_string, path_segment
from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator
from graphinvestigate.errors import UsageError

FEW = settings(max_examples=60, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("'\"\\n/|;` \n#%&+", max_size=12)
NASTY = ("O'Brien", "x' or 1 eq 1 or 'a' eq '", "%27 or 1 eq 1", "a&$top=1", "\u00fcber#?/+ %", "'", "''")


@row("X01", real=odata_string, broken=lambda value: f"'{value}'")
def a_filters_value_stays_a_value(subject: Any) -> None:
    """Whatever a value holds, the filter reads it back as that one value, on the wire and in Graph's parser."""

    @given(TEXT)
    @FEW
    def any_text(value: str) -> None:
        literal = subject(value)
        assert re.fullmatch(r"'(?:[^']|'')*'", literal), literal
        assert literal[1:-1].replace("''", "'") == value
        fake = FakeGraph([page()])
        list(connected(fake).pages("/security/alerts_v2", params={"$filter": f"title eq {literal}"}))
        assert httpx.URL(f"https://x.test{fake.seen[0].target}").params["$filter"] == f"title eq {literal}"

    for value in NASTY:
        any_text.hypothesis.inner_test(value)
    any_text()
    demo = Demo(connected)
    for value in NASTY:
        assert gi.list_alerts(demo.client, filter=f"assignedTo eq {subject(value)}").empty
    assert 400 not in demo.statuses


KQL = re.compile(r"'(?:[^'\\\n\r]|\\(?:[\\'nrt]|u[0-9a-fA-F]{4}))*'")
UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'"}


def kql_value(literal: str) -> str:
    """What Kusto reads in a string literal."""
    return re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|(.))",
        lambda found: chr(int(found[1], 16)) if found[1] else UNESCAPED[found[2]],
        literal[1:-1],
    )


@row("X02", real=kql_string, broken=lambda value: f"@'{value}'")
def a_querys_value_stays_a_value(subject: Any) -> None:
    """Whatever a value holds, KQL reads exactly one string literal, of that value, never a verbatim one."""

    @given(TEXT)
    @FEW
    def any_text(value: str) -> None:
        literal = subject(value)
        assert KQL.fullmatch(literal), literal
        assert kql_value(literal) == value

    for value in (*NASTY, '"', "\\", "a\nb", "// x", "`x`", "x; drop", "a | take 1", "\u2028", "\\u0027"):
        any_text.hypothesis.inner_test(value)
    any_text()
    raised(UsageError, lambda: subject("\ud800"))


@row("X03", real=path_segment, broken=str)
def an_id_stays_one_segment(subject: Any) -> None:
    """An id becomes exactly one segment of the path, or is refused; no query, fragment or other path comes of it."""
    for value in ("../users", "..", ".", "a/b", "a\\b", "", "a\x00b", "a\r\nb"):
        raised(UsageError, lambda v=value: subject(v))
    for value in ("a?$top=1", "a#b", "%2e%2e", "%2f", "O'Brien", "a b", "\u00fc", "a;b=1", "a@b"):
        segment = subject(value)
        parts = urlsplit(f"https://x.test/v1.0/users/{segment}")
        assert (parts.query, parts.fragment) == ("", "")
        assert parts.path == f"/v1.0/users/{segment}"
        assert unquote(segment) == value
        fake = FakeGraph([httpx.Response(200, json={"id": value})])
        connected(fake).record(f"/users/{segment}")
        assert fake.seen[0].target == f"/v1.0/users/{segment}"


class OpenServer:
    """The emulator behind a plain HTTP server: any name, any page."""

    def __init__(self, emulator: Emulator) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = emulator.handle("GET", f"http://{self.headers['Host']}{self.path}", self.headers.items())
                self.send_response(answer.status)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self) -> OpenServer:
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *_details: Any) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@row("X19", real=EmulatorServer, broken=OpenServer)
def the_emulator_answers_this_machine_alone(subject: Any) -> None:
    """The emulator listens on loopback, on a port of its own, and refuses other names and other pages' requests."""
    server = OPEN.enter_context(subject(Emulator(tenant())))

    def get(**headers: str) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request("GET", "/v1.0/", headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    assert get(Host=f"127.0.0.1:{server.port}")[0] == 200
    assert get(Host=f"localhost:{server.port}")[0] == 200
    for foreign in (f"evil.test:{server.port}", "evil.test", f"127.0.0.1.evil.test:{server.port}", "10.0.0.1"):
        assert get(Host=foreign)[0] == 403, foreign
    status, headers = get(Host=f"127.0.0.1:{server.port}", Origin="https://evil.test")
    assert "access-control-allow-origin" not in headers
    same([status in (200, 403)], [True])
