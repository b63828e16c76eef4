"""Graph's errors → this package's errors, in words that say what to do next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from graphinvestigate import text
from graphinvestigate.errors import (
    AuthError,
    BadRequestError,
    GraphError,
    GraphInvestigateError,
    LicenceMissingError,
    NetworkError,
    PermissionMissingError,
    ProxyInterceptError,
    RecordNotFoundError,
    ServiceError,
    ThrottledError,
)

RETRIED = frozenset({408, 429, 500, 502, 503, 504, 509})
PARTIAL = 206  # some of the products behind an endpoint did not answer it in time
REFUSED_UNREAD = frozenset({429, 509})  # too many requests: what was sent was not looked at
_SILENT_PROVIDER = re.compile(r'^199 - "([^"/]+)/([^"/]+)/(\d{3})/(\d+)"$')
_NO_LICENCE = re.compile(r"(?i)\blicen[cs]|premium")
_NO_LICENCE_CODE = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
_CONDITIONAL_ACCESS = re.compile(r"(?i)conditional access|AADSTS53\d{3}")
_NO_SCOPES = re.compile(r"(?i)required scopes are missing|missing application roles|does not have valid roles")


def left_out(headers: httpx.Headers) -> tuple[str, ...]:
    """Who is missing from a 206, by its ``Warning: 199 - "Vendor/Provider/status/milliseconds"`` headers.

    A warning of another form is kept as it is; a 206 without any still is no whole answer.
    """
    said = []
    for warning in headers.get_list("Warning"):
        found = _SILENT_PROVIDER.match(warning.strip())
        words = "{}/{} ({} after {} ms)".format(*found.groups()) if found else warning
        said.append(text.log(words))
    return tuple(said) or ("a source that Graph does not name",)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, for messages: no query in it, as queries name users."""

    url: str
    name: str
    permission: str | None
    attempts: int
    method: str = "GET"
    reads: bool = True

    @property
    def after(self) -> str:
        """How often it was tried."""
        return f"after {self.attempts} attempt{'s' * (self.attempts != 1)}"


@dataclass(frozen=True, slots=True)
class Words:
    """What Graph says went wrong."""

    code: str
    message: str
    request_id: str | None

    @property
    def quoted(self) -> str:
        """Graph's own words as a sentence; hostile text made visible and short."""
        said = ": ".join(part for part in (self.code, self.message) if part)
        request = f" (request-id {self.request_id})" if self.request_id else ""
        return (f" Graph says: {text.log(said)}" if said else " Graph gives no reason") + f"{request}."


def words_of(response: httpx.Response) -> Words:
    """Read an error body, whatever its shape.

    Parameters
    ----------
    response : httpx.Response
        Its body was read.

    Returns
    -------
    Words
    """
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    codes: list[str] = []
    message = _text(error) if isinstance(error, str) else ""
    request_id = response.headers.get("request-id")
    for _ in range(5):
        if not isinstance(error, dict):
            break
        codes.append(_text(error.get("code")))
        message = message or _text(error.get("message"))
        request_id = request_id or _text(error.get("request-id") or error.get("requestId")) or None
        error = error.get("innerError", error.get("innererror"))
    code = next(filter(None, codes), "")
    return Words(text.log(code), message.rstrip(". "), text.log(request_id) if request_id else None)


def error_of(response: httpx.Response, asked: Asked, *, wait: float | None) -> GraphInvestigateError:
    """Make the error for an answer that is none.

    Parameters
    ----------
    response : httpx.Response
        An answer that holds no records.
    asked : Asked
        What was asked.
    wait : float or None
        How long Graph asked to wait.

    Returns
    -------
    GraphInvestigateError
    """
    status = response.status_code
    if 300 <= status < 400 or (status < 500 and is_web_page(response)):
        return intercepted(response)
    words = words_of(response)
    if status == 401:
        return AuthError(
            f"Graph refused the token for {asked.name}, also a new one.{words.quoted} Check that tenant_id= and "
            "cloud= belong to the account that signed in, then connect again.",
            code=words.code or None,
            correlation_id=words.request_id,
        )
    kind, sentence = _sentence(status, words, asked, wait)
    return kind(
        sentence + words.quoted,
        status=status,
        code=words.code,
        request_id=words.request_id,
        url=asked.url,
        permission=asked.permission,
        retry_after_seconds=wait,
        attempts=asked.attempts,
    )


def _sentence(status: int, words: Words, asked: Asked, wait: float | None) -> tuple[type[GraphError], str]:
    name = asked.name
    if status == 400 and asked.method != "GET":
        return BadRequestError, f"Graph did not understand what was sent to {name} (400)."
    if status == 400:
        return BadRequestError, f"Graph did not understand the query on {name}; check its filter (400)."
    if status == 403:
        return _forbidden(words, asked)
    if status == 404:
        return RecordNotFoundError, (
            f"There is no {name} (404), or this account may not see it. Check the id and the tenant."
        )
    if status == 429:
        long = f" and asks to wait {wait:,.0f} s, longer than is waited" if wait else ""
        return ThrottledError, (
            f"Graph takes no more requests on {name} now (429){long}; it was given up {asked.after}. "
            "Ask again later, or for less."
        )
    if status >= 500:
        later = f" It asks to wait {wait:,.0f} s." if wait else ""
        return ServiceError, (
            f"Graph failed on {name} ({status}) {asked.after}.{later} Ask again later, or for a shorter window."
        )
    return GraphError, f"Graph refused {name} ({status}) {asked.after}."


def _forbidden(words: Words, asked: Asked) -> tuple[type[GraphError], str]:
    name = asked.name
    if words.code == _NO_LICENCE_CODE or _NO_LICENCE.search(words.message):
        return LicenceMissingError, (
            f"The tenant has no licence for {name} (403). Risk data and sign-ins need Entra ID P1 or P2; "
            "what they would show is unknown here, not absent."
        )
    if _CONDITIONAL_ACCESS.search(f"{words.code} {words.message}"):
        return PermissionMissingError, (
            f"A conditional access policy keeps this account from {name} (403). Sign in from a device and a "
            "place that the policy allows, or ask its owner."
        )
    grant = f"Grant it {asked.permission} with admin consent" if asked.permission else "Grant the permission"
    role = f", or the signed-in user a role such as Security {'Reader' if asked.reads else 'Operator'}"
    verb = "read" if asked.reads else "change"
    tokens = ""
    if _NO_SCOPES.search(words.message):
        tokens = " The token lacks it: tokens of the Azure CLI usually do, so use an app registration of your own."
    return PermissionMissingError, (
        f"The application or the signed-in user may not {verb} {name} (403). {grant}{role}; then connect again."
        + tokens
    )


def is_web_page(response: httpx.Response) -> bool:
    """Whether an answer is HTML."""
    return response.headers.get("Content-Type", "").lower().lstrip().startswith("text/html")


def intercepted(response: httpx.Response) -> ProxyInterceptError:
    """Make the error for a web page, or a redirect, where JSON should be."""
    host = response.request.url.host
    if 300 <= response.status_code < 400:
        try:
            to = httpx.URL(response.headers.get("Location", "")).host
        except httpx.InvalidURL:
            to = ""
        what = f"a redirect to {text.log(to) or 'nowhere'} ({response.status_code})"
    else:
        page = response.content[:2000].decode("utf-8", "replace")
        what = f"a web page ({response.status_code}) that begins {text.visible(' '.join(page.split()), 80)!r}"
    return ProxyInterceptError(
        f"{host} answered with {what}. Something on the way answers in its place: open a browser and sign in to "
        "the network or the proxy, or name the proxy with proxy=."
    )


def no_answer(
    error: httpx.TransportError, *, url: httpx.URL, attempts: int, proxy: str | None, loopback: bool
) -> NetworkError:
    """Make the error for no answer at all.

    Parameters
    ----------
    error : httpx.TransportError
        What the HTTP client says.
    url : httpx.URL
        What was asked.
    attempts : int
        How often it was tried.
    proxy : str or None
        The proxy in use.
    loopback : bool
        Whether an emulator was asked.

    Returns
    -------
    NetworkError
    """
    host = url.netloc.decode("ascii")
    tried = f"after {attempts} attempt{'s' * (attempts != 1)}"
    words = text.log(str(error)).rstrip(".") or type(error).__name__
    if is_untrusted(error):
        todo = "Behind a proxy that inspects TLS, name your company's authority with ca='company.pem'."
    elif wants_proxy_password(error):
        todo = (
            f"The proxy{f' {text.log(proxy)}' if proxy else ''} asks who you are: name user and password with "
            "proxy='http://user:password@host:port' (read the password with getpass, never write it into a notebook)."
        )
    elif loopback:
        todo = "Is the emulator running? Start it with: graphinvestigate serve"
    elif proxy:
        todo = f"Check the network and the proxy in use ({text.log(proxy)})."
    else:
        todo = "Check the network and the name; where only a proxy leads out, name it with proxy=."
    return NetworkError(f"No answer from {host} {tried}: {words}. {todo}", host=url.host, attempts=attempts)


def wants_proxy_password(error: BaseException) -> bool:
    """Whether the proxy refused for want of a user name and password (407), or of the right ones."""
    return isinstance(error, httpx.ProxyError) and str(error).startswith("407")


def is_untrusted(error: BaseException) -> bool:
    """Whether a connection failed because the server's certificate can't be trusted."""
    seen: Any = error
    while seen is not None:
        if "CERTIFICATE_VERIFY_FAILED" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
