"""Tokens for requests: asked for per request, renewed once after a 401, never shown."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Generator
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

    def token(self, *, claims: str | None = None, renew: bool = False) -> Secret[str]:
        """Give a token; a new one when `renew`, one that meets `claims` when Graph demanded them."""


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
        self._last: Secret[str] | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with a token; on 401 with a new one; then leave it as it is."""
        url, origin = request.url, self._origin
        if (url.scheme, url.raw_host, url.port) != (origin.scheme, origin.raw_host, origin.port):
            raise UsageError(f"No token goes to {text.log(url.host)}: it is not {origin.host}.")
        used = self._token()
        request.headers["Authorization"] = f"Bearer {used.reveal()}"
        response = yield request
        if response.status_code == 401:
            used = self._token(claims=claims_challenge(response.headers), refused=used)
            request.headers["Authorization"] = f"Bearer {used.reveal()}"
            yield request

    def account(self) -> str:
        """Say who is signed in, signing in if need be: the ids in the token, or nothing where it can't be read.

        Returns
        -------
        str
        """
        claims = _claims_of(quietly(self._token))
        return "/".join(str(claims.get(name) or "") for name in ("tid", "oid", "sub", "appid", "azp"))

    def _token(self, *, claims: str | None = None, refused: Secret[str] | None = None) -> Secret[str]:
        with self._lock:
            if refused is not None and self._last is not None and self._last.reveal() != refused.reveal():
                return self._last  # another thread has renewed it meanwhile
            self._last = self._credential.token(claims=claims, renew=refused is not None)
            return self._last


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

    def token(self, *, claims: str | None = None, renew: bool = False) -> Secret[str]:
        """Give the token, asked for anew five minutes before it ends.

        Parameters
        ----------
        claims : str or None
            What Graph demanded.
        renew : bool
            Graph refused the last one.

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
