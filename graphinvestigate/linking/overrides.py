"""What the analyst joins and splits by hand, as ``type=value``: it is kept with the graph and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import BARE_KEYS, RANKED, Identifier, parse_identifier
from graphinvestigate.linking.nodes import Entity
from graphinvestigate.text import log

Who: TypeAlias = str | Entity
"""``type=value`` (``upn=alice@contoso.com``), or an entity."""


@dataclass(frozen=True, slots=True)
class KindOverrides:
    """The overrides that concern one kind of entity: groups that are one, pairs that are not, and those alone."""

    joined: tuple[tuple[Identifier, ...], ...] = ()
    apart: tuple[tuple[Identifier, Identifier], ...] = ()
    alone: frozenset[Identifier] = frozenset()


_NONE = KindOverrides()


@dataclass(frozen=True, slots=True)
class Overrides:
    """Joined by hand, split by hand.

    Attributes
    ----------
    merges : tuple of tuple of str
        Each: two or more ``type=value`` that are one entity.
    splits : tuple of tuple of str
        Each: two that are not one entity, or one that says nothing about who it is.
    """

    merges: tuple[tuple[str, ...], ...] = ()
    splits: tuple[tuple[str, ...], ...] = ()

    def of(self, known: Collection[Identifier], canonical: Callable[[Identifier], Identifier]) -> KindOverrides:
        """Return what concerns the identifiers of one kind."""
        if not self.merges and not self.splits:
            return _NONE

        def those(texts: Iterable[str]) -> tuple[Identifier, ...]:
            return tuple(i for i in (canonical(pair_of(text)) for text in texts) if i in known)

        splits = [(given, those(given)) for given in self.splits]
        return KindOverrides(
            joined=tuple(g for g in (those(group) for group in self.groups()) if len(g) > 1),
            apart=tuple((ids[0], ids[1]) for _, ids in splits if len(ids) == 2),
            alone=frozenset(ids[0] for given, ids in splits if len(given) == len(ids) == 1),
        )

    def groups(self) -> list[tuple[str, ...]]:
        """Return who is one by hand, groups that share a member as one group."""
        return _closed(self.merges)

    def __or__(self, other: Overrides) -> Overrides:
        """Return both together, each once."""
        return overrides_of((*self.merges, *other.merges), (*self.splits, *other.splits))


NO_OVERRIDES = Overrides()


def overrides_of(merges: Iterable[Sequence[Who]] | None, splits: Iterable[Who | Sequence[Who]] | None) -> Overrides:
    """Read overrides as people give them.

    Parameters
    ----------
    merges : iterable of sequences, optional
        Each: two or more identifiers (``type=value``) or entities that are one.
    splits : iterable, optional
        Each: two that are not one; or one alone, which then joins nothing.

    Raises
    ------
    UsageError
        Something is no identifier, or is joined and split at once.
    """
    joined = _texts("merges", merges, least=2, most=None)
    apart = _texts("splits", splits, least=1, most=2)
    for group in _closed(joined):
        for split in apart:
            if set(split) <= set(group):
                raise UsageError(f"{log(' and '.join(split))}: both joined and split by hand; take back one of the two")
    return Overrides(joined, apart)


def pair_of(text: str) -> Identifier:
    """Take ``type=value`` apart."""
    id_type, _, value = text.partition("=")
    return id_type, value


def text_of_entity(entity: Entity) -> str:
    """Return ``type=value`` for an entity's key."""
    if entity.kind not in BARE_KEYS:
        return entity.key
    id_type = RANKED[entity.kind][0]
    if entity.kind == "user":
        marks = (("@", "upn"), ("S-1-", "sid"), ("s-1-", "sid"), ("\\", "account"))
        id_type = next((name for mark, name in marks if mark in entity.key), id_type)
    elif entity.kind == "host":
        bare = entity.key.rpartition("/")[2]
        id_type = {40: "mde_device_id", 36: "device_id"}.get(len(entity.key), "fqdn" if "." in bare else "short_name")
    elif entity.kind == "file":
        id_type = {64: "sha256", 40: "sha1", 32: "md5"}.get(len(entity.key), "file_path")
    elif entity.kind == "ip" and "/" in entity.key:
        id_type = "private_ip"
    # Where two types spell one text, the key of the weaker says its type.
    named = entity.key.partition("=")[0]
    return entity.key if named in RANKED[entity.kind] else f"{id_type}={entity.key}"


def _texts(
    what: str, given: Iterable[Who | Sequence[Who]] | None, *, least: int, most: int | None
) -> tuple[tuple[str, ...], ...]:
    if isinstance(given, str | Entity):
        raise UsageError(f"{what}={log(str(given))}: give a list, e.g. [('upn=alice@contoso.com', 'sid=S-1-5-21-…')]")
    found = set()
    for one in given or ():
        group = (one,) if isinstance(one, str | Entity) else tuple(one)
        texts = tuple(sorted({_text(what, who) for who in group}))
        if len(texts) < least or (most is not None and len(texts) > most):
            raise UsageError(
                f"{what}: {log(', '.join(texts))} is {len(texts)} identifier{'s'[len(texts) == 1 :]}; give "
                + ("two or more different ones" if most is None else "one, or two different ones")
            )
        found.add(texts)
    return tuple(sorted(found))


def _text(what: str, who: Who) -> str:
    text = text_of_entity(who) if isinstance(who, Entity) else who
    found = parse_identifier(text) if isinstance(text, str) else None
    if found is None:
        raise UsageError(f"{what}: {log(str(who))} is no identifier; give type=value, e.g. 'upn=alice@contoso.com'")
    return "=".join(found)


def _closed(groups: Iterable[Iterable[str]]) -> list[tuple[str, ...]]:
    """Join groups that share a member, until none do."""
    closed: list[set[str]] = []
    for group in groups:
        whole = set(group)
        apart = []
        for other in closed:
            if whole & other:
                whole |= other
            else:
                apart.append(other)
        closed = [*apart, whole]
    return sorted(tuple(sorted(group)) for group in closed)
