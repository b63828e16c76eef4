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
    ("storage key", "AccountEndpoint=https://c.documents.azure.com:443/;AccountKey=" + "Q1" * 43 + "=="),
    (
        "shared access key",
        "Endpoint=sb://b.servicebus.windows.net/;SharedAccessKeyName=all;SharedAccessKey=" + "k7" * 21 + "=",
    ),
    ("shared access signature", "SharedAccessSignature sig=" + "a" * 30 + "%3D&se=1&skn=all&sr=sb"),
    ("Azure DevOps token", "a2b3c4d5e6f7g2h3" * 3 + "zzz2"),
    ("Azure DevOps token", "Ab1" * 17 + "xJQQJ99" + "Bc2" * 6 + "AZDO" + "4f2q"),
    ("Azure key", "Ab1" * 17 + "xJQQJ99" + "Bc2" * 6 + "ACOG" + "4f2q"),
    ("Azure key", "Zq3/" * 19 + "+ASt" + "a1B2c" + "A=="),
    ("Azure key", "Zq3/" * 19 + "ACDb" + "a1B2c" + "g=="),
    ("Azure key", "Zq3" * 11 + "+AEh" + "Ca1B2c="),
    ("Azure key", "Zq3" * 14 + "AzSe" + "Ca1B2c"),
    (
        "connection string's password",
        "Server=tcp:s.database.windows.net;User ID=sa;Password=" + "c0rrect-horse;Encrypt=True",
    ),
    ("connection string's password", "Pwd=" + "c0rrect-horse; Server=db"),
    ("password in an address", "postgresql://app:" + "c0rrect-horse@db.test/main"),
    ("password in an address", "https://build:" + "k" * 20 + "@dev.azure.com/org/_git/repository"),
    ("written-out secret of the environment", "%env GRAPH_CLIENT_SECRET=" + "c0rrect-horse"),
    ("written-out secret of the environment", "export AZURE_DEVOPS_EXT_PAT=" + "c0rrect-horse\n"),
    ("AWS key", "aws_secret_access_key = " + "Ab1/" * 10),
    ("GitHub token", "github_pat_" + "a" * 22 + "_" + "b" * 59),
    ("GitLab token", "glpat-" + "a1B2" * 5),
    ("Google key", "AIza" + "Sy0" * 11 + "ab"),
    ("Slack token", "xoxb-" + "1234567890-abcdef"),
    ("Slack token", "xapp-" + "1-A1234567890-abcdef"),
    ("package registry's token", "npm_" + "a1B2" * 9),
    ("webhook's address", "https://hooks.slack.com/services/T0000AAAA/B0000AAAA/" + "abcdEFGH12345678"),
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
    "275a021b" * 6 + "2222",  # 52 hexadecimal characters
    "abcdefghijklmnopqrstuvwxyz" * 2,  # 52 letters that are no Base32 of chance
    "mfrggzdfmztwq2lk" * 3 + "mfrggzdf",  # Base32 of another length
    "A" * 75 + "AZDO" + "4f2q",  # the mark at another place
    "Ab1" * 28,  # 84 characters without a mark
    "Zq3/" * 19 + "aASt" + "a1B2c" + "A==",  # a hash in Base64 of an Azure key's length
    "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",  # SHA-256 in Base64
    "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "S-1-5-21-397955417-626881126-188441444-1103; S-1-12-1-1943430372-1249052806-2496021943-3034400218",
    "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
    "SharedAccessKeyName=RootManageSharedAccessKey",
    "Server=tcp:s;User ID=sa;Password={your_password};Encrypt=True",
    "Server=tcp:s;User ID=sa;Password=<password>;Encrypt=True",
    "postgresql://user:password@db.test/main",
    "https://contoso.test:8443/a@b and mailto:alice@contoso.test",
    "the sign-in used password; pwd = getpass()",
    "CLIENT_SECRET=os.environ['GRAPH_SECRET_1']",
    "CLIENT_SECRET=$GRAPH_SECRET_1",
    "ACCESS_TOKEN=get_token1(client)",
    "ACCOUNT_PATH=/home/user1/files",
    "aws_secret_access_key in the file ~/.aws/credentials was read by process 1234",
    "glpat- and xoxb- are how such tokens begin",
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


SLOW = [
    "y2",
    "A",
    "+ASt",
    "AZDO",
    "JQQJ99",
    ";pwd =",
    "pwd = a;",
    "a://",
    "a://b:",
    "A_",
    "TOKEN=",
    "A1 TOKEN=",
    "npm_",
    "glpat-a ",
]


@pytest.mark.parametrize(
    "piece", ["y", "a.", "a-", "eyJ", "secret", "password=", "Bearer ", "AccountKey=", "=", '"', *SLOW]
)
def test_a_very_long_text_takes_one_pass(piece: str) -> None:
    """Very many characters that nearly begin a secret are read once: the search ends."""
    assert [one.kind for one in find_secrets(piece * (300_000 // len(piece)))] in ([], ["storage key"])
