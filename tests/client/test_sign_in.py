"""Signing in through msal, against an authority of the test's own."""

from __future__ import annotations

import base64
import json
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import trustme

from graphinvestigate.client import GraphClient, connect
from graphinvestigate.errors import AuthError, NetworkError, ProxyInterceptError, UsageError

ALERTS = "/security/alerts_v2"
TENANT = "11111111-1111-1111-1111-111111111111"
LOGIN = "login.microsoftonline.com"
SECRET = "canary~secret~value"

Script = list[httpx.Response | Exception]


class Authority:
    """Answers as Entra does for sign-in, with a script for its token endpoint, and as Graph for the rest."""

    def __init__(self, tokens: Script, graph: Script | None = None) -> None:
        self.tokens = tokens
        self.graph = graph or []
        self.polls = 0
        self.graph_polls = 0

    def __call__(self, request: httpx.Request) -> httpx.Response | Exception:
        if request.url.host == "graph.microsoft.com":
            self.graph_polls += 1
            if not self.graph:
                return httpx.Response(200, json={"value": [{"id": "a"}]})
            return self.graph[min(self.graph_polls, len(self.graph)) - 1]
        root = f"https://{LOGIN}/{TENANT}"
        if request.url.path.endswith("/openid-configuration"):
            return httpx.Response(
                200,
                json={
                    "issuer": f"{root}/v2.0",
                    "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{root}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                },
            )
        if request.url.path.endswith("/devicecode"):
            return httpx.Response(
                200,
                json={"user_code": "ABC", "device_code": "device", "interval": 5, "expires_in": 900,
                      "message": "Type \x1b[31mABC at https://microsoft.com/devicelogin"},
            )  # fmt: skip
        self.polls += 1
        return self.tokens[min(self.polls, len(self.tokens)) - 1]


def token(value: str = "canary-token", **more: Any) -> httpx.Response:
    """The authority's yes."""
    return httpx.Response(200, json={"access_token": value, "token_type": "Bearer", "expires_in": 3600, **more})


def refused(status: int, error: str, description: str = "", **headers: str) -> httpx.Response:
    """The authority's no."""
    body = {"error": error, "error_description": description, "correlation_id": "c-1"}
    return httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


Start = Callable[..., tuple[GraphClient, Any]]


@pytest.fixture
def sign_in(transport_for: Callable[..., Any]) -> Any:
    """Connects with a way to sign in to an authority and a Graph in this process."""
    opened: list[GraphClient] = []

    def start(authority: Authority, **arguments: Any) -> tuple[GraphClient, Any]:
        fake = transport_for(authority)
        given = {"auth": "client_secret", "client_id": "app", **arguments}
        if given["auth"] == "client_secret":
            given["client_secret"] = SECRET
        client = connect(tenant_id=TENANT, transport=fake, **given)
        opened.append(client)
        return client, fake

    yield start
    for client in opened:
        client.close()


def to_login(fake: Any) -> list[Any]:
    """The forms that were sent to sign in."""
    return [seen for seen in fake.seen if seen.method == "POST"]


def bearer(fake: Any) -> list[str]:
    """The tokens that Graph was given."""
    return [seen.headers.get("authorization", "") for seen in fake.seen if seen.url.host == "graph.microsoft.com"]


def test_a_client_secret_gives_one_token_for_many_requests(sign_in: Start) -> None:
    """The app signs in with its secret, for Graph's scope, and keeps the token for the requests that follow."""
    client, fake = sign_in(Authority([token()]))
    for _ in range(3):
        list(client.pages(ALERTS))
    assert bearer(fake) == ["Bearer canary-token"] * 3
    (login,) = to_login(fake)
    assert login.url.host == LOGIN
    assert login.form["client_secret"] == SECRET
    assert login.form["scope"] == "https://graph.microsoft.com/.default"
    assert login.form["grant_type"] == "client_credentials"
    assert "CP1" in login.form["claims"]


def test_a_refused_token_is_renewed_at_the_authority(sign_in: Start) -> None:
    """A01: when Graph refuses the token, a new one comes from the authority, not the old one from a cache."""
    graph: Script = [httpx.Response(401), httpx.Response(200, json={"value": []})]
    client, fake = sign_in(Authority([token("one"), token("two")], graph))
    list(client.pages(ALERTS))
    assert bearer(fake) == ["Bearer one", "Bearer two"]


def test_a_claims_challenge_reaches_the_authority(sign_in: Start) -> None:
    """A02: what Graph demands of the next token is sent to the authority, beside our own capability."""
    claims = json.dumps({"access_token": {"nbf": {"essential": True, "value": "1657834417"}}})
    header = f'Bearer error="insufficient_claims", claims="{base64.b64encode(claims.encode()).decode()}"'
    graph: Script = [httpx.Response(401, headers={"WWW-Authenticate": header}), httpx.Response(200, json={"value": []})]
    client, fake = sign_in(Authority([token("one"), token("two")], graph))
    list(client.pages(ALERTS))
    assert bearer(fake) == ["Bearer one", "Bearer two"]
    sent = json.loads(to_login(fake)[1].form["claims"])["access_token"]
    assert sent["nbf"]["value"] == "1657834417"
    assert sent["xms_cc"]["values"] == ["CP1"]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (refused(401, "invalid_client", f"AADSTS7000215: Invalid client secret provided: {SECRET}. Trace ID: t-1"),
         "AADSTS7000215", "Secret ID"),
        (refused(400, "unauthorized_client", "AADSTS700016: No application 'app'"), "AADSTS700016", "client_id="),
        (refused(400, "invalid_grant", "AADSTS53003: blocked"), "AADSTS53003", "conditional access"),
        (refused(400, "invalid_scope"), "invalid_scope", "client_secret="),
        (httpx.Response(200, json={}), "no token", "client_secret="),
    ],
)  # fmt: skip
def test_a_refusal_is_an_auth_error(sign_in: Start, answer: httpx.Response, code: str, words: str) -> None:
    """A04: msal's error answer becomes an AuthError with Entra's code, what to do, and never the secret."""
    client, fake = sign_in(Authority([answer]))
    with pytest.raises(AuthError, match=words) as caught:
        list(client.pages(ALERTS))
    assert caught.value.code == code
    assert SECRET not in str(caught.value)
    assert "Trace ID" not in str(caught.value)
    assert bearer(fake) == []


@pytest.mark.parametrize("status", [400, 401])
def test_a_refusal_is_not_repeated_from_memory(sign_in: Start, status: int) -> None:
    """A05: once the cause is mended the next try succeeds at once: no refusal is kept for a minute."""
    client, fake = sign_in(Authority([refused(status, "invalid_client", "AADSTS7000215: no"), token()]))
    with pytest.raises(AuthError) as caught:
        list(client.pages(ALERTS))
    assert caught.value.correlation_id in (None, "c-1")
    list(client.pages(ALERTS))
    assert bearer(fake) == ["Bearer canary-token"]


def test_a_busy_authority_is_asked_again(sign_in: Start) -> None:
    """A moment's failure of the authority is retried as it asks; a lasting one is an AuthError."""
    busy = [refused(429, "x", Retry_After="2"), httpx.Response(503), token()]
    client, fake = sign_in(Authority(list(busy)))
    list(client.pages(ALERTS))
    assert len(to_login(fake)) == 3
    assert fake.sleeps[0] >= 2.0
    client, fake = sign_in(Authority([httpx.Response(503)]))
    with pytest.raises(AuthError, match="503"):
        list(client.pages(ALERTS))
    assert len(to_login(fake)) == 3


def test_a_code_is_not_sent_twice_after_a_broken_answer(sign_in: Start) -> None:
    """A form whose answer broke off may have been taken: it is not sent again; an unsent one is."""
    client, fake = sign_in(Authority([httpx.ReadError("reset")]))
    with pytest.raises(NetworkError, match=LOGIN):
        list(client.pages(ALERTS))
    assert len(to_login(fake)) == 1
    client, fake = sign_in(Authority([httpx.ConnectError("refused"), token()]))
    list(client.pages(ALERTS))
    assert len(to_login(fake)) == 2


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, html="<h1>Wi-Fi</h1>"), httpx.Response(302, headers={"Location": "https://evil.test"})],
)
def test_a_web_page_at_the_authority_is_named(sign_in: Start, answer: httpx.Response) -> None:
    """T21: a captive portal in front of the authority is a ProxyInterceptError, not bad JSON; nothing follows it."""
    client, fake = sign_in(Authority([answer]))
    with pytest.raises(ProxyInterceptError, match=LOGIN):
        list(client.pages(ALERTS))
    assert {seen.url.host for seen in fake.seen} == {LOGIN}


def test_a_certificate_signs_in(sign_in: Start, tmp_path: Path) -> None:
    """A PEM file with key and certificate signs an assertion that carries the certificate's chain."""
    leaf = trustme.CA().issue_cert("app.test", key_type=trustme.KeyType.RSA)
    file = tmp_path / "app.pem"
    file.write_bytes(b"comment\n" + leaf.cert_chain_pems[0].bytes() + leaf.private_key_pem.bytes())
    client, fake = sign_in(Authority([token()]), auth="certificate", certificate=file)
    list(client.pages(ALERTS))
    form = to_login(fake)[0].form
    head = form["client_assertion"].split(".")[0]
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    assert header["alg"] == "PS256"
    assert len(header["x5c"]) == 1
    assert bearer(fake) == ["Bearer canary-token"]


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", b"\xff\xfe", None]
)
def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A certificate file that is absent, or lacks its key, is a UsageError when connecting."""
    for name in ("app.pem", "app.pfx"):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        if name == "app.pfx" and content is not None:
            continue
        with pytest.raises(UsageError, match="certificate file"):
            connect(tenant_id=TENANT, client_id="app", auth="certificate", certificate=file)


def test_a_broken_key_is_an_auth_error(sign_in: Start, tmp_path: Path) -> None:
    """A key that can't be read is an AuthError at the first token, whatever msal raises."""
    file = tmp_path / "app.pem"
    for kind in ("PRIVATE KEY", "CERTIFICATE"):
        with file.open("a") as pem:
            pem.write(f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n")
    client, _ = sign_in(Authority([token()]), auth="certificate", certificate=file)
    with pytest.raises(AuthError, match="certificate"):
        list(client.pages(ALERTS))
    pfx = tmp_path / "app.pfx"
    pfx.write_bytes(b"no pfx")
    client, _ = sign_in(Authority([token()]), auth="certificate", certificate=pfx)
    with pytest.raises(AuthError, match="certificate"):
        list(client.pages(ALERTS))


def test_a_workload_signs_in_with_its_platforms_token(
    sign_in: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform's token file is read for each token, without its line end; the id may come from the platform."""
    file = tmp_path / "token"
    file.write_text("platform.one.x\n")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    monkeypatch.setenv("AZURE_CLIENT_ID", "from-platform")
    graph: Script = [httpx.Response(401), httpx.Response(200, json={"value": []})]
    client, fake = sign_in(Authority([token("one"), token("two")], graph), auth="workload_identity", client_id=None)
    list(client.pages(ALERTS))
    assert [seen.form["client_assertion"] for seen in to_login(fake)] == ["platform.one.x"] * 2
    assert to_login(fake)[0].form["client_id"] == "from-platform"
    file.unlink()
    client, _ = sign_in(Authority([token()]), auth="workload_identity")
    with pytest.raises(AuthError, match="FileNotFoundError"):
        list(client.pages(ALERTS))


def test_a_managed_identity_asks_its_machine(
    transport_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An App Service's identity is asked for a token for Graph, over the same HTTP client."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header-word")
    for name in ("IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1":
            assert request.headers["X-IDENTITY-HEADER"] == "header-word"
            assert request.url.params["resource"] == "https://graph.microsoft.com"
            return httpx.Response(
                200, json={"access_token": "machine", "expires_on": "4000000000", "token_type": "Bearer"}
            )
        return httpx.Response(200, json={"value": []})

    fake = transport_for(answer)
    with connect(tenant_id=TENANT, auth="managed_identity", transport=fake) as client:
        list(client.pages(ALERTS))
    assert bearer(fake) == ["Bearer machine"]

    failing = transport_for(lambda _: httpx.Response(401, json={"statusCode": 401, "message": "no"}))
    with (
        connect(tenant_id=TENANT, auth="managed_identity", transport=failing) as client,
        pytest.raises(AuthError, match="Azure machine"),
    ):
        list(client.pages(ALERTS))


PENDING = refused(400, "authorization_pending", "AADSTS70016: pending")


def test_a_device_code_is_shown_and_waited_for(sign_in: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """A07: the person is told what to type where, without control characters; polling keeps the asked pace."""
    slow = refused(400, "slow_down", "slow down")
    client, fake = sign_in(Authority([PENDING, slow, PENDING, token()]), auth="device_code")
    list(client.pages(ALERTS))
    shown = capsys.readouterr()
    assert "ABC at https://microsoft.com/devicelogin" in shown.err
    assert "\x1b" not in shown.err
    assert shown.out == ""
    assert fake.sleeps == [5.0, 10.0, 10.0]
    assert bearer(fake) == ["Bearer canary-token"]


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ([PENDING], "AADSTS70016", "not typed in time"),
        ([PENDING, refused(400, "expired_token", "AADSTS70020: expired")], "AADSTS70020", "not typed in time"),
        ([refused(400, "authorization_declined", "declined by the user")], "authorization_declined", "declined"),
    ],
)
def test_a_device_code_that_fails_says_why(sign_in: Start, answers: Script, code: str, words: str) -> None:
    """A07: a code that was never typed, has expired or was declined is an AuthError that says so."""
    client, fake = sign_in(Authority(answers), auth="device_code")
    with pytest.raises(AuthError, match=words) as caught:
        list(client.pages(ALERTS))
    assert caught.value.code == code
    assert sum(fake.sleeps) <= 905


def id_token(nonce: str | None = None) -> str:
    """Who signed in."""
    claims: dict[str, Any] = {
        "iss": f"https://{LOGIN}/{TENANT}/v2.0",
        "aud": "app",
        "sub": "s",
        "oid": "o",
        "tid": TENANT,
    }
    claims |= {"exp": 4_000_000_000, "iat": 0, "preferred_username": "alice@contoso.test"}
    claims |= {"nonce": nonce} if nonce else {}
    return ".".join(_encoded(part) for part in ({"alg": "none"}, claims)) + "."


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_signed_in_person_is_not_asked_twice(sign_in: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused token of a signed-in person is renewed with the refresh token, without a second code."""
    info = _encoded({"uid": "u", "utid": TENANT})
    scope = "https://graph.microsoft.com/.default"
    more = {"refresh_token": "refresh", "client_info": info, "id_token": id_token(), "scope": scope}
    graph: Script = [
        httpx.Response(200, json={"value": []}),
        httpx.Response(401),
        httpx.Response(200, json={"value": []}),
    ]
    client, fake = sign_in(Authority([token("one", **more), token("two", **more)], graph), auth="device_code")
    list(client.pages(ALERTS))
    list(client.pages(ALERTS))
    assert bearer(fake) == ["Bearer one", "Bearer one", "Bearer two"]
    assert to_login(fake)[-1].form["grant_type"] == "refresh_token"
    assert capsys.readouterr().err.count("ABC") == 1


def test_a_person_is_asked_for_what_the_next_call_needs(sign_in: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """A18: each helper's least permission is asked for when it is used, and one that was allowed is not asked again."""
    home = "https://graph.microsoft.com"
    info = _encoded({"uid": "u", "utid": TENANT})

    def answer(scope: str) -> httpx.Response:
        return token(scope, refresh_token="r", client_info=info, id_token=id_token(), scope=f"{home}/{scope}")

    client, fake = sign_in(Authority([answer(scope) for scope in ("SecurityAlert.Read.All", "AuditLog.Read.All")]),
                           auth="device_code")  # fmt: skip
    list(client.pages(ALERTS, permission="SecurityAlert.Read.All"))
    list(client.pages("/auditLogs/signIns", permission="AuditLog.Read.All"))
    list(client.pages(ALERTS, permission="SecurityAlert.Read.All"))
    asked = [
        {word for word in seen.form["scope"].split() if word.startswith("http")}
        for seen in to_login(fake) if "scope" in seen.form
    ]  # fmt: skip
    assert asked[0] == {f"{home}/SecurityAlert.Read.All"}
    assert asked[-1] == {f"{home}/AuditLog.Read.All"}
    assert bearer(fake) == [f"Bearer {name}" for name in (
        "SecurityAlert.Read.All", "AuditLog.Read.All", "SecurityAlert.Read.All")]  # fmt: skip
    assert capsys.readouterr().err.count("ABC") == 1
    assert client.signed_in_as() == ""  # the authority's tokens here are no JWTs


def test_what_a_person_does_not_allow_is_asked_once(sign_in: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Signed in, a person declines one more permission: Graph is asked with what was allowed, and nobody asks again."""
    home = "https://graph.microsoft.com"
    info = _encoded({"uid": "u", "utid": TENANT})
    first = token(
        "one", refresh_token="r", client_info=info, id_token=id_token(), scope=f"{home}/SecurityAlert.Read.All"
    )
    consent = refused(400, "invalid_grant", "AADSTS65001: consent required")
    declined = refused(400, "authorization_declined", "declined by the user")
    granted = token("granted", refresh_token="r", client_info=info, scope=f"{home}/.default")
    client, fake = sign_in(Authority([first, consent, declined, granted]), auth="device_code")
    list(client.pages(ALERTS, permission="SecurityAlert.Read.All"))
    for _ in range(2):
        list(client.pages("/auditLogs/signIns", permission="AuditLog.Read.All"))
    assert bearer(fake) == ["Bearer one", "Bearer granted", "Bearer granted"]
    assert capsys.readouterr().err.count("ABC") == 2  # to sign in, and for the one permission


def test_looking_what_may_be_read_asks_for_nothing(sign_in: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """`granted_only` asks with what was allowed: `.default`, whatever the call would need."""
    client, fake = sign_in(Authority([token()]), auth="device_code")
    client.page(ALERTS, permission="SecurityAlert.Read.All", granted_only=True)
    asked = [word for word in to_login(fake)[0].form["scope"].split() if word.startswith("http")]
    assert asked == ["https://graph.microsoft.com/.default"]
    assert capsys.readouterr().err.count("ABC") == 1


def test_an_app_asks_for_what_it_was_granted(sign_in: Start) -> None:
    """An app's permissions are an administrator's choice: whatever a call needs, it asks for `.default`, once."""
    client, fake = sign_in(Authority([token()]))
    list(client.pages(ALERTS, permission="SecurityAlert.Read.All"))
    list(client.pages("/auditLogs/signIns", permission="AuditLog.Read.All"))
    assert [seen.form["scope"] for seen in to_login(fake)] == ["https://graph.microsoft.com/.default"]


def test_a_browser_signs_in(sign_in: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interactive way opens a browser at the tenant's authority and takes the code it brings back."""
    authority = Authority([])
    visited: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            visited.append(url)
            asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
            authority.tokens = [token("browser", id_token=id_token(asked.get("nonce")))]
            form = {"code": "code", "state": asked["state"]}
            # The person takes a moment; msal begins to listen meanwhile.
            threading.Timer(0.2, lambda: httpx.post(asked["redirect_uri"], data=form, trust_env=False)).start()
            return True

    monkeypatch.setattr(webbrowser, "_browsers", {"test": [None, Browser("test")]})
    monkeypatch.setattr(webbrowser, "_tryorder", ["test"])
    client, fake = sign_in(authority, auth="interactive")
    list(client.pages(ALERTS))
    assert visited[0].startswith(f"https://{LOGIN}/{TENANT}/oauth2/v2.0/authorize?")
    assert to_login(fake)[0].form["code"] == "code"
    assert bearer(fake) == ["Bearer browser"]
