"""Tokens for requests: asked for per request, renewed once after a 401, never shown."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

import httpx

from graphinvestigate import text
from graphinvestigate.client.secret import Secret
from graphinvestigate.client.transport import quietly
from graphinvestigate.errors import AuthError, GraphInvestigateError, UsageError

_CLAIMS = re.compile(r'(?i)\bclaims\s*=\s*"?([A-Za-z0-9+/_=-]{1,16384})"?')
_ENTRA_CODE = re.compile(r"AADSTS\d{1,8}")
_EARLY = 300.0


class Credential(Protocol):
    """What the client asks for tokens."""

    def token(self, *, claims: str | None = None, renew: bool = False, permissions: Sequence[str] = ()) -> Secret[str]:
        """Give a token; a new one when `renew`, one that meets `claims` when Graph demanded them.

        `permissions` are what the request needs, where that is known: who signs in a person asks for no more.
        """


class BearerAuth(httpx.Auth):
    """Puts the token on each request, and renews it once when Graph refuses it.

    Parameters
    ----------
    credential : Credential
        Where tokens come from. One thread at a time asks it.
    origin : httpx.URL
        Graph's root: a request to anywhere else gets no token.
    """

    def __init__(self, credential: Credential, origin: httpx.URL) -> None:
        self._credential = credential
        self._origin = origin
        self._lock = threading.Lock()
        self._last: dict[tuple[str, ...], Secret[str]] = {}

    def needing(self, permissions: Sequence[str]) -> httpx.Auth:
        """Give the same for a request that needs these permissions: no more are asked for."""
        return _Needing(self, tuple(permissions)) if permissions else self

    def auth_flow(
        self, request: httpx.Request, permissions: tuple[str, ...] = ()
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with a token; on 401 with a new one; then leave it as it is."""
        url, origin = request.url, self._origin
        if (url.scheme, url.raw_host, url.port) != (origin.scheme, origin.raw_host, origin.port):
            raise UsageError(f"No token goes to {text.log(url.host)}: it is not {origin.host}.")
        used = self._token(permissions)
        request.headers["Authorization"] = f"Bearer {used.reveal()}"
        response = yield request
        if response.status_code == 401:
            used = self._token(permissions, claims=claims_challenge(response.headers), refused=used)
            request.headers["Authorization"] = f"Bearer {used.reveal()}"
            yield request

    def account(self, permissions: Sequence[str] = ()) -> str:
        """Say who is signed in, signing in if need be: the ids in the token, or nothing where it can't be read.

        Parameters
        ----------
        permissions : sequence of str
            What the request that follows needs, so that nobody is asked twice.

        Returns
        -------
        str
        """
        claims = self._claims(permissions)
        return "/".join(str(claims.get(name) or "") for name in ("tid", "oid", "sub", "appid", "azp"))

    def tenant(self) -> str:
        """Say by its id of which tenant the token is; nothing where it can't be read."""
        there = self._claims(()).get("tid")
        return there.lower() if isinstance(there, str) else ""

    def who(self, permissions: Sequence[str] = ()) -> str:
        """Say who is signed in, for people: a user's name, else an app's id; nothing where it can't be read."""
        claims = self._claims(permissions)
        names = (claims.get(name) for name in ("upn", "preferred_username", "unique_name", "appid", "azp", "oid"))
        return next((name for name in names if isinstance(name, str) and name), "")

    def _claims(self, permissions: Sequence[str]) -> dict[str, Any]:
        return _claims_of(quietly(lambda: self._token(tuple(permissions))))

    def _token(
        self, permissions: tuple[str, ...], *, claims: str | None = None, refused: Secret[str] | None = None
    ) -> Secret[str]:
        with self._lock:
            last = self._last.get(permissions)
            if refused is not None and last is not None and last.reveal() != refused.reveal():
                return last  # another thread has renewed it meanwhile
            needed: dict[str, Any] = {"permissions": permissions} if permissions else {}
            self._last[permissions] = self._credential.token(claims=claims, renew=refused is not None, **needed)
            return self._last[permissions]


class _Needing(httpx.Auth):
    """The same tokens, for requests that need certain permissions."""

    def __init__(self, bearer: BearerAuth, permissions: tuple[str, ...]) -> None:
        self._bearer = bearer
        self._permissions = permissions

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        return self._bearer.auth_flow(request, self._permissions)


def claims_challenge(headers: httpx.Headers) -> str | None:
    """Read what a 401 demands of the next token (continuous access evaluation).

    Parameters
    ----------
    headers : httpx.Headers
        The answer's; there may be several ``WWW-Authenticate``.

    Returns
    -------
    str or None
        The claims, as JSON text; None when nothing, or nothing readable, is demanded.
    """
    for value in headers.get_list("WWW-Authenticate"):
        found = _CLAIMS.search(value)
        if not found:
            continue
        plain = found[1].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            claims = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("utf-8")
            if isinstance(json.loads(claims), dict):
                return claims
        except (binascii.Error, ValueError, RecursionError):
            continue
    return None


class TokenCredential:
    """Asks a credential of azure.core's shape (azure-identity's, or your own) for tokens.

    Parameters
    ----------
    credential : object
        Anything with ``get_token(scope)`` or ``get_token_info(scope)``.
    scope : str
        The cloud's scope.
    tenant_id : str
        Where the token must come from, if both are ids.
    now : callable
        This machine's time in seconds since 1970.

    Raises
    ------
    UsageError
        It is no such credential.
    """

    def __init__(self, credential: Any, *, scope: str, tenant_id: str, now: Callable[[], float] = time.time) -> None:
        if not callable(getattr(credential, "get_token", None)) and not callable(
            getattr(credential, "get_token_info", None)
        ):
            raise UsageError(
                f"credential= needs a method get_token, as azure-identity's credentials have; "
                f"{type(credential).__name__} has none."
            )
        self._credential = Secret(credential)
        self._kind = type(credential).__name__
        self._scope = scope
        self._tenant_id = tenant_id
        self._now = now
        self._kept: Secret[str] | None = None
        self._until = 0.0

    def token(
        self,
        *,
        claims: str | None = None,
        renew: bool = False,
        permissions: Sequence[str] = (),  # noqa: ARG002 (many credentials take nothing but `.default`)
    ) -> Secret[str]:
        """Give the token, asked for anew five minutes before it ends.

        Parameters
        ----------
        claims : str or None
            What Graph demanded.
        renew : bool
            Graph refused the last one.
        permissions : sequence of str
            Not asked for one by one: what the credential's app was granted is what it gets.

        Returns
        -------
        Secret

        Raises
        ------
        AuthError
            The credential gives none.
        """
        if self._kept is not None and not renew and claims is None and self._now() < self._until:
            return self._kept
        try:
            token, until = quietly(lambda: _ask(self._credential.reveal(), self._scope, claims))
        except GraphInvestigateError:
            raise
        except Exception as error:  # (a foreign credential raises what it likes)
            said = str(error)
            code = _ENTRA_CODE.search(said)
            raise AuthError(
                f"The credential {self._kind} gives no token: {text.log(said) or type(error).__name__}. "
                "Sign in again where it takes its token from.",
                code=code[0] if code else None,
            ) from error
        _same_tenant(token, self._tenant_id, self._kind)
        self._kept, self._until = token, until - _EARLY
        return token


def _ask(credential: Any, scope: str, claims: str | None) -> tuple[Secret[str], float]:
    if info := getattr(credential, "get_token_info", None):
        answer = info(scope, options={"enable_cae": True, **({"claims": claims} if claims else {})})
    else:
        named: dict[str, Any] = {"claims": claims} if claims else {}
        parameters = inspect.signature(credential.get_token).parameters.values()
        if any(p.name == "enable_cae" or p.kind is p.VAR_KEYWORD for p in parameters):
            named["enable_cae"] = True  # older credentials don't know it
        answer = credential.get_token(scope, **named)
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise UsageError("credential= is one of azure.identity.aio; take its namesake of azure.identity, without aio.")
    return Secret(answer.token), float(answer.expires_on)


def _same_tenant(token: Secret[str], tenant_id: str, kind: str) -> None:
    """Two ids that differ are two tenants; what can't be read, or is a domain name, is left to Graph."""
    there = _claims_of(token).get("tid")
    guid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    if (
        isinstance(there, str)
        and guid.fullmatch(there.lower())
        and guid.fullmatch(tenant_id.lower())
        and there.lower() != tenant_id.lower()
    ):
        raise AuthError(
            f"The credential {kind} signs in to tenant {there}, not to {tenant_id}. Give the tenant_id= that is "
            "meant, or a credential of that tenant."
        )


def _claims_of(token: Secret[str]) -> dict[str, Any]:
    """Read what a token says; nothing where it is no JWT."""
    parts = token.reveal().split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    finally:
        del parts
    return claims if isinstance(claims, dict) else {}
