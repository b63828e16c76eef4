"""What fell between alerts, risk, sign-ins and incidents: what one of them knows and the others do not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.linking.correlation import STRENGTHS, Events, events_of, joined_events, key_of, why_unseen
from graphinvestigate.linking.entity_graph import entity_graph
from graphinvestigate.linking.grouping import communities
from graphinvestigate.linking.hubs import Hubs, find_hubs
from graphinvestigate.wanted import takes

GAP_COLUMNS = (*("gap", "certainty", "why", "record_kind", "record_id", "others", "user", "ip_address", "time"),)
GAPS = (
    "session used elsewhere",
    "remediated risk with a live session",
    "risk without alert",
    "alert without sign-in",
    "incidents that should be one",
    "alert outside its incident",
    "incident that is two",
)
_STANDS = frozenset({"atrisk", "confirmedcompromised"})
_JOINED = STRENGTHS[:3]


@takes
def correlation_gaps(
    alerts: pd.DataFrame | None,
    risk: pd.DataFrame | None,
    sign_ins: pd.DataFrame | None,
    incidents: pd.DataFrame | None,
    *,
    hubs: Hubs = None,
) -> pd.DataFrame:
    """List what fell between alerts, risk detections, sign-ins and incidents.

    Parameters
    ----------
    alerts, risk, sign_ins, incidents : DataFrame or None
        As `list_alerts`, `list_risk_detections`, `list_sign_ins` and `list_incidents` give them; None for what was
        not read. Best with the non-interactive sign-ins: a stolen session shows there.
    hubs : DataFrame or iterable of Entity or str, optional
        More hubs, as `find_hubs` takes them: what all share ties no incidents, and no session to a place.

    Returns
    -------
    DataFrame
        One row per gap: ``gap``, ``certainty`` (known, or unknown where the records given cannot show it), ``why``
        (a sentence), ``record_kind`` and ``record_id`` (what it was found at), ``others`` (ids of other records that
        belong to it), ``user``, ``ip_address``, ``time`` (UTC). In the order of these gaps, oldest first:

        - session used elsewhere: the session of a sign-in whose risk stands was used from an address that no alert
          and no detection names, and that the user had not used before;
        - remediated risk with a live session: the session of a sign-in went on after its risk was remediated, from
          an address that the user had not used before, or although the password was changed;
        - risk without alert; alert without sign-in (alerts about sign-ins only);
        - incidents that should be one, an alert outside its incident, an incident that is two: see `communities`.

    Raises
    ------
    UsageError
        A frame is not of the records it is given for.
    EntityNotFoundError
        Nothing goes by one of ``hubs``.
    """
    events = events_of(alerts, risk, sign_ins)
    joined = joined_events(events, alerts=alerts is not None, sign_ins=sign_ins is not None)
    g = entity_graph(alerts=alerts, incidents=incidents, risk_detections=risk, sign_ins=sign_ins)
    return gaps_between(g, events, joined, sign_ins=sign_ins is not None, hubs=hubs)


def gaps_between(
    g: nx.MultiDiGraph, events: Events, joined: pd.DataFrame, *, sign_ins: bool, hubs: Hubs = None
) -> pd.DataFrame:
    """Return the gaps between events that are joined and linked already; `sign_ins` says whether these were given."""
    shared = find_hubs(g, hubs=hubs)
    everybodys = set(shared.loc[shared["kind"] == "ip", "key"])
    rows = [
        *_sessions(events, joined, everybodys, given=sign_ins),
        *_unmatched(events, joined, "risk_detection", "alert", "risk without alert"),
        *_unmatched(events, joined, "alert", "sign_in", "alert without sign-in"),
        *_incidents(communities(g, hubs=hubs)),
    ]
    table = pd.DataFrame(rows, columns=list(GAP_COLUMNS))
    for column in ("gap", "certainty", "why", "record_kind", "record_id", "user", "ip_address"):
        table[column] = table[column].astype("str")
    table["time"] = pd.to_datetime(table["time"], utc=True).astype("datetime64[ns, UTC]")
    order = table["gap"].map({name: place for place, name in enumerate(GAPS)})
    table = table.assign(order=order).sort_values(["order", "certainty", "time", "record_id"], ignore_index=True)
    return table.drop(columns="order")


def session_uses(events: Events, opened: pd.DataFrame, shared: Iterable[str] = ()) -> pd.DataFrame:
    """Return what the sessions of some sign-ins did afterwards from places that were new to the user.

    Parameters
    ----------
    events : Events
    opened : DataFrame
        Rows of `events.sign_ins` that opened the sessions.
    shared : iterable of str
        Addresses that everybody uses.

    Returns
    -------
    DataFrame
        Rows of `events.sign_ins`, oldest first.
    """
    worked = events.sign_ins[events.sign_ins["error"].eq(0)]
    found = [worked.iloc[:0]]
    for row in opened.dropna(subset=["session_id"]).itertuples():
        later = worked[worked["session_id"].eq(row.session_id) & (worked["time"] > row.time)]
        own = worked[
            worked["user"].eq(row.user) & (worked["time"] < row.time) & worked["session_id"].ne(row.session_id)
        ]
        familiar = {*own["ip"].dropna(), *shared}
        found.append(later[~later["ip"].isin(familiar) & later["ip"].notna()])
    return pd.concat(found).drop_duplicates("id").sort_values("time").reset_index(drop=True)


def _sessions(events: Events, joined: pd.DataFrame, everybodys: set[str], *, given: bool) -> Iterable[tuple[Any, ...]]:
    """What became of the sessions that risk detections are about."""
    signed = joined[
        (joined["left_kind"] == "risk_detection")
        & (joined["right_kind"] == "sign_in")
        & joined["strength"].isin(_JOINED)
    ]
    sign_in = events.sign_ins.set_index("id")
    noticed = set(events.alerts["ip"].dropna()) | set(events.risk["ip"].dropna())
    worked = events.sign_ins[events.sign_ins["error"].eq(0)]
    by_session, by_user = worked.groupby("session_id"), worked.groupby("user")
    sign_in_of = signed.drop_duplicates("left_id").set_index("left_id")["right_id"]
    for row in events.risk.itertuples():
        stands = str(row.state).casefold() in _STANDS
        remediated = str(row.state).casefold() == "remediated"
        if not (stands or remediated):
            continue
        gap = GAPS[0] if stands else GAPS[1]
        session = sign_in.loc[sign_in_of[row.id], "session_id"] if row.id in sign_in_of.index else None
        begin = row.time if stands else row.updated
        blind = _blind(events, row, session, given=given)
        if blind is not None:
            why = f"What became of the session of {row.type} cannot be seen: {blind}."
            yield (gap, "unknown", why, "risk_detection", row.id, [], row.user, row.ip, begin)
            continue
        same = by_session.get_group(session) if session in by_session.groups else worked.iloc[:0]
        later = same[same["time"] > begin]
        own = by_user.get_group(row.user) if row.user in by_user.groups else worked.iloc[:0]
        familiar = set(own.loc[(own["time"] < row.time) & (own["session_id"] != session), "ip"]) | everybodys
        away = later[(later["ip"] != row.ip) & ~later["ip"].isin(familiar) & later["ip"].notna()]
        if stands:
            yield from _elsewhere(row, away[~away["ip"].isin(noticed)], gap)
        else:
            changed = "password" in str(row.detail).casefold()
            found = later if changed else away
            if len(found):
                what = "although the password was changed" if changed else f"from {_places(found)}"
                when = f"{row.updated:%Y-%m-%d %H:%M} UTC"
                why = (
                    f"The risk of {row.type} was remediated ({row.detail}) on {when}, and its session was used "
                    f"{len(found)} more times, {what}."
                )
                yield (gap, "known", why, "risk_detection", row.id, list(found["id"]), row.user, row.ip, row.updated)


def _elsewhere(row: Any, found: pd.DataFrame, gap: str) -> Iterable[tuple[Any, ...]]:
    for ip, rows in found.groupby("ip", sort=True):
        quiet = "" if rows["interactive"].fillna(True).any() else " None of them was interactive."
        why = (
            f"The session that {row.type} was raised on was used from {ip}, {len(rows)} times from "
            f"{rows['time'].min():%Y-%m-%d %H:%M} to {rows['time'].max():%Y-%m-%d %H:%M} UTC; no alert and no risk "
            f"detection names that address.{quiet}"
        )
        yield (gap, "known", why, "risk_detection", row.id, list(rows["id"]), row.user, ip, rows["time"].min())


def _blind(events: Events, row: Any, session: Any, *, given: bool) -> str | None:
    """Why nobody can tell from these records what became of a session; None where one can."""
    if key_of(row.request_id) is None and key_of(row.correlation_id) is None:
        return None if str(row.state).casefold() == "remediated" else "the detection names no sign-in"
    unseen = why_unseen("sign_in", row.time, events, given=given)
    if unseen is not None:
        return unseen
    return "its sign-in carries no session id, or is not among those given" if key_of(session) is None else None


def _places(rows: pd.DataFrame) -> str:
    return " and ".join(sorted(set(rows["ip"])))


def _unmatched(events: Events, joined: pd.DataFrame, left: str, right: str, gap: str) -> Iterable[tuple[Any, ...]]:
    found = joined[(joined["left_kind"] == left) & (joined["right_kind"] == right) & joined["right_id"].isna()]
    source = events.risk if left == "risk_detection" else events.alerts
    facts = source.drop_duplicates("id").set_index("id")
    for row in found.itertuples():
        fact = facts.loc[row.left_id]
        if left == "risk_detection":
            said = f"{fact['type']} ({fact['level']}, {fact['state']})"
            named = f"Risk detection {said} has no alert"
        else:
            named = f'Alert "{fact["title"]}" is about a sign-in, and no sign-in is joined to it'
        known = row.strength == "none"
        why = f"{named}." if known else f"{named} here, which says little: {row.note}."
        certainty = "known" if known else "unknown"
        yield (gap, certainty, why, left, row.left_id, [], row.user, row.ip_address, fact["time"])


def _incidents(groups: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    for row in groups.itertuples():
        if row.finding == "should merge":
            gap = GAPS[4] if row.incidents > 1 else GAPS[5]
            others = list(row.incident_ids)[1:] if row.incidents > 1 else list(row.alert_ids)
        elif row.finding == "should split":
            gap, others = GAPS[6], list(row.alert_ids)
        else:
            continue
        yield (gap, "known", row.why, "incident", row.incident_ids[0], others, None, None, row.first_activity)
