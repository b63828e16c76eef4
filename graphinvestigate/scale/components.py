"""Identity at scale: which identifiers are one entity, as connected components that the engine computes.

What stands together in a place of a record is tied to the strongest identifier there. The rules are those of the
resolver of a session (`linking.identity`), and so is the result:

- A component in which no two strong identifiers, and no two names, of one type meet is one entity. Nearly all are.
- The others are contested. They are few and small, and settled by that very resolver, here.
- A type that only leads (a short host name) makes no component: it belongs to the one entity that it was seen beside,
  and is an entity of its own where there are several, or where a tenant's hosts stand in several domains.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pyarrow as pa

from graphinvestigate.linking.identifiers import LEADS_ONLY, NAMES, RANKED, STRONG, rank
from graphinvestigate.linking.identity import Observation, resolve
from graphinvestigate.scale.engines import Engine, Frame

_PARTS = pa.schema([("identity", pa.string()), ("entity", pa.string())])
_KEY = ("record_kind", "record_id", "lake_version", "mention", "strongest")
# Kinds of which a type that only leads is the weakest; of others (iot_device) all that holds one is contested.
_LED = {kind for kind, types in RANKED.items() if types[-1] in LEADS_ONLY and not LEADS_ONLY.intersection(types[:-1])}


@dataclass(frozen=True, slots=True)
class Identities:
    """Which identifiers are one entity.

    Attributes
    ----------
    parts : frame
        ``identity``, ``entity``: of every identifier the strongest one of its entity, both as ``kind|type|value``.
    contested : pyarrow.Table
        The part of them that the resolver had to settle.
    """

    parts: Frame
    contested: pa.Table


def named(mentions: Frame) -> Frame:
    """Mentions of entities with their ``identity``, and that of the ``strongest`` identifier in the same place."""
    return mentions.filter(~nw.col("is_record")).select(
        *_KEY,
        "kind",
        type=nw.col("identifier_type"),
        value=nw.col("identifier"),
        identity=nw.concat_str("kind", "identifier_type", "identifier", separator="|"),
    )


def components(engine: Engine, mentions: Frame) -> Identities:
    """Find which identifiers are one entity.

    Parameters
    ----------
    engine : Engine
    mentions : frame
        As `linked.MENTIONS`, of one tenant.

    Returns
    -------
    Identities
    """
    found = engine.kept(named(mentions))
    every = engine.kept(found.select("kind", "type", "value", "identity", "strongest").unique())
    nothing = _of_tenants(_in_several_domains(engine, found)) & (nw.col("identity") != nw.col("strongest"))
    tied = engine.kept(every.filter(~nothing))
    # What only leads, beside something of its own sort, is contested; the rest of it follows at the end.
    led_kind = nw.col("kind").is_in(sorted(_LED)) & nw.col("type").is_in(sorted(LEADS_ONLY))
    led = nw.col("strongest").str.contains(rf"^[^|]*\|(?:{'|'.join(sorted(LEADS_ONLY))})\|")
    odd = tied.filter(led & (nw.col("identity") != nw.col("strongest")))
    odd_ones = nw.concat([odd.select("identity"), odd.select(identity="strongest")]).unique()
    marked = tied.join(odd_ones.with_columns(odd=nw.lit(True)), on="identity", how="left")
    marked = engine.kept(marked.with_columns(leads=led_kind & nw.col("odd").is_null()).drop("odd"))
    leads = nw.col("leads")
    label = engine.kept(labels(engine, marked.filter(~leads)))
    core = marked.filter(~leads).select("kind", "type", "value", "identity").unique()
    core = engine.kept(core.join(label, on="identity", how="inner"))
    doubtful = engine.kept(_doubtful(core))
    calm = core.join(doubtful, on="label", how="anti")
    lead = engine.kept(_strongest(calm))
    own = engine.kept(calm.join(lead, on="label", how="inner").select("identity", "entity"))
    beside = marked.filter(leads & (nw.col("identity") != nw.col("strongest"))).select("identity", "strongest").unique()
    carriers = engine.kept(
        beside.join(label, left_on="strongest", right_on="identity", how="inner").select("identity", "label").unique()
    )
    one = carriers.group_by("identity").agg(carriers=nw.len()).filter(nw.col("carriers") == 1)
    led = engine.kept(carriers.join(one.select("identity"), on="identity", how="semi"))
    follow = led.join(lead, on="label", how="inner").select("identity", "entity")
    contested = led.join(doubtful, on="label", how="semi").select("identity")
    inside = nw.concat([core.join(doubtful, on="label", how="semi").select("identity"), contested])
    settled = _settled(engine, found, engine.kept(inside))
    rest = nw.concat([core.select("identity"), led.select("identity")])
    alone = every.select("identity").unique().join(rest, on="identity", how="anti")
    parts = [own, follow, alone.with_columns(entity=nw.col("identity")), engine.table(settled)]
    return Identities(engine.kept(nw.concat(parts)), settled)


def labels(engine: Engine, tied: Frame) -> Frame:
    """Find connected components: every identifier gets the smallest text of its component.

    Each round gives everything the smallest label around it, and then the label of its label: the number of rounds
    grows with the logarithm of a chain's length, not with the length.

    Parameters
    ----------
    engine : Engine
    tied : frame
        ``identity`` and ``strongest``.

    Returns
    -------
    frame
        ``identity``, ``label``.
    """
    there = tied.select(a=nw.col("identity"), b=nw.col("strongest"))
    back = tied.select(a=nw.col("strongest"), b=nw.col("identity"))
    both = engine.kept(nw.concat([there, back]).unique())
    least = both.group_by("a").agg(b=nw.col("b").min())
    current = engine.kept(least.select(identity="a", label=nw.min_horizontal("a", "b")))
    while True:
        around = both.join(current, left_on="b", right_on="identity", how="inner")
        near = around.group_by("a").agg(near=nw.col("label").min())
        nearer = current.join(near, left_on="identity", right_on="a", how="inner").select(
            "identity", label=nw.min_horizontal("label", "near")
        )
        nearer = engine.kept(nearer)
        of_label = nearer.select(label="identity", further="label")
        jumped = nearer.join(of_label, on="label", how="inner").select(
            "identity", label=nw.min_horizontal("label", "further")
        )
        stepped = engine.kept(jumped)
        before = current.rename({"label": "before"})
        moved = stepped.join(before, on="identity", how="inner").filter(nw.col("label") != nw.col("before"))
        current = stepped
        if not len(engine.arrow(moved.select("identity").head(1))):
            return current


def _doubtful(core: Frame) -> Frame:
    """List the labels of components in which a contradiction is possible."""
    one_of_each = nw.col("type").is_in(sorted(STRONG | NAMES))
    counted = core.filter(one_of_each).group_by("label", "type").agg(n=nw.len())
    leading = core.filter(nw.col("type").is_in(sorted(LEADS_ONLY))).select("label")
    return nw.concat([counted.filter(nw.col("n") > 1).select("label"), leading]).unique()


def _strongest(core: Frame) -> Frame:
    """Give each component's strongest identifier: ``label``, ``entity``."""
    best = core.with_columns(rank=_rank())
    best = best.filter(nw.col("rank") == nw.col("rank").min().over("label"))
    best = best.filter(nw.col("type") == nw.col("type").min().over("label"))
    return best.group_by("label").agg(entity=nw.col("identity").min())


def _rank() -> Any:
    """Give the place of an identifier's type among those of its kind, as `identifiers.rank` does."""
    places = [
        (nw.col("kind") == kind, nw.col("type") == name, place)
        for kind, types in sorted(RANKED.items())
        for place, name in enumerate(types)
    ]
    last = nw.lit(max(map(len, RANKED.values())))
    for of_kind, of_type, place in reversed(places):
        last = nw.when(of_kind & of_type).then(nw.lit(place)).otherwise(last)
    return last


def _in_several_domains(engine: Engine, found: Frame) -> list[str]:
    """List the tenants whose hosts stand in several DNS domains: there, short names say nothing."""
    hosts = found.filter(nw.col("kind") == "host")
    short = hosts.filter(nw.col("type") == "short_name").select(*_KEY, short="value")
    full = hosts.filter(nw.col("type") == "fqdn").select(*_KEY, full="value")
    pairs = short.join(full, on=list(_KEY), how="inner").select("short", domain=_after_dot("full"))
    tenant = nw.when(nw.col("short").str.contains("/", literal=True)).then(
        nw.col("short").str.replace_all("/[^/]*$", "", literal=False)
    )
    seen = pairs.select("domain", tenant=tenant.otherwise(nw.lit(""))).unique()
    counted = seen.group_by("tenant").agg(n=nw.len()).filter(nw.col("n") > 1)
    return sorted(engine.arrow(counted.select("tenant"))["tenant"].to_pylist())


def _after_dot(column: str) -> Any:
    return nw.col(column).str.replace_all(r"^[^.]*\.", "", literal=False)


def _of_tenants(tenants: list[str]) -> Any:
    """Tell which short host names are of some tenants."""
    within: Any = nw.lit(False)
    for tenant in tenants:
        own = (
            nw.col("value").str.starts_with(f"{tenant}/")
            if tenant
            else ~nw.col("value").str.contains("/", literal=True)
        )
        within = within | own
    return within & (nw.col("type") == "short_name")


def _settled(engine: Engine, found: Frame, inside: Frame) -> pa.Table:
    """Settle contested components by the resolver of a session, with all that was seen together there."""
    places = found.join(inside, on="identity", how="semi").select(*_KEY, "kind", "type", "value")
    rows = engine.arrow(places).to_pylist()
    together: defaultdict[tuple[Any, ...], set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        together[(row["kind"], *(row[name] for name in _KEY))].add((row["type"], row["value"]))
    observations: set[Observation] = set()
    for (kind, *_), ids in together.items():
        observations.add((kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))))
    leads = resolve(sorted(observations)).leads
    members: defaultdict[Any, list[tuple[int, tuple[str, str], str]]] = defaultdict(list)
    for (kind, id_type, value), entity in leads.items():
        members[entity].append((rank(kind, id_type), (id_type, value), f"{kind}|{id_type}|{value}"))
    parts = sorted((one[2], min(group)[2]) for group in members.values() for one in group)
    return pa.table([[one for one, _ in parts], [entity for _, entity in parts]], schema=_PARTS)
