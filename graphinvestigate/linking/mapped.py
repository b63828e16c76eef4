"""Any table as records: VPN, firewall, proxy logs and other vendors' alerts join the graph on equal terms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import TypeAlias

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.frames.hunting import RECORD_KIND as HUNTING_ROW
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.linking.hunted import EVENTS, Named
from graphinvestigate.linking.mapped_cells import ids, rows, times
from graphinvestigate.linking.mapped_roles import MAPPED, PROCESSES, ROLES, named
from graphinvestigate.linking.nodes import ENTITY_KINDS, RECORD_KINDS, SEVERITIES
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

Columns: TypeAlias = str | Sequence[Named] | None
MAPPED_COLUMNS = ("record_kind", "id", "date_time", "end_date_time", "title", "severity", "tenant_id", MAPPED, "raw")


@takes
def map_records(
    frame: pd.DataFrame,
    *,
    kind: str | None = None,
    time: str | None = None,
    table: str | None = None,
    end_time: str | None = None,
    id: str | None = None,
    title: str | None = None,
    severity: str | None = None,
    user: Columns = None,
    target_user: Columns = None,
    host: Columns = None,
    ip: Columns = None,
    source_ip: Columns = None,
    destination_ip: Columns = None,
    file: Columns = None,
    process: Columns = None,
    parent_process: Columns = None,
    url: Columns = None,
    domain: Columns = None,
    mailbox: Columns = None,
    mail_message: Columns = None,
    sender: Columns = None,
    recipient: Columns = None,
    sender_ip: Columns = None,
    app: Columns = None,
    tenant: str | None = None,
    time_zone: str | None = None,
) -> pd.DataFrame:
    r"""Make records of any table: one row per row, which names entities like Graph's own records do.

    Parameters
    ----------
    frame : DataFrame
        VPN, firewall or proxy log, alerts of another vendor, rows of `run_hunting_query` …; it stays as it is.
    kind : str
        What one row is, in snake_case: ``vpn_session``, ``firewall_event``.
    time, end_time : str
        Columns of when it happened and ended: aware times, or ISO texts with zone; other times need `time_zone`.
    table : str, optional
        A table of advanced hunting whose rows these are: ``DeviceLogonEvents``, ``DeviceNetworkEvents``,
        ``DeviceProcessEvents``, ``DeviceFileEvents``, ``IdentityLogonEvents``, ``AADSignInEventsBeta``,
        ``EmailEvents``, ``UrlClickEvents``, ``CloudAppEvents``. Its documented columns say the kind, the time, the
        title and who is named, as far as the query kept them; what is given here besides comes first.
    id : str, optional
        Column that tells rows apart. Without it a row goes by the hash of its content.
    title, severity : str, optional
        Columns with a headline, and with a severity (Graph's words: informational, low, medium, high).
    user, target_user, host, file, app : str or list of str, optional
        Columns that name one user (object id, SID, UPN, ``domain\account``), who it was done to, one host (device
        id, full or short name), one file (by hash), one application (by id); several columns name the same one. A
        tuple within the list names a user by domain and account; a third column with the device's id, and others with
        its names, tell local accounts. A name that means something in this log only (``alice``) becomes an entity of
        its own.
    ip, source_ip, destination_ip, url, domain, mailbox : str or list of str, optional
        Columns that name where it came from and went to, URLs, domains, mail addresses; several name one each. `ip`
        is an address that the host had, `source_ip` one from which somebody came to the host.
    process, parent_process : sequence of str, optional
        Three columns: number, device (as in `host`) and start of a process; a fourth has its name.
    mail_message, sender, recipient, sender_ip : str or list of str, optional
        Columns that name a message (network message id, internet message id), and who sent it to whom, and from where.
    tenant : str, optional
        The id of the tenant that the log belongs to: what means something within a tenant only is of this one.
    time_zone : str, optional
        The zone of times that say none, e.g. ``Europe/Berlin``.

    Returns
    -------
    DataFrame
        ``record_kind``, ``id``, ``date_time``, ``end_date_time`` (UTC), ``title``, ``severity``, ``tenant_id``,
        ``mapped`` (which column names whom) and ``raw``: the whole row as JSON. For ``entity_graph(records=[…])``,
        `plot_timeline`, and ``pivot(…, records=[…])``.

    Raises
    ------
    UsageError
        A column that is not there, times without zone or that are none, a kind that is taken, nothing that is named.
    """
    roles = {
        "user": user, "target_user": target_user, "host": host, "ip": ip, "source_ip": source_ip,
        "destination_ip": destination_ip, "file": file, "process": process, "parent_process": parent_process,
        "url": url, "domain": domain, "mailbox": mailbox, "mail_message": mail_message, "sender": sender,
        "recipient": recipient, "sender_ip": sender_ip, "app": app,
    }  # fmt: skip
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"map_records needs a DataFrame, not {type(frame).__name__}; pd.read_csv and its like make one"
        )
    mapping = {role: _listed(role, columns) for role, columns in roles.items() if columns is not None}
    if table is not None:
        frame, kind, time, title, mapping = _of_table(frame, table, kind, time, title, mapping)
    if kind is None or time is None:
        raise UsageError(f"say what one row is and when it was: kind=, time=; or table= one of {', '.join(EVENTS)}")
    _check(frame, kind, mapping, [time, end_time, id, title, severity])
    begun = times(frame, time, time_zone)
    ended = begun if end_time is None else times(frame, end_time, time_zone)
    raw = rows(frame)
    said = None if severity is None else frame[severity].astype("str").str.casefold().str.strip()
    found = {
        "record_kind": kind,
        "id": ids(frame, id, raw, tenant or ""),
        "date_time": begun,
        "end_date_time": ended.where(ended.notna(), begun),
        "title": None if title is None else frame[title].astype("str").to_numpy(),
        "severity": None if said is None else said.where(said.isin(SEVERITIES), None).to_numpy(),
        "tenant_id": tenant,
        MAPPED: json.dumps(mapping, sort_keys=True, ensure_ascii=True),
        "raw": RawArray.from_texts(raw),
    }
    made = pd.DataFrame(found, columns=list(MAPPED_COLUMNS), index=range(len(frame)))
    for column in ("record_kind", "id", "title", "severity", "tenant_id", MAPPED):
        made[column] = made[column].astype("str")
    return made


def _listed(role: str, columns: str | Sequence[Named]) -> tuple[Named, ...]:
    """Columns as a tuple; those that only together name one are a tuple within it."""
    found = (columns,) if isinstance(columns, str) else tuple(map(named, columns))
    if role in PROCESSES:
        whole = found[0] if len(found) == 1 and isinstance(found[0], tuple) else found
        if len(whole) not in (3, 4) or not all(isinstance(name, str) for name in whole):
            raise UsageError(f"{role}= takes three columns, number, device and start; a fourth has its name")
        return (tuple(map(str, whole)),)
    for one in found:
        if not isinstance(one, str) and (len(one) < 2 or role not in ("user", "target_user")):
            raise UsageError(f"{role}={one!r}: only users are named by several columns together, (domain, account)")
    return found


def _flat(mapping: Mapping[str, Sequence[Named]]) -> list[str]:
    every = (one for columns in mapping.values() for one in columns)
    return [name for one in every for name in ((one,) if isinstance(one, str) else one)]


def _of_table(
    frame: pd.DataFrame,
    name: str,
    kind: str | None,
    time: str | None,
    title: str | None,
    mapping: Mapping[str, tuple[Named, ...]],
) -> tuple[pd.DataFrame, str, str, str | None, dict[str, tuple[Named, ...]]]:
    """What is declared of a hunting table, as far as the frame has its columns."""
    table = EVENTS.get(name)
    if table is None:
        raise UsageError(
            f"table={log(repr(name))}: its columns are not declared here; declared are {', '.join(EVENTS)}. Say which "
            "column names whom yourself: kind=, time=, user= …"
        )
    if "record_kind" in frame and frame["record_kind"].eq(HUNTING_ROW).all():
        frame = frame.drop(columns=["record_kind", "pull_id", "raw"], errors="ignore")
    if not len(frame):  # hunting may answer nothing without saying which columns nothing has
        frame = frame.reindex(columns=list(dict.fromkeys([*frame, table.time, *table.columns])))
    has = {str(column) for column in frame.columns}
    own = {
        role: tuple(one for one in columns if {one if isinstance(one, str) else one[0]} <= has)
        for role, columns in table.roles.items()
    }
    whole = {
        role: tuple(one for one in columns if isinstance(one, str) or has >= {*one}) for role, columns in own.items()
    }
    said = {**{role: columns for role, columns in whole.items() if columns}, **mapping}
    time = time or (table.time if table.time in has else "TimeGenerated")
    if time not in has or not said:
        raise UsageError(
            f"these rows have no column {table.time}, or none that names somebody: is it {name}? A query that "
            f"projects must keep {table.time} and some of {', '.join(dict.fromkeys(table.columns))}"
        )
    return frame, kind or table.kind, time, title or (table.title if table.title in has else None), said


def _there(role: str, named: Named, has: set[str]) -> Named | None:
    """What is named by columns that are there; of several together the last ones may be missing."""
    if isinstance(named, str):
        return named if named in has else None
    first = tuple(takewhile(has.__contains__, named))
    return first if len(first) >= (3 if role in PROCESSES else 2) else None


def _check(
    frame: pd.DataFrame, kind: str, mapping: Mapping[str, Sequence[Named]], others: Iterable[str | None]
) -> None:
    if not re.fullmatch("[a-z][a-z0-9_]*", kind) or kind in (*RECORD_KINDS, *ENTITY_KINDS):
        raise UsageError(f"kind={log(kind)!r}: name what one row is in snake_case, not as Graph's records or entities")
    if not mapping:
        raise UsageError(f"say which columns name whom: {', '.join(f'{role}=' for role in ROLES)}")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise UsageError("two columns of the frame have one name; rename one")
    for column in (*_flat(mapping), *others):
        if column is not None and column not in frame.columns:
            raise UsageError(f"the frame has no column {log(str(column))!r}; it has {log(', '.join(names))}")
        if column is not None and (column.startswith("/") or "@odata." in column or column.endswith("[]")):
            raise UsageError(f"rename the column {log(column)!r}: names like this mean places in Graph's records")
