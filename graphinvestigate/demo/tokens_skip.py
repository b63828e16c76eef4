"""Skip tokens: where the next page begins, sealed so that a changed token or a changed query is noticed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from graphinvestigate.demo.answers import bad_request

_SEAL = 16


def seal(position: int, query: Sequence[tuple[str, str]], *, tenant_id: str, salt: int = 0) -> str:
    """Return a token for `position` within the answer to `query`; another `salt` makes another token for it."""
    text = json.dumps([position, salt], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(text, query, tenant_id) + text).rstrip(b"=").decode()


def unseal(token: str, query: Sequence[tuple[str, str]], *, tenant_id: str) -> int:
    """Return the position in a token made by `seal` for the same query.

    Raises
    ------
    ApiError
        400: the token was not made here, was changed, or belongs to another query.
    """
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    mac, text = data[:_SEAL], data[_SEAL:]
    # The token must be the very one that was sent: base64 knows several spellings of the same bytes.
    same = base64.urlsafe_b64encode(data).rstrip(b"=").decode() == token
    if not text or not same or not hmac.compare_digest(mac, _mac(text, query, tenant_id)):
        raise bad_request("Invalid $skiptoken: follow @odata.nextLink as it was sent.")
    return int(json.loads(text)[0])


def _mac(text: bytes, query: Sequence[tuple[str, str]], tenant_id: str) -> bytes:
    said = json.dumps(sorted(query)).encode()
    return hmac.new(b"skiptoken:" + tenant_id.encode(), said + b"\0" + text, hashlib.sha256).digest()[:_SEAL]
