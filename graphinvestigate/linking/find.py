"""From what you call somebody to the entity in the graph."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

import networkx as nx

from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, UsageError
from graphinvestigate.linking.identifiers import (
    SCOPED,
    ip_text,
    object_id_of_sid,
    parse_identifier,
    upn_text,
    url_text,
)
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Entity
from graphinvestigate.text import log, paired
from graphinvestigate.wanted import takes

_CACHED = "graphinvestigate names"
_MANY = 20_000


@takes
def find_entity(g: nx.MultiDiGraph, text: str | Entity) -> Entity:
    """Find the entity that goes by a name.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    text : str or Entity
        An identifier (``alice@contoso.com``, an object id, a SID, a host name, an address, a hash …), ``type=value``
        (``upn=alice@contoso.com``), a label or display name, or an `Entity`; upper and lower case are the same.

    Returns
    -------
    Entity

    Raises
    ------
    UsageError
        It is no text and no `Entity`, or an empty text.
    AmbiguousEntityError
        Several entities go by it: ``candidates``.
    EntityNotFoundError
        None does; ``near`` holds entities whose names come close.
    """
    if isinstance(text, Entity) and text in g:
        return text
    kind, wanted = name_given(text)
    names = _names_in(g)
    spelt = spellings(wanted)
    for level in names:
        fitting = (e for spelling in spelt for e in level.get(spelling, ()) if kind is None or e.kind == kind)
        found = _users_first(list(dict.fromkeys(fitting)))
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{kind_word(e.kind)} {g.nodes[e]['label']} ({e.key})" for e in found[:5])
            raise AmbiguousEntityError(
                f"{wanted!r:.200} fits {len(found)} entities: {listed}; "
                f"choose one, e.g. Entity({found[0].kind!r}, {found[0].key!r})",
                candidates=found,
            )
    near = [e for e in _near(names, wanted.casefold()) if kind is None or e.kind == kind][:5]
    hint = ", ".join(f"{g.nodes[e]['label']} ({kind_word(e.kind)})" for e in near)
    raise EntityNotFoundError(
        f"no entity goes by {wanted!r:.200}; "
        + (f"names that come close: {hint}" if near else "entities(g) lists what there is"),
        near=near,
    )


def name_given(text: object) -> tuple[str | None, str]:
    """Give the kind (None for any) and the name that somebody is asked for by; `UsageError` where it is no name."""
    if isinstance(text, Entity) and isinstance(text.kind, str) and isinstance(text.key, str):
        return text.kind, paired(text.key)
    if isinstance(text, str) and text.strip():
        return None, paired(text.strip())
    raise nobody(text)


def nobody(text: object) -> UsageError:
    """Say that what was given names nobody."""
    given = log(repr(text)) if text is None or isinstance(text, str | Entity) else f"a {type(text).__name__}"
    return UsageError(
        f"{given[:80]} names nobody: give an entity's name (an address, a user principal name, a host, a hash …) "
        "as text, or an Entity(kind, key)."
    )


def spellings(wanted: str) -> list[str]:
    """Return the text, and the one spelling of an address, a guest's name, a URL, an Entra SID, or ``type=value``."""
    typed = parse_identifier(wanted)
    others = (
        *(object_id_of_sid(wanted.upper()), ip_text(wanted), upn_text(wanted), url_text(wanted)),
        None if typed is None else "=".join(typed),
    )
    return list(dict.fromkeys([wanted.casefold(), *(other.casefold() for other in others if other is not None)]))


def _users_first(found: list[Entity]) -> list[Entity]:
    """A user and the mailbox of the same address go by one name: the user is meant."""
    if len(found) > 1 and {e.kind for e in found} == {"user", "mailbox"}:
        return [e for e in found if e.kind == "user"]
    return found


def _names_in(g: nx.MultiDiGraph) -> Names:
    """Return what the entities of a graph go by; kept until networkx is asked to change the graph."""
    # Views show another graph's changes without being told of them: they keep nothing.
    kept = getattr(g, "__networkx_cache__", None) if not hasattr(g, "_graph") else None
    if kept is None:
        return _names(g)
    found: Names | None = kept.get(_CACHED)
    if found is None:
        found = kept[_CACHED] = _names(g)
    return found


Names = tuple[dict[str, list[Entity]], dict[str, list[Entity]], dict[str, list[Entity]]]


def _names(g: nx.MultiDiGraph) -> Names:
    """Return what entities go by: keys and identifiers, then values of identifiers without scope, then names."""
    exact: dict[str, list[Entity]] = {}
    bare: dict[str, list[Entity]] = {}
    named: dict[str, list[Entity]] = {}

    def add(names: dict[str, list[Entity]], name: str, entity: Entity) -> None:
        listed = names.setdefault(name.casefold(), [])
        if entity not in listed[-1:]:
            listed.append(entity)

    for entity, attrs in g.nodes(data=True):
        if not isinstance(entity, Entity):
            continue
        add(exact, entity.key, entity)
        for texts in (attrs["identifiers"], *(observed["identifiers"] for observed in attrs["observations"])):
            for text in texts:
                id_type, _, value = text.partition("=")
                add(exact, text, entity)
                add(exact, value, entity)
                if id_type in SCOPED:
                    scoped = value.partition("/")[2] or value
                    add(bare, scoped, entity)
                    add(bare, f"{id_type}={scoped}", entity)
        add(named, attrs["label"], entity)
        for observed in attrs["observations"]:
            for name in observed["names"]:
                add(named, name, entity)
    return exact, bare, named


def _near(names: Names, wanted: str) -> list[Entity]:
    every = {**names[2], **names[1], **names[0]}
    likely: Iterable[str] = every
    if len(every) > _MANY:  # comparing each takes minutes: those of about the length that begin alike are enough
        likely = (n for n in every if abs(len(n) - len(wanted)) < 4 and n[:1] == wanted[:1])
    close = difflib.get_close_matches(wanted, islice(likely, _MANY), n=5, cutoff=0.6)
    close += sorted(name for name in every if len(wanted) > 2 and wanted in name and name not in close)[:5]
    return list(dict.fromkeys(e for name in close for e in every[name]))
