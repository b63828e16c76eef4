"""Tables too large to be brought here → mentions, by the engine that holds them (Spark, DuckDB, pandas).

Of most tables only columns that hold an identifier by themselves are read, with the part of its spelling rules that
every engine knows: blanks and fillers, upper and lower case, private addresses. What needs more (a SID that spells an
object id, addresses of version 6 that are not written shortest, dynamic columns) is left to `read_table`; what is
nothing without it (``SecurityAlert.Entities``) is read by it, some rows at a time, where they lie.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.linking.record_rows import ids_of
from graphinvestigate.scale.at_rest import resource_of, to_rest
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import Engine, Frame
from graphinvestigate.scale.linked import MENTIONS, linked
from graphinvestigate.scale.presets.bringing import unwrapped
from graphinvestigate.scale.presets.micros import AT, with_times
from graphinvestigate.scale.presets.reading import read_table
from graphinvestigate.scale.presets.values import plain
from graphinvestigate.scale.spark import Spark
from graphinvestigate.text import log, paired

_FILLERS = ["", "-", "--", "null", "none", "n/a", "na", "unknown", "undefined", "(null)", "nil"]
_SHARED = r"100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])"
_PRIVATE = rf"^(?:[0-9a-f-]{{36}}/)?(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2[0-9]|3[01])|{_SHARED})\."


@dataclass(frozen=True, slots=True)
class Named:
    """One entity that a row names: its kind, and (identifier type, column), strongest first."""

    kind: str
    ids: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table's rows name, and what tells them apart.

    Attributes
    ----------
    record_kind : str
    id : tuple of str
        Columns whose texts together are the record's id.
    time : str
    named : tuple of Named
    """

    record_kind: str
    id: tuple[str, ...]
    time: str
    named: tuple[Named, ...]


def _user(prefix: str = "Account") -> Named:
    return Named("user", (("object_id", f"{prefix}ObjectId"), ("sid", f"{prefix}Sid"), ("upn", f"{prefix}Upn")))


_SIGNED_IN = Named("user", (("object_id", "UserId"), ("upn", "UserPrincipalName")))
_DEVICE = Named("host", (("mde_device_id", "DeviceId"),))
_APP = Named("app", (("app_id", "AppId"),))
_EVENT = ("DeviceId", "ReportId", "Timestamp")


def _ip(column: str) -> Named:
    return Named("ip", (("ip", column),))


TABLES: dict[str, Columns] = {
    "SigninLogs": Columns("sign_in", ("Id",), "CreatedDateTime", (_SIGNED_IN, _ip("IPAddress"), _APP)),
    "AADNonInteractiveUserSignInLogs": Columns(
        "sign_in", ("Id",), "CreatedDateTime", (_SIGNED_IN, _ip("IPAddress"), _APP)
    ),
    "AADServicePrincipalSignInLogs": Columns(
        "sign_in",
        ("Id",),
        "TimeGenerated",
        (Named("service_principal", (("object_id", "ServicePrincipalId"),)), _ip("IPAddress"), _APP),
    ),
    "AADUserRiskEvents": Columns("risk_detection", ("Id",), "ActivityDateTime", (_SIGNED_IN, _ip("IpAddress"))),
    "AADRiskyUsers": Columns(
        "risky_user",
        ("Id",),
        "RiskLastUpdatedDateTime",
        (Named("user", (("object_id", "Id"), ("upn", "UserPrincipalName"))),),
    ),
    "AlertEvidence": Columns(
        "alert",
        ("AlertId",),
        "Timestamp",
        (_user(), _DEVICE, _ip("RemoteIP"), Named("file", (("sha256", "SHA256"), ("sha1", "SHA1")))),
    ),
    "DeviceLogonEvents": Columns("device_logon", _EVENT, "Timestamp", (_user(), _DEVICE, _ip("RemoteIP"))),
    "DeviceNetworkEvents": Columns(
        "device_network_event", _EVENT, "Timestamp", (_user("InitiatingProcessAccount"), _DEVICE, _ip("RemoteIP"))
    ),
    "DeviceProcessEvents": Columns(
        "device_process_event",
        _EVENT,
        "Timestamp",
        (_user(), _DEVICE, Named("file", (("sha256", "SHA256"), ("sha1", "SHA1"), ("md5", "MD5")))),
    ),
    "DeviceFileEvents": Columns(
        "device_file_event",
        _EVENT,
        "Timestamp",
        (
            _user("InitiatingProcessAccount"),
            _DEVICE,
            Named("file", (("sha256", "SHA256"), ("sha1", "SHA1"), ("md5", "MD5"))),
        ),
    ),
    "AADSignInEventsBeta": Columns(
        "sign_in_event",
        ("RequestId",),
        "Timestamp",
        (
            Named("user", (("object_id", "AccountObjectId"), ("upn", "AccountUpn"))),
            _ip("IPAddress"),
            Named("app", (("app_id", "ApplicationId"),)),
        ),
    ),
    "IdentityLogonEvents": Columns(
        "identity_logon", ("ReportId", "Timestamp"), "Timestamp", (_user(), _ip("IPAddress"))
    ),
    "EmailEvents": Columns(
        "email_event",
        ("NetworkMessageId", "RecipientEmailAddress"),
        "Timestamp",
        (
            Named("mail_message", (("network_message_id", "NetworkMessageId"),)),
            Named("mailbox", (("address", "RecipientEmailAddress"),)),
            _ip("SenderIPv4"),
        ),
    ),
    "UrlClickEvents": Columns(
        "url_click", ("ReportId", "Timestamp"), "Timestamp", (Named("user", (("upn", "AccountUpn"),)), _ip("IPAddress"))
    ),
    "CloudAppEvents": Columns(
        "cloud_app_event",
        ("ReportId",),
        "Timestamp",
        (Named("user", (("object_id", "AccountObjectId"),)), _ip("IPAddress")),
    ),
}


BY_ROW = ("SecurityAlert", "SecurityIncident", "AuditLogs", "AlertInfo")
"""Tables of dynamic columns: Python reads them, row by row."""


def table_mentions(
    name: str, table: Any, *, tenant: str | None = None, engine: Engine | None = None, by_row: bool = False
) -> Frame:
    """Read who and what the rows of a table name, where the table lies.

    Parameters
    ----------
    name : str
        The table's: one of those of `read_table`.
    table : Spark DataFrame, DuckDB relation, pandas DataFrame, or narwhals frame
    tenant : str, optional
        The Entra tenant: private addresses are of it.
    engine : Engine, optional
        Where rows that Python reads are put; a Spark frame's are put beside it.
    by_row : bool
        Let Python read all that a row says, as `read_table` does: slower, and the only way with ``SecurityAlert``,
        ``SecurityIncident``, ``AuditLogs`` and ``AlertInfo``.

    Returns
    -------
    frame
        As `linked.MENTIONS`, without what only records hold (fields, values, roles): for `edges`, `components`,
        `co_occurrence`, `k_hop` and `sentinel_graph`.

    Raises
    ------
    UsageError
        No such table is known, or it has none of the columns.

    Notes
    -----
    A row that lacks part of its id is a record of its own, by the time and the names that it holds: nobody meets
    anybody in "no id". Rows of ``AlertEvidence`` without an alert are counted, by the engine, and told in a warning.
    """
    every = sorted({*TABLES, *BY_ROW})
    if name not in every:
        raise UsageError(f"no table {log(repr(name))} is known here; there are {', '.join(every)}.")
    native: Any = nw.from_native(unwrapped(table))
    frame = native.lazy() if isinstance(native, nw.DataFrame) else native
    if name == "AlertEvidence" and "AlertId" in frame.collect_schema().names():
        frame = _of_alerts(frame)
    if by_row or name in BY_ROW:
        return _by_row(name, frame, tenant, engine)
    known = TABLES[name]
    frame = _texts_only(frame, [*known.id, *(column for named in known.named for _, column in named.ids)])
    columns = set(frame.collect_schema().names())
    frame = with_times(frame, [c for c in dict.fromkeys((known.time, "TimeGenerated", "Timestamp")) if c in columns])
    parts = []
    for number, named in enumerate(known.named):
        there = [(id_type, column) for id_type, column in named.ids if column in columns]
        parts += [
            _mentions(frame, known, named.kind, there, place, number, columns, tenant) for place in range(len(there))
        ]
    if not parts or not set(known.id) & columns:
        raise UsageError(f"the table has no column of {name} that names somebody: {', '.join(known.id)} …")
    return nw.concat(parts)


def _of_alerts(frame: Frame) -> Frame:
    """Leave out rows of evidence that say of no alert that they are its, and say how many these are."""
    frame = _texts_only(frame, ["AlertId"])
    text = nw.col("AlertId").cast(nw.String).str.strip_chars()
    nothing = text.is_null() | (text == "")
    count = frame.filter(nothing).select(rows=nw.len()).collect("pyarrow").to_native()["rows"][0].as_py()
    if count:
        reason = "rows of AlertEvidence without AlertId: nothing says of which alert they are"
        warnings.warn(f"{count:,} left out: {reason}.", stacklevel=3)
    return frame.filter(~nothing)


def _texts_only(frame: Frame, columns: Collection[str]) -> Frame:
    """Make cells of pandas that Arrow has no text for (bytes, half a character, objects) texts that it has."""
    if not frame.implementation.is_pandas():
        return frame
    native = frame.collect().to_native()
    mixed = [column for column in dict.fromkeys(columns) if column in native and native[column].dtype == object]
    made = {column: pd.array([_text(one) for one in native[column]], dtype="str") for column in mixed}
    return nw.from_native(native.assign(**made)).lazy()


def _text(cell: Any) -> str | None:
    found = plain(cell)
    return None if found is None else paired(found if isinstance(found, str) else json.dumps(found))


def _by_row(name: str, frame: Frame, tenant: str | None, engine: Engine | None) -> Frame:
    make = partial(_read, name, tenant)
    if frame.implementation.is_pyspark():
        return Spark(frame.to_native().sparkSession).mapped(frame, make, MENTIONS)
    native = frame.collect().to_native() if frame.implementation.is_pandas() else frame.to_native()
    return (engine or engine_for("pandas")).table(make(native))


def _read(name: str, tenant: str | None, rows: Any) -> pa.Table:
    """Give the mentions of rows, as they are read here."""
    frame = read_table(name, rows, tenant=tenant)
    resource, kind = resource_of(frame), str(frame["record_kind"].iloc[0]) if len(frame) else ""
    if not len(frame):
        return MENTIONS.empty_table()
    if resource is not None:
        rest = to_rest(resource, frame, version=0)
    else:
        times = pa.array(frame["date_time"].astype("datetime64[us, UTC]").astype("int64").to_numpy())
        at = pc.if_else(pa.array(frame["date_time"].notna().to_numpy()), times, pa.nulls(len(frame), pa.int64()))
        spans = dict.fromkeys(("lake_window", "lake_at", "lake_end"), at)
        rest = pa.table({"lake_id": ids_of(frame), **spans, "lake_version": np.zeros(len(frame), np.int64)})
    return linked(kind, frame, rest, tenant=guid(tenant) or "")[0]


def _mentions(
    frame: Frame, known: Columns, kind: str, ids: list[tuple[str, str]], place: int, number: int, columns: set[str],
    tenant: str | None,
) -> Frame:  # fmt: skip
    id_type, column = ids[place]
    text = _scoped(id_type, _spelled(id_type, column), tenant)
    before: Any = nw.lit(0)
    for other_type, other in ids[:place]:
        before = before + (~_spelled(other_type, other).is_null()).cast(nw.Int64)
    # The strongest that has a value.
    names = [_identity(kind, one, _scoped(one, _spelled(one, named), tenant)) for one, named in ids]
    record = _record_id(known, columns)
    time = nw.col(AT)
    return frame.select(
        record_kind=nw.lit(known.record_kind),
        record_id=record,
        lake_window=time,
        lake_at=time,
        lake_end=time,
        lake_version=nw.lit(0).cast(nw.Int64),
        mention=nw.lit(number).cast(nw.Int64),
        place=before.cast(nw.Int64),
        kind=nw.lit(kind),
        identifier_type=_typed(id_type, text),
        identifier=text,
        strongest=names[0] if len(names) == 1 else nw.coalesce(names[0], *names[1:]),
        is_record=nw.lit(False),
    ).filter(~nw.col("identifier").is_null())


def _record_id(known: Columns, columns: set[str]) -> Any:
    """Give what tells rows apart; where part of it is missing, all that the row says here."""

    def text(column: str) -> Any:
        return nw.col(column).cast(nw.String).fill_null("") if column in columns else nw.lit("")

    time = nw.col(AT).cast(nw.String)  # spelled alike by every engine, in whatever zone its session is
    texts = [time.fill_null("") if column == known.time else text(column) for column in known.id]
    whole = nw.concat_str(texts, separator="|") if len(texts) > 1 else texts[0]
    parts = [column for column in known.id if column != known.time]
    named = dict.fromkeys(column for one in known.named for _, column in one.ids if column in columns)
    every = [*parts, *(column for column in named if column not in parts)]
    content = nw.concat_str([nw.lit("no id"), time.fill_null(""), *map(text, every)], separator="|")
    missing = [text(column) == "" for column in parts] + [time.is_null()] * (known.time in known.id)
    return nw.when(nw.any_horizontal(*missing, ignore_nulls=False)).then(content).otherwise(whole)


def _scoped(id_type: str, text: Any, tenant: str | None) -> Any:
    """Put the tenant in front of private addresses."""
    if id_type != "ip" or not tenant:
        return text
    own = nw.concat_str([nw.lit(f"{tenant.casefold()}/"), text])
    return nw.when(text.str.contains(_PRIVATE)).then(own).otherwise(text)


def _typed(id_type: str, text: Any) -> Any:
    private = text.str.contains(_PRIVATE)
    return nw.when(private).then(nw.lit("private_ip")).otherwise(nw.lit("ip")) if id_type == "ip" else nw.lit(id_type)


def _identity(kind: str, id_type: str, text: Any) -> Any:
    """Give the text that stands for an identifier; missing where there is none."""
    return nw.when(~text.is_null()).then(nw.concat_str([nw.lit(kind), _typed(id_type, text), text], separator="|"))


def _spelled(id_type: str, column: str) -> Any:
    """Give an identifier in its one spelling; missing where the text says nothing, or more than is known here."""
    text = nw.col(column).cast(nw.String).str.strip_chars().str.to_lowercase()
    wrong = text.is_in(_FILLERS)
    if id_type == "ip":
        wrong = wrong | text.is_in(["0.0.0.0", "::"])  # noqa: S104 (an address that says nothing, none to listen on)
    elif id_type == "upn":
        home = text.str.replace_all("#ext#@.*$", "", literal=False)
        name, domain = (
            home.str.replace_all("_[^_]*$", "", literal=False),
            home.str.replace_all("^.*_", "", literal=False),
        )
        guest = text.str.contains("^[^@]+_[^_@]+#ext#@")
        text = nw.when(guest).then(nw.concat_str([name, domain], separator="@")).otherwise(text)
        wrong = wrong | ~text.str.contains("@", literal=True)
    elif id_type == "sid":
        text = text.str.to_uppercase()
        wrong = wrong | ~text.str.starts_with("S-1-5-21-")  # all others are every machine's, or spell an object id
    else:
        wrong = wrong | ~text.str.contains("[^0-]")
    return nw.when(~wrong).then(text)
