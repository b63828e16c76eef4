"""Entity graphs: nodes, edges, references and facts, under the same pseudonyms as the frames they came from."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import networkx as nx

from graphinvestigate.cases.redaction.documents import Replace, Taker, gather
from graphinvestigate.cases.redaction.fields import IDENTIFIERS, SCOPED, kind_of
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record

Node = Entity | Record
_CONTENT = "content_sha256"
_SAID_OF_IDENTIFIERS = frozenset({"identifiers", "identifier", "beside", "by"})
# What a label names, by the kind of the entity that carries it.
_LABELS = {"host": "host", "file": "filename", "mail_message": "subject", "mailbox": "account", "domain": "domain"}
# The field that holds such a label, in the words of `fields`.
_LABELLED: dict[str, Callable[[str], str]] = {
    "user": lambda name: "accountName" if " " not in name else "userDisplayName",
    "host": lambda _: "hostName",
    "file": lambda name: "filePath" if re.search(r"[\\/]", name) else "fileName",
    "mail_message": lambda _: "subject",
    "mailbox": lambda _: "emailAddress",
    "domain": lambda _: "domainName",
}


def gather_graph(g: nx.MultiDiGraph, taker: Taker) -> None:
    """Hand every text of a graph to who wants it, with the field whose kind it has, as `documents.gather` does."""
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Record):
            gather(node.id, taker, "id")
        told = [*attrs.get("identifiers", ())]
        called = [attrs["label"]] if isinstance(attrs.get("label"), str) and isinstance(node, Entity) else []
        for seen in attrs.get("observations", ()):
            told += seen["identifiers"]
            called += seen["names"]
        values = {text.partition("=")[2] for text in told}  # what is called by an id has no name
        for name in dict.fromkeys(called) if node.kind in _LABELLED else ():
            if name not in values and name != node.key:
                gather(name, taker, _LABELLED[node.kind](name))
        for text in dict.fromkeys(told):
            name, _, value = text.partition("=")
            gather(value, taker, _field_of(name))
        gather({name: value for name, value in attrs.items() if name not in ("identifiers", "observations")}, taker)
    for _, _, references in g.edges(data="references", default=()):
        for one in references:
            if isinstance(one.get("value"), str):
                gather(one["value"], taker, _last(one.get("field")))


def _known_by_content(g: nx.MultiDiGraph) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """What a graph knows by a hash of its contents alone: the hash, and each place that says so."""
    for node, attrs in g.nodes(data=True):
        for text in attrs.get("identifiers", ()):
            name, _, value = text.partition("=")
            if name == _CONTENT:
                for _, _, references in g.in_edges(node, data="references", default=()):
                    yield from ((value, (one["record_kind"], one["record_id"], one["field"])) for one in references)


def _field_of(identifier: str) -> str:
    """The field that holds such an identifier: the same kind, in the words of `fields`."""
    if identifier == "address":
        return "emailAddress"
    if identifier in SCOPED:
        return {"account": "accountName", "host": "hostName", "ip": "ipAddress"}[SCOPED[identifier]]
    words = {"account": "accountUpn", "host": "hostName", "domain": "domainName", "ip": "ipAddress", "url": "url"}
    return words.get(IDENTIFIERS.get(identifier, ""), "sha1" if IDENTIFIERS.get(identifier) == "kept" else "")


@functools.lru_cache(maxsize=10_000)
def _last(path: str | None) -> str:
    return str(path or "").rpartition(".")[2].partition("[")[0]


def _order(reference: dict[str, Any]) -> tuple[str, ...]:
    """The order in which a graph built from the redacted frames has them."""
    by = reference.get("by") or (None, None)
    parts = (reference["record_kind"], reference["record_id"], reference["field"], str(reference["value"]), *by)
    return tuple(str(part or "") for part in parts)


class GraphRedaction:
    """Redacts one graph.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; not changed.
    replace : callable
        As in `documents.walked`.
    """

    def __init__(self, g: nx.MultiDiGraph, replace: Replace) -> None:
        self.g = g
        self.replace = replace
        self._said: dict[str, str] = {}
        self._contents: dict[str, str] = {}

    def graph(self) -> nx.MultiDiGraph:
        """Give the same graph under pseudonyms, in the order of its new names.

        Raises
        ------
        UsageError
            Two nodes would become one.
        """
        names = {node: self.node(node) for node in self.g}
        if len(set(names.values())) != len(names):
            raise UsageError("two nodes would have one pseudonym: take another key.")
        made = nx.MultiDiGraph()
        made.graph.update({name: self.own(name, value, names) for name, value in self.g.graph.items()})
        made.add_nodes_from(sorted((names[node], self.attributes(node, attrs)) for node, attrs in self.g.nodes.items()))
        made.add_edges_from(
            sorted(
                (
                    (names[u], names[v], relation, self.edge(attrs))
                    for u, v, relation, attrs in self.g.edges(keys=True, data=True)
                ),
                key=lambda edge: edge[:3],
            )
        )
        return made

    def settings(self, names: Iterable[str]) -> nx.MultiDiGraph:
        """An empty graph with these attributes of the graph itself, under pseudonyms."""
        own = {name: self.g.graph[name] for name in names if name in self.g.graph}
        return nx.MultiDiGraph(**{name: self.own(name, value, {}) for name, value in own.items()})

    def rebuilt(self, made: nx.MultiDiGraph) -> nx.MultiDiGraph:
        """Take the graph that the redacted records gave for the redacted one.

        Parameters
        ----------
        made : networkx.MultiDiGraph
            It is given back. What has a hash of its contents for a name has another one there, which is meant from now
            on wherever the old one is.
        """
        new = {place: value for value, place in _known_by_content(made)}
        for value, (record_kind, record_id, field) in _known_by_content(self.g):
            found = new.get((record_kind, self.replace(record_id, "id"), field))
            if found is not None:
                self._contents[value] = found
        self._said.clear()
        return made

    def own(self, name: str, value: Any, names: dict[Node, Node]) -> Any:
        """An attribute of the graph itself."""
        if name == "tenants":
            return [self.replace(tenant, "id") for tenant in value]
        if name in ("merges", "splits"):
            return [[self._text(text) for text in group] for group in value]
        return self.value(value, names)

    def value(self, value: Any, names: dict[Node, Node]) -> Any:
        """A value of the graph's own attributes, which may hold nodes."""
        if isinstance(value, Entity | Record):
            return names.get(value) or self.node(value)
        if isinstance(value, dict):
            return {self.value(key, names): self.value(one, names) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, names) for one in value]
        if isinstance(value, tuple) and type(value) is tuple:
            return tuple(self.value(one, names) for one in value)
        return self.replace(value, None) if isinstance(value, str) else value

    def node(self, node: Node) -> Node:
        """Another node of the same kind; its key is its strongest identifier's pseudonym."""
        if isinstance(node, Record):
            return Record(node.kind, self.replace(node.id, "id"))
        attrs = self.g.nodes[node] if node in self.g else {}
        for text in attrs.get("identifiers", ()):
            name, _, value = text.partition("=")
            if value == node.key:
                return Entity(node.kind, self.identifier(name, value))
        name, equals, value = node.key.partition("=")
        if equals and name.isidentifier():
            return Entity(node.kind, f"{name}={self.identifier(name, value)}")
        return Entity(node.kind, self.replace(node.key, None))

    def identifier(self, name: str, value: str) -> str:
        """The pseudonym of an identifier, in one spelling, as the resolver has it."""
        kind = IDENTIFIERS.get(name)
        if name == _CONTENT and value in self._contents:
            return self._contents[value]
        if name == "nt_name":  # <tenant>/domain\\name
            front, slash, host = value.rpartition("\\")
            tenant, bar, domain = front.rpartition("/")
            names = (self.replace(tenant, "id") if tenant else "", self.replace(domain, "domain") if domain else "")
            return f"{names[0]}{bar}{names[1]}{slash}{self.replace(host, 'host')}"
        if name in SCOPED:
            tenant, slash, rest = value.partition("/")
            if not slash:
                tenant, rest = "", value
            return f"{self.replace(tenant, 'id') if tenant else ''}{slash}{self.replace(rest, SCOPED[name])}"
        if name == "file_path":
            first, bar, rest = value.partition("|")
            folder, bar2, last = rest.partition("|")
            made = (
                f"{self.replace(first, 'filename')}{bar}{self.replace(folder, 'path')}{bar2}{self.replace(last, None)}"
            )
            return made.lower()
        made = self.replace(value, kind)
        return made if name in ("name", "urn") else made if kind == "url" else made.lower() if value.islower() else made

    def _text(self, text: str) -> str:
        made = self._said.get(text)
        if made is None:
            name, equals, value = text.partition("=")
            made = f"{name}={self.identifier(name, value)}" if equals else self.replace(text, None)
            self._said[text] = made
        return made

    def attributes(self, node: Node, attrs: dict[str, Any]) -> dict[str, Any]:
        """A node's attributes."""
        made: dict[str, Any] = {}
        for name, value in attrs.items():
            if name == "identifiers":
                made[name] = sorted(self._text(text) for text in value)
            elif name == "observations":
                made[name] = [self._observation(node, one) for one in value]
            elif name == "label":
                made[name] = self._label(node, value)
            elif name == "id" and isinstance(node, Record):
                made[name] = self.replace(value, "id")
            elif name == "kind":
                made[name] = value
            else:
                made[name] = self.inner(name if name != "facts" else "", value)
        return made

    def _label(self, node: Node, value: str) -> str:
        if value == node[1]:
            return self.node(node)[1]
        kind = _LABELS.get(node.kind)
        return self.replace(value, "path" if kind == "filename" and re.search(r"[\\/]", value) else kind)

    def _observation(self, node: Node, seen: dict[str, Any]) -> dict[str, Any]:
        made = {name: self.inner(name if name != "facts" else "", value) for name, value in seen.items()}
        if "names" in seen:
            made["names"] = {self._label(node, name): list(when) for name, when in seen["names"].items()}
        return made

    def edge(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An edge's attributes, with every reference."""
        made = {name: self.inner(name, value) for name, value in attrs.items() if name != "references"}
        if "references" in attrs:
            made["references"] = [self._reference(one) for one in attrs["references"]]
            if len(made["references"]) > 1:
                made["references"].sort(key=_order)
        return made

    def _reference(self, one: dict[str, Any]) -> dict[str, Any]:
        """A reference; there are more of them than of anything else."""
        made: dict[str, Any] = {}
        for name, value in one.items():
            if name in ("record_kind", "time") or value is None:
                made[name] = value
            elif name == "by" and isinstance(value, list | tuple):
                made[name] = [self._text(text) if isinstance(text, str) else text for text in value]
            elif type(value) is str:
                kind = kind_of(_last(one.get("field")) if name == "value" else name)
                made[name] = self.replace.of("id" if name == "record_id" else kind)[value]
            else:
                made[name] = self.inner(name, value, kind_of(_last(one.get("field"))) if name == "value" else None)
        return made

    def inner(self, name: str, value: Any, kind: str | None = None) -> Any:
        """What stands within attributes: identifiers as ``type=value``, references with their field, other texts."""
        if isinstance(value, str):
            if name in _SAID_OF_IDENTIFIERS:
                return self._text(value)
            return self.replace(value, kind or (kind_of(name) if name else None))
        if value is None or type(value) is bool or type(value) is int:
            return value
        if isinstance(value, dict):
            kinds: dict[str, str | None] = {"record_id": "id"}
            if "field" in value and "value" in value:
                kinds["value"] = kind_of(_last(value["field"]))
            return {key: self.inner(str(key), one, kinds.get(key)) for key, one in value.items()}
        if isinstance(value, list | tuple):
            if name == "beside" and len(value) == 3 and isinstance(value[1], str) and "=" in str(value[0]):
                text, field, seen = value  # an identifier, where it stands, and what stands there
                return [self._text(text), field, self.inner(_last(field), seen)]
            return [self.inner(name, one, kind) for one in value]
        return value
