"""Secrets in text: found by their look, named by kind and place, and never shown."""

from __future__ import annotations

import re
from typing import NamedTuple

_PLACEHOLDER = re.compile(
    r"(?i)^(?:[.…*x•_<>\[\]{}$-]+|.*(?:…|\.\.\.|<[^>]*>|\$\{).*|\{.*\}|your[-_ ].*"
    r"|example.*|changeme|redacted.*|pass(?:word|wd)?|pwd|secret|token)$"
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
    # Connection strings: of Storage and Cosmos DB the one, of Service Bus, Event Hubs, Relay and IoT Hub the other.
    ("storage key", re.compile(r"(?i)\bAccountKey=[\w+/]{30,}={0,2}")),
    ("shared access key", re.compile(r"(?i)\bSharedAccessKey=[\w+/]{30,}={0,2}")),
    ("shared access signature", re.compile(r"(?i)(?:[?&;]|SharedAccessSignature[ =])sig=[\w%+/-]{20,}={0,2}")),
    # Azure writes a mark into its keys, at a place of its own: without it a hash in Base64 looks the same.
    ("Azure DevOps token", re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])")),
    (
        "Azure DevOps token",  # the older ones: Base32, told from a hexadecimal hash and from a word by their letters
        re.compile(r"(?<![A-Za-z0-9])(?=[a-z2-7]{0,51}[g-z])(?=(?:[a-z]{0,49}[2-7]){3})[a-z2-7]{52}(?![A-Za-z0-9=])"),
    ),
    ("Azure key", re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9]{26}(?:[A-Za-z0-9]{2}==)?(?!\w)")),
    (
        "Azure key",
        re.compile(
            r"(?<![\w+/=-])(?:[A-Za-z0-9+/]{76}(?:\+ASt|\+ABa|ACDb|APIM)[A-Za-z0-9+/]{5}[AQgw]=="
            r"|[A-Za-z0-9+/]{33}(?:\+ASb|\+AEh|\+ARm|AIoT|AzEG|AzCa)[A-P][A-Za-z0-9+/]{5}="
            r"|[A-Za-z0-9+/]{42}(?:\+ACR|AzSe)[A-D][A-Za-z0-9+/]{5}|[\w-]{44}AzFu[\w-]{5}[AQgw]==)(?![\w+/=-])"
        ),
    ),
    ("AWS key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")),
    (
        "AWS key",
        re.compile(r"(?i)\baws_secret_access_key\\?[\"']?\s*[=:]\s*\\?[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
    ),
    ("GitHub token", re.compile(r"(?<!\w)(?:gh[pousr]_\w{36,}|github_pat_\w{40,})")),
    ("GitLab token", re.compile(r"(?<!\w)gl(?:pat|dt|rt|ptt)-[\w-]{20,}")),
    ("Google key", re.compile(r"(?<![\w-])AIza[\w-]{35}(?![\w-])")),
    ("Slack token", re.compile(r"(?<!\w)(?:xox[abeprs]|xapp)-[\w-]{10,}")),
    ("package registry's token", re.compile(r"(?<![\w-])(?:pypi-AgE[\w-]{50,}|npm_[A-Za-z0-9]{36}(?!\w))")),
    (
        "webhook's address",  # who has it can post: it is its own password
        re.compile(
            r"(?i)\bhttps://(?:hooks\.slack\.com/(?:services|workflows)/[\w/]{20,}"
            r"|[\w.-]{1,100}\.webhook\.office\.com/webhookb2/[\w@/-]{40,}"
            r"|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{30,})"
        ),
    ),
)
_LEFT_OUT = r"(?!\[[^\]\n]{0,60}, left out\]|[\w.]{1,60}\()"  # nor a call of what asks for it
# What is a secret by its place alone, in `value`: another text there may be a placeholder.
_PLACED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "connection string's password",
        re.compile(
            rf"(?i)(?:;\s*(?:password|pwd)\s*=\s*{_LEFT_OUT}(?P<value>[^;\"'\\\s]{{4,}})"
            rf"|(?<![\w-])(?:password|pwd)\s*=\s*{_LEFT_OUT}(?P<first>[^;\"'\\\s]{{4,200}});\s*[a-z][a-z ]{{1,30}}=)"
        ),
    ),
    (
        "password in an address",
        re.compile(
            rf"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{1,20}}://[^\s:/@\"'<>]{{0,100}}:{_LEFT_OUT}(?P<value>[^\s/@\"'<>]{{4,200}})@"
        ),
    ),
    (
        "written-out secret of the environment",  # CLIENT_SECRET=…, as a shell, .env or %env has it
        re.compile(
            r"(?<![\w.-])[A-Z][A-Z0-9_]{0,40}(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|ACCESS_KEY|ACCOUNT_KEY|PAT)="
            r"(?=[^\s]{0,200}?\d)(?=[^\s]{0,200}?[A-Za-z])(?P<value>[^\s\"'`$%<>{}()\[\],;\\]{8,})(?=[\s\"'`;&|\\]|$)"
        ),
    ),
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
    for kind, pattern in _PLACED:
        for one in pattern.finditer(text):
            place = "value" if one["value"] is not None else "first"
            if not _PLACEHOLDER.match(one[place]):
                found.append(Secret(kind, one.start(place), one.end(place)))
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
