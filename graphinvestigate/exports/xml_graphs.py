"""GraphML (Gephi, yEd, Cytoscape, networkx) and GEXF 1.3 (Gephi, with its timeline)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphinvestigate.exports.cleaning import XML, Cleaner
from graphinvestigate.exports.flat import Attributes, FlatGraph, typed, types_of

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_ESCAPED = re.compile(r'[&<>"\t\n\r]')
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>"


class _Writer:
    """Escapes texts, and counts those that lost characters."""

    def __init__(self) -> None:
        self.clean = Cleaner(XML)

    def text(self, value: str) -> str:
        """Escape a text for content and for quoted attributes; line ends and tabs stay what they are."""
        return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], self.clean(value))


def graphml(flat: FlatGraph) -> bytes:
    """Write a graph as GraphML; edges have their number as id, and their relation as an attribute."""
    writer = _Writer()
    content = "\n".join(_graphml(flat, writer)).encode()
    writer.clean.say("GraphML")
    return content


def _graphml(flat: FlatGraph, writer: _Writer) -> Iterator[str]:
    nodes = types_of(attrs for _, attrs in flat.nodes)
    edges = {"relation": "string"} | types_of(attrs for _, _, _, attrs in flat.edges)
    yield _DECLARATION
    yield (
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">'
    )
    for prefix, owner, types in (("n", "node", nodes), ("e", "edge", edges)):
        for at, (name, kind) in enumerate(types.items()):
            named = writer.text(name)
            yield f'<key id="{prefix}{at}" for="{owner}" attr.name="{named}" attr.type="{kind}"/>'
    yield '<graph edgedefault="directed">'
    numbers = {name: at for at, name in enumerate(nodes)}
    for node, attrs in flat.nodes:
        data = "".join(
            f'<data key="n{numbers[name]}">{writer.text(typed(value, nodes[name]))}</data>'
            for name, value in attrs.items()
        )
        yield f'<node id="{writer.text(node)}">{data}</node>'
    numbers = {name: at for at, name in enumerate(edges)}
    for at, (source, target, relation, attrs) in enumerate(flat.edges):
        data = "".join(
            f'<data key="e{numbers[name]}">{writer.text(typed(value, edges[name]))}</data>'
            for name, value in ({"relation": relation} | attrs).items()
        )
        yield f'<edge id="{at}" source="{writer.text(source)}" target="{writer.text(target)}">{data}</edge>'
    yield "</graph>\n</graphml>\n"


def gexf(flat: FlatGraph) -> bytes:
    """Write a graph as GEXF 1.3; nodes and edges begin and end when they were first and last seen."""
    writer = _Writer()
    content = "\n".join(_gexf(flat, writer)).encode()
    writer.clean.say("GEXF")
    return content


def _gexf(flat: FlatGraph, writer: _Writer) -> Iterator[str]:
    nodes = types_of(attrs for _, attrs in flat.nodes)
    nodes.pop("label", None)  # GEXF has a place of its own for it
    edges = types_of(attrs for _, _, _, attrs in flat.edges)
    yield _DECLARATION
    yield '<gexf xmlns="http://gexf.net/1.3" version="1.3">'
    yield "<meta><creator>graphinvestigate</creator></meta>"
    # `date` allows times of day as well, and is the one that Gephi and networkx both read.
    yield '<graph defaultedgetype="directed" mode="dynamic" timeformat="date" timerepresentation="interval">'
    for owner, types in (("node", nodes), ("edge", edges)):
        yield f'<attributes class="{owner}" mode="static">'
        for at, (name, kind) in enumerate(types.items()):
            yield f'<attribute id="{at}" title="{writer.text(name)}" type="{kind}"/>'
        yield "</attributes>"
    yield "<nodes>"
    for node, attrs in flat.nodes:
        label = writer.text(str(attrs["label"]))
        opened = f'<node id="{writer.text(node)}" label="{label}"{_span(attrs)}>'
        yield opened + _values(attrs, nodes, writer) + "</node>"
    yield "</nodes>\n<edges>"
    for at, (source, target, relation, attrs) in enumerate(flat.edges):
        opened = (
            f'<edge id="{at}" source="{writer.text(source)}" target="{writer.text(target)}" type="directed" '
            f'label="{writer.text(relation)}" kind="{writer.text(relation)}"{_span(attrs)}>'
        )
        yield opened + _values(attrs, edges, writer) + "</edge>"
    yield "</edges>\n</graph>\n</gexf>\n"


def _values(attrs: Attributes, types: dict[str, str], writer: _Writer) -> str:
    numbers = {name: at for at, name in enumerate(types)}
    written = "".join(
        f'<attvalue for="{numbers[name]}" value="{writer.text(typed(value, types[name]))}"/>'
        for name, value in attrs.items()
        if name in numbers
    )
    return f"<attvalues>{written}</attvalues>" if written else ""


def _span(attrs: Attributes) -> str:
    first = attrs.get("first_seen") or attrs.get("time")
    last = attrs.get("last_seen") or attrs.get("end_time") or first
    return f' start="{first}" end="{max(first, last)}"' if first else ""
