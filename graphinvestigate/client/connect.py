"""Connecting: to a tenant with one of six ways to sign in, or to an emulator on this machine."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from graphinvestigate import text
from graphinvestigate.client.auth import Credential, TokenCredential
from graphinvestigate.client.clouds import Cloud, emulator_cloud, find_cloud
from graphinvestigate.client.emulator_credential import EMULATED_TENANT, EmulatorCredential
from graphinvestigate.client.graph_client import GraphClient
from graphinvestigate.client.keychain import token_cache
from graphinvestigate.client.secret import Secret, as_secret, check_text
from graphinvestigate.client.transport import open_http
from graphinvestigate.errors import UsageError

FLOWS = (
    "interactive",
    "device_code",
    "client_secret",
    "certificate",
    "managed_identity",
    "workload_identity",
)
# What BinderHub and its Kubernetes set in a session's environment.
_BINDER = ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REQUEST", "BINDER_REPO_URL")
_TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
_PEM = re.compile(r"-----BEGIN (?P<kind>[A-Z0-9 ]+)-----.+?-----END (?P=kind)-----", re.DOTALL)


def connect(
    *,
    tenant_id: str,
    client_id: str | None = None,
    auth: str = "interactive",
    credential: Any = None,
    client_secret: str | Secret[str] | None = None,
    certificate: str | os.PathLike[str] | None = None,
    cloud: str | Cloud = "global",
    proxy: str | Secret[str] | None = None,
    ca: str | os.PathLike[str] | None = None,
    transport: httpx.BaseTransport | None = None,
    persist: bool = False,
    allow_on_binder: bool = False,
) -> GraphClient:
    """Connect to a tenant. Nothing is asked of the network until the first request.

    Parameters
    ----------
    tenant_id : str
        The tenant's id, or one of its domain names.
    client_id : str or None
        The app registration to sign in with (for a managed identity: which one; for a workload identity the
        variable AZURE_CLIENT_ID serves too).
    auth : str
        ``"interactive"`` (a browser here), ``"device_code"`` (a code typed into a browser elsewhere),
        ``"client_secret"``, ``"certificate"``, ``"managed_identity"`` or ``"workload_identity"``.
    credential : object or None
        Instead of `auth`: any credential of azure-identity, or your own with its ``get_token``; or an
        `EmulatorCredential`, which only `transport` or a loopback address takes.
    client_secret : str or None
        For ``auth="client_secret"``. Read it from the environment or `getpass`, never write it into a notebook.
    certificate : path or None
        For ``auth="certificate"``: a PEM file with private key and certificate, or a PFX file, both without
        a password.
    cloud : str or Cloud
        ``"global"``, ``"usgov"``, ``"usgov_dod"`` or ``"china"``.
    proxy : str or None
        ``http://host:port``; None: what the environment says. It serves sign-in and Graph alike, as `ca` does.
    ca : path or None
        A PEM file of authorities to trust besides the system's, such as a company's.
    transport : httpx.BaseTransport or None
        What to ask through instead of the network. One that lives in a time of its own may have the methods
        ``clock()`` (seconds, never running back) and ``sleep(seconds)``, which then serve all waiting.
    persist : bool
        Whether a signed-in person's tokens are kept in the system's keychain, so that the next session needs no
        sign-in. Without a keychain that is an error; tokens are never kept in a plain file.
    allow_on_binder : bool
        A sign-in to a real tenant is refused on Binder, whose machines are public and somebody else's; this
        allows it, with a warning.

    Returns
    -------
    GraphClient

    Raises
    ------
    UsageError
        Arguments that don't fit together.
    """
    # Before anything can fail: no traceback may show them.
    client_secret = as_secret(client_secret)
    proxy = as_secret(proxy)
    check_text(client_secret, name="client_secret")
    check_text(proxy, name="proxy")
    place = find_cloud(cloud)
    _check_tenant(tenant_id)
    _check_arguments(
        auth=auth, credential=credential, client_secret=client_secret, certificate=certificate, client_id=client_id
    )
    if persist and (credential is not None or auth not in ("interactive", "device_code")):
        raise UsageError("persist= keeps a person's sign-in: it goes with auth='interactive' or auth='device_code'.")
    if not isinstance(credential, EmulatorCredential):
        _beware_of_binder(allowed=allow_on_binder)
    key = _certificate(certificate) if certificate is not None else None
    clock = getattr(transport, "clock", time.monotonic)
    sleep = getattr(transport, "sleep", time.sleep)
    http, proxy_host = open_http(proxy=proxy, ca=ca, transport=transport, clock=clock)
    tokens: Credential
    if isinstance(credential, EmulatorCredential):
        tokens = credential
    elif credential is not None:
        tokens = TokenCredential(credential, scope=place.scope, tenant_id=tenant_id)
    else:
        tokens = _sign_in(
            auth,
            place,
            tenant_id,
            client_id,
            secret=client_secret,
            certificate=key,
            http=http,
            sleep=sleep,
            clock=clock,
            persist=persist,
        )
    return GraphClient(
        tenant_id=tenant_id,
        cloud=place,
        credential=tokens,
        http=http,
        own_transport=transport is not None,
        proxy_host=proxy_host,
        _clock=clock,
        _sleep=sleep,
    )


def connect_emulator(
    url: str, *, tenant_id: str = EMULATED_TENANT, permissions: list[str] | None = None
) -> GraphClient:
    """Connect to a server on this machine that speaks Graph. No account, no secret.

    Parameters
    ----------
    url : str
        Such as ``"http://127.0.0.1:8080"``.
    tenant_id : str
        The tenant that the emulator's token names.
    permissions : list of str or None
        The application permissions to pretend to have; None: all.

    Returns
    -------
    GraphClient

    Raises
    ------
    UsageError
        It is no address on this machine.
    """
    place = emulator_cloud(url)
    http, _ = open_http()
    return GraphClient(
        tenant_id=tenant_id, cloud=place, credential=EmulatorCredential(tenant_id, permissions), http=http
    )


def _beware_of_binder(*, allowed: bool) -> None:
    if not any(os.environ.get(name) for name in _BINDER):
        return
    if not allowed:
        raise UsageError(
            "This runs on Binder: a public machine that others administer. A sign-in here would hand them your "
            "tenant. Use connect_demo(), or run the notebook on a machine of your own; allow_on_binder=True insists."
        )
    warnings.warn(
        "Signing in to a real tenant on Binder: whoever runs this machine can read your token and your data.",
        stacklevel=3,
    )


def _check_tenant(tenant_id: str) -> None:
    if not isinstance(tenant_id, str) or not _TENANT.fullmatch(tenant_id):
        raise UsageError(f"{text.log(repr(tenant_id))} is no tenant. Give its id (a GUID) or one of its domain names.")
    if tenant_id.lower() in ("common", "organizations", "consumers"):
        raise UsageError(
            f"tenant_id={tenant_id!r} leaves open which tenant is investigated. Give its id or a domain name."
        )


def _check_arguments(
    *,
    auth: str,
    credential: Any,
    client_secret: Secret[str] | None,
    certificate: str | os.PathLike[str] | None,
    client_id: str | None,
) -> None:
    if auth not in FLOWS:
        raise UsageError(f"auth={text.log(repr(auth))} is no way to sign in. Choose one of: {', '.join(FLOWS)}.")
    if credential is not None:
        if auth != "interactive" or client_secret is not None or certificate is not None:
            raise UsageError("credential= signs in by itself; leave auth=, client_secret= and certificate= out.")
        return
    for name, value in (("client_secret", client_secret), ("certificate", certificate)):
        if (auth == name) != (value is not None):
            raise UsageError(f"auth={name!r} and {name}= go together; give both or neither.")
    if client_id is None and auth not in ("managed_identity", "workload_identity"):
        raise UsageError(
            f"auth={auth!r} needs client_id=: the Application (client) ID of an app registration in the tenant. "
            "To look around without one, use connect_demo()."
        )


def _certificate(path: str | os.PathLike[str]) -> Secret[dict[str, str]]:
    """Read what msal calls a certificate credential."""
    file = Path(path)
    if file.suffix.lower() in (".pfx", ".p12"):
        if not file.is_file():
            raise UsageError(f"There is no certificate file {text.log(str(file))}.")
        return Secret({"private_key_pfx_path": str(file), "public_certificate": True})  # type: ignore[dict-item]
    try:
        # Latin-1 takes every byte: a decoder's error would hold the whole file, and the key in it.
        blocks = [Secret(match[0]) for match in _PEM.finditer(file.read_text("latin-1"))]
    except OSError as error:
        raise UsageError(f"The certificate file {text.log(str(file))} can't be read.") from error
    keys = [one.reveal() for one in blocks if "PRIVATE KEY-----" in one.reveal()[:60]]
    certificates = [one.reveal() for one in blocks if one.reveal().startswith("-----BEGIN CERTIFICATE-----")]
    if len(keys) == 1 and certificates:
        return Secret({"private_key": keys[0], "public_certificate": "\n".join(certificates)})
    count = len(keys)
    del keys
    raise UsageError(
        f"The certificate file {text.log(str(file))} must hold one private key and its certificate, in PEM; it "
        f"holds {count} private keys and {len(certificates)} certificates."
    )


def _sign_in(
    auth: str,
    place: Cloud,
    tenant_id: str,
    client_id: str | None,
    *,
    secret: Secret[str] | None,
    certificate: Secret[dict[str, str]] | None,
    http: httpx.Client,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    persist: bool,
) -> Credential:
    # msal takes a tenth of a second to import, and the demo tenant needs none.
    from graphinvestigate.client import sign_in

    if auth == "managed_identity":
        return sign_in.managed_identity(cloud=place, client_id=client_id, http=http, sleep=sleep)
    if auth in ("interactive", "device_code"):
        app_id = client_id or ""
        return sign_in.user(
            flow=auth,
            cloud=place,
            tenant_id=tenant_id,
            client_id=app_id,
            http=http,
            sleep=sleep,
            clock=clock,
            cache=token_cache(cloud=place, tenant_id=tenant_id, client_id=app_id) if persist else None,
        )
    app: Secret[Any]
    if auth == "workload_identity":
        app, client_id = _federated(client_id)
    else:
        app = secret if auth == "client_secret" else certificate  # type: ignore[assignment]
    return sign_in.confidential(
        app,
        cloud=place,
        tenant_id=tenant_id,
        client_id=client_id or "",
        http=http,
        sleep=sleep,
        flow=auth,
        secret=secret,
    )


def _federated(client_id: str | None) -> tuple[Secret[Any], str]:
    file = os.environ.get("AZURE_FEDERATED_TOKEN_FILE")
    client_id = client_id or os.environ.get("AZURE_CLIENT_ID")
    if not file or not client_id:
        raise UsageError(
            "auth='workload_identity' needs the variable AZURE_FEDERATED_TOKEN_FILE, which the platform sets, and "
            "client_id= (or the variable AZURE_CLIENT_ID)."
        )
    # The platform renews the file, so it is read for each token.
    return Secret({"client_assertion": lambda: Path(file).read_text("ascii").strip()}), client_id
