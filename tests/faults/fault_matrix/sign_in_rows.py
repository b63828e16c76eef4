"""A01 to A07: tokens that end, demands for more, and an authority that says no."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Sequence
from typing import Any

import httpx
import msal

import graphinvestigate as gi
from fault_matrix.fakes import ALERTS, AccessToken, FakeGraph, Tokens, connected, ids, link, page, refusal
from fault_matrix.mistakes import StopsQuietly, around
from fault_matrix.row import OPEN, raised, row, same
from graphinvestigate.client import connect
from graphinvestigate.errors import AuthError, PartialResultError

TENANT = "11111111-1111-1111-1111-111111111111"
LOGIN = "login.microsoftonline.com"
SECRET = "canary~secret~value"
CLAIMS = '{"access_token":{"nbf":{"essential":true, "value":"1657834417"}},"x":">>>???"}'


class AsksOnce:
    """Keeps the first token for ever."""

    def __init__(self, credential: Any) -> None:
        self.credential = credential
        self.kept: Any = None

    def get_token(self, scope: str, **options: Any) -> Any:
        self.kept = self.kept or self.credential.get_token(scope, **options)
        return self.kept


class ForgetsClaims:
    """Asks for a new token without what was demanded of it."""

    def __init__(self, credential: Any) -> None:
        self.credential = credential

    def get_token(self, scope: str, *, claims: str = "", **options: Any) -> Any:
        return self.credential.get_token(scope, **options)


@row("A01", real=connected, broken=lambda to, tokens: connected(to, AsksOnce(tokens)))
def a_token_that_ends_between_pages_is_renewed(subject: Any) -> None:
    """When Graph refuses the token at the third page, one new token is asked for and no row is lost."""
    answers = [page("a", next_link=link("2")), page("b", next_link=link("3")), refusal(401), page("c")]
    fake = FakeGraph(answers)
    same(ids(subject(fake, Tokens())), ["a", "b", "c"])
    same([seen.headers["authorization"][7:] for seen in fake.seen], ["token-1"] * 3 + ["token-2"])
    assert fake.seen[2].target == fake.seen[3].target


@row("A02", real=connected, broken=lambda to, tokens: connected(to, ForgetsClaims(tokens)))
def a_claims_challenge_is_answered_once(subject: Any) -> None:
    """What Graph demands of the next token is asked for, in any base64; a second refusal is an error, no circle."""
    plain = base64.b64encode(CLAIMS.encode()).decode()
    safe = base64.urlsafe_b64encode(CLAIMS.encode()).decode()
    for claims in (plain, plain.rstrip("="), safe, safe.rstrip("=")):
        header = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
        refused = httpx.Response(401, headers=[("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", header)])
        tokens = Tokens()
        same(ids(subject(FakeGraph([refused, page("a")]), tokens)), ["a"])
        same([asked.get("claims") for asked in tokens.asked], [None, CLAIMS])
        tokens = Tokens()
        fake = FakeGraph([refused])
        client = subject(fake, tokens)
        raised(AuthError, lambda c=client: list(c.pages(ALERTS)))
        assert len(fake.seen) == len(tokens.asked) == 2


class NeedsAPerson(Tokens):
    """Gives one token; the next needs somebody at a keyboard, who comes back later."""

    away = True

    def get_token(self, scope: str, **options: Any) -> Any:
        if self.asked and self.away:
            raise RuntimeError("AADSTS50076: interaction required")
        return super().get_token(scope, **options)


@row("A03", real=connected, broken=around(StopsQuietly))
def a_sign_in_needed_half_way_keeps_the_rows(subject: Any) -> None:
    """A pull that needs a person to sign in again stops with its rows kept, and goes on once that was done."""
    person = NeedsAPerson()
    client = subject(FakeGraph([page("a", next_link=link("2")), refusal(401), page("b")]), person)
    stopped = raised(PartialResultError, lambda: gi.list_alerts(client), "AADSTS50076")
    same(stopped.frame["id"], ["a"])
    person.away = False
    same(stopped.resume()["id"], ["a", "b"])


class Authority:
    """Answers as Entra does for sign-in, with a script for its token endpoint, and as Graph for the rest."""

    def __init__(self, *tokens: httpx.Response) -> None:
        self.tokens = tokens
        self.polls = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.microsoft.com":
            return page("a")
        root = f"https://{LOGIN}/{TENANT}"
        if request.url.path.endswith("/openid-configuration"):
            names = {"authorization": "authorize", "token": "token", "device_authorization": "devicecode"}
            found = {f"{name}_endpoint": f"{root}/oauth2/v2.0/{end}" for name, end in names.items()}
            return httpx.Response(200, json={"issuer": f"{root}/v2.0", **found})
        if request.url.path.endswith("/devicecode"):
            code = {"user_code": "ABC", "device_code": "device", "interval": 5, "expires_in": 900}
            return httpx.Response(
                200, json={**code, "message": "Type \x1b[31mABC at https://microsoft.com/devicelogin"}
            )
        self.polls += 1
        return self.tokens[min(self.polls, len(self.tokens)) - 1]


def token(value: str = "canary-token") -> httpx.Response:
    """The authority's yes."""
    return httpx.Response(200, json={"access_token": value, "token_type": "Bearer", "expires_in": 3600})


def refused(status: int, error: str, description: str = "") -> httpx.Response:
    """The authority's no."""
    return httpx.Response(status, json={"error": error, "error_description": description, "correlation_id": "c-1"})


def signed_in(fake: FakeGraph, *, auth: str = "client_secret", **more: Any) -> Any:
    """The real client with a sign-in of its own."""
    if auth == "client_secret":
        more["client_secret"] = SECRET
    client = connect(tenant_id=TENANT, client_id="app", auth=auth, transport=fake, **more)
    OPEN.callback(client.close)
    return client


class MsalHttp:
    """What msal asks through, with no second thoughts."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, url: str, params: Any = None, headers: Any = None, **_rest: Any) -> httpx.Response:
        return self.http.get(url, params=params, headers=headers)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_rest: Any) -> httpx.Response:
        return self.http.post(url, params=params, data=data, headers=headers)


class StraightMsal:
    """Asks msal as its samples do: no look at what it answers, one application, its own cache of answers."""

    def __init__(self, fake: FakeGraph, auth: str) -> None:
        own: dict[str, Any] = {
            "authority": f"https://{LOGIN}/{TENANT}", "instance_discovery": False,
            "http_client": MsalHttp(httpx.Client(transport=fake)),
        }  # fmt: skip
        self.auth = auth
        self.make = lambda: (
            msal.ConfidentialClientApplication("app", client_credential=SECRET, **own)
            if auth == "client_secret"
            else msal.PublicClientApplication("app", **own)
        )
        self.app: Any = None

    def get_token(self, scope: str, **_options: Any) -> Any:
        self.app = self.app or self.make()
        if self.auth == "client_secret":
            answer = self.app.acquire_token_for_client([scope])
        else:
            flow = self.app.initiate_device_flow([scope])
            answer = self.app.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)
        return AccessToken(answer["access_token"], 4_000_000_000)


def naively_signed_in(fake: FakeGraph, *, auth: str = "client_secret") -> Any:
    """The client with a credential that asks msal and looks for `access_token`."""
    return connected(fake, StraightMsal(fake, auth), tenant_id=TENANT)


@row("A04", real=signed_in, broken=naively_signed_in)
def a_refused_sign_in_says_why(subject: Any) -> None:
    """What msal answers instead of a token becomes an error with Entra's code and what to do, never the secret."""
    cases: Sequence[tuple[httpx.Response, str, str]] = (
        (refused(401, "invalid_client", f"AADSTS7000215: Wrong secret {SECRET}"), "AADSTS7000215", "Secret ID"),
        (refused(400, "unauthorized_client", "AADSTS700016: No application"), "AADSTS700016", "client_id="),
        (httpx.Response(200, json={}), "no token", "client_secret="),
    )  # fmt: skip
    for answer, code, words in cases:
        fake = FakeGraph(Authority(answer))
        client = subject(fake)
        failed = raised(AuthError, lambda c=client: list(c.pages(ALERTS)), words)
        assert failed.code == code
        assert SECRET not in str(failed)
        assert all(seen.url.host == LOGIN for seen in fake.seen)


@row("A05", real=signed_in, broken=naively_signed_in)
def a_mended_sign_in_works_at_once(subject: Any) -> None:
    """A refusal is not kept: once its cause is mended the very next try succeeds."""
    for status in (400, 401):
        client = subject(FakeGraph(Authority(refused(status, "invalid_client", "AADSTS7000215: no"), token())))
        raised(AuthError, lambda c=client: list(c.pages(ALERTS)))
        same(ids(client), ["a"])


@row("A07", real=signed_in, broken=naively_signed_in)
def a_device_code_that_fails_says_why(subject: Any) -> None:
    """A code that nobody typed, or that was declined or blocked, says so and what else to do; polling keeps pace."""
    pending = refused(400, "authorization_pending", "AADSTS70016: pending")
    cases = (
        ([pending], "not typed in time"),
        ([pending, refused(400, "expired_token", "AADSTS70020: expired")], "not typed in time"),
        ([refused(400, "authorization_declined", "declined by the user")], "declined"),
        ([refused(400, "invalid_grant", "AADSTS53003: blocked")], "conditional access.*auth="),
    )
    for answers, words in cases:
        fake = FakeGraph(Authority(*answers), enough=1000)
        with contextlib.redirect_stderr(io.StringIO()) as shown:
            client = subject(fake, auth="device_code")
            raised(AuthError, lambda c=client: list(c.pages(ALERTS)), words)
        assert "ABC at https://microsoft.com/devicelogin" in shown.getvalue()
        assert "\x1b" not in shown.getvalue()
        assert set(fake.sleeps) <= {5.0}
    fake = FakeGraph(Authority(pending, pending, token()))
    with contextlib.redirect_stderr(io.StringIO()):
        same(ids(subject(fake, auth="device_code")), ["a"])
    same(fake.sleeps, [5.0, 5.0])
