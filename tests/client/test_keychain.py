"""Tokens on disk: encrypted by the system, or not at all. And no real sign-in on a public machine."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msal
import pytest

from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.errors import UsageError

TENANT = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
ALERTS = "/security/alerts_v2"


class Keychain:
    """A keychain in memory, in the shape of msal-extensions: a secret per location."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.encrypts = True
        self.broken: Exception | None = None
        self.PersistedTokenCache = Cache

    def build_encrypted_persistence(self, location: str) -> Any:
        if self.broken:
            raise self.broken
        return SimpleNamespace(
            is_encrypted=self.encrypts,
            load=lambda: self.secrets.get(location, ""),
            save=lambda content: self.secrets.update({location: content}),
            time_last_modified=lambda: 1.0,
            get_location=lambda: location,
        )


class Cache(msal.SerializableTokenCache):
    """What msal-extensions does, without its file locks: read before each look, write after each change."""

    def __init__(self, persistence: Any) -> None:
        super().__init__()
        self.persistence = persistence

    def modify(self, credential_type: Any, old_entry: Any, new_key_value_pairs: Any = None) -> None:
        self.deserialize(self.persistence.load())
        super().modify(credential_type, old_entry, new_key_value_pairs=new_key_value_pairs)
        self.persistence.save(self.serialize())

    def search(self, credential_type: Any, **kwargs: Any) -> Any:
        self.deserialize(self.persistence.load())
        return super().search(credential_type, **kwargs)


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keychain:
    """The machine's keychain."""
    chain = Keychain()
    monkeypatch.setitem(sys.modules, "msal_extensions", chain)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return chain


class Entra:
    """Signs people in by device code; counts how often a person had to type one."""

    def __init__(self) -> None:
        self.codes = 0
        self.seen: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.microsoft.com":
            self.seen.append(request.headers["authorization"])
            return httpx.Response(200, json={"value": []})
        tenant = request.url.path.split("/")[1]
        root = f"https://login.microsoftonline.com/{tenant}"
        if request.url.path.endswith("/openid-configuration"):
            ends = {"authorization": "authorize", "token": "token", "device_authorization": "devicecode"}
            found = {f"{name}_endpoint": f"{root}/oauth2/v2.0/{end}" for name, end in ends.items()}
            return httpx.Response(200, json={"issuer": f"{root}/v2.0", **found})
        if request.url.path.endswith("/devicecode"):
            self.codes += 1
            return httpx.Response(200, json={"user_code": "A", "device_code": "d", "interval": 1, "expires_in": 900})
        parts = [{"alg": "none"}, {"sub": "s", "aud": "app", "iss": root, "exp": 4_000_000_000, "tid": tenant}]
        info = {"uid": "u", "utid": tenant}
        encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()  # noqa: E731
        return httpx.Response(
            200,
            json={
                "access_token": f"token-of-{tenant[:1]}",
                "refresh_token": "canary-refresh",
                "token_type": "Bearer",
                "expires_in": 3600,
                "client_info": encode(info),
                "id_token": ".".join(map(encode, parts)) + ".",
                "scope": "https://graph.microsoft.com/.default",
            },
        )


def session(transport_for: Any, entra: Entra, tenant: str = TENANT, client_id: str = "app") -> None:
    """One session: connect, read, and forget everything."""
    with connect(
        tenant_id=tenant, client_id=client_id, auth="device_code", persist=True, transport=transport_for(entra)
    ) as client:
        list(client.pages(ALERTS))


def test_the_next_session_needs_no_sign_in(transport_for: Any, keychain: Keychain, tmp_path: Path) -> None:
    """A13: with persist=True the keychain keeps the tokens for the next session, and no file holds them."""
    entra = Entra()
    session(transport_for, entra)
    session(transport_for, entra)
    assert entra.codes == 1
    assert entra.seen == ["Bearer token-of-1"] * 2
    assert "canary-refresh" in next(iter(keychain.secrets.values()))
    for file in tmp_path.rglob("*"):
        assert file.is_dir()


def test_tenants_and_apps_are_kept_apart(transport_for: Any, keychain: Keychain) -> None:
    """A15: what signed in to one tenant, or one app, is not found for another."""
    entra = Entra()
    session(transport_for, entra)
    session(transport_for, entra, tenant=OTHER)
    session(transport_for, entra, client_id="other")
    assert entra.codes == 3
    assert entra.seen == ["Bearer token-of-1", "Bearer token-of-2", "Bearer token-of-1"]
    assert len(keychain.secrets) == 3


def test_without_persist_nothing_is_kept(transport_for: Any, keychain: Keychain) -> None:
    """A13: tokens stay in memory unless somebody asks for more."""
    with connect(tenant_id=TENANT, client_id="app", auth="device_code", transport=transport_for(Entra())) as client:
        list(client.pages(ALERTS))
    assert keychain.secrets == {}


def test_damaged_tokens_are_none(transport_for: Any, keychain: Keychain) -> None:
    """A keychain's damaged entry costs a new sign-in, no more."""
    entra = Entra()
    session(transport_for, entra)
    for location in keychain.secrets:
        keychain.secrets[location] = '{"half'
    session(transport_for, entra)
    session(transport_for, entra)
    assert entra.codes == 2


@pytest.mark.parametrize(
    "broken", [ImportError("no gi"), ValueError("no schema"), RuntimeError("libsecret"), OSError(13, "no")]
)
def test_a_machine_without_a_keychain_says_so(transport_for: Any, keychain: Keychain, broken: Exception) -> None:
    """A13: where nothing encrypts, persist=True is an error before anything is asked, never a plain file."""
    keychain.broken = broken
    with pytest.raises(UsageError, match=r"no keychain.*never kept in a plain file"):
        session(transport_for, Entra())
    keychain.broken, keychain.encrypts = None, False
    with pytest.raises(UsageError, match="does not encrypt"):
        session(transport_for, Entra())
    assert keychain.secrets == {}


def test_a_missing_package_is_named(transport_for: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the keychain's package the error says what to install, and no file appears."""
    monkeypatch.setitem(sys.modules, "msal_extensions", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"graphinvestigate\[keychain\]"):
        session(transport_for, Entra())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [{"auth": "client_secret", "client_secret": "s", "client_id": "app"}, {"auth": "managed_identity"},
     {"credential": EmulatorCredential(TENANT)}],
)  # fmt: skip
def test_only_people_are_kept(transport_for: Any, keychain: Keychain, arguments: dict[str, Any]) -> None:
    """persist=True with a way to sign in that needs nobody at the keyboard is a UsageError."""
    with pytest.raises(UsageError, match="persist="):
        connect(tenant_id=TENANT, transport=transport_for(Entra()), persist=True, **arguments)


BINDER = ["BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REQUEST", "BINDER_REPO_URL"]


@pytest.mark.parametrize("variable", BINDER)
def test_no_real_sign_in_on_binder(
    transport_for: Any, make: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A16: on Binder a real sign-in is refused, whichever way; who insists is warned; the demo is untouched."""
    monkeypatch.setenv(variable, "10.0.0.1")
    for arguments in ({"client_id": "app"}, {"credential": make.Tokens()}, {"auth": "managed_identity"}):
        with pytest.raises(UsageError, match=r"Binder.*connect_demo"):
            connect(tenant_id=TENANT, **arguments)
    with pytest.warns(UserWarning, match="Binder"):
        connect(tenant_id=TENANT, client_id="app", allow_on_binder=True).close()
    connect(tenant_id=TENANT, credential=EmulatorCredential(TENANT), transport=transport_for(Entra())).close()


def test_elsewhere_binder_is_not_mentioned(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anywhere else nothing is refused and nobody is warned."""
    for variable in BINDER:
        monkeypatch.delenv(variable, raising=False)
    with connect(tenant_id=TENANT, credential=make.Tokens()) as client:  # a warning would be an error
        assert client.tenant_id == TENANT
