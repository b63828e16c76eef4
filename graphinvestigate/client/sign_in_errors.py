"""Entra's refusals → AuthError, in words that say what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphinvestigate import text
from graphinvestigate.client.secret import Secret
from graphinvestigate.errors import AuthError

_CODE = re.compile(r"AADSTS\d{1,8}")
# The rest of Entra's description repeats the trace id, the correlation id and the time.
_TAIL = re.compile(r"\s*(Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)
_TODO = {
    "AADSTS7000215": "Copy the secret's Value (not its Secret ID) from the app registration.",
    "AADSTS7000222": "The client secret has expired; make a new one in the app registration.",
    "AADSTS700016": "Check client_id= and that the app registration is in this tenant.",
    "AADSTS700027": "Upload the certificate to the app registration, or use the one that is there.",
    "AADSTS700024": "This machine's clock is off; set it, then connect again.",
    "AADSTS7000218": "Switch on 'Allow public client flows' in the app registration's Authentication page.",
    "AADSTS900023": "Check tenant_id=.",
    "AADSTS90002": "Check tenant_id= and cloud=.",
    "AADSTS65001": "An administrator has to consent to the app's permissions.",
    "AADSTS50076": "Sign in with a second factor: auth='interactive' or auth='device_code'.",
    "AADSTS50079": "Sign in with a second factor: auth='interactive' or auth='device_code'.",
    "AADSTS53003": "A conditional access policy blocks it: try auth='interactive' on a managed device.",
    "AADSTS50199": "A conditional access policy blocks it: try auth='interactive' on a managed device.",
    "AADSTS70020": "The code was not typed in time; connect again.",
    "AADSTS70016": "The code was not typed in time; connect again.",
    "AADSTS50011": "Add http://localhost as a redirect URI (mobile and desktop) to the app registration.",
}
_TODO_BY_ERROR = {
    "expired_token": _TODO["AADSTS70020"],
    "authorization_pending": _TODO["AADSTS70020"],
    "authorization_declined": "The sign-in was declined; connect again and accept it.",
    "access_denied": "The sign-in was declined; connect again and accept it.",
}
_TODO_BY_FLOW = {
    "interactive": "Where no browser can open, use auth='device_code'.",
    "device_code": "If codes are blocked here, use auth='interactive' or an app's certificate.",
    "managed_identity": "It works only on an Azure machine or service to which an identity is assigned.",
    "workload_identity": "Check the federated credential of the app registration (issuer, subject, audience).",
    "client_secret": "Check client_id=, client_secret= and tenant_id=.",
    "certificate": "Check client_id=, the certificate and tenant_id=.",
}


def refused(answer: Mapping[str, Any], *, flow: str, secret: Secret[Any] | None) -> AuthError:
    """Make the error for an answer without a token.

    Parameters
    ----------
    answer : mapping
        msal's, with `error` and `error_description`.
    flow : str
        What ``connect(auth=…)`` calls it.
    secret : Secret or None
        What must not be shown, whoever repeats it.

    Returns
    -------
    AuthError
    """
    error = str(answer.get("error") or "no token")
    said = _hidden(str(answer.get("error_description") or ""), secret)
    found = _CODE.search(said)
    if found is None and answer.get("error_codes"):
        found = _CODE.fullmatch(f"AADSTS{answer['error_codes'][0]}")
    code = found[0] if found else error
    todo = _TODO.get(code) or _TODO_BY_ERROR.get(error) or _TODO_BY_FLOW.get(flow, "")
    words = text.log(_TAIL.sub("", said)) or text.log(_hidden(error, secret))
    correlation = answer.get("correlation_id")
    return AuthError(
        f"Sign-in ({flow}) failed: {words.rstrip('.')}. {todo}".rstrip(),
        code=text.log(_hidden(code, secret)),
        correlation_id=text.log(str(correlation)) if correlation else None,
    )


def unexpected(error: Exception, *, flow: str, secret: Secret[Any] | None) -> AuthError:
    """Make the error for what msal raises instead of answering.

    Parameters
    ----------
    error : Exception
        Such as an unreadable key, a browser that nobody used, an authority that answers nonsense.
    flow : str
        What ``connect(auth=…)`` calls it.
    secret : Secret or None
        What must not be shown.

    Returns
    -------
    AuthError
    """
    said = _hidden(str(error), secret)
    error.args = tuple(_hidden(arg, secret) if isinstance(arg, str) else arg for arg in error.args)
    found = _CODE.search(said)
    return AuthError(
        f"Sign-in ({flow}) failed: {type(error).__name__}: {text.log(said).rstrip('.')}. "
        f"{_TODO_BY_FLOW.get(flow, '')}".rstrip(),
        code=found[0] if found else None,
    )


def _hidden(said: str, secret: Secret[Any] | None) -> str:
    return secret.hide_in(said) if secret is not None else said
