"""What analysts say about what they see: notes, findings, checks and verdicts, and the places they are about.

A place is stored by what Graph says of it (`type=value` identifiers, record ids, times), never by a position, a node
key or a label: an entity that is first known by its user name and later by its object id keeps its notes.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.client import parse_time
from graphinvestigate.errors import EntityNotFoundError, UsageError
from graphinvestigate.linking import Entity, Record, find_entity
from graphinvestigate.linking.identifiers import RANKED
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Node
from graphinvestigate.linking.overrides import text_of_entity
from graphinvestigate.text import log
from graphinvestigate.wanted import in_order

KINDS = ("note", "finding", "check", "verdict")
VERDICTS = ("unknown", "noThreatsFound", "suspicious", "malicious")
"""What a verdict can be: the words that Graph has for evidence."""
CHECKS = ("checked", "not checked")
PLACES = ("entity", "record", "edge", "time")

Place = dict[str, Any]
"""Where a note belongs, as plain JSON; `docs/case-format.md` lists its members."""

NOTE_COLUMNS = ("kind", "text", "value", "about", "written", "author", "note_id", "places")
_ISO = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|\+00:00)")
_FAR = datetime(9999, 1, 1, tzinfo=UTC)  # spans may lie in the future: a token's end, a planned change


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something an analyst wrote. It never changes: a later note may replace or withdraw it.

    Attributes
    ----------
    text : str
        What they say.
    kind : str
        ``note``, ``finding``, ``check`` (something looked at, or not) or ``verdict`` (what the case comes to).
    places : tuple of dict
        What it is about; none is the case as a whole. Made by `entity_place`, `record_place`, `edge_place` and
        `time_place`.
    value : str
        Of a check ``checked`` or ``not checked``; of a verdict one of `VERDICTS`; else empty.
    author : str
        Who wrote it; may be empty.
    written : str
        When, as an ISO text in UTC.
    note_id : str
        Unique.
    replaces : str
        The id of the note that it takes the place of; may be empty.
    withdrawn : bool
        Whether it only takes the other one away.
    """

    text: str
    kind: str = "note"
    places: tuple[Place, ...] = ()
    value: str = ""
    author: str = ""
    written: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="microseconds"))
    note_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    replaces: str = ""
    withdrawn: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"a note's kind is one of {', '.join(KINDS)}; got {log(repr(self.kind))}.")
        allowed = {"verdict": VERDICTS, "check": CHECKS}.get(self.kind, ("",))
        if self.value not in allowed:
            raise UsageError(f"a {self.kind} takes {' or '.join(map(repr, allowed))}; got {log(repr(self.value))}.")
        texts = (self.text, self.author, self.written, self.note_id, self.replaces)
        if not all(isinstance(text, str) for text in texts) or not self.note_id:
            raise UsageError("a note's text, author, time and id are texts.")
        if not _ISO.fullmatch(self.written):
            raise UsageError(f"a note's time is an ISO text in UTC; got {log(repr(self.written))}.")
        if not self.text.strip() and not self.withdrawn:
            raise UsageError("a note without words says nothing: write what was seen.")
        for place in self.places:
            _check_place(place)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {**{name: getattr(self, name) for name in _FIELDS}, "places": [dict(place) for place in self.places]}

    @classmethod
    def from_json(cls, value: Any) -> Note:
        """Read what `to_json` gave.

        Parameters
        ----------
        value : object
            Any JSON value; members that later versions add are left out.

        Returns
        -------
        Note

        Raises
        ------
        UsageError
            It is no note.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("places", []), list):
            raise UsageError(f"a note is an object with a text, not {log(repr(value))}.")
        try:
            given = {name: value[name] for name in _FIELDS if name in value}
            return cls(**given, places=tuple(value.get("places", ())))
        except TypeError as error:
            raise UsageError(f"this is no note: {log(repr(value))}") from error


_FIELDS = ("note_id", "kind", "text", "value", "author", "written", "replaces", "withdrawn")


def entity_place(g: nx.MultiDiGraph | None, entity: Entity | str) -> Place:
    """Say which entity is meant, by all of its identifiers.

    Parameters
    ----------
    g : networkx.MultiDiGraph or None
        The entity graph that knows it.
    entity : Entity or str
        The entity, or anything `find_entity` understands.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        The graph holds no such entity, or several.
    """
    if g is not None and len(g):
        entity = find_entity(g, entity)
        identifiers = sorted(g.nodes[entity]["identifiers"]) or [f"key={entity.key}"]
    elif isinstance(entity, Entity):
        identifiers = [text_of_entity(entity)]
    else:
        raise EntityNotFoundError(f"there is no entity graph to look {log(repr(entity))} up in; add one first.")
    return {"place": "entity", "kind": entity.kind, "identifiers": identifiers}


def record_place(record: Record | pd.Series) -> Place:
    """Say which record is meant, by its kind and id.

    Parameters
    ----------
    record : Record or pandas.Series
        A record of the graph, or one row of a frame (with its `record_kind` and `id`; a row of evidence means its
        item of the alert).
    """
    if isinstance(record, Record):
        return {"place": "record", "kind": record.kind, "id": record.id}
    if isinstance(record, pd.Series) and isinstance(record.get("record_kind"), str):
        if isinstance(record.get("alert_id"), str) and pd.notna(record.get("evidence_index")):
            field_name = f"evidence[{int(record['evidence_index'])}]"
            return {"place": "record", "kind": "alert", "id": record["alert_id"], "field": field_name}
        if isinstance(record.get("id"), str):
            return {"place": "record", "kind": record["record_kind"], "id": record["id"]}
    raise UsageError(
        "a note's record is a Record, or one row of a frame with record_kind and id, such as alerts.iloc[0]."
    )


def edge_place(g: nx.MultiDiGraph, source: Node | str, target: Node | str, relation: str | None = None) -> Place:
    """Say which link is meant: its two ends, and its relation where only one of several is.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph that has the link.
    source, target : Entity, Record or str
        Its ends, in either order.
    relation : str, optional
        Such as ``signed_in_from``; all links between the two if not given.
    """
    ends = [one if isinstance(one, Record) else find_entity(g, one) for one in (source, target)]
    links = {key for a, b in (ends, ends[::-1]) if g.has_edge(a, b) for key in g[a][b]}
    if not links or (relation is not None and relation not in links):
        raise EntityNotFoundError(
            f"the graph has no such link between the two{f' ({log(relation)})' if relation else ''}; "
            + (f"it has {', '.join(sorted(links))}." if links else "why(g, a, b) shows what links them.")
        )
    places = [record_place(end) if isinstance(end, Record) else entity_place(g, end) for end in ends]
    return {"place": "edge", "ends": places, "relation": relation}


def time_place(since: str | datetime | None, until: str | datetime | None) -> Place:
    """Say which time span is meant.

    Parameters
    ----------
    since, until : str or datetime or None
        An ISO text with its zone, or an aware datetime; None is open.
    """
    start, end = _moment(since), _moment(until)
    if start is None and end is None:
        raise UsageError("a time span needs since= or until=.")
    in_order(start, end)
    return {"place": "time", "since": start and start.isoformat(), "until": end and end.isoformat()}


def _moment(value: str | datetime | None) -> datetime | None:
    if isinstance(value, str) and value[-1:].casefold() in "mhdw" and value[:1].isdigit() and "-" not in value:
        raise UsageError(f"a note's time span needs a time, not {log(repr(value))}: 'ago' moves on. Give an ISO time.")
    return parse_time(value, now=_FAR)


Identified = Mapping[tuple[str, str], list[Node]]
"""Nodes by their kind and an identifier, as `identified` finds them."""


def identified(g: nx.MultiDiGraph, places: Iterable[Place]) -> Identified:
    """Find the entities that places name, in one walk over a graph, for many `nodes_at`.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    places : iterable of dict
    """
    wanted = {pair for place in places for pair in _named_in(place)}
    kinds = {kind for kind, _ in wanted}
    found: dict[tuple[str, str], list[Node]] = {}
    if not wanted:
        return found
    for node, attrs in g.nodes(data=True):
        if node.kind in kinds and isinstance(node, Entity):
            for identifier in dict.fromkeys((*(attrs.get("identifiers") or ()), f"key={node.key}")):
                if (node.kind, identifier) in wanted:
                    found.setdefault((node.kind, identifier), []).append(node)
    return found


def _named_in(place: Place) -> list[tuple[str, str]]:
    if place["place"] == "edge":
        return [pair for end in place["ends"] for pair in _named_in(end)]
    return [(place["kind"], one) for one in place["identifiers"]] if place["place"] == "entity" else []


def nodes_at(g: nx.MultiDiGraph, place: Place, known: Identified | None = None) -> list[Node]:
    """Find what a place names in a graph now: the nodes of an entity, of a record, or both ends of a link.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        Any entity graph, also one that grew since.
    place : dict
    known : mapping, optional
        What `identified` found for this place, and others, in this graph.

    Returns
    -------
    list of Entity or Record
        Empty where the graph has it no longer (or not yet).
    """
    if place["place"] == "edge":
        return [node for end in place["ends"] for node in nodes_at(g, end, known)]
    if place["place"] == "record":
        record = Record(place["kind"], place["id"])
        return [record] if record in g else []
    if place["place"] == "entity":
        known = identified(g, [place]) if known is None else known
        # The strongest that is known decides.
        for identifier in sorted(place["identifiers"], key=lambda text: _strength(place["kind"], text)):
            if found := known.get((place["kind"], identifier)):
                return list(found)
    return []


def place_words(place: Place, g: nx.MultiDiGraph | None = None, known: Identified | None = None) -> str:
    """Say in words what a place is.

    Parameters
    ----------
    place : dict
    g : networkx.MultiDiGraph, optional
        For the labels of today; identifiers without it.
    known : mapping, optional
        What `identified` found for this place, and others, in this graph.
    """
    if place["place"] == "edge":
        ends = " and ".join(place_words(end, g, known) for end in place["ends"])
        return f"{ends} ({place['relation']})" if place.get("relation") else ends
    if place["place"] == "time":
        return " to ".join((_minute(place[end]) if place.get(end) else "…") for end in ("since", "until")) + " UTC"
    nodes = nodes_at(g, place, known) if g is not None else []
    if place["place"] == "record":
        label = g.nodes[nodes[0]].get("label") if g is not None and nodes else None
        field_name = f", {place['field']}" if place.get("field") else ""
        kind = place["kind"].replace("_", " ")
        return f"{kind} {label} ({place['id']}{field_name})" if label else f"{kind} {place['id']}{field_name}"
    if g is not None and nodes:
        return " / ".join(f"{kind_word(node.kind)} {g.nodes[node].get('label')}" for node in nodes)
    best = min(place["identifiers"], key=lambda text: _strength(place["kind"], text))
    return f"{kind_word(place['kind'])} {best.partition('=')[2]}"


def current_notes(notes: Iterable[Note]) -> list[Note]:
    """Give the notes that stand: neither replaced nor withdrawn, oldest first."""
    every = list(notes)
    gone = {note.replaces for note in every if note.replaces}
    return sorted(
        (note for note in every if note.note_id not in gone and not note.withdrawn),
        key=lambda note: (note.written, note.note_id),
    )


def notes_frame(notes: Iterable[Note], g: nx.MultiDiGraph | None = None) -> pd.DataFrame:
    """Lay notes out: one row per note that stands, oldest first.

    Returns
    -------
    pandas.DataFrame
        `kind`, `text`, `value`, `about` (in words), `written` (UTC), `author`, `note_id` and `places` (plain JSON).
    """
    standing = current_notes(notes)
    known = None if g is None else identified(g, (place for note in standing for place in note.places))
    rows = [
        (
            *(note.kind, note.text, note.value, "; ".join(place_words(p, g, known) for p in note.places) or "the case"),
            *(note.written, note.author, note.note_id, [dict(place) for place in note.places]),
        )
        for note in standing
    ]
    table = pd.DataFrame(rows, columns=list(NOTE_COLUMNS))
    for name in ("kind", "text", "value", "about", "author", "note_id"):
        table[name] = table[name].astype("str")
    table["written"] = pd.to_datetime(table["written"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    return table


def _strength(kind: str, identifier: str) -> tuple[int, str]:
    ranked = RANKED.get(kind, ())
    name = identifier.partition("=")[0]
    return (ranked.index(name) if name in ranked else len(ranked)), identifier


def _minute(text: str) -> str:
    return text[:16].replace("T", " ")


def _check_place(place: Any) -> None:
    good = isinstance(place, Mapping) and place.get("place") in PLACES
    if good and place["place"] == "entity":
        ids = place.get("identifiers")
        good = isinstance(place.get("kind"), str) and isinstance(ids, list) and bool(ids)
        good = good and all(isinstance(text, str) for text in ids)
    elif good and place["place"] == "record":
        good = isinstance(place.get("kind"), str) and isinstance(place.get("id"), str)
    elif good and place["place"] == "edge":
        ends = place.get("ends")
        good = isinstance(ends, list) and len(ends) == 2
        good = good and all(isinstance(end, Mapping) and end.get("place") in ("entity", "record") for end in ends)
        for end in ends if good else ():
            _check_place(end)
    elif good:
        texts = [place.get("since"), place.get("until")]
        good = all(text is None or isinstance(text, str) for text in texts) and texts != [None, None]
    if not good:
        raise UsageError(f"this is no place of a note: {log(repr(place))}. Make it with entity_place, record_place, …")
