"""From what somebody is called to the records that name them: in mentions at rest, without a graph of everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pyarrow as pa

from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError
from graphinvestigate.linking import Entity
from graphinvestigate.linking.find import name_given, spellings
from graphinvestigate.linking.identifiers import LEADS_ONLY, ONLY_ALONE, RANKED, SCOPED, rank, url_text
from graphinvestigate.linking.identity import resolve
from graphinvestigate.scale.engines import Engine, Frame
from graphinvestigate.scale.expressions import among

_ROUNDS = 8  # of looking for what stands beside what is known; people have few names
_WEAK = sorted(LEADS_ONLY | ONLY_ALONE)
_KEY = ("record_kind", "record_id", "lake_version", "mention", "strongest")
_ON = ("kind", "identifier_type", "identifier")


@dataclass(frozen=True, slots=True)
class Seed:
    """An entity, and the identifiers that it goes by in records.

    Attributes
    ----------
    entity : Entity
    identifiers : frozenset of (kind, type, value)
    """

    entity: Entity
    identifiers: frozenset[tuple[str, str, str]]


def find_seed(engine: Engine, mentions: Frame, text: str | Entity, *, tenant: str | None = None) -> Seed:
    """Find the entity that goes by a name in a lake.

    Parameters
    ----------
    engine : Engine
    mentions : frame
        Not computed yet: of it only what holds the name is read, all of it where nothing does.
    text : str or Entity
        An identifier, ``type=value``, or an `Entity`.
    tenant : str, optional
        Whose short names and private addresses are meant.

    Returns
    -------
    Seed

    Raises
    ------
    UsageError
        It is no name.
    EntityNotFoundError, AmbiguousEntityError
        Nobody, or several, go by it.
    """
    kind, name = name_given(text)
    entities = mentions.filter(~nw.col("is_record"))
    near = among(entities, "identifier", _forms(name, tenant))
    found = _matching(engine, near, kind, name) or _matching(engine, entities, kind, name)
    if not found:
        raise _not_found(engine, entities, name)
    known, observations = _closure(engine, entities, found)
    leads = resolve(sorted(observations)).leads
    candidates: defaultdict[Entity, set[tuple[str, str, str]]] = defaultdict(set)
    for identifier in known:
        candidates[leads[identifier]].add(identifier)
    met = sorted({leads[identifier] for identifier in found})
    kinds = {entity.kind for entity in met}
    if len(met) > 1 and kinds == {"user", "mailbox"}:  # one name for both: the user is meant
        met = [entity for entity in met if entity.kind == "user"]
    if len(met) > 1:
        listed = ", ".join(f"{entity.kind} {entity.key}" for entity in met[:5])
        raise AmbiguousEntityError(
            f"{name!r:.200} fits {len(met)} entities of the lake: {listed}; choose one, e.g. "
            f"Entity({met[0].kind!r}, {met[0].key!r})",
            candidates=met,
        )
    return Seed(met[0], frozenset(candidates[met[0]]))


def _forms(name: str, tenant: str | None) -> set[str]:
    """How a name may be spelt at rest: as the engine compares without changing a letter."""
    said = name.partition("=")[2].strip()
    given = {one for part in filter(None, (name, said)) for one in (part, part.upper(), *spellings(part))}
    kept = {url for part in (name, said) if (url := url_text(part))}  # the path of a URL has its case
    return given | kept | ({f"{tenant}/{one}" for one in given} if tenant else set())


def _matching(engine: Engine, entities: Frame, kind: str | None, name: str) -> set[Any]:
    rows = engine.arrow(entities.filter(_matches(kind, name)).select("kind", "identifier_type", "identifier").unique())
    return {tuple(row.values()) for row in rows.to_pylist()}


def _matches(kind: str | None, name: str) -> Any:
    names = spellings(name)
    value: Any = nw.col("identifier").str.to_lowercase().is_in(names)
    for spelt in names:
        scoped = nw.col("identifier_type").is_in(sorted(SCOPED)) & nw.col("identifier").str.ends_with(f"/{spelt}")
        value = value | scoped
    id_type, equals, said = name.partition("=")
    if equals:
        typed = nw.col("identifier").str.to_lowercase().is_in(spellings(said))
        value = value | ((nw.col("identifier_type") == id_type) & typed)
    return value if kind is None else value & (nw.col("kind") == kind)


def _closure(engine: Engine, entities: Frame, found: set[Any]) -> tuple[set[Any], set[Any]]:
    """Add what stands beside what is known, again and again; and give all that was seen together."""
    known, asked, led = set(found), set[Any](), set[Any]()
    observations: set[Any] = set()
    for _ in range(_ROUNDS):
        fresh = known - asked
        if not fresh:
            break
        asked |= fresh
        # What stands in one place has one strongest identifier, and mentions lie by it.
        beside = engine.arrow(_naming(engine, entities, fresh).select("strongest").unique())
        leading = set(beside["strongest"].to_pylist())
        places = among(entities, "strongest", leading - led)
        led |= leading
        rows = engine.arrow(places.select(*_KEY, *_ON))
        together: defaultdict[Any, set[tuple[str, str]]] = defaultdict(set)
        for row in rows.to_pylist():
            together[(row["kind"], *(row[name] for name in _KEY))].add((row["identifier_type"], row["identifier"]))
        for kind, ids in {(place[0], frozenset(ids)) for place, ids in together.items()}:
            observations.add((kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))))
            known |= {(kind, *identifier) for identifier in ids if identifier[0] not in _WEAK}
    known |= {(kind, *identifier) for kind, ids in observations for identifier in ids}
    # Beside whom else a name stands that only leads decides whether it leads to anybody.
    weak = {identifier for identifier in known - asked if identifier[1] in LEADS_ONLY}
    rows = engine.arrow(_naming(engine, entities, weak).select(*_ON, "strongest").unique()) if weak else None
    for row in rows.to_pylist() if rows is not None else ():
        kind, id_type, value = row["strongest"].split("|", 2)
        both = {(id_type, value), (row["identifier_type"], row["identifier"])}
        observations.add((kind, tuple(sorted(both, key=lambda i: (rank(kind, i[0]), i)))))
        known.add((kind, id_type, value))
    return known, observations


def _naming(engine: Engine, entities: Frame, identifiers: Collection[Any]) -> Frame:
    """Keep the mentions by some identifiers."""
    near = among(entities, "identifier", {identifier[2] for identifier in identifiers})
    return near.join(engine.table(_identifiers(identifiers)), on=list(_ON), how="semi")


def _identifiers(found: Any) -> pa.Table:
    names = ("kind", "identifier_type", "identifier")
    columns: list[Any] = list(zip(*sorted(found), strict=True)) or [[], [], []]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def _not_found(engine: Engine, entities: Frame, name: str) -> EntityNotFoundError:
    wanted = name.casefold()
    part = nw.col("identifier").str.to_lowercase().str.contains(wanted, literal=True)
    near = []
    if len(wanted) > 2:
        rows = engine.arrow(entities.filter(part).select("kind", "identifier_type", "identifier").unique().head(5))
        near = sorted(Entity(row["kind"], _key(row)) for row in rows.to_pylist())
    hint = f"names that hold it: {', '.join(entity.key for entity in near)}" if near else (
        "lake.entities() lists whom they name; give a longer window, or pull more"
    )  # fmt: skip
    return EntityNotFoundError(f"no record of the lake, in this window, names {name!r:.200}; {hint}", near=near)


def _key(row: dict[str, str]) -> str:
    bare = row["identifier_type"] in RANKED.get(row["kind"], ())
    return row["identifier"] if bare else f"{row['identifier_type']}={row['identifier']}"


def records_naming(
    engine: Engine, mentions: Frame, seed: Seed, *, hops: int, most_records: int
) -> tuple[pa.Table, dict[str, int]]:
    """Walk from an entity to the records that name it, and on to those that name whom these name.

    Parameters
    ----------
    engine : Engine
    mentions : frame
    seed : Seed
    hops : int
        1: the records that name it.
    most_records : int
        What more records name is not walked through.

    Returns
    -------
    records : pyarrow.Table
        ``record_kind``, ``record_id``, ``lake_window``.
    not_walked : dict of str to int
        ``kind|type|value`` of what was not walked through → how many records name it.
    """
    entities = mentions.filter(~nw.col("is_record"))
    key = ["record_kind", "record_id", "lake_window"]
    found = engine.kept(_naming(engine, entities, seed.identifiers).select(*key).unique())
    walked = set(seed.identifiers)
    not_walked: dict[str, int] = {}
    for _ in range(1, hops):
        times = engine.arrow(found.select("lake_window").unique())["lake_window"].to_pylist()
        strong = among(entities.filter(~nw.col("identifier_type").is_in(_WEAK)), "lake_window", times)
        near = strong.join(found.select("record_kind", "record_id"), on=["record_kind", "record_id"], how="semi")
        reached = {tuple(row.values()) for row in engine.arrow(near.select(*_ON).unique()).to_pylist()}
        named = engine.kept(_naming(engine, entities, reached - walked).select(*_ON, *key).unique())
        counts = engine.kept(named.group_by(*_ON).agg(records=nw.len()))
        shared = engine.arrow(counts.filter(nw.col("records") > most_records))
        not_walked |= {"|".join(row[name] for name in _ON): int(row["records"]) for row in shared.to_pylist()}
        step = counts.filter(nw.col("records") <= most_records).select(*_ON)
        walked |= {tuple(row.values()) for row in engine.arrow(step).to_pylist()}
        found = engine.kept(nw.concat([found, named.join(step, on=list(_ON), how="semi").select(*key)]).unique())
    return engine.arrow(found), not_walked
