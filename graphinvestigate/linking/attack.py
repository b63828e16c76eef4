"""What happened: how it started, who and what is touched, how far it could go, what was missed.

Reads roles, verdicts, times and ids; knows no name, and no attack before it sees one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.errors import EntityNotFoundError
from graphinvestigate.linking.attack_alerts import HARMED, HARMING, alerts_of_attack
from graphinvestigate.linking.blast import blast_radius
from graphinvestigate.linking.correlation import Events, events_of, joined_events
from graphinvestigate.linking.gaps import correlation_gaps, gaps_between, session_uses
from graphinvestigate.linking.hubs import Hubs, find_hubs
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Entity, Record, kind_order
from graphinvestigate.linking.sentences import describe
from graphinvestigate.linking.tables import MAIN
from graphinvestigate.linking.tactics import tactic_of
from graphinvestigate.linking.triage import rank_incidents
from graphinvestigate.wanted import takes

STEP_COLUMNS = ("time", "what", "sentence", "record_kind", "record_id")
TOUCHED_COLUMNS = ("kind", "key", "label", "part", "first_seen", "steps", "why", "record_kind", "record_id")

_BAD = frozenset({"malicious", "suspicious"})
_OWN_KINDS = frozenset({"user", "host", "mailbox", "process", "logon_session", "cloud_resource", "security_group"})
# What evidence about these is about, one tie away: the sender of a message, the far end of a connection.
_BEHIND = {
    "mail_message": (("sent_from", "ip"), ("sent", "mailbox"), ("links_to", "url")),
    "network_connection": (("went_to", "ip"),),
}
_STANDS = frozenset({"atrisk", "confirmedcompromised"})
_LESSER = ("risk without alert", "alert without sign-in")
_BEFORE = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackStory:
    """What an investigation can say of an attack.

    Attributes
    ----------
    incident : Record or None
        The incident that looks like an intrusion; None where none does: everything below is empty then.
    why : str
        Why that incident, or why none.
    steps : DataFrame
        How it went: one row per alert, risk detection and sign-in, oldest first: ``time`` (UTC), ``what`` (tactic, or
        kind of record), ``sentence``, ``record_kind``, ``record_id``.
    touched : DataFrame
        Who and what: one row per entity: ``kind``, ``key``, ``label``, ``part`` (victim, attacker, or targeted: named
        by the attack and not known to be reached), ``first_seen`` (UTC), ``steps`` (how many name it), ``why``, and
        the record that says so: ``record_kind``, ``record_id``.
    reach : networkx.MultiDiGraph or None
        How far it could go: `blast_radius` of the first victim, from the first step on.
    missed : DataFrame
        What no alert says: rows of `correlation_gaps` about the victims; those that could not be seen say unknown.
    answers : dict of str to str
        The four questions, each answered in a sentence.
    """

    incident: Record | None
    why: str
    steps: pd.DataFrame = field(repr=False)
    touched: pd.DataFrame = field(repr=False)
    reach: nx.MultiDiGraph | None = field(repr=False)
    missed: pd.DataFrame = field(repr=False)
    answers: dict[str, str] = field(repr=False)


@takes
def attack_story(
    g: nx.MultiDiGraph,
    *,
    alerts: pd.DataFrame | None,
    risk_detections: pd.DataFrame | None,
    sign_ins: pd.DataFrame | None,
    incident: Record | str | None = None,
    hubs: Hubs = None,
) -> AttackStory:
    """Say how an attack started, who and what it touched, how far it could go and what was missed.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph of these frames, with whatever pivots added.
    alerts, risk_detections, sign_ins : DataFrame or None
        The frames; None for what was not read. Best with the non-interactive sign-ins of the users concerned.
    incident : Record or str, optional
        Which incident; by default the first of `rank_incidents` that looks like an intrusion.
    hubs : DataFrame or iterable of Entity or str, optional
        More hubs, as `find_hubs` takes them.

    Returns
    -------
    AttackStory
        Where no incident looks like an intrusion it says so, and names nobody.

    Raises
    ------
    EntityNotFoundError
        The graph holds no such incident, or nothing goes by one of ``hubs``.
    UsageError
        A frame is not of the records it is given for.

    Notes
    -----
    The attack is the incident's alerts that nobody found harmless and that hang together; open alerts outside of it
    whose evidence calls one of its victims compromised within a day of it; the risk detections that stand for its
    victims from a day before the first alert to the last, except from places that the user had signed in from before;
    the sign-ins that these are about; and what their sessions did from such places afterwards. Entities are what
    these records are about, not what they only mention, and not what evidence calls harmless or context.
    """
    chosen, why = _incident(g, incident)
    if chosen is None:
        return _nothing(why)
    events = events_of(alerts, risk_detections, sign_ins)
    shared = find_hubs(g, hubs=hubs)
    raised, strays, joined_in = alerts_of_attack(
        g, chosen, {Entity(k, v) for k, v in zip(shared["kind"], shared["key"], strict=True)}
    )
    touched = _Touched(g)
    for alert in raised:
        touched.by_alert(alert)
    victims = {node.key for node in touched.users()}
    places = set(shared.loc[shared["kind"] == "ip", "key"])
    begin, end = _span(g, raised)
    detections = _detections(events, victims, places, begin, end)
    joined = joined_events(events, alerts=alerts is not None, sign_ins=sign_ins is not None)
    signed = _signed_in(events, joined, detections, raised, victims)
    used = session_uses(events, signed, places)
    for row in detections.itertuples():
        touched.by_place("risk_detection", row.id, row.ip, f"{row.type} was detected there")
    for row in signed.itertuples():
        touched.by_place("sign_in", row.id, row.ip, "the session was opened there")
    for row in used.itertuples():
        touched.by_place("sign_in", row.id, row.ip, "the session was used there")
    records = [*raised, *(Record("risk_detection", i) for i in detections["id"])]
    records += [Record("sign_in", i) for i in dict.fromkeys([*signed["id"], *used["id"]])]
    steps = _steps(g, records, events)
    table = touched.table(steps)
    gaps = gaps_between(g, events, joined, sign_ins=sign_ins is not None, hubs=hubs)
    missed = gaps[gaps["user"].isin(victims) | gaps["record_id"].eq(chosen.id)].reset_index(drop=True)
    reach = _reach(g, table, steps, hubs)
    answers = _answers(steps, table, reach, missed)
    why += _regrouped(strays, joined_in)
    return AttackStory(
        incident=chosen, why=why, steps=steps, touched=table, reach=reach, missed=missed, answers=answers
    )


def _incident(g: nx.MultiDiGraph, incident: Record | str | None) -> tuple[Record | None, str]:
    ranking = rank_incidents(g)
    if incident is not None:
        chosen = incident if isinstance(incident, Record) else Record("incident", incident)
        if chosen not in g:
            raise EntityNotFoundError(f"the graph holds no incident {chosen.id!r:.80}; rank_incidents(g) lists all")
        named = ranking[ranking["id"] == chosen.id]
        return chosen, str(named.iloc[0]["why"]) if len(named) else "It was asked for."
    first = ranking[ranking["attack"]].head(1)
    if len(first):
        return Record("incident", str(first.iloc[0]["id"])), str(first.iloc[0]["why"])
    return None, f"None of {len(ranking)} incidents looks like an intrusion."


class _Touched:
    """Collects who and what the records of an attack are about."""

    def __init__(self, g: nx.MultiDiGraph) -> None:
        self._g = g
        self._part: dict[Entity, str] = {}
        self._why: dict[Entity, tuple[str, Record]] = {}
        self._named: defaultdict[Entity, set[Record]] = defaultdict(set)

    def users(self) -> list[Entity]:
        """The accounts that were reached."""
        return [node for node, part in self._part.items() if node.kind == "user" and part == "victim"]

    def by_alert(self, alert: Record) -> None:
        """Everybody and everything that an alert is about."""
        for _, node, relation, attrs in self._g.out_edges(alert, keys=True, data=True):
            if relation != MAIN or not isinstance(node, Entity):
                continue
            roles = {str(role).casefold() for role in attrs.get("roles") or ()}
            verdict = str(attrs.get("verdict") or "").casefold()
            told = roles & (HARMED | HARMING)
            if verdict == "nothreatsfound" or (roles and not told and verdict not in _BAD):
                continue  # found harmless, or there for context only
            part = "victim" if node.kind in _OWN_KINDS else "attacker"
            said = ", ".join(sorted(told) or ([verdict] if verdict in _BAD else []))
            self._add(node, part, f"evidence of an alert calls it {said}" if said else "an alert is about it", alert)
            for relation_behind, kind in _BEHIND.get(node.kind, ()):
                for other in self._tied(node, relation_behind, kind):
                    self._add(other, "attacker", f"behind the {kind_word(node.kind)} of an alert", alert)
            if node.kind == "mail_message":
                for other in self._tied(node, "sent_to", "mailbox"):
                    self._add(other, "targeted", "the message was sent to it", alert)

    def by_place(self, kind: str, record_id: str, ip: Any, why: str) -> None:
        """The address of a detection or a sign-in."""
        node = Entity("ip", ip) if isinstance(ip, str) else None
        if node is not None and node in self._g:
            self._add(node, "attacker", why, Record(kind, record_id))

    def table(self, steps: pd.DataFrame) -> pd.DataFrame:
        """One row per entity, victims first."""
        when = {(row.record_kind, row.record_id): row.time for row in steps.itertuples()}
        rows = []
        for node, part in self._part.items():
            times = [when[record] for record in self._named[node] if record in when]
            label = str(self._g.nodes[node].get("label") or node.key)
            why, record = self._why[node]
            rows.append((*node, label, part, min(times, default=None), len(self._named[node]), why, *record))
        rows.sort(key=lambda row: (("victim", "attacker", "targeted").index(row[3]), kind_order(row[0]), row[1]))
        return _typed_touched(rows)

    def _tied(self, node: Entity, relation: str, kind: str) -> Iterable[Entity]:
        for u, v, name in [*self._g.out_edges(node, keys=True), *self._g.in_edges(node, keys=True)]:
            other = v if u == node else u
            if name == relation and isinstance(other, Entity) and other.kind == kind:
                yield other

    def _add(self, node: Entity, part: str, why: str, record: Record) -> None:
        self._named[node].add(record)
        if self._part.get(node, "targeted") == "targeted":
            self._part[node], self._why[node] = part, (why, record)


def _span(g: nx.MultiDiGraph, alerts: list[Record]) -> tuple[pd.Timestamp, pd.Timestamp]:
    times = [t for alert in alerts for name in ("time", "end_time") if (t := g.nodes[alert].get(name))]
    if not times:
        return pd.NaT, pd.NaT
    return pd.Timestamp(min(times)) - _BEFORE, pd.Timestamp(max(times))


def _familiar(events: Events, user: str, before: pd.Timestamp) -> set[str]:
    """Where a user had signed in from on an earlier day."""
    own = events.sign_ins[
        (events.sign_ins["user"] == user)
        & (events.sign_ins["time"] < before - _BEFORE)
        & events.sign_ins["error"].eq(0)
    ]
    return set(own["ip"].dropna())


def _detections(
    events: Events, victims: set[str], shared: set[str], begin: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    risk = events.risk
    stands = risk["state"].astype("str").str.casefold().isin(_STANDS)
    found = risk[stands & risk["user"].isin(victims) & (risk["time"] >= begin) & (risk["time"] <= end)]
    strange = [
        row.ip not in shared and row.ip not in _familiar(events, row.user, row.time) for row in found.itertuples()
    ]
    return found[np.array(strange, dtype=np.bool_)].reset_index(drop=True)  # an empty list would choose columns


def _signed_in(
    events: Events, joined: pd.DataFrame, detections: pd.DataFrame, alerts: list[Record], victims: set[str]
) -> pd.DataFrame:
    """The sign-ins that the detections and alerts are about, those that worked."""
    lefts = {*(("risk_detection", i) for i in detections["id"]), *alerts}
    pairs = joined[joined["right_kind"].eq("sign_in") & joined["strength"].isin(("certain", "strong", "likely"))]
    ids = [row.right_id for row in pairs.itertuples() if (row.left_kind, row.left_id) in lefts]
    found = events.sign_ins[events.sign_ins["id"].isin(ids) & events.sign_ins["user"].isin(victims)]
    return found[found["error"].eq(0)].sort_values("time").reset_index(drop=True)


def _steps(g: nx.MultiDiGraph, records: list[Record], events: Events) -> pd.DataFrame:
    signed = events.sign_ins.set_index("id")
    rows = []
    for record in records:
        attrs = g.nodes[record] if record in g else {}
        time = attrs.get("time")
        if time is None and record.kind == "sign_in":
            time = signed.loc[record.id, "time"]
        what = kind_word(record.kind)
        if record.kind == "alert":
            what = tactic_of(attrs.get("category")) or str(attrs.get("category") or what)
        elif record.kind == "sign_in" and signed.loc[record.id, "interactive"] is False:
            what = "sign-in, not interactive"
        text = describe(g, record)
        rows.append((time, what, f"{text[:1].upper()}{text[1:]}.", record.kind, record.id))
    table = pd.DataFrame(rows, columns=list(STEP_COLUMNS))
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    for column in STEP_COLUMNS[1:]:
        table[column] = table[column].astype("str")
    return table.sort_values(["time", "record_kind", "record_id"], ignore_index=True)


def _reach(g: nx.MultiDiGraph, touched: pd.DataFrame, steps: pd.DataFrame, hubs: Hubs) -> nx.MultiDiGraph | None:
    victims = touched[touched["part"].eq("victim") & touched["kind"].isin(("user", "host"))]
    victims = victims.sort_values(["first_seen", "kind"], ascending=[True, False])
    if not len(victims) or not len(steps) or pd.isna(steps.iloc[0]["time"]):
        return None
    first = Entity(str(victims.iloc[0]["kind"]), str(victims.iloc[0]["key"]))
    return blast_radius(g, first, since=steps.iloc[0]["time"].to_pydatetime(), hubs=hubs)


def _regrouped(strays: list[Record], joined_in: list[Record]) -> str:
    said = ""
    if strays:
        said += f" {len(strays)} of its alerts share nothing with the others and were left out."
    if joined_in:
        said += f" {len(joined_in)} alerts outside of it are about its victims and were taken in."
    return said


def _answers(
    steps: pd.DataFrame, touched: pd.DataFrame, reach: nx.MultiDiGraph | None, missed: pd.DataFrame
) -> dict[str, str]:
    def listed(part: str, *kinds: str) -> str:
        rows = touched[touched["part"].eq(part) & touched["kind"].isin(kinds or tuple(touched["kind"]))]
        return ", ".join(rows["label"]) or "nobody known"

    start = "No step has a known time."
    if len(steps):
        first = steps.iloc[0]
        until = f"{steps.iloc[-1]['time']:%Y-%m-%d %H:%M} UTC"
        start = f"{first['sentence'][:-1]}, the first of {len(steps)} steps until {until}."
    unknown = int((missed["certainty"] == "unknown").sum())
    known = missed[missed["certainty"] == "known"]
    grave = known[~known["gap"].isin(_LESSER)]
    gaps = " ".join(dict.fromkeys(grave["why"])) or "Nothing grave that these records show."
    if len(known) > len(grave):
        gaps += f" {len(known) - len(grave)} lesser gaps are listed."
    return {
        "How did it start?": start,
        "Who and what is touched?": f"Users and hosts: {listed('victim', 'user', 'host')}. "
        f"The attacker's: {listed('attacker', 'ip', 'url', 'mailbox', 'app')}.",
        "How far could it go?": str(reach.graph["blast"]["sentence"]) if reach is not None else "Not known.",
        "What was missed?": gaps + (f" {unknown} more cannot be told from these records." if unknown else ""),
    }


def _typed_touched(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(TOUCHED_COLUMNS))
    table["first_seen"] = pd.to_datetime(table["first_seen"], utc=True).astype("datetime64[ns, UTC]")
    for column in ("kind", "key", "label", "part", "why", "record_kind", "record_id"):
        table[column] = table[column].astype("str")
    table["steps"] = table["steps"].astype("Int64")
    return table


def _nothing(why: str) -> AttackStory:
    steps = pd.DataFrame({name: pd.Series(dtype="str") for name in STEP_COLUMNS})
    steps["time"] = pd.to_datetime(steps["time"], utc=True).astype("datetime64[ns, UTC]")
    missed = correlation_gaps(None, None, None, None)
    return AttackStory(
        incident=None,
        why=why,
        steps=steps,
        touched=_typed_touched([]),
        reach=None,
        missed=missed,
        answers=dict.fromkeys(
            ("How did it start?", "Who and what is touched?", "How far could it go?", "What was missed?"), why
        ),
    )
