"""Sign-in through msal, over this package's own HTTP client: one TLS and proxy setting serves both."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import msal

from graphinvestigate import text
from graphinvestigate.client.clouds import Cloud
from graphinvestigate.client.secret import Secret
from graphinvestigate.client.sign_in_errors import refused, unexpected
from graphinvestigate.client.sign_in_http import SignInHttp
from graphinvestigate.client.transport import quietly
from graphinvestigate.errors import GraphInvestigateError

_CAPABILITIES = ["CP1"]  # claims challenges are handled, so Entra may send them
_BROWSER_SECONDS = 300
_PENDING = ("authorization_pending", "slow_down")

# msal logs codes of the authorisation flow below WARNING.
if logging.getLogger("msal").level == logging.NOTSET:
    logging.getLogger("msal").setLevel(logging.WARNING)


class SignIn:
    """Signs in when the first token is asked for; nothing before.

    Parameters
    ----------
    build : callable
        ``build(http, http_cache)`` makes msal's application, which asks the authority where its endpoints are.
    ask : callable
        ``ask(app, claims, renew, permissions)`` asks it for a token and returns msal's answer.
    http : httpx.Client
        The client that also asks Graph.
    sleep : callable
        How to wait before a failed request is repeated.
    flow : str
        What ``connect(auth=…)`` calls it.
    secret : Secret or None
        What no message may show.
    keep : bool
        Whether the application survives a renewal (it holds the refresh token of a signed-in user).
    """

    def __init__(
        self,
        *,
        build: Callable[[SignInHttp, dict[str, Any]], Any],
        ask: Callable[[Any, str | None, bool, Sequence[str]], Mapping[str, Any]],
        http: httpx.Client,
        sleep: Callable[[float], None],
        flow: str,
        secret: Secret[Any] | None = None,
        keep: bool = False,
    ) -> None:
        self._build = build
        self._ask = ask
        self._http = SignInHttp(http, sleep=sleep)
        self._flow = flow
        self._secret = secret
        self._keep = keep
        self._app: Secret[Any] | None = None
        # Our own, so that an answer of "no" is not repeated from memory for a minute after it was mended.
        self._http_cache: dict[str, Any] = {}

    def token(self, *, claims: str | None = None, renew: bool = False, permissions: Sequence[str] = ()) -> Secret[str]:
        """Give a token; msal keeps it until it is about to end.

        Parameters
        ----------
        claims : str or None
            What Graph demanded of the new token.
        renew : bool
            Graph refused the last one.
        permissions : sequence of str
            What a person is asked to allow, and no more; an app has what it was granted.

        Returns
        -------
        Secret

        Raises
        ------
        AuthError
            Entra gives none; `.code` has its AADSTS number.
        NetworkError
            Entra did not answer.
        """
        try:
            answer = quietly(lambda: self._answer(claims, renew, permissions))
        except GraphInvestigateError:
            self._http_cache.clear()
            raise
        except Exception as error:  # (msal raises ValueError, KeyError, jwt's and its own errors)
            self._http_cache.clear()
            raise unexpected(error, flow=self._flow, secret=self._secret) from error
        if "access_token" not in answer.reveal():
            self._http_cache.clear()
            raise refused(answer.reveal(), flow=self._flow, secret=self._secret)
        return Secret(answer.reveal()["access_token"])

    def _answer(self, claims: str | None, renew: bool, permissions: Sequence[str]) -> Secret[Mapping[str, Any]]:
        if self._app is None or (renew and not self._keep):
            self._http_cache.clear()
            self._app = Secret(self._build(self._http, self._http_cache))
        return Secret(self._ask(self._app.reveal(), claims, renew, permissions))


def confidential(
    credential: Secret[Any], *, cloud: Cloud, tenant_id: str, client_id: str, http: httpx.Client, **rest: Any
) -> SignIn:
    """Sign in as an application: client secret, certificate or federated assertion.

    Parameters
    ----------
    credential : Secret
        What msal calls `client_credential`.
    cloud : Cloud
        Where.
    tenant_id, client_id : str
        The tenant and the app registration.
    http : httpx.Client
        The client that also asks Graph.
    **rest
        `flow`, `sleep` and `secret` of :class:`SignIn`.

    Returns
    -------
    SignIn
    """

    def build(own: SignInHttp, cache: dict[str, Any]) -> Any:
        return msal.ConfidentialClientApplication(
            client_id,
            client_credential=credential.reveal(),
            authority=f"{cloud.authority}/{tenant_id}",
            instance_discovery=False,
            client_capabilities=_CAPABILITIES,
            http_client=own,
            http_cache=cache,
        )

    def ask(app: Any, claims: str | None, _renew: bool, _permissions: Sequence[str]) -> Mapping[str, Any]:
        return app.acquire_token_for_client([cloud.scope], claims_challenge=claims)

    return SignIn(build=build, ask=ask, http=http, **rest)


def managed_identity(
    *, cloud: Cloud, client_id: str | None, http: httpx.Client, sleep: Callable[[float], None]
) -> SignIn:
    """Sign in as the Azure machine, function or container that this runs in.

    Parameters
    ----------
    cloud : Cloud
        Where.
    client_id : str or None
        Of a user-assigned identity; None: the system-assigned one.
    http : httpx.Client
        The client that also asks Graph.
    sleep : callable
        How to wait.

    Returns
    -------
    SignIn
    """

    def build(own: SignInHttp, cache: dict[str, Any]) -> Any:
        identity = (
            msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
        )
        return msal.ManagedIdentityClient(
            identity, http_client=own, http_cache=cache, client_capabilities=_CAPABILITIES
        )

    def ask(app: Any, claims: str | None, _renew: bool, _permissions: Sequence[str]) -> Mapping[str, Any]:
        return app.acquire_token_for_client(resource=cloud.graph, claims_challenge=claims)

    return SignIn(build=build, ask=ask, http=http, sleep=sleep, flow="managed_identity")


def user(
    *,
    flow: str,
    cloud: Cloud,
    tenant_id: str,
    client_id: str,
    http: httpx.Client,
    sleep: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
    show: Callable[[str], None] | None = None,
    cache: Any = None,
) -> SignIn:
    """Sign a person in, with a browser here or with a code typed into a browser elsewhere.

    Parameters
    ----------
    flow : str
        ``"interactive"`` or ``"device_code"``.
    cloud : Cloud
        Where.
    tenant_id, client_id : str
        The tenant and the app registration.
    http : httpx.Client
        The client that also asks Graph.
    sleep, clock : callable
        How to wait, and for how long it was.
    show : callable or None
        Tells the person what to type where; None: writes it to standard error, which notebooks show.
    cache : msal.TokenCache or None
        Where the tokens are kept; None: in memory.

    Returns
    -------
    SignIn
    """

    def build(own: SignInHttp, http_cache: dict[str, Any]) -> Any:
        return msal.PublicClientApplication(
            client_id,
            authority=f"{cloud.authority}/{tenant_id}",
            instance_discovery=False,
            client_capabilities=_CAPABILITIES,
            http_client=own,
            http_cache=http_cache,
            token_cache=cache,
        )

    withheld: set[str] = set()

    def ask(app: Any, claims: str | None, renew: bool, permissions: Sequence[str]) -> Mapping[str, Any]:
        # Permission by permission, as they are needed: who only reads is never asked to allow writing.
        wanted = [permission for permission in permissions if permission not in withheld]
        scopes = [f"{cloud.graph}/{permission}" for permission in wanted] or [cloud.scope]
        for account in app.get_accounts()[:1]:
            answer = app.acquire_token_silent_with_error(scopes, account, claims_challenge=claims, force_refresh=renew)
            if answer and "access_token" in answer:
                return answer
        try:
            answer = by_hand(app, scopes, claims)
        except msal.oauth2cli.oauth2.BrowserInteractionTimeoutError:
            if not (wanted and app.get_accounts()):
                raise
            answer = {}
        if "access_token" in answer or not (wanted and app.get_accounts()):
            return answer
        # Signed in, but this was not allowed: nobody is asked for it again, and Graph says what is missing.
        withheld.update(wanted)
        return ask(app, claims, renew, ())

    def by_hand(app: Any, scopes: list[str], claims: str | None) -> Mapping[str, Any]:
        if flow == "interactive":
            return app.acquire_token_interactive(scopes, claims_challenge=claims, timeout=_BROWSER_SECONDS)
        return _with_code(app, scopes, claims, sleep=sleep, clock=clock, show=show or _show)

    return SignIn(build=build, ask=ask, http=http, sleep=sleep, flow=flow, keep=True)


def _with_code(
    app: Any,
    scopes: list[str],
    claims: str | None,
    *,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    show: Callable[[str], None],
) -> Mapping[str, Any]:
    flow = app.initiate_device_flow(scopes=scopes, claims_challenge=claims)
    if "user_code" not in flow:
        return flow
    show(text.terminal(str(flow.get("message", "")), limit=400))
    end = clock() + float(flow.get("expires_in", 900))
    while True:
        answer = app.acquire_token_by_device_flow(flow, claims_challenge=claims, exit_condition=lambda _flow: True)
        if answer.get("error") not in _PENDING or clock() >= end:
            return answer
        sleep(float(flow.get("interval", 5)))  # msal makes it longer after `slow_down`
        flow.pop("latest_attempt_at", None)  # the pace is kept, by a clock that msal does not know


def _show(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
