"""Which risk detections, alerts and sign-ins speak of the same event, how that is known, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import guid, ip_text, text_of
from graphinvestigate.wanted import takes

CORRELATION_COLUMNS = (
    *("left_kind", "left_id", "right_kind", "right_id", "by", "strength", "minutes", "user", "ip_address", "note"),
)
STRENGTHS = ("certain", "strong", "likely", "none", "unknown")
_DTYPES = {"minutes": "Float64"}


@dataclass(frozen=True, slots=True)
class Events:
    """Three frames brought to the same few columns: who, from where, when, and the ids that join them.

    Attributes
    ----------
    alerts : DataFrame
        One row per alert, user and address that it names: id, time, end, user, ip, provider_id.
    requests : DataFrame
        One row per sign-in request that an alert names: id, request_id.
    risk : DataFrame
        One row per detection: id, time, user, ip, request_id, correlation_id.
    sign_ins : DataFrame
        One row per sign-in: id, time, user, ip, correlation_id, session_id, worked, interactive.
    """

    alerts: pd.DataFrame
    requests: pd.DataFrame
    risk: pd.DataFrame
    sign_ins: pd.DataFrame


@takes
def correlate_risk(
    alerts: pd.DataFrame | None,
    risk: pd.DataFrame | None,
    sign_ins: pd.DataFrame | None,
    *,
    within: str | pd.Timedelta = "60min",
) -> pd.DataFrame:
    """Join risk detections, alerts and sign-ins that speak of the same event.

    Parameters
    ----------
    alerts, risk, sign_ins : DataFrame or None
        As `list_alerts`, `list_risk_detections` and `list_sign_ins` give them; None for what was not read.
    within : str or Timedelta
        How close in time the same user at the same address must be for a likely join.

    Returns
    -------
    DataFrame
        One row per pair: ``left_kind`` and ``left_id`` (risk_detection or alert), ``right_kind`` and ``right_id``
        (sign_in or alert), ``by`` (what joins them), ``strength`` (certain: an id that only this event has; strong:
        one that few events share; likely: same user, same address, close in time), ``minutes`` (from left to right),
        ``user``, ``ip_address``, ``note``. What joins nothing has a row too, for each kind it was sought in:
        ``right_id`` is missing and ``strength`` says none, or unknown where the records given cannot show it, with
        the reason in ``note``. Strongest first.

    Raises
    ------
    UsageError
        A frame is not of the records it is given for, or ``within`` is no span of time.

    Notes
    -----
    A likely join is sought only where no id joins, and only the closest is kept. A missing id, user or address joins
    nothing. Whether ``requestId`` is the sign-in's id is what Microsoft documents; it was not observed to differ.
    """
    events = events_of(alerts, risk, sign_ins)
    return joined_events(events, alerts=alerts is not None, sign_ins=sign_ins is not None, within=within)


def joined_events(
    events: Events, *, alerts: bool, sign_ins: bool, within: str | pd.Timedelta = "60min"
) -> pd.DataFrame:
    """Return `correlate_risk` of events; `alerts` and `sign_ins` say whether these were given at all."""
    window = _window(within)
    signed = [_by_request(events.risk, events.sign_ins), _by_correlation(events.risk, events.sign_ins)]
    signed += [_likely(_left_over(events.risk, signed), events.sign_ins, window)]
    raised = [_by_provider(events), _by_same_request(events)]
    raised += [_likely(_left_over(events.risk, raised), events.alerts, window)]
    asked = [_alerts_by_request(events)]
    identity = events.alerts[events.alerts["identity"]]
    asked += [_likely(_left_over(identity, asked), events.sign_ins, window)]
    rows: list[pd.DataFrame] = []
    for left, right, pairs, lefts, given in (
        ("risk_detection", "sign_in", signed, events.risk, sign_ins),
        ("risk_detection", "alert", raised, events.risk, alerts),
        ("alert", "sign_in", asked, identity, sign_ins),
    ):
        found = pd.concat([p for p in pairs if len(p)] or pairs[:1], ignore_index=True)
        found = found.drop_duplicates(["left", "right"])
        rows.append(_table(left, right, found, lefts))
        rows.append(_unjoined(left, right, _left_over(lefts, [found]), events, given=given))
    table = pd.concat(rows, ignore_index=True)
    order = table["strength"].map({name: place for place, name in enumerate(STRENGTHS)})
    table = table.assign(order=order).sort_values(["order", "left_kind", "left_id", "right_kind", "right_id"])
    return table.drop(columns="order").reset_index(drop=True)


def events_of(alerts: pd.DataFrame | None, risk: pd.DataFrame | None, sign_ins: pd.DataFrame | None) -> Events:
    """Bring the frames to what joins them; what was not given is empty."""
    risk_rows = _few(risk, "risk_detections", _RISK)
    signed = _few(sign_ins, "sign_ins", _SIGN_INS)
    alert_rows, requests = _alert_rows(alerts)
    people = _people([risk_rows, signed, alert_rows])
    for rows in (risk_rows, signed, alert_rows):
        rows["user"] = _texts(_who(i, u, people) for i, u in zip(rows["user_id"], rows["upn"], strict=True))
        spelt = {value: ip_text(_text(value)) for value in rows["ip"].unique()}
        rows["ip"] = _texts(spelt[value] if isinstance(value, str) else None for value in rows["ip"])
    for rows, columns in ((risk_rows, ("request_id", "correlation_id")), (signed, ("correlation_id", "session_id"))):
        for column in columns:
            rows[column] = _texts(key_of(value) for value in rows[column])
    known = set(risk_rows["id"])
    of_risk = alert_rows["provider_id"].isin(known) | alert_rows["id"].isin(set(requests["id"]))
    alert_rows["identity"] = of_risk | alert_rows["source"].eq("azureadidentityprotection")
    return Events(alert_rows, requests, risk_rows, signed)


_RISK = {
    "id": "id", "user_id": "user_id", "upn": "user_principal_name", "ip": "ip_address",
    "request_id": "request_id", "correlation_id": "correlation_id", "time": "activity_date_time",
    "level": "risk_level", "state": "risk_state", "detail": "risk_detail", "type": "risk_event_type",
    "detected": "detected_date_time", "updated": "last_updated_date_time",
}  # fmt: skip
_SIGN_INS = {
    "id": "id", "user_id": "user_id", "upn": "user_principal_name", "ip": "ip_address",
    "correlation_id": "correlation_id", "session_id": "session_id", "time": "created_date_time",
    "error": "status_error_code", "interactive": "is_interactive", "agent": "user_agent",
}  # fmt: skip


def _few(frame: pd.DataFrame | None, resource: str, columns: dict[str, str]) -> pd.DataFrame:
    """Some columns of a frame under short names; a column that the frame lacks is missing in every row."""
    if frame is None:
        frame = frames.empty_frame(frames.RESOURCES[resource])
    if "id" not in frame:
        raise UsageError(f"this frame has no column 'id': give {resource} as they came from Graph")
    found = pd.DataFrame({"id": frame["id"].astype("str")})
    for name, column in columns.items():
        if name != "id":
            found[name] = frame[column].array if column in frame else None
    for name in ("time", "detected", "updated"):
        if name in columns:
            found[name] = pd.to_datetime(found[name], utc=True).astype("datetime64[ns, UTC]")
    if "detected" in columns:
        found["time"] = found["time"].fillna(found["detected"])
    return found[found["id"].notna()].drop_duplicates("id", keep="last").reset_index(drop=True)


def _alert_rows(alerts: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per alert, user and address; and the sign-in requests that alerts name."""
    if alerts is None:
        alerts = frames.empty_frame(frames.RESOURCES["alerts"])
    wanted = ("user_account_azure_ad_user_id", "user_account_user_principal_name", "ip_address", "request_id")
    items = frames.evidence(alerts, columns=wanted)
    names = dict(zip(wanted, ("user_id", "upn", "ip", "request_id"), strict=True))
    items = items[["alert_id", *wanted]].rename(columns={"alert_id": "id", **names})
    users = items.loc[items["user_id"].notna() | items["upn"].notna(), ["id", "user_id", "upn"]].drop_duplicates()
    ips = items.loc[items["ip"].notna(), ["id", "ip"]].drop_duplicates()
    requests = items.loc[items["request_id"].notna(), ["id", "request_id"]]
    requests = (
        requests.assign(request_id=_texts(key_of(value) for value in requests["request_id"])).dropna().drop_duplicates()
    )
    head = pd.DataFrame(
        {
            "id": alerts["id"].astype("str"),
            "time": alerts["first_activity_date_time"].fillna(alerts["created_date_time"]),
            "provider_id": _texts(_text(value) for value in alerts["provider_alert_id"]),
            "source": alerts["service_source"].astype("str").str.casefold(),
            "title": alerts["title"],
        }
    ).dropna(subset=["id"])
    rows = head.drop_duplicates("id", keep="last").merge(users, on="id", how="left").merge(ips, on="id", how="left")
    return rows.reset_index(drop=True), requests.reset_index(drop=True)


def _people(rows: Iterable[pd.DataFrame]) -> dict[str, str]:
    """From user name to object id, where the frames know exactly one."""
    known: dict[str, set[str]] = {}
    for frame in rows:
        for user_id, upn in frame[["user_id", "upn"]].drop_duplicates().itertuples(index=False):
            found, name = key_of(user_id), _text(upn)
            if found is not None and name is not None:
                known.setdefault(name.casefold(), set()).add(found)
    return {name: min(ids) for name, ids in known.items() if len(ids) == 1}


def _who(user_id: object, upn: object, people: dict[str, str]) -> str | None:
    found, name = key_of(user_id), _text(upn)
    if found is not None:
        return found
    return None if name is None else people.get(name.casefold(), name.casefold())


def key_of(value: object) -> str | None:
    """Return an id in one spelling; None for a missing one, fillers included."""
    return guid(_text(value))


def _text(value: object) -> str | None:
    return text_of(value) if isinstance(value, str) else None  # a frame's missing text is NaN


def _texts(values: Iterable[str | None]) -> pd.api.extensions.ExtensionArray:
    return pd.array(list(values), dtype="str")  # also where all are missing: floats join no texts


def _pairs(merged: pd.DataFrame, by: str, strength: str) -> pd.DataFrame:
    minutes = (merged["right_time"] - merged["left_time"]).dt.total_seconds() / 60
    return pd.DataFrame(
        {"left": merged["left"], "right": merged["right"], "by": by, "strength": strength, "minutes": minutes}
    )


def _ends(frame: pd.DataFrame, side: str, *keys: str) -> pd.DataFrame:
    """A frame as one side of a join; rows without one of the keys join nothing."""
    kept = frame.dropna(subset=list(keys))[["id", "time", *keys]]
    return kept.rename(columns={"id": side, "time": f"{side}_time"}).drop_duplicates()


def _by_request(risk: pd.DataFrame, sign_ins: pd.DataFrame) -> pd.DataFrame:
    signed = sign_ins.assign(request_id=_texts(key_of(value) for value in sign_ins["id"]))
    merged = _ends(risk, "left", "request_id").merge(_ends(signed, "right", "request_id"), on="request_id")
    return _pairs(merged, "the detection's requestId is the sign-in's id", "certain")


def _by_correlation(risk: pd.DataFrame, sign_ins: pd.DataFrame) -> pd.DataFrame:
    merged = _ends(risk, "left", "correlation_id").merge(
        _ends(sign_ins, "right", "correlation_id"), on="correlation_id"
    )
    return _pairs(merged, "same correlationId", "strong")


def _by_provider(events: Events) -> pd.DataFrame:
    risk = events.risk.assign(provider_id=events.risk["id"])
    merged = _ends(risk, "left", "provider_id").merge(_ends(events.alerts, "right", "provider_id"), on="provider_id")
    return _pairs(merged, "the alert's providerAlertId is the detection's id", "certain")


def _by_same_request(events: Events) -> pd.DataFrame:
    raised = events.requests.merge(events.alerts[["id", "time"]].drop_duplicates(), on="id")
    merged = _ends(events.risk, "left", "request_id").merge(_ends(raised, "right", "request_id"), on="request_id")
    return _pairs(merged, "both name the same sign-in request", "certain")


def _alerts_by_request(events: Events) -> pd.DataFrame:
    raised = events.requests.merge(events.alerts[["id", "time"]].drop_duplicates(), on="id")
    signed = events.sign_ins.assign(request_id=_texts(key_of(value) for value in events.sign_ins["id"]))
    merged = _ends(raised, "left", "request_id").merge(_ends(signed, "right", "request_id"), on="request_id")
    return _pairs(merged, "the alert names the sign-in's id", "certain")


def _likely(left: pd.DataFrame, right: pd.DataFrame, window: pd.Timedelta) -> pd.DataFrame:
    """Same user, same address, close in time: the closest for each."""
    merged = _ends(left, "left", "user", "ip").merge(_ends(right, "right", "user", "ip"), on=["user", "ip"])
    apart = (merged["right_time"] - merged["left_time"]).abs()
    close = merged.assign(apart=apart)[apart <= window].sort_values(["apart", "right"])
    return _pairs(close.drop_duplicates("left"), "same user, same address, close in time", "likely")


def _left_over(lefts: pd.DataFrame, pairs: Sequence[pd.DataFrame]) -> pd.DataFrame:
    joined: set[Any] = set().union(*(set(found["left"]) for found in pairs))
    return lefts[~lefts["id"].isin(joined)]


def _table(left: str, right: str, found: pd.DataFrame, lefts: pd.DataFrame) -> pd.DataFrame:
    named = lefts.drop_duplicates("id").set_index("id")
    data = {
        "left_kind": left,
        "left_id": found["left"],
        "right_kind": right,
        "right_id": found["right"],
        "by": found["by"],
        "strength": found["strength"],
        "minutes": found["minutes"].round(3),
        "user": found["left"].map(named["user"]),
        "ip_address": found["left"].map(named["ip"]),
        "note": None,
    }
    return _typed(pd.DataFrame(data, columns=list(CORRELATION_COLUMNS)))


def _unjoined(left: str, right: str, lefts: pd.DataFrame, events: Events, *, given: bool) -> pd.DataFrame:
    rows = []
    for row in lefts.drop_duplicates("id").itertuples():
        unknown = why_unseen(right, row.time, events, given=given)
        note = unknown or f"no {right.replace('_', '-')} among those given speaks of it"
        strength = "none" if unknown is None else "unknown"
        rows.append((left, row.id, right, None, "nothing joins", strength, None, row.user, row.ip, note))
    return _typed(pd.DataFrame(rows, columns=list(CORRELATION_COLUMNS)))


def why_unseen(kind: str, time: Any, events: Events, *, given: bool) -> str | None:
    """Say why records of a kind could be missing at a time; None where they would be there."""
    word = kind.replace("_", "-")
    rows = {"sign_in": events.sign_ins, "alert": events.alerts, "risk_detection": events.risk}[kind]
    if not given:
        return f"{word}s were not given"
    if not len(rows):
        return f"no {word}s came: whether there are none or they were not asked for is not known here"
    if pd.isna(time):
        return "its time is not known"
    begin = rows["time"].min()
    if pd.notna(begin) and time < begin:
        return f"the {word}s given begin at {begin:%Y-%m-%d %H:%M} UTC, after it"
    if kind == "sign_in" and rows["interactive"].fillna(True).astype("bool").all():
        return "only interactive sign-ins were given: it may be among the others"
    return None


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    for column in CORRELATION_COLUMNS:
        table[column] = table[column].astype(_DTYPES.get(column, "str"))
    return table


def _window(within: str | pd.Timedelta) -> pd.Timedelta:
    try:
        window = pd.Timedelta(within)
    except ValueError as error:
        raise UsageError(f"within={within!r} is no span of time; give e.g. '60min'") from error
    if pd.isna(window) or window < pd.Timedelta(0):
        raise UsageError(f"within={within!r} is no span of time; give e.g. '60min'")
    return window
