"""Tokens and secrets show nowhere: no repr, no variables, no log, no copy, no traceback with its locals."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from graphinvestigate.client import GraphClient, connect
from graphinvestigate.client.bounded import Bounded
from graphinvestigate.client.secret import Secret, as_secret
from graphinvestigate.client.sign_in_errors import unexpected
from graphinvestigate.errors import GraphInvestigateError, UsageError

ALERTS = "/security/alerts_v2"
TOKEN = "canary-token/+="
SECRET = "canary-secret~value"
FORMS = [
    form
    for word in (TOKEN, SECRET)
    for form in (word, quote(word, safe=""), base64.b64encode(word.encode()).decode().rstrip("="))
]


def leaks(text: str) -> list[str]:
    """Which forms of the canaries a text holds."""
    return [form for form in FORMS if form in text]


def shown(error: BaseException) -> str:
    """All that a verbose traceback shows: the chain, every frame of this package and below, every local."""
    parts = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None:
            continue
        todo += [one.__cause__, one.__context__]
        parts += [repr(one), str(one), *held(vars(one))]
        for frame in traceback.TracebackException.from_exception(one, capture_locals=True).stack:
            if frame.filename != __file__:
                parts.append(f"{frame.filename} {frame.name} {frame.locals}")
    return "\n".join(parts)


def held(thing: Any) -> Iterator[str]:
    """The reprs of everything that can be reached by looking into variables and containers."""
    seen: set[int] = set()
    todo = [thing]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        yield repr(one)
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            todo += list(one)
        elif hasattr(one, "__dict__") and type(one).__module__.split(".")[0] in ("graphinvestigate", "httpx", "msal"):
            todo += list(vars(one).values())


class Tenant(httpx.BaseTransport):
    """An authority that gives the canary token and a Graph that answers as the test says; it remembers nothing."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response], token: httpx.Response | Exception) -> None:
        self.answer = answer
        self.token = token

    def sleep(self, seconds: float) -> None:
        """No waiting in tests."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.microsoft.com":
            return self.answer(request)
        if request.url.path.endswith("/openid-configuration"):
            root = "https://login.microsoftonline.com/t"
            names = ("issuer", "authorization_endpoint", "token_endpoint")
            return httpx.Response(200, json=dict.fromkeys(names, root))
        if isinstance(self.token, Exception):
            raise self.token
        return httpx.Response(self.token.status_code, content=self.token.content)


@pytest.fixture
def client() -> Iterator[Callable[..., GraphClient]]:
    """Connects with the canary secret."""
    opened = []

    def start(answer: Callable[[httpx.Request], httpx.Response], token: Any = None) -> GraphClient:
        good = httpx.Response(200, json={"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})
        tenant = Tenant(answer, good if token is None else token)
        one = connect(tenant_id="t", client_id="app", auth="client_secret", client_secret=SECRET, transport=tenant)
        opened.append(one)
        return one

    yield start
    for one in opened:
        one.close()


def failure(status: int) -> Callable[[httpx.Request], httpx.Response]:
    """A Graph that always answers with a status."""
    return lambda _: httpx.Response(status, json={"error": {"code": "c", "message": "m"}})


def broken(request: httpx.Request) -> httpx.Response:
    """A Graph whose connection breaks."""
    assert TOKEN in request.headers["Authorization"]
    raise httpx.ReadError("reset", request=request)


def interrupted(request: httpx.Request) -> httpx.Response:
    """A person who presses Ctrl-C while a frame below holds the token."""
    plain = request.headers["Authorization"]
    assert plain
    raise KeyboardInterrupt


@pytest.mark.parametrize("answer", [failure(401), failure(403), failure(500), failure(302), broken, interrupted])
def test_a_failing_pull_shows_nothing(
    client: Callable[..., GraphClient], caplog: pytest.LogCaptureFixture, answer: Callable[[httpx.Request], Any]
) -> None:
    """A08 A09 A10: a failed pull leaves no token in the error, its frames' variables, the client or the logs."""
    with caplog.at_level(logging.DEBUG):
        one = client(answer)
        with pytest.raises((GraphInvestigateError, KeyboardInterrupt)) as caught:
            list(one.pages(ALERTS, params={"$filter": "x eq 'alice'"}))
    assert leaks(shown(caught.value)) == []
    assert leaks(caplog.text) == []
    assert [leak for text in held(one) for leak in leaks(text)] == []
    assert leaks(repr(one) + str(one) + f"{one}") == []


@pytest.mark.parametrize(
    "token",
    [
        httpx.Response(401, json={"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET}"}),
        httpx.Response(400, json={"error": SECRET}),
        httpx.Response(200, text=f"no JSON {SECRET}"),
        httpx.Response(503, text=SECRET),
        httpx.ReadError("reset"),
        httpx.ConnectError("refused"),
    ],
)
def test_a_failing_sign_in_shows_nothing(
    client: Callable[..., GraphClient], caplog: pytest.LogCaptureFixture, token: Any
) -> None:
    """A04 A08 A09: after a sign-in that failed, the client secret is nowhere, also if the authority repeats it."""
    with caplog.at_level(logging.DEBUG):
        one = client(failure(500), token=token)
        with pytest.raises(GraphInvestigateError) as caught:
            list(one.pages(ALERTS))
    assert leaks(shown(caught.value)) == []
    assert leaks(caplog.text) == []
    assert [leak for text in held(one) for leak in leaks(text)] == []


def test_a_connection_that_breaks_while_sending_shows_nothing(free_port: int) -> None:
    """A10: the HTTP library's own frames, which hold headers in plain variables, are not part of the error."""
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        with contextlib.suppress(OSError):  # until the listener is closed
            while True:  # as often as it is tried: a reset is tried more often than a hang-up
                listener.accept()[0].close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()

    class Real(httpx.BaseTransport):
        inner = httpx.HTTPTransport()

        def sleep(self, seconds: float) -> None:
            """No waiting in tests."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            port = listener.getsockname()[1]
            url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
            return self.inner.handle_request(httpx.Request(request.method, url, headers=request.headers))

        def close(self) -> None:
            self.inner.close()

    class Credential:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            return type("Token", (), {"token": TOKEN, "expires_on": 4e9})()

    with (
        connect(tenant_id="t", credential=Credential(), transport=Real()) as one,
        pytest.raises(GraphInvestigateError) as caught,
    ):
        list(one.pages(ALERTS))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=5)
    assert "httpcore" not in shown(caught.value)
    assert leaks(shown(caught.value)) == []


@pytest.mark.parametrize("works", [True, False])
def test_a_request_forgets_its_token(works: bool) -> None:
    """A08: once a request was answered or has failed, nothing that outlives it holds the token."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == TOKEN
        return httpx.Response(200) if works else broken(request)

    request = httpx.Request("GET", "https://graph.test/", headers={"Authorization": TOKEN})
    bounded = Bounded(httpx.MockTransport(answer))
    if works:
        bounded.handle_request(request)
    else:
        with pytest.raises(httpx.ReadError):
            bounded.handle_request(request)
    assert [leak for text in held(request) for leak in leaks(text)] == []


def test_what_msal_raises_shows_no_secret() -> None:
    """A08: an exception of msal's that repeats the secret shows it neither in the AuthError nor as its cause."""
    cause = ValueError(f"can't use {SECRET}", 5)
    error = unexpected(cause, flow="client_secret", secret=Secret(SECRET))
    assert "can't use …" in str(error)
    assert leaks(f"{error} {cause!r} {cause.args}") == []


def test_wrong_arguments_show_no_secret() -> None:
    """A10: `connect` wraps the secret before anything can fail: its variables hold no plain one."""
    wrong: list[dict[str, Any]] = [
        {"cloud": "nowhere"},
        {"tenant_id": ""},
        {"auth": "nothing"},
        {"ca": "/no/such/file"},
        {"proxy": f"socks5://user:{SECRET}@127.0.0.1:1"},
        {"proxy": f"http://user:{SECRET}@\x00"},
    ]
    for arguments in wrong:
        given = {"tenant_id": "t", "client_id": "app", "auth": "client_secret", "client_secret": SECRET, **arguments}
        with pytest.raises(UsageError) as caught:
            connect(**given)
        assert leaks(shown(caught.value)) == []
    with pytest.raises(UsageError) as caught:
        connect(tenant_id="t", client_id="app", auth="client_secret", client_secret=SECRET.encode())  # type: ignore[arg-type]
    assert leaks(shown(caught.value)) == []


def test_a_secret_is_neither_shown_nor_copied() -> None:
    """A08: repr, str, format, vars, pickle, copy and json of a secret redact or refuse."""
    secret = Secret(TOKEN)
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!a}",
        "%s" % secret,  # noqa: UP031 (the old way is a way)
        repr([secret]),
    ):
        assert "canary" not in text
    for refuse in (vars, pickle.dumps, copy.copy, copy.deepcopy, json.dumps, lambda s: s.__getstate__()):
        with pytest.raises(TypeError):
            refuse(secret)
    assert secret.reveal() == TOKEN
    assert Secret("word").hide_in("the word is word") == "the … is …"
    assert as_secret(None) is None
    assert as_secret(secret) is secret


def test_msal_logs_no_codes() -> None:
    """A09: msal, which logs codes and states below WARNING, is kept at WARNING."""
    import graphinvestigate.client.sign_in  # noqa: F401 (sets the level)

    assert not logging.getLogger("msal.oauth2cli.oauth2").isEnabledFor(logging.DEBUG)


def test_a_certificate_file_that_is_none_shows_no_key(tmp_path: Path) -> None:
    """A08: a file with a key that can't be used is refused without its content in the error or its variables."""
    file = tmp_path / "app.pem"
    file.write_bytes(f"Schl\u00fcssel\n-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n".encode())
    with pytest.raises(UsageError, match="1 private keys and 0 certificates") as caught:
        connect(tenant_id="t", client_id="app", auth="certificate", certificate=file)
    assert leaks(shown(caught.value)) == []
