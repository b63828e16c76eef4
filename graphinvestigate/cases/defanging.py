"""What a report says, with no address in it that a viewer, a mail or a chat turns into a link. Plain text, not escaped.

URLs are written ``hxxps[://]evil[.]test`` everywhere. Public IP addresses, domains and the hosts of URLs that the
entity graph knows are broken wherever they stand in what is told: sentences, figures, tables. The appendix keeps those
as the records have them, to be searched for. Mail addresses are broken unless a user's account is in their domain: the
names of users stay readable.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import networkx as nx
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate.linking import Entity
from graphinvestigate.linking.identifiers import is_private_ip
from graphinvestigate.text import defang
from graphinvestigate.views.static import Block, Items, Section, Table

Say = Callable[[str], str]
_LINK = re.compile(r"(?i)(?<![a-z0-9+.-])(?:[a-z][a-z0-9+.-]{0,20}://|www\.)[^\s<>\"“”]+")
# What may be a domain or an IPv4 address; what ends a sentence or a word within brackets is no part of it.
_NAMED = re.compile(r"(?<![\w.\[-])[^\W_](?:[\w-]|\.(?=\w))*\.[\w-]*\w(?![\w\]-])")
_MAIL = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,9})(?![\w@])")
_HOST = re.compile(r"(?i)[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:\s]+)")
_ROWS = 200  # of a table; no more are shown


def own_domains(g: nx.MultiDiGraph) -> list[str]:
    """The domains of the tenant's users by their number, guests apart: what the tenant is known as."""
    found: Counter[str] = Counter()
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Entity) and node.kind == "user":
            names = [text.partition("=")[2] for text in attrs.get("identifiers") or () if text.startswith("upn=")]
            found.update(
                {name.rpartition("@")[2].lower() for name in names if "@" in name and "#ext#" not in name.lower()}
            )
    return [name for name, _ in sorted(found.items(), key=lambda one: (-one[1], one[0]))]


def teller(g: nx.MultiDiGraph) -> Say:
    """Give what writes a text without links and without the addresses that a graph knows.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    """
    own = frozenset(own_domains(g))
    known = {host for node in g if isinstance(node, Entity) and (host := _host(node)) and host not in own}

    def one(found: re.Match[str]) -> str:
        return defang(found[0]) if found[0].lower() in known else found[0]

    def mail(found: re.Match[str]) -> str:
        return found[0] if found[1].lower() in own else defang(found[0])

    return lambda text: _NAMED.sub(one, _MAIL.sub(mail, without_links(text)) if own else without_links(text))


def without_links(text: str) -> str:
    """Write every URL of a text so that nothing turns it into a link."""
    return _LINK.sub(lambda found: defang(found[0]), text)


def _host(node: Entity) -> str | None:
    """The host that an entity is found at: an indicator, where it is no private address."""
    value = node.key.rpartition("/")[2] if node.kind == "ip" else node.key
    if node.kind == "url":
        found = _HOST.match(value)
        value = found[1] if found else ""
    elif node.kind not in ("ip", "domain"):
        return None
    return value.lower() if "." in value and not (node.kind == "ip" and is_private_ip(value)) else None


def told(parts: Sequence[Section], say: Say) -> list[Section]:
    """Say sections anew.

    Parameters
    ----------
    parts : sequence of Section
    say : callable
        From `teller`, or `without_links`.
    """
    return [Section(say(part.title), [_block(block, say) for block in part.blocks]) for part in parts]


def told_rows(frame: pd.DataFrame, columns: Sequence[str], say: Say, *, shown: int = _ROWS) -> pd.DataFrame:
    """Say the first rows of a table anew, as many as are shown; the others stay, and are counted."""
    chosen = frame[[name for name in columns if name in frame.columns]]
    first = chosen.iloc[:shown]
    said = {
        name: [_value(value, say) for value in first[name]]
        for name in first.columns
        if first[name].dtype.kind not in "biufcMm"
    }
    texts = dict.fromkeys(said, "object")
    made = first.astype(texts).assign(**said) if said else first
    rest = chosen.iloc[shown:]
    return pd.concat([made, rest.astype(texts)]) if len(rest) else made


def _value(value: Any, say: Say) -> Any:
    if isinstance(value, str):
        return say(value)
    if isinstance(value, dict):
        return {key: _value(one, say) for key, one in value.items()}
    return [_value(one, say) for one in value] if isinstance(value, list | tuple) else value


def _block(block: Block, say: Say) -> Block:
    if isinstance(block, str):
        return say(block)
    if isinstance(block, Items):
        return dataclasses.replace(block, texts=[say(text) for text in block.texts])
    if isinstance(block, pd.DataFrame):
        return told_rows(block, list(block.columns), say)
    if isinstance(block, Table):
        columns = block.columns if block.columns is not None else list(block.frame.columns)
        frame = told_rows(block.frame, columns, say, shown=block.max_rows)
        return dataclasses.replace(block, frame=frame, caption=say(block.caption) if block.caption else None)
    return _figure(block, say)


def _figure(figure: go.Figure, say: Say) -> go.Figure:
    """A figure's texts, but for its template's, which no data is in."""
    drawn = json.loads(figure.to_json(engine="json"))
    layout = drawn.get("layout", {})
    template = layout.pop("template", None)
    drawn = _value(drawn, say)
    if template is not None:
        drawn["layout"]["template"] = template
    return go.Figure(drawn)
