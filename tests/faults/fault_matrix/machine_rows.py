"""A06, A13, A16: the machine this runs on: its clock, its keychain, and whose it is."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from fault_matrix.fakes import ALERTS, FakeGraph, Tokens, connected, ids
from fault_matrix.mistakes import LocalClock, through
from fault_matrix.row import OPEN, raised, row, same
from fault_matrix.sign_in_rows import TENANT, Authority, signed_in, token
from fault_matrix.tls_rows import environment
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.errors import UsageError


@row("A06", real=connected, broken=through(LocalClock))
def a_clock_that_is_off_is_told(subject: Any) -> None:
    """Where this machine's clock and Graph's are minutes apart one warning says so; a few minutes are borne."""
    for off, told in ((timedelta(minutes=10), 1), (timedelta(minutes=-10), 1), (timedelta(minutes=4), 0)):
        date = format_datetime(datetime.now(UTC) + off, usegmt=True)
        client = subject(FakeGraph([httpx.Response(200, json={"value": []}, headers={"Date": date})]), Tokens())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                same(ids(client), [])
        assert len([one for one in caught if "minutes" in str(one.message)]) == told, off


@contextlib.contextmanager
def keychain(saved: dict[str, str], *, encrypts: bool) -> Iterator[Path]:
    """A machine whose keychain encrypts nothing, or that has none; gives the folder where caches would be."""
    persistence = SimpleNamespace(is_encrypted=False, load=str, save=lambda content: saved.update(all=content))

    def build(location: str) -> Any:
        if not encrypts:
            raise RuntimeError("libsecret")
        return persistence

    before = sys.modules.get("msal_extensions")
    sys.modules["msal_extensions"] = SimpleNamespace(build_encrypted_persistence=build)  # type: ignore[assignment]
    try:
        with tempfile.TemporaryDirectory() as folder, environment(XDG_CACHE_HOME=folder, LOCALAPPDATA=folder):
            yield Path(folder)
    finally:
        del sys.modules["msal_extensions"]
        if before is not None:
            sys.modules["msal_extensions"] = before


def kept_in_a_file(fake: FakeGraph, *, auth: str, persist: bool = False) -> Any:
    """Keeps tokens where it can, in a plain file where nothing better is there."""
    if persist:
        Path(os.environ["XDG_CACHE_HOME"], "tokens.json").write_text('{"refresh_token": "canary"}')
    return signed_in(fake, auth=auth)


@row("A13", real=signed_in, broken=kept_in_a_file)
def tokens_are_in_no_plain_file(subject: Any) -> None:
    """Tokens stay in memory; who wants them kept gets them encrypted, or an error before anything is asked."""
    for encrypts in (True, False):
        saved: dict[str, str] = {}
        with keychain(saved, encrypts=encrypts) as folder:
            with contextlib.redirect_stderr(io.StringIO()):
                same(ids(subject(FakeGraph(Authority(token())), auth="device_code")), ["a"])
            assert [file for file in folder.rglob("*") if file.is_file()] == []
            fake = FakeGraph(Authority(token()))

            def kept(fake: FakeGraph = fake) -> Any:
                return list(subject(fake, auth="device_code", persist=True).pages(ALERTS))

            raised(UsageError, kept, "encrypt|keychain")
            assert fake.seen == []
            assert [file for file in folder.rglob("*") if file.is_file()] == []
        assert saved == {}


def anywhere(**arguments: Any) -> Any:
    """Signs in wherever it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return connect(**arguments, allow_on_binder=True)


@row("A16", real=connect, broken=anywhere)
def nobody_signs_in_on_a_public_machine(subject: Any) -> None:
    """On Binder a real sign-in is refused, whichever way, and the demo is named; the demo itself works there."""
    for variable in ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REQUEST", "BINDER_REPO_URL"):
        with environment(**{variable: "10.0.0.1"}):
            for given in ({"client_id": "app"}, {"credential": Tokens()}, {"auth": "managed_identity"}):
                raised(UsageError, lambda g=given: subject(tenant_id=TENANT, **g), "connect_demo")
            fake = FakeGraph([httpx.Response(200, json={"value": []})])
            OPEN.enter_context(connect(tenant_id=TENANT, credential=EmulatorCredential(TENANT), transport=fake))
