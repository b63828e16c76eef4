"""From what you call somebody to the entity in the graph."""

from __future__ import annotations

import difflib

import networkx as nx

from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError
from graphinvestigate.linking.identifiers import SCOPED, ip_text, object_id_of_sid, upn_text, url_text
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Entity


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
    AmbiguousEntityError
        Several entities go by it: ``candidates``.
    EntityNotFoundError
        None does; ``near`` holds entities whose names come close.
    """
    if isinstance(text, Entity):
        if text in g:
            return text
        kind, wanted = text.kind, text.key
    else:
        kind, wanted = None, str(text).strip()
    names = _names(g, kind)
    spellings = _spellings(wanted)
    for level in names:
        found = _users_first(list(dict.fromkeys(e for spelling in spellings for e in level.get(spelling, ()))))
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{kind_word(e.kind)} {g.nodes[e]['label']} ({e.key})" for e in found[:5])
            raise AmbiguousEntityError(
                f"{wanted!r} fits {len(found)} entities: {listed}; "
                f"choose one, e.g. Entity({found[0].kind!r}, {found[0].key!r})",
                candidates=found,
            )
    near = _near(names, wanted.casefold())
    hint = ", ".join(f"{g.nodes[e]['label']} ({kind_word(e.kind)})" for e in near)
    raise EntityNotFoundError(
        f"no entity goes by {wanted!r}; "
        + (f"names that come close: {hint}" if near else "entities(g) lists what there is"),
        near=near,
    )


def _spellings(wanted: str) -> list[str]:
    """Return the text, and the one spelling of an address or of an Entra SID."""
    folded = wanted.casefold()
    others = (object_id_of_sid(wanted.upper()), ip_text(wanted), upn_text(wanted), url_text(wanted))
    return list(dict.fromkeys([folded, *(other for other in others if other is not None)]))


def _users_first(found: list[Entity]) -> list[Entity]:
    """A user and the mailbox of the same address go by one name: the user is meant."""
    if len(found) > 1 and {e.kind for e in found} == {"user", "mailbox"}:
        return [e for e in found if e.kind == "user"]
    return found


Names = tuple[dict[str, list[Entity]], dict[str, list[Entity]], dict[str, list[Entity]]]


def _names(g: nx.MultiDiGraph, kind: str | None) -> Names:
    """Return what entities go by: keys and identifiers, then values of identifiers without scope, then names."""
    exact: dict[str, list[Entity]] = {}
    bare: dict[str, list[Entity]] = {}
    named: dict[str, list[Entity]] = {}

    def add(names: dict[str, list[Entity]], name: str, entity: Entity) -> None:
        listed = names.setdefault(name.casefold(), [])
        if entity not in listed[-1:]:
            listed.append(entity)

    for entity, attrs in g.nodes(data=True):
        if not isinstance(entity, Entity) or (kind is not None and entity.kind != kind):
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
    close = difflib.get_close_matches(wanted, every, n=5, cutoff=0.6)
    close += sorted(name for name in every if len(wanted) > 2 and wanted in name and name not in close)[:5]
    return list(dict.fromkeys(e for name in close for e in every[name]))[:5]
