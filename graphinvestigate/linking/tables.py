"""The words of the mention tables: how a table says which part of a record names whom.

A table is data. For each kind of record and each type of evidence it lists *slots* (a path in the JSON, the kind of
entity named there, the identifiers found there), *nested* evidence, and *ties* (what the record states between two
slots). `mentions` reads records with these tables; other engines can run the same tables on their own columns, whose
names follow mechanically from the paths.

Paths are Graph's property names joined by dots; ``[]`` after a name means every item of a list. Paths of identifiers,
labels and facts start at the slot's base, or at the record (or evidence item) itself when they begin with ``/``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MAIN = "has_evidence"
"""The relation from an alert to what an evidence item is about; what else the item mentions it `names`."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a place: the text there is one of some values, or none of them (`negated`); case is ignored.

    Attributes
    ----------
    paths : tuple of str
        The first of them that holds a text decides; without any only a negated condition holds.
    values : tuple of str
        In lower case.
    negated : bool
    prefix : str
        In lower case; taken away from the text where it begins with it.
    """

    paths: tuple[str, ...]
    values: tuple[str, ...]
    negated: bool = False
    prefix: str = ""

    def holds(self, texts: Iterable[object]) -> bool:
        """Whether it holds for what stands at its paths."""
        for text in texts:
            if isinstance(text, str):
                return (text.strip().casefold().removeprefix(self.prefix) in self.values) != self.negated
        return self.negated


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a record that names one entity (or one per list item).

    Attributes
    ----------
    name : str
        How ties speak of it.
    kind : str
        The entity's kind, or a record kind where the place holds the id of another record.
    ids : tuple of (str, str or tuple of str)
        Identifier type and path(s); the first path is the field that references point to.
    base : str
        Where the paths start; empty for the record or evidence item itself.
    relation : str
        From the record to what is named here.
    labels : tuple of str
        Paths of names for people to read, best first.
    label_place : int
        Place of the first label among all names of its kind; 0 is the best.
    facts : tuple of str
        Paths of plain facts about the entity, kept under the last property name in snake_case.
    private_is_fact : bool
        Addresses that exist on many networks are facts of the tied entity, not nodes.
    inverse : bool
        The relation goes from what is named here to the record.
    when : When, optional
        Only places where this holds name such an entity; its paths are as those of labels.
    """

    name: str
    kind: str
    ids: tuple[tuple[str, str | tuple[str, ...]], ...]
    base: str = ""
    relation: str = "names"
    labels: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    label_place: int = 0
    private_is_fact: bool = False
    inverse: bool = False
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """Evidence within evidence: read with the table of its own ``@odata.type``, else of `evidence_type`."""

    name: str
    path: str
    evidence_type: str


@dataclass(frozen=True, slots=True)
class Tie:
    """What the record states between two slots; `source` and `target` name slots or nested evidence.

    `beside`: only where both stand in the same place, the same item of a list.
    """

    source: str
    relation: str
    target: str
    beside: bool = False


@dataclass(frozen=True, slots=True, eq=False)  # a table is itself: read by identity, never compared
class Table:
    """All that one kind of record, or one type of evidence, names. `kind` is that of an item without identifiers."""

    kind: str
    slots: tuple[Slot, ...] = ()
    nested: tuple[Nested, ...] = ()
    ties: tuple[Tie, ...] = field(default=())
