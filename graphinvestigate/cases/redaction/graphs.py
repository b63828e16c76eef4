"""Entity graphs: nodes, edges, references and facts, under the same pseudonyms as the frames they came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import networkx as nx

from graphinvestigate.cases.redaction.documents import Replace, texts_of, walked
from graphinvestigate.cases.redaction.fields import IDENTIFIERS, kind_of
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record

Node = Entity | Record
# What a label names, by the kind of the entity that carries it.
_LABELS = {"host": "host", "file": "filename", "mail_message": "subject", "mailbox": "account", "domain": "domain"}


def graph_texts(g: nx.MultiDiGraph) -> Iterator[tuple[str, str, str, str]]:
    """Every text of a graph with the field whose kind it has, as `documents.texts_of` gives them."""
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Record):
            yield node.id, "id", "", ""
        for text in attrs.get("identifiers", ()):
            name, _, value = text.partition("=")
            yield value, _field_of(name), "", ""
        for seen in attrs.get("observations", ()):
            for text in seen["identifiers"]:
                name, _, value = text.partition("=")
                yield value, _field_of(name), "", ""
            if node.kind == "user":
                for name in seen["names"]:
                    yield name, "accountName" if " " not in name else "userDisplayName", "", ""
        rest = {name: value for name, value in attrs.items() if name not in ("identifiers", "observations")}
        yield from texts_of(rest)
    for _, _, references in g.edges(data="references", default=()):
        for one in references:
            if isinstance(one.get("value"), str):
                yield one["value"], _last(one.get("field")), "", ""


def _field_of(identifier: str) -> str:
    """The field that holds such an identifier: the same kind, in the words of `fields`."""
    if identifier == "address":
        return "emailAddress"
    words = {"account": "accountUpn", "host": "hostName", "domain": "domainName", "ip": "ipAddress", "url": "url"}
    return words.get(IDENTIFIERS.get(identifier, ""), "sha1" if IDENTIFIERS.get(identifier) == "kept" else "")


def _last(path: Any) -> str:
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
        made.graph.update(self.value(self.g.graph, names))
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
        if name == "account":
            return self._account(value)
        if name == "file_path":
            first, bar, rest = value.partition("|")
            folder, bar2, last = rest.partition("|")
            made = (
                f"{self.replace(first, 'filename')}{bar}{self.replace(folder, 'path')}{bar2}{self.replace(last, None)}"
            )
            return made.lower()
        made = self.replace(value, kind)
        return made if name in ("name", "urn") else made if kind == "url" else made.lower() if value.islower() else made

    def _account(self, value: str) -> str:
        tenant, slash, account = value.rpartition("/")
        return f"{self.replace(tenant, 'id') if tenant else ''}{slash}{self.replace(account, 'account')}"

    def _text(self, text: str) -> str:
        name, _, value = text.partition("=")
        return f"{name}={self.identifier(name, value)}"

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
                made[name] = walked(value, self.replace, name if name != "facts" else "")
        return made

    def _label(self, node: Node, value: str) -> str:
        if value == node[1]:
            return self.node(node)[1]
        kind = _LABELS.get(node.kind)
        return self.replace(value, "path" if kind == "filename" and re.search(r"[\\/]", value) else kind)

    def _observation(self, node: Node, seen: dict[str, Any]) -> dict[str, Any]:
        made = dict(seen)
        made["identifiers"] = [self._text(text) for text in seen["identifiers"]]
        made["names"] = {self._label(node, name): list(when) for name, when in seen["names"].items()}
        made["facts"] = walked(seen["facts"], self.replace)
        return made

    def edge(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An edge's attributes, with every reference."""
        made = {name: value for name, value in attrs.items() if name != "references"}
        made = {name: walked(value, self.replace, name) for name, value in made.items()}
        if "references" in attrs:
            made["references"] = sorted((self._reference(one) for one in attrs["references"]), key=_order)
        return made

    def _reference(self, one: dict[str, Any]) -> dict[str, Any]:
        made = dict(one)
        made["record_id"] = self.replace(one["record_id"], "id")
        if isinstance(one.get("value"), str):
            made["value"] = self.replace(one["value"], kind_of(_last(one.get("field"))))
        elif isinstance(one.get("value"), list | dict):
            made["value"] = walked(one["value"], self.replace)
        if one.get("by"):
            made["by"] = [None if text is None else self._text(text) for text in one["by"]]
        return made
