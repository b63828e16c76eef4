"""How far something can have gone, in the order of time."""

from __future__ import annotations

import networkx as nx
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record, blast_radius
from tests.linking.random_graphs import edge_attrs, minute

Tie = tuple[str, str, str, list[tuple[int | None, int | None]]]


def made(*ties: Tie) -> nx.MultiDiGraph:
    """A graph of ``kind:key`` nodes and ties between them, seen at some minutes."""
    g = nx.MultiDiGraph()
    for u, relation, v, spans in ties:
        for name in (u, v):
            kind, _, key = name.partition(":")
            node = Record(kind, key) if kind in ("sign_in", "alert") else Entity(kind, key)
            g.add_node(node, kind=kind, id=key, label=key, read=True, end_time=None, identifiers=[], observations=[])
        g.add_edge(node_of(u), node_of(v), relation, **edge_attrs(relation, spans))
    return g


def node_of(name: str) -> Entity | Record:
    """The node that ``kind:key`` stands for."""
    kind, _, key = name.partition(":")
    return Record(kind, key) if kind in ("sign_in", "alert") else Entity(kind, key)


def reached(found: nx.MultiDiGraph) -> dict[str, str | None]:
    """What was reached, and from when on."""
    return {f"{n.kind}:{n[1]}": attrs["reached"] for n, attrs in found.nodes(data=True)}


def test_only_what_comes_later_is_reached() -> None:
    """A host used before the account was held is out of reach; used again later it is in, from then on."""
    g = made(
        ("user:a", "logged_on_to", "host:early", [(5, 5)]),
        ("user:a", "logged_on_to", "host:both", [(5, 5), (30, 30)]),
        ("user:b", "logged_on_to", "host:both", [(20, 20)]),
        ("user:c", "logged_on_to", "host:both", [(40, 40)]),
    )
    found = blast_radius(g, "a", since=minute(10))
    assert reached(found) == {"user:a": minute(10), "host:both": minute(30), "user:c": minute(40)}
    told = found.graph["blast"]
    assert (told["reached"], told["untimed"], told["since"]) == (2, 0, minute(10))
    assert told["static_reach"] == 3  # host:early was last seen before, so it is out of the window for both
    assert "2 other entities" in told["sentence"]
    assert blast_radius(g, "a", until=minute(35)).graph["blast"]["reached"] == 3


def test_what_comes_after_the_end_is_not_reached() -> None:
    """A tie that was last seen within the window, but can be used only after its end, reaches nobody within it."""
    g = made(
        ("user:a", "logged_on_to", "host:h", [(30, 30)]),
        ("user:b", "logged_on_to", "host:h", [(20, 20), (50, 50)]),
    )
    assert reached(blast_radius(g, "a", since=minute(10), until=minute(40))) == {
        "user:a": minute(10), "host:h": minute(30)
    }  # fmt: skip
    assert reached(blast_radius(g, "a", since=minute(10)))["user:b"] == minute(50)


def test_whatever_order_is_the_static_reach() -> None:
    """Without a start in time everything connected by carriers counts as static reach, in time order less."""
    g = made(("user:a", "logged_on_to", "host:h", [(30, 30)]), ("user:b", "logged_on_to", "host:h", [(20, 20)]))
    told = blast_radius(g, "a").graph["blast"]
    assert (told["reached"], told["static_reach"]) == (1, 2)


def test_what_carries_nobody_is_reached_and_not_gone_on_from() -> None:
    """Two accounts behind one address, or with one file, do not lead to one another; through a host they do."""
    g = made(
        ("user:a", "signed_in_from", "ip:198.51.100.1", [(10, 10)]),
        ("user:b", "signed_in_from", "ip:198.51.100.1", [(20, 20)]),
        ("user:a", "logged_on_to", "host:h", [(10, 10)]),
        ("file:f", "found_on", "host:h", [(20, 20)]),
        ("file:f", "found_on", "host:other", [(30, 30)]),
        ("user:c", "logged_on_to", "host:h", [(30, 30)]),
    )
    assert set(reached(blast_radius(g, "a"))) == {"user:a", "ip:198.51.100.1", "host:h", "file:f", "user:c"}


def test_mail_goes_from_sender_to_recipients_only() -> None:
    """Who received a lure with others did not send it to them; what the held mailbox sends reaches its recipients."""
    g = made(
        ("user:a", "uses_mailbox", "mailbox:a@x", [(1, 1)]),
        ("mail_message:lure", "sent_to", "mailbox:a@x", [(2, 2)]),
        ("mail_message:lure", "sent_to", "mailbox:b@x", [(2, 2)]),
        ("mailbox:a@x", "sent", "mail_message:onward", [(5, 5)]),
        ("mail_message:onward", "sent_to", "mailbox:c@x", [(5, 5)]),
    )
    found = set(reached(blast_radius(g, Entity("user", "a"))))
    assert found == {"user:a", "mailbox:a@x", "mail_message:onward", "mailbox:c@x"}


def test_sign_ins_carry_and_alerts_do_not() -> None:
    """A sign-in leads from its user to its app; an alert that names two users leads from none to the other."""
    g = made(
        ("sign_in:s", "signed_in", "user:a", [(10, 10)]),
        ("sign_in:s", "signed_in_to", "app:mail", [(10, 10)]),
        ("alert:x", "has_evidence", "user:a", [(10, 10)]),
        ("alert:x", "has_evidence", "user:b", [(10, 10)]),
    )
    assert set(reached(blast_radius(g, "a"))) == {"user:a", "sign_in:s", "app:mail"}


def test_a_tie_of_unknown_time_is_used_and_counted() -> None:
    """Nobody can say that it was too early, so what lies behind it is reached, and said to be so."""
    g = made(("user:a", "logged_on_to", "host:h", [(None, None)]))
    told = blast_radius(g, "a", since=minute(10)).graph["blast"]
    assert (told["reached"], told["untimed"]) == (1, 1)


def test_it_stops_at_hubs_and_says_so() -> None:
    """A machine that everybody uses is reached and not gone on from, and named; on request it is."""
    ties: list[Tie] = [(f"user:u{n}", "logged_on_to", "host:terminal", [(20, 20)]) for n in range(30)]
    ties += [(f"user:u{n}", "logged_on_to", f"host:h{n}", [(20, 20)]) for n in range(30)]
    g = made(*ties)
    found = blast_radius(g, "u0")
    assert set(reached(found)) == {"user:u0", "host:terminal", "host:h0"}
    assert [stop["key"] for stop in found.graph["not_walked"]] == ["terminal"]
    assert blast_radius(g, "u0", through_hubs=True).graph["blast"]["reached"] == 60


def test_a_record_is_no_start() -> None:
    """Nobody holds an alert: that is an error which says what to give."""
    g = made(("alert:x", "has_evidence", "user:a", [(10, 10)]))
    with pytest.raises(UsageError, match="entity"):
        blast_radius(g, Record("alert", "x"))  # type: ignore[arg-type]
