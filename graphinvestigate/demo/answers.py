"""What the emulator sends back: answers, their headers, and error bodies in Graph's documented shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_DIAGNOSTIC = '{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"DEMO"}}'
_ECHOABLE = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived: header names in lower case, the URL absolute and undecoded."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. ``headers`` are pairs, because a name may come twice."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class ApiError(Exception):
    """An error that Graph would answer with; becomes an error body.

    Parameters
    ----------
    status : int
        The HTTP status.
    code, message : str
        Graph's ``error.code`` and ``error.message``.
    headers : mapping
        Headers that only this error carries (``Retry-After``, ``WWW-Authenticate``, ``Allow``).
    extra : mapping
        Properties of ``error`` beside the usual three, such as ``details``.
    inner : mapping
        Properties of ``error.innerError`` beside the usual three.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        inner: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        self.inner = dict(inner or {})


def bad_request(message: str) -> ApiError:
    """Return the 400 that most of Graph answers with."""
    return ApiError(400, "BadRequest", message)


def to_json(value: Any) -> bytes:
    """Encode as UTF-8 JSON; text that UTF-8 cannot carry (lone surrogates) is written with escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()


def standard_headers(*, now: datetime, request_id: str, client_request_id: str | None) -> tuple[tuple[str, str], ...]:
    """Return the headers that every answer carries; `now` is the tenant's clock."""
    return (
        ("Date", format_datetime(now, usegmt=True)),
        ("Content-Type", JSON_TYPE),
        ("Cache-Control", "no-cache"),
        ("Strict-Transport-Security", "max-age=31536000"),
        ("request-id", request_id),
        ("client-request-id", echo(client_request_id) or request_id),
        ("x-ms-ags-diagnostic", _DIAGNOSTIC),
    )


def echo(client_request_id: str | None) -> str | None:
    """Return the caller's own id if it may stand in a header."""
    return client_request_id if client_request_id and _ECHOABLE.fullmatch(client_request_id) else None


def error_response(error: ApiError, *, now: datetime, request_id: str, client_request_id: str | None) -> Response:
    """Render `error` as Graph does: ``{"error": {"code", "message", "innerError": {…}}}``."""
    inner = {
        **error.inner,
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": echo(client_request_id) or request_id,
    }
    body = {"error": {"code": error.code, "message": error.message, **error.extra, "innerError": inner}}
    head = standard_headers(now=now, request_id=request_id, client_request_id=client_request_id)
    return Response(error.status, (*head, *error.headers.items()), to_json(body))


def lower_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name; values of a repeated name are joined as HTTP says."""
    merged: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        key = name.lower()
        merged[key] = f"{merged[key]}, {value}" if key in merged else value
    return merged
