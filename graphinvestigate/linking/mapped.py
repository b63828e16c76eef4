"""Any table as records: VPN, firewall, proxy logs and other vendors' alerts join the graph on equal terms."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import msgspec
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.linking.nodes import ENTITY_KINDS, RECORD_KINDS, SEVERITIES
from graphinvestigate.linking.record_kinds import RecordKind
from graphinvestigate.linking.record_rows import json_value
from graphinvestigate.linking.tables import Slot, Table, Tie
from graphinvestigate.text import log

Columns: TypeAlias = str | Sequence[str] | None
MAPPED = "mapped"
"""The column that says which column of the log names whom, as JSON."""
MAPPED_COLUMNS = ("record_kind", "id", "date_time", "end_date_time", "title", "severity", "tenant_id", MAPPED, "raw")

# Role → kind of entity, relation from the record. Several columns of one role name one entity (`_ONE`), or one each.
_ROLES: dict[str, tuple[str, str]] = {
    "user": ("user", "done_by"),
    "target_user": ("user", "done_to"),
    "host": ("host", "seen_on"),
    "ip": ("ip", "came_from"),
    "destination_ip": ("ip", "went_to_address"),
    "file": ("file", "names"),
    "url": ("url", "names"),
    "domain": ("domain", "names"),
    "mailbox": ("mailbox", "names"),
    "app": ("app", "names"),
}
_ONE = frozenset({"user", "target_user", "host", "file", "app"})
_TIES = (
    Tie("user", "active_from", "ip"),
    Tie("user", "active_on", "host"),
    Tie("user", "acted_on", "target_user"),
    Tie("user", "requested", "url"),
    Tie("user", "requested", "domain"),
    Tie("user", "connected_to", "destination_ip"),
    Tie("host", "active_from", "ip"),
    Tie("host", "requested", "url"),
    Tie("host", "requested", "domain"),
    Tie("host", "connected_to", "destination_ip"),
    Tie("ip", "connected_to", "destination_ip"),
    Tie("file", "found_on", "host"),
    Tie("url", "hosted_at", "url_host"),
)


def map_records(
    frame: pd.DataFrame,
    *,
    kind: str,
    time: str,
    end_time: str | None = None,
    id: str | None = None,
    title: str | None = None,
    severity: str | None = None,
    user: Columns = None,
    target_user: Columns = None,
    host: Columns = None,
    ip: Columns = None,
    destination_ip: Columns = None,
    file: Columns = None,
    url: Columns = None,
    domain: Columns = None,
    mailbox: Columns = None,
    app: Columns = None,
    tenant: str | None = None,
    time_zone: str | None = None,
) -> pd.DataFrame:
    r"""Make records of any table: one row per row, which names entities like Graph's own records do.

    Parameters
    ----------
    frame : DataFrame
        VPN, firewall or proxy log, alerts of another vendor …; it stays as it is.
    kind : str
        What one row is, in snake_case: ``vpn_session``, ``firewall_event``.
    time, end_time : str
        Columns of when it happened and ended: aware times, or ISO texts with zone; other times need `time_zone`.
    id : str, optional
        Column that tells rows apart. Without it a row goes by the hash of its content.
    title, severity : str, optional
        Columns with a headline, and with a severity (Graph's words: informational, low, medium, high).
    user, target_user, host, file, app : str or list of str, optional
        Columns that name one user (object id, SID, UPN, ``domain\account``), who it was done to, one host (device
        id, full or short name), one file (by hash), one application (by id); several columns name the same one. A
        name that means something in this log only (``alice``) becomes an entity of its own.
    ip, destination_ip, url, domain, mailbox : str or list of str, optional
        Columns that name where it came from and went to, URLs, domains, mail addresses; several name one each.
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
        "user": user, "target_user": target_user, "host": host, "ip": ip, "destination_ip": destination_ip,
        "file": file, "url": url, "domain": domain, "mailbox": mailbox, "app": app,
    }  # fmt: skip
    mapping = {role: _listed(columns) for role, columns in roles.items() if columns is not None}
    _check(frame, kind, mapping, [time, end_time, id, title, severity])
    begun = _times(frame, time, time_zone)
    ended = begun if end_time is None else _times(frame, end_time, time_zone)
    raw = _rows(frame)
    said = None if severity is None else frame[severity].astype("str").str.casefold().str.strip()
    found = {
        "record_kind": kind,
        "id": _ids(frame, id, raw, tenant or ""),
        "date_time": begun,
        "end_date_time": ended.where(ended.notna(), begun),
        "title": None if title is None else frame[title].astype("str").to_numpy(),
        "severity": None if said is None else said.where(said.isin(SEVERITIES), None).to_numpy(),
        "tenant_id": tenant,
        MAPPED: json.dumps(mapping, sort_keys=True, ensure_ascii=True),
        "raw": RawArray.from_texts(raw),
    }
    table = pd.DataFrame(found, columns=list(MAPPED_COLUMNS), index=range(len(frame)))
    for column in ("record_kind", "id", "title", "severity", "tenant_id", MAPPED):
        table[column] = table[column].astype("str")
    return table


def mapped_kind(kind: str, mapped: str) -> RecordKind:
    """Return what a graph keeps of mapped records, and which places name whom.

    Raises
    ------
    UsageError
        The mapping is none that `map_records` wrote.
    """
    try:
        mapping = json.loads(mapped)
        known = isinstance(mapping, dict) and all(role in _ROLES for role in mapping)
        return _kind(kind, tuple((role, tuple(map(str, columns))) for role, columns in mapping.items() if known))
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"records of kind {log(kind)}: column {MAPPED!r} is not as map_records wrote it") from error


@lru_cache(maxsize=256)
def _kind(kind: str, mapping: tuple[tuple[str, tuple[str, ...]], ...]) -> RecordKind:
    slots: list[Slot] = []
    for role, columns in mapping:
        entity, relation = _ROLES[role]
        places = [columns] if role in _ONE else [(column,) for column in columns]
        for together in places:
            ids = tuple((f"{entity}:{kind}", column) for column in together)
            labels = together if role in _ONE else ()
            slots.append(Slot(role, entity, ids, relation=relation, labels=labels, label_place=5))
        if role == "host":  # a host column may hold addresses
            slots += [Slot("ip", "ip", ((f"ip:{kind}", column),), relation="came_from") for column in columns]
        if role == "url":
            slots += [
                Slot("url_host", to, ((f"{shape}:{kind}", column),))
                for column in columns
                for to, shape in (("domain", "url_domain"), ("ip", "url_ip"))
            ]
    table = Table(kind, tuple(slots), ties=_TIES)
    return RecordKind(table, ("date_time",), "end_date_time", headlines=("title", "severity"))


def _listed(columns: str | Sequence[str]) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _check(frame: pd.DataFrame, kind: str, mapping: Mapping[str, Sequence[str]], others: Iterable[str | None]) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"map_records needs a DataFrame, not {type(frame).__name__}; pd.read_csv and its like make one"
        )
    if not re.fullmatch("[a-z][a-z0-9_]*", kind) or kind in (*RECORD_KINDS, *ENTITY_KINDS):
        raise UsageError(f"kind={log(kind)!r}: name what one row is in snake_case, not as Graph's records or entities")
    if not mapping:
        raise UsageError(f"say which columns name whom: {', '.join(f'{role}=' for role in _ROLES)}")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise UsageError("two columns of the frame have one name; rename one")
    for column in (*(name for columns in mapping.values() for name in columns), *others):
        if column is not None and column not in frame.columns:
            raise UsageError(f"the frame has no column {log(str(column))!r}; it has {log(', '.join(names))}")
        if column is not None and (column.startswith("/") or "@odata." in column or column.endswith("[]")):
            raise UsageError(f"rename the column {log(column)!r}: names like this mean places in Graph's records")


def _times(frame: pd.DataFrame, column: str, time_zone: str | None) -> pd.Series:
    values = frame[column].reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise UsageError(
            f"{log(column)!r} holds numbers; say what they count: pd.to_datetime(frame[{column!r}], unit='s', utc=True)"
        )
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").astype("datetime64[ns, UTC]")
    if not pd.api.types.is_datetime64_dtype(values.dtype):
        texts = values.astype("str")
        zoned = texts.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)\s*$", regex=True, na=False)
        if zoned[texts.notna()].all():
            times = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
            return _whole(values, times, column).astype("datetime64[ns, UTC]")
        if zoned.any():
            raise UsageError(f"{log(column)!r}: some times say their zone and some do not; make them one kind first")
        values = _whole(values, pd.to_datetime(texts, errors="coerce", format="ISO8601"), column)
    if time_zone is None and values.notna().any():
        raise UsageError(f"the times in {log(column)!r} say no zone; give time_zone='Europe/Berlin' or the zone it is")
    try:
        aware = values.dt.tz_localize(time_zone or "UTC", ambiguous="raise", nonexistent="raise")
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"{log(column)!r} in zone {log(str(time_zone))}: {log(str(error))}; convert the column to UTC yourself"
        ) from error
    return aware.dt.tz_convert("UTC").astype("datetime64[ns, UTC]")


def _whole(given: pd.Series, times: pd.Series, column: str) -> pd.Series:
    lost = given.notna() & times.isna()
    if lost.any():
        raise UsageError(
            f"{int(lost.sum())} of the values in {log(column)!r} are no ISO times, e.g. "
            f"{log(str(given[lost].iloc[0]))!r}; parse them with pd.to_datetime(…, utc=True), or set them to None"
        )
    return times


def _rows(frame: pd.DataFrame) -> list[bytes]:
    """Return each row as JSON, under the columns' names."""
    columns = [[json_value(value) for value in frame[name].tolist()] for name in frame.columns]
    names = [str(name) for name in frame.columns]
    encode = msgspec.json.Encoder(enc_hook=str).encode
    rows = zip(*columns, strict=True) if columns else ()
    return [encode(dict(zip(names, row, strict=True))) for row in rows]


def _ids(frame: pd.DataFrame, column: str | None, raw: Sequence[bytes], tenant: str) -> list[str]:
    """Return what tells the rows apart: the column's value, else the hash of the row and which of its like it is."""
    salt = tenant.encode()
    own = [None] * len(frame) if column is None else [json_value(value) for value in frame[column].tolist()]
    seen: dict[str, int] = {}
    ids = []
    for value, body in zip(own, raw, strict=True):
        if value is None or value == "":
            value = hashlib.sha256(salt + body).hexdigest()[:32]
            seen[value] = seen.get(value, 0) + 1
            ids.append(value if seen[value] == 1 else f"{value}-{seen[value]}")
        else:
            ids.append(str(value))
    return ids
