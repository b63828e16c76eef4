"""Secrets in text: found by their look, named by kind and place, and never shown."""

from __future__ import annotations

import re
from typing import NamedTuple

_PLACEHOLDER = re.compile(
    r"(?i)^(?:[.…*x•_<>\[\]{}$-]+|.*(?:…|\.\.\.|<[^>]*>|\$\{).*|your[-_ ].*|example.*|changeme|redacted.*)$"
)
_NAMED = (
    r"(?:client_?secret|access_?token|refresh_?token|id_?token|sas_?token|auth_?token|bearer_?token|password|passwd|pwd"
    r"|passphrase|api_?key|secret_?key|access_?key|account_?key|private_?key|connection_?string|secret)"
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "private key",
        re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END[^-]*-----)?"),
    ),
    ("token (JWT)", re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*){1,3}")),
    ("Entra client secret", re.compile(r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~-])")),
    ("Entra refresh token", re.compile(r"(?<![\w.-])[01]\.A[\w-]{60,}(?:\.[\w-]+)*")),
    ("bearer header", re.compile(r"(?i)\bbearer[\s:]+(?!token\b)[\w.~+/=-]{16,}")),
    ("basic header", re.compile(r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?basic\s+[\w+/=-]{8,}")),
    (
        "session cookie",
        re.compile(r"(?i)\b(?:ESTSAUTH\w*|x-ms-[\w-]*credential|SignInStateCookie)\s*[=:]\s*[\"']?[\w.~+/=-]{16,}"),
    ),
    ("storage key", re.compile(r"(?i)\b(?:AccountKey|SharedAccessKey)=[\w+/]{30,}={0,2}")),
    ("shared access signature", re.compile(r"(?i)[?&;]sig=[\w%+/-]{20,}={0,2}")),
    ("AWS key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")),
    ("GitHub token", re.compile(r"(?<!\w)(?:gh[pousr]_\w{36,}|github_pat_\w{40,})")),
    ("Slack token", re.compile(r"(?<!\w)xox[abeprs]-[\w-]{10,}")),
)
_ASSIGNED = re.compile(
    # The name's begin is bound, and so is each try: a million letters in a row take one pass.
    rf"(?i)(?<![\w.-])(?P<name>[\w.-]{{0,40}}?{_NAMED})(?:\\?[\"'])?\s*[:=]\s*(?P<quote>\\?[\"'])(?P<value>[^\"'\\\s]{{8,}})(?P=quote)"
)


class Secret(NamedTuple):
    """A secret, without itself.

    Attributes
    ----------
    kind : str
        What it looks like.
    begin, end : int
        Where in the text.
    """

    kind: str
    begin: int
    end: int


def find_secrets(text: str) -> list[Secret]:
    """Find what looks like a secret: tokens, keys, passwords that are written out.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of Secret
        In their order, none within another. A name with a placeholder (``client_secret="…"``) or with something that
        is read elsewhere (``os.environ[…]``) is none.
    """
    found = [Secret(kind, one.start(), one.end()) for kind, pattern in _KINDS for one in pattern.finditer(text)]
    found += [
        Secret(f"written-out {one['name'].rpartition('.')[2].lower()}", one.start("value"), one.end("value"))
        for one in _ASSIGNED.finditer(text)
        if not _PLACEHOLDER.match(one["value"])
    ]
    found.sort(key=lambda secret: (secret.begin, -secret.end))
    kept: list[Secret] = []
    for secret in found:
        if not kept or secret.begin >= kept[-1].end:
            kept.append(secret)
    return kept


def masked(text: str) -> str:
    """Put ``[token (JWT), left out]`` in the place of every secret."""
    pieces: list[str] = []
    at = 0
    for secret in find_secrets(text):
        pieces += [text[at : secret.begin], f"[{secret.kind}, left out]"]
        at = secret.end
    return "".join([*pieces, text[at:]]) if pieces else text
