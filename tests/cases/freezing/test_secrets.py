"""Secrets are known by their look, in any wrapping, and what only speaks of one is none."""

from __future__ import annotations

import base64
import json

import pytest

from graphinvestigate.cases.freezing.secrets import find_secrets, masked


def coded(value: dict[str, object]) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{coded({'alg': 'RS256', 'typ': 'JWT'})}.{coded({'aud': 'graph', 'tid': 't'})}.c2lnbmF0dXJl"
# Put together here so that no scanner takes this file for a leak.
FOUND = [
    ("token (JWT)", f"headers = {{'x': '{JWT}'}}"),
    ("token (JWT)", json.dumps(json.dumps({"access_token": JWT}))),
    ("Entra client secret", "abc" + "8Q~" + "x" * 34),
    ("Entra refresh token", "0.A" + "Xy_-9" * 15),
    ("bearer header", "Authorization: Bearer " + "a1B2" * 6),
    ("basic header", "Authorization: Basic " + base64.b64encode(b"user:password").decode()),
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
    ("private key", "-----BEGIN " + "PRIVATE KEY-----"),
    ("storage key", "AccountName=x;AccountKey=" + "q" * 86 + "=="),
    ("shared access signature", "https://x.test/c?sv=1&sig=" + "a" * 30 + "%3D"),
    ("session cookie", "ESTSAUTHPERSISTENT=" + "z" * 40),
    ("AWS key", "AKIA" + "ABCDEFGH12345678"),
    ("GitHub token", "ghp_" + "a" * 36),
    ("written-out client_secret", 'gi.connect(client_secret="' + "correct-horse" + '")'),
    ("written-out azure_client_secret", "AZURE_CLIENT_SECRET = '" + "correct-horse" + "'"),
    ("written-out password", '{"password": "' + "hunter2hunter2" + '"}'),
    ("written-out refresh_token", json.dumps(json.dumps({"refresh_token": "opaque-but-secret"}))),
]
NONE = [
    'client_secret=os.environ["SECRET"]',
    'client_secret="…"',
    "password = getpass.getpass()",
    'password="<your password>"',
    'client_secret="your-secret"',
    "the token was refused; bearer token expected",
    "Possible password spray: 'contoso'",
    '"tokenIssuerType": "AzureAD", "uniqueTokenIdentifier": "001358d661a548569e9275"',
    "https://graph.microsoft.com/v1.0/users?$skiptoken=abcdefghijklmnop",
    "id 1592147f-313f-404a-85fb-7d945bf52cd3 and hash 275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "eyJhbGciOi is how a token begins",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_a_secret_is_found_and_masked(kind: str, text: str) -> None:
    """A secret is found once, with its kind; masked, the text says what was there, and nothing of it is left."""
    (secret,) = find_secrets(f"before {text} after")
    assert secret.kind == kind
    shown = masked(f"before {text} after")
    assert f"[{kind}, left out]" in shown
    assert f"before {text} after"[secret.begin : secret.end] not in shown
    assert find_secrets(shown) == []


@pytest.mark.parametrize("text", NONE)
def test_what_only_speaks_of_one_is_none(text: str) -> None:
    """Placeholders, reads from elsewhere, Graph's own fields, ids and hashes are no secrets."""
    assert find_secrets(text) == []
    assert masked(text) == text


@pytest.mark.parametrize("piece", ["y", "a.", "a-", "eyJ", "secret", "password=", "Bearer ", "AccountKey=", "=", '"'])
def test_a_very_long_text_takes_one_pass(piece: str) -> None:
    """A million characters that nearly begin a secret are read once: the search ends."""
    assert [one.kind for one in find_secrets(piece * (1_000_000 // len(piece)))] in ([], ["storage key"])
