"""Threat intelligence on a host or an IP address: `get_host_reputation` and `list_passive_dns`."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pandas as pd

from graphinvestigate.client import GraphClient, Pull, path_segment
from graphinvestigate.envelope import Page
from graphinvestigate.errors import GraphError, LicenceMissingError, PermissionMissingError, UsageError
from graphinvestigate.frames.columns import constant
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.frames.schema import HOST_REPUTATIONS, RESOURCES
from graphinvestigate.queries.coverage import remember
from graphinvestigate.queries.offered import refuse_absent
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

HOSTS = "/security/threatIntelligence/hosts"
PERMISSION = "ThreatIntelligence.Read.All"
LICENCE = "Defender Threat Intelligence Premium with its API add-on"
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

T = TypeVar("T")


@takes
def get_host_reputation(client: GraphClient, host: str) -> pd.DataFrame:
    """What Microsoft's threat intelligence thinks of a host or an IP address.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    host : str
        A host name or an IP address, defanged (``evil[.]test``) or not. Only this leaves the notebook.

    Returns
    -------
    DataFrame
        One row: `host`, `classification` (unknown, neutral, suspicious, malicious), `score` (0 to 100), and `rules`:
        why, as JSON text. `unknown` means that nothing is known, not that the host is harmless.

    Raises
    ------
    LicenceMissingError
        The tenant has no licence for threat intelligence: what it would show is unknown.
    UsageError, PermissionMissingError, GraphInvestigateError
        As in `get_alert`; the permission is `ThreatIntelligence.Read.All`.

    Examples
    --------
    >>> import graphinvestigate as gi
    >>> gi.get_host_reputation(gi.connect_demo(), "nobody[.]example")["classification"].tolist()
    ['unknown']

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-host-get-reputation
    """
    name = host_name(host)
    refuse_absent(client, HOSTS)
    path = f"{HOSTS}/{path_segment(name)}/reputation"
    started, requests, waited = client.now(), client.requests_made, client.waited_seconds
    page = licensed(lambda: client.record(path, permission=PERMISSION))
    pull_id = f"{HOST_REPUTATIONS.name}-{uuid.uuid4().hex[:12]}"
    frame = _reputation(page, name, pull_id)
    remember(
        client,
        Pull(
            pull_id=pull_id, resource=HOST_REPUTATIONS.name, path=path, pages=1, rows_received=1, rows_kept=1,
            complete=True, note=f"asked for {name}", started=started, finished=client.now(),
            requests=client.requests_made - requests, waited_seconds=client.waited_seconds - waited,
        ),
    )  # fmt: skip
    return frame


@takes
def list_passive_dns(
    client: GraphClient,
    host: str,
    *,
    reverse: bool = False,
    since: Time = None,
    until: Time = None,
    record_type: Values = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """What a host resolved to, or what resolved to it, as threat intelligence saw it over time.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    host : str
        A host name or an IP address, defanged or not.
    reverse : bool
        False: records of this host. True: records that point to it; of an IP address, the names that led there.
    since, until : str or datetime, optional
        Window over `last_seen_date_time`, applied here; see `list_alerts` for the forms.
    record_type : str or list of str, optional
        Only records of these types (``"A"``, ``"CNAME"`` …); compared here.
    limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one DNS record: `parent_host_id` resolved to `artifact_id`, from `first_seen_date_time` to
        `last_seen_date_time` (UTC).

    Raises
    ------
    LicenceMissingError
        The tenant has no licence for threat intelligence: what it would show is unknown.
    UsageError, PermissionMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `ThreatIntelligence.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-host-list-passivedns
    https://learn.microsoft.com/graph/api/security-host-list-passivednsreverse
    """
    if not isinstance(reverse, bool):
        raise UsageError(f"reverse takes True or False; got {reverse!r:.80}.")
    name = host_name(host)
    question = ask(
        RESOURCES["passive_dns"], now=client.now(), since=since, until=until, limit=limit, page_size=page_size,
        chosen={"record_type": record_type},
    )  # fmt: skip
    path = f"{HOSTS}/{path_segment(name)}/{'passiveDnsReverse' if reverse else 'passiveDns'}"
    asked = replace(question, at=path, note=f"{'what led to' if reverse else 'records of'} {name}")
    return licensed(lambda: pull(client, asked, on_partial))


def host_name(host: str) -> str:
    """A host name or an address as Graph takes it.

    Raises
    ------
    UsageError
        It is neither.
    """
    given = host.strip().replace("[.]", ".").replace("[:]", ":").rstrip(".").lower() if isinstance(host, str) else ""
    try:
        return str(ipaddress.ip_address(given.strip("[]")))
    except ValueError:
        pass
    try:
        name = given if given.isascii() else given.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"host takes a host name or an IP address, without scheme, path or port; got {log(repr(host))}."
        )
    return name


def licensed(call: Callable[[], T]) -> T:
    """Do it, and say in a refusal that it takes a licence of its own."""
    try:
        return call()
    except (LicenceMissingError, PermissionMissingError) as error:
        raise _with_licence(error) from error


def _with_licence(error: GraphError) -> GraphError:
    unlicensed = isinstance(error, LicenceMissingError)
    words = f"Threat intelligence needs {LICENCE}, besides {PERMISSION}."
    return type(error)(
        f"{words} {error}" if unlicensed else f"{error} {words}",
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        url=error.url,
        permission=error.permission,
        attempts=error.attempts,
    )


def _reputation(page: Page, name: str, pull_id: str) -> pd.DataFrame:
    raw = RawArray.from_pages([page])
    frame = frame_of(HOST_REPUTATIONS, raw, pull_ids=constant(pull_id, 1))
    frame.insert(1, "host", constant(name, 1))
    return frame
