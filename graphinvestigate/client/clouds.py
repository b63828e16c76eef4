"""Where a tenant lives: the Microsoft clouds. Authority, Graph host and scope only ever change together."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import httpx

from graphinvestigate import text
from graphinvestigate.errors import UsageError


@dataclass(frozen=True, slots=True)
class Cloud:
    """One Microsoft cloud.

    Attributes
    ----------
    name : str
        What ``connect(cloud=…)`` calls it.
    graph : str
        Graph's root, without version and trailing slash.
    authority : str
        Where sign-in happens; empty for an emulator.
    scope : str
        What a token is asked for.
    """

    name: str
    graph: str
    authority: str
    scope: str


def _cloud(name: str, graph: str, authority: str) -> Cloud:
    return Cloud(name, graph, authority, f"{graph}/.default")


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        _cloud("global", "https://graph.microsoft.com", "https://login.microsoftonline.com"),
        _cloud("usgov", "https://graph.microsoft.us", "https://login.microsoftonline.us"),
        _cloud("usgov_dod", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
        _cloud("china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    )
}


def find_cloud(cloud: str | Cloud) -> Cloud:
    """Look a cloud up by its name.

    Parameters
    ----------
    cloud : str or Cloud
        ``"global"`` (also GCC), ``"usgov"`` (GCC High), ``"usgov_dod"`` or ``"china"``; a `Cloud` of your own
        is taken as it is.

    Returns
    -------
    Cloud

    Raises
    ------
    UsageError
        There is no such cloud. It never falls back to the public one.
    """
    if isinstance(cloud, Cloud):
        return cloud
    if not isinstance(cloud, str) or cloud not in CLOUDS:
        shown = text.log(repr(cloud))
        raise UsageError(f"No cloud is called {shown}. Choose one of: {', '.join(CLOUDS)}.")
    return CLOUDS[cloud]


def emulator_cloud(url: str) -> Cloud:
    """Make the cloud of an emulator out of its loopback address.

    Parameters
    ----------
    url : str
        Such as ``"http://127.0.0.1:8080"``.

    Returns
    -------
    Cloud

    Raises
    ------
    UsageError
        It is no http(s) address on this machine.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise UsageError(f"{text.log(str(url))!r} is no address. Write http://127.0.0.1:8080.") from error
    plain = parsed.path in ("", "/") and not parsed.query and not parsed.fragment and not parsed.userinfo
    if parsed.scheme not in ("http", "https") or not plain:
        raise UsageError(
            f"An emulator's address is a scheme, a host and a port, such as http://127.0.0.1:8080; "
            f"{text.log(url)!r} is not."
        )
    if not is_loopback(parsed):
        raise UsageError(
            f"An emulator runs on this machine (127.0.0.1, ::1 or localhost), not at {text.log(parsed.host)}. "
            "For a real tenant use connect(tenant_id=…, client_id=…)."
        )
    root = str(parsed.copy_with(path="/")).rstrip("/")
    return Cloud("emulator", root, "", f"{root}/.default")


def is_loopback(url: httpx.URL) -> bool:
    """Whether a URL stays on this machine."""
    if url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def refuse_mixture(origin: httpx.URL, *, emulated: bool, own_transport: bool) -> None:
    """Keep real tokens off emulators and plain http, and an emulator's off real tenants.

    Parameters
    ----------
    origin : httpx.URL
        Graph's root.
    emulated, own_transport : bool
        Whether the token is an emulator's, and whether a transport of the caller's carries the requests.

    Raises
    ------
    UsageError
        Token and place don't fit.
    """
    loopback = is_loopback(origin)
    if emulated and not (loopback or own_transport):
        raise UsageError(
            f"EmulatorCredential makes no token that {origin.host} takes. Use connect(tenant_id=…, client_id=…) "
            "for a real tenant, connect_emulator(url) for an emulator on this machine."
        )
    if not emulated and (loopback or origin.scheme != "https"):
        raise UsageError(
            f"A real sign-in's token is not sent to {origin.scheme}://{origin.host}. Use connect_emulator(url) for "
            "an emulator on this machine; a real tenant is asked over https."
        )
    if origin.scheme != "https" and not loopback:
        raise UsageError("Graph is asked over https only, except for an emulator on this machine.")
