"""What was seen together, each observation once, ready as the node that it makes where nothing else is about the same.

An observation is a kind and the identifiers that one place gives together (`identity`). What was seen beside them is a
dict of JSON values: ``identifiers`` (``type=value``), ``names`` (to [place, last time]; place 0 is the best kind of
name), ``facts`` (name to sorted texts).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from graphinvestigate.linking.identifiers import Identifier
from graphinvestigate.linking.identity import Observation
from graphinvestigate.linking.labels import best_name
from graphinvestigate.linking.meanings import Meaning
from graphinvestigate.linking.pools import NONE, Pool, held, ints

Observed: TypeAlias = dict[str, Any]


class Observations:
    """Observations in the order in which they were first met.

    Attributes
    ----------
    first : list of int
        By observation the code of its first identifier among the ends of references.
    sorts : Pool of (kind, type)
    sort : list of int
        By observation the kind and type of its first identifier.
    """

    def __init__(self) -> None:
        self._places: dict[Observation, int] = {}
        self._alone: list[int] = []
        self._keys: list[int | Observation] = []
        self._texts: list[str] = []
        self._nodes: list[dict[str, Any]] = []
        self._again: defaultdict[int, list[Observed]] = defaultdict(list)
        self._stamps: list[list[Any]] = []
        self._stamped: list[int] = []
        self.first: list[int] = []
        self.sorts: Pool[tuple[str, str]] = Pool()
        self.sort: list[int] = []
        self._sort_of: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._nodes)

    def several(self) -> Iterator[Observation]:
        """Yield the observations of several identifiers."""
        return iter(self._places)

    def reader(self, ends: Sequence[Any]) -> Callable[[int], Observation]:
        """Return what gives the observation at a place; `ends` is what the codes of first identifiers say."""
        keys = self._keys

        def observation(place: int) -> Observation:
            key = keys[place]
            if type(key) is tuple:
                return key
            kind, id_type, value = ends[key]  # type: ignore[index]
            return kind, ((id_type, value),)

        return observation

    def texts(self, ends: Sequence[Any]) -> list[str | None]:
        """Return how ends of references are written, ``type=value``; None for a record."""
        said = np.full(len(ends), None, object)
        said[ints(self.first)] = held(self._texts)
        found: list[str | None] = said.tolist()
        for at in [at for at, text in enumerate(found) if text is None]:  # nearly all are records
            if len(ends[at]) == 3:
                found[at] = "=".join(ends[at][1:])
        return found

    def met(self, meaning: Meaning, number: int, first: int) -> None:
        """Take in what a meaning says; when it was met last is said later, by its number (`stamp`)."""
        kind, ids, _, _, names, facts = meaning
        known: dict[str, list[Any]] = {}
        for place, name in names if len(names) < 2 else sorted(names, key=_by_name):
            if name not in known:
                stamp = known[name] = [place, ""]
                self._stamps.append(stamp)
                self._stamped.append(number)
        texts = ["=".join(ids[0])] if len(ids) == 1 else list(map("=".join, ids))
        observed: Observed = {"identifiers": texts, "names": known, "facts": in_order(facts) if facts else {}}
        self.add(kind, ids, first, observed)

    def add(self, kind: str, ids: tuple[Identifier, ...], first: int, observed: Observed) -> None:
        """Take in what was seen with an observation; `first` is the end that its first identifier is."""
        key: int | Observation = first
        size = len(self._nodes)
        if len(ids) == 1:
            # An identifier alone is told by the end that it is.
            alone = self._alone
            while len(alone) <= first:
                alone.append(NONE)
            place = alone[first]
            if place == NONE:
                place = alone[first] = size
        else:
            key = (kind, ids)
            place = self._places.setdefault(key, size)
        if place == size:
            id_type, sorts = ids[0][0], self._sort_of[kind]
            sort = sorts.get(id_type)
            if sort is None:
                sort = sorts[id_type] = self.sorts.code((kind, id_type))
            self.first.append(first)
            self.sort.append(sort)
            self._keys.append(key)
            self._texts.append(observed["identifiers"][0])
            self._nodes.append(_alone(kind, observed))
        else:
            self._again[place].append(observed)

    def stamp(self, times: Sequence[str]) -> None:
        """Say when each meaning was met last, by its number."""
        for stamp, number in zip(self._stamps, self._stamped, strict=True):
            stamp[1] = times[number]
        self._stamps, self._stamped = [], []

    def nodes(self) -> list[dict[str, Any]]:
        """Return by observation the attributes of the node that it makes alone, but for times.

        The label is None where nothing has a name.
        """
        for place, others in self._again.items():
            node = self._nodes[place]
            (known,) = node["observations"]
            together = {"identifiers": known["identifiers"], **seen_in_all([known, *others])}
            self._nodes[place] = _alone(node["kind"], together)
        self._again.clear()
        return self._nodes


def _alone(kind: str, observed: Observed) -> dict[str, Any]:
    # What the node says of itself and what its only observation says are the same objects.
    texts, names, facts = observed["identifiers"], observed["names"], observed["facts"]
    return {
        "kind": kind,
        "label": best_name(names) if names else None,
        "identifiers": texts if len(texts) == 1 else sorted(texts),
        "first_seen": None,
        "last_seen": None,
        "facts": facts,
        "observations": [observed],
        "refused": [],
    }


def seen_in_all(several: Iterable[Mapping[str, Any]]) -> Observed:
    """Return names and facts of several: of each name the best place and the last time."""
    names: dict[str, list[Any]] = {}
    facts: set[tuple[str, str]] = set()
    telling = [one for one in several if one["names"] or one["facts"]]  # an id that stands alone says no more
    if len(telling) == 1:
        (one,) = telling
        return {
            "names": {name: at.copy() for name, at in one["names"].items()},
            "facts": {name: texts.copy() for name, texts in one["facts"].items()},
        }
    for one in telling:
        facts.update((name, text) for name, texts in one["facts"].items() for text in texts)
        for name, (place, time) in one["names"].items():
            known = names.get(name)
            names[name] = [place, time] if known is None else [min(place, known[0]), max(time, known[1])]
    return {"names": {name: names[name] for name in sorted(names)}, "facts": by_name(facts)}


def by_name(facts: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    """Return facts as sorted texts by name, each once."""
    found: dict[str, list[str]] = {}
    for name, text in facts if len(facts) == 1 else sorted(set(facts)):
        known = found.get(name)
        if known is None:
            found[name] = [text]
        else:
            known.append(text)
    return found


def in_order(facts: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return facts that stand in the order of their names as `by_name` does."""
    found = {name: [text] for name, text in facts}
    return found if len(found) == len(facts) else by_name(facts)


def _by_name(named: tuple[int, str]) -> tuple[str, int]:
    return named[1], named[0]
