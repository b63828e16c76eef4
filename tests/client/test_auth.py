"""Tokens: asked per request, renewed once, sent only home, taken from many kinds of credentials."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from graphinvestigate.client import Cloud, EmulatorCredential, connect, connect_emulator
from graphinvestigate.client.auth import BearerAuth, TokenCredential, claims_challenge
from graphinvestigate.errors import AuthError, NetworkError, UsageError

ALERTS = "/security/alerts_v2"
TENANT = "11111111-1111-1111-1111-111111111111"
CLAIMS = '{"access_token":{"nbf":{"essential":true, "value":"1657834417"}},"x":">>>???"}'


def challenge(claims: str) -> str:
    """A 401's header as Graph sends it."""
    return (
        'Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, '
        f'client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="{claims}", '
        'errorDescription="Continuous access evaluation resulted in claims challenge"'
    )


def encodings() -> list[str]:
    """The claims in each way that base64 is met."""
    plain = base64.b64encode(CLAIMS.encode()).decode()
    safe = base64.urlsafe_b64encode(CLAIMS.encode()).decode()
    return [plain, plain.rstrip("="), safe, safe.rstrip("=")]


def test_a_token_that_ends_between_pages_is_renewed(graph: Any, make: Any) -> None:
    """A01: when Graph refuses the token at page 3, one new token is asked for and no row is lost."""
    answers = [
        make.page("a", next_link=make.link("2")),
        make.page("b", next_link=make.link("3")),
        make.refusal(401, "InvalidAuthenticationToken"),
        make.page("c"),
    ]
    client, fake = graph(answers, credential=make.Tokens())
    assert make.ids(client.pages(ALERTS)) == ["a", "b", "c"]
    sent = [request.headers["authorization"] for request in fake.seen]
    assert sent == ["Bearer token-1"] * 3 + ["Bearer token-2"]
    assert fake.seen[2].target == fake.seen[3].target
    assert client.requests_made == 4


def test_a_second_refusal_is_an_error(graph: Any, make: Any) -> None:
    """A02: a new token that is refused too is an AuthError with Graph's words, without a loop."""
    tokens = make.Tokens()
    refusal = make.refusal(401, "InvalidAuthenticationToken", "Access token has expired.", request_id="r-1")
    client, fake = graph([refusal], credential=tokens)
    with pytest.raises(AuthError, match="Access token has expired") as caught:
        list(client.pages(ALERTS))
    assert (caught.value.code, caught.value.correlation_id) == ("InvalidAuthenticationToken", "r-1")
    assert len(fake.seen) == len(tokens.asked) == 2


@pytest.mark.parametrize("encoded", encodings(), ids=["plain", "unpadded", "urlsafe", "urlsafe unpadded"])
def test_a_claims_challenge_is_answered_once(graph: Any, make: Any, encoded: str) -> None:
    """A02: what Graph demands of the next token is asked of the credential, in either base64, padded or not."""
    tokens = make.Tokens()
    refused = httpx.Response(401, headers=[("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", challenge(encoded))])
    client, _ = graph([refused, make.page("a")], credential=tokens)
    assert make.ids(client.pages(ALERTS)) == ["a"]
    assert [asked.get("claims") for asked in tokens.asked] == [None, CLAIMS]
    assert all(asked["enable_cae"] for asked in tokens.asked)
    client, fake = graph([refused], credential=make.Tokens())
    with pytest.raises(AuthError):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 2


@given(st.text(st.characters(max_codepoint=255)))
def test_any_challenge_is_read(value: str) -> None:
    """A02: whatever stands in WWW-Authenticate, the result is JSON text or None."""
    for text in (value, f'claims="{value}"', challenge(base64.b64encode(value.encode()).decode())):
        claims = claims_challenge(httpx.Headers([(b"WWW-Authenticate", text.encode("latin-1"))]))
        assert claims is None or isinstance(json.loads(claims), dict)


def test_a_plain_401_has_no_claims() -> None:
    """A 401 that demands nothing gives no claims."""
    header = 'Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize'
    assert claims_challenge(httpx.Headers({"WWW-Authenticate": header})) is None
    assert claims_challenge(httpx.Headers()) is None


def test_threads_renew_together() -> None:
    """When several threads are refused with one token, it is renewed once, not once per thread."""
    made = []

    class Counting:
        def token(self, *, claims: str | None = None, renew: bool = False) -> Any:
            from graphinvestigate.client.secret import Secret

            if renew or not made:
                made.append(len(made))
            return Secret(f"token-{len(made)}")

    together = threading.Barrier(4)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] == "Bearer token-1":
            together.wait(timeout=10)
            return httpx.Response(401)
        return httpx.Response(200)

    statuses = []
    auth = BearerAuth(Counting(), httpx.URL("https://graph.test"))
    with httpx.Client(transport=httpx.MockTransport(answer), auth=auth) as http:
        threads = [
            threading.Thread(target=lambda: statuses.append(http.get("https://graph.test/").status_code))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 4
    assert len(made) == 2


def test_no_token_goes_elsewhere() -> None:
    """A request to another scheme, host or port gets no token: it is refused before one is asked for."""

    class Never:
        def token(self, *, claims: str | None = None, renew: bool = False) -> Any:
            raise AssertionError("asked")

    auth = BearerAuth(Never(), httpx.URL("https://graph.test"))
    for url in ("https://evil.test/", "http://graph.test/", "https://graph.test:444/"):
        with pytest.raises(UsageError):
            next(auth.auth_flow(httpx.Request("GET", url)))


class Modern:
    """azure-core's newer shape."""

    def get_token_info(self, *scopes: str, options: dict[str, Any]) -> Any:
        self.asked = (scopes, options)
        return type("Info", (), {"token": "modern", "expires_on": 4_000_000_000})()


class Old:
    """azure-core's older shape, which knows no continuous access evaluation."""

    def __init__(self, expires_on: float = 4_000_000_000) -> None:
        self.calls = 0
        self.expires_on = expires_on

    def get_token(self, *scopes: str) -> Any:
        self.calls += 1
        return type("Token", (), {"token": f"old-{self.calls}", "expires_on": self.expires_on})()


class Failing:
    def get_token(self, *scopes: str, **options: Any) -> Any:
        raise RuntimeError("AADSTS700016: Application not found\r\n\x1b[31m")


class Asynchronous:
    async def get_token(self, *scopes: str, **options: Any) -> Any:
        return None


def take(credential: Any, **arguments: Any) -> TokenCredential:
    """Wrap a foreign credential."""
    return TokenCredential(credential, scope="https://graph.test/.default", tenant_id=TENANT, **arguments)


def test_both_shapes_of_credentials_are_taken() -> None:
    """Any azure.core credential is taken by its methods, newer or older, with no import of azure."""
    modern = Modern()
    assert take(modern).token(claims="{}").reveal() == "modern"
    assert modern.asked == (("https://graph.test/.default",), {"enable_cae": True, "claims": "{}"})
    assert take(Old()).token().reveal() == "old-1"


def test_a_credentials_token_is_kept_until_shortly_before_it_ends() -> None:
    """A credential that keeps no tokens itself is not asked per request, but five minutes before the end."""
    now, old = [1000.0], Old(expires_on=2000.0)
    taken = take(old, now=lambda: now[0])
    assert [taken.token().reveal(), taken.token().reveal()] == ["old-1", "old-1"]
    now[0] = 1701.0
    assert taken.token().reveal() == "old-2"
    assert take(old).token(renew=True).reveal() == "old-3"


def test_a_failing_credential_is_an_auth_error(graph: Any) -> None:
    """A credential that raises gives an AuthError with Entra's code, its words made harmless."""
    client, fake = graph([], credential=Failing())
    with pytest.raises(AuthError, match="Application not found") as caught:
        list(client.pages(ALERTS))
    assert caught.value.code == "AADSTS700016"
    assert "\x1b" not in str(caught.value)
    assert fake.seen == []


def test_wrong_credentials_are_refused() -> None:
    """What is no credential, or an asynchronous one, is a UsageError that says what to give."""
    with pytest.raises(UsageError, match="get_token"):
        connect(tenant_id="t", credential=object())
    with pytest.raises(UsageError, match="without aio"):
        take(Asynchronous()).token()


def test_a_credential_of_another_tenant_is_refused() -> None:
    """A15: a token that names another tenant than the one to investigate is an AuthError."""
    other = EmulatorCredential("22222222-2222-2222-2222-222222222222").token().reveal()

    class Other:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            return type("Token", (), {"token": other, "expires_on": 4e9})()

    with pytest.raises(AuthError, match="22222222"):
        take(Other()).token()


def test_an_emulators_token_says_who_it_pretends_to_be() -> None:
    """The emulator's token is an unsigned JWT with tenant and permissions; a renewed one differs."""
    credential = EmulatorCredential(TENANT, ["SecurityAlert.Read.All"])
    first = credential.token().reveal()
    header, payload, signature = first.split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload)]
    assert decoded[0]["alg"] == "none"
    assert (decoded[1]["tid"], decoded[1]["roles"]) == (TENANT, ["SecurityAlert.Read.All"])
    assert signature == ""
    assert credential.token().reveal() == first
    assert credential.token(renew=True).reveal() != first
    assert "SecurityIncident.Read.All" in EmulatorCredential(TENANT).permissions
    with pytest.raises(UsageError, match="list"):
        EmulatorCredential(TENANT, "SecurityAlert.Read.All")  # type: ignore[arg-type]


def test_credentials_and_places_are_not_mixed(make: Any) -> None:
    """A14: the emulator's token goes to no real tenant, a real token to no emulator and over no http."""
    with pytest.raises(UsageError, match="EmulatorCredential"):
        connect(tenant_id="t", credential=EmulatorCredential("t"))
    for root in ("http://127.0.0.1:8080", "https://127.0.0.1:8080", "http://localhost", "http://graph.test"):
        place = Cloud("own", root, "https://login.test", f"{root}/.default")
        with pytest.raises(UsageError):
            connect(tenant_id="t", credential=make.Tokens(), cloud=place)
        with pytest.raises(UsageError):
            connect(tenant_id="t", client_id="c", auth="client_secret", client_secret="s", cloud=place)
    with pytest.raises(UsageError, match="https"):
        connect(
            tenant_id="t",
            credential=EmulatorCredential("t"),
            cloud=Cloud("own", "http://graph.test", "", ""),
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        )


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://[::1]:8080", "http://localhost:1",
                                 "https://127.9.9.9:8443"])  # fmt: skip
def test_an_emulator_on_this_machine_is_taken(url: str) -> None:
    """Any loopback address is an emulator's; its root keeps no trailing slash."""
    with connect_emulator(url) as client:
        assert client.base_url == url.rstrip("/")
        assert client.cloud.name == "emulator"


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1:8080", "http://graph.test", "https://graph.microsoft.com", "http://0.0.0.0:80", "ftp://127.0.0.1",
     "127.0.0.1:8080", "http://127.0.0.1@evil.test", "http://user@127.0.0.1", "http://127.0.0.1/v1.0",
     "http://127.0.0.1.evil.test", "http://localhost.evil.test", "http://127.0.0.1:8080?x=1", "", None],
)  # fmt: skip
def test_an_emulator_elsewhere_is_refused(url: Any) -> None:
    """A14: what is not a plain address on this machine is no emulator."""
    with pytest.raises(UsageError):
        connect_emulator(url)


def test_a_dead_emulator_says_how_to_start_it(free_port: int) -> None:
    """T13: where no emulator listens, the error says how to start one."""
    with connect_emulator(f"http://127.0.0.1:{free_port}") as client, pytest.raises(NetworkError, match="serve"):
        client.now()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tenant_id": ""}, "no tenant"),
        ({"tenant_id": None}, "no tenant"),
        ({"tenant_id": "a/../b"}, "no tenant"),
        ({"tenant_id": "common"}, "which tenant"),
        ({"tenant_id": "t"}, "client_id="),
        ({"tenant_id": "t", "client_id": "c", "auth": "password"}, "device_code"),
        ({"tenant_id": "t", "client_id": "c", "auth": "client_secret"}, "client_secret="),
        ({"tenant_id": "t", "client_id": "c", "client_secret": "s"}, "auth='client_secret'"),
        ({"tenant_id": "t", "client_id": "c", "auth": "client_secret", "client_secret": " "}, "empty"),
        ({"tenant_id": "t", "client_id": "c", "auth": "certificate"}, "certificate="),
        ({"tenant_id": "t", "client_id": "c", "cloud": "gcc"}, "usgov_dod"),
        ({"tenant_id": "t", "client_id": "c", "cloud": ["global"]}, "usgov_dod"),
        ({"tenant_id": "t", "client_id": "c", "ca": "/no/such/file.pem"}, "PEM"),
        ({"tenant_id": "t", "client_id": "c", "proxy": "http://\x00"}, "proxy"),
        ({"tenant_id": "t", "client_id": "c", "proxy": "socks5://127.0.0.1:1"}, "proxy"),
        ({"tenant_id": "t", "client_id": "c", "auth": "device_code", "credential": Old()}, "by itself"),
        ({"tenant_id": "t", "auth": "workload_identity"}, "AZURE_FEDERATED_TOKEN_FILE"),
    ],
)
def test_arguments_that_do_not_fit_say_so(
    arguments: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wrong argument is a UsageError that names the right one, before anything is asked."""
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    with pytest.raises(UsageError, match=words):
        connect(**arguments)


@pytest.mark.parametrize(
    ("cloud", "graph_host", "authority"),
    [
        ("global", "graph.microsoft.com", "login.microsoftonline.com"),
        ("usgov", "graph.microsoft.us", "login.microsoftonline.us"),
        ("usgov_dod", "dod-graph.microsoft.us", "login.microsoftonline.us"),
        ("china", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
    ],
)
def test_a_cloud_is_chosen_whole(cloud: str, graph_host: str, authority: str) -> None:
    """A17: authority, Graph host and scope of a cloud belong together."""
    with connect(tenant_id="t", client_id="c", cloud=cloud) as client:
        assert client.cloud.graph == client.base_url == f"https://{graph_host}"
        assert client.cloud.authority == f"https://{authority}"
        assert client.cloud.scope == f"https://{graph_host}/.default"
