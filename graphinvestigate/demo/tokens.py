"""Who asks: the bearer token of a request, as far as a demo tenant needs it.

A token is ``header.payload.``: base64url JSON without a signature. Its payload says for which tenant (``tid``), until
when (``exp``) and with which application permissions (``roles``) it speaks. Two conveniences for callers who know
nothing of this tenant: the empty GUID as ``tid`` means whichever tenant answers, and a token without ``roles`` may
read everything. An empty list of roles may read nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphinvestigate.demo.answers import ApiError
from graphinvestigate.demo.resources import PERMISSIONS

ANY_TENANT = "00000000-0000-0000-0000-000000000000"

_CHALLENGE = {
    "WWW-Authenticate": (
        'Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by a token that was accepted."""

    app_id: str
    roles: tuple[str, ...]


def read_caller(headers: Mapping[str, str], *, tenant_id: str, now: datetime) -> Caller:
    """Return who sent these headers.

    Raises
    ------
    ApiError
        401: no token, no token of this form, another tenant's, or one that has expired.
    """
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _refused("Access token is empty.")
    claims = _claims(token)
    if claims.get("tid") not in (tenant_id, ANY_TENANT):
        raise _refused("Access token validation failure. Invalid tenant.")
    expires, begins = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
    if expires is None or begins is None or not begins <= now.timestamp() < expires:
        raise _refused("Access token has expired or is not yet valid.")
    roles = claims.get("roles", PERMISSIONS)
    named = tuple(role for role in roles if isinstance(role, str)) if isinstance(roles, list | tuple) else ()
    return Caller(app_id=str(claims.get("appid", "")), roles=named)


def check_permission(
    caller: Caller, permissions: Sequence[str], *, named: Sequence[str] = (), directory: bool = False
) -> None:
    """Raise the 403 that names what is missing, unless the caller has one of the permissions.

    The 403 names `named` where that is more; the directory names nothing.
    """
    if not set(caller.roles) & set(permissions):
        if directory:
            raise ApiError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        required = ",".join(named or permissions)
        has = ",".join(caller.roles)
        raise ApiError(
            403,
            "Forbidden",
            f"Missing application roles. API required roles: {required}, application roles: {has}.",
        )


def _claims(token: str) -> dict[str, Any]:
    if "." not in token:
        raise _refused("IDX14100: JWT is not well formed, there are no dots (.).")
    header, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        read = json.loads(_decode(header)), json.loads(_decode(payload))
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if signature or not isinstance(read[0], dict) or not isinstance(read[1], dict):
        raise _malformed()
    return read[1]


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def _seconds(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _malformed() -> ApiError:
    return _refused("CompactToken parsing failed with error code: 80049217")


def _refused(message: str) -> ApiError:
    return ApiError(401, "InvalidAuthenticationToken", message, headers=_CHALLENGE)
