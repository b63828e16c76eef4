"""Which identifiers are one entity."""

from __future__ import annotations

import itertools

from graphinvestigate.linking.identifiers import Identifier, rank
from graphinvestigate.linking.identity import resolve
from graphinvestigate.linking.nodes import Entity


def together(kind: str, *ids: Identifier) -> tuple[str, tuple[Identifier, ...]]:
    """An observation, strongest identifier first."""
    return kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))


A, B = ("object_id", "a"), ("object_id", "b")
UPN = ("upn", "x@contoso.com")


def test_a_name_belongs_to_the_one_that_carries_it() -> None:
    """A user name alone leads to the object id that it was seen with."""
    leads = resolve([together("user", A, UPN), together("user", UPN)]).leads
    assert leads["user", *UPN] == Entity("user", "a")


def test_a_name_of_two_belongs_to_neither() -> None:
    """A user name that two object ids carry is a node of its own, whatever came first."""
    seen = [together("user", A, UPN), together("user", B, UPN), together("user", UPN)]
    for order in itertools.permutations(seen):
        leads = resolve(order).leads
        assert leads["user", *UPN] == Entity("user", "x@contoso.com")
        assert (leads["user", *A], leads["user", *B]) == (Entity("user", "a"), Entity("user", "b"))


def test_two_strong_ids_of_one_type_stay_two() -> None:
    """One place that gives two object ids doesn't make them one."""
    leads = resolve([together("user", A, B)]).leads
    assert leads["user", *A] != leads["user", *B]


def test_a_shared_weaker_strong_id_does_not_join() -> None:
    """A SID seen with two object ids belongs to neither."""
    sid = ("sid", "S-1-5-21-1-2-3-1001")
    leads = resolve([together("user", A, sid), together("user", B, sid), together("user", sid)]).leads
    assert len({leads["user", *i] for i in (A, B, sid)}) == 3


def test_a_device_with_two_directory_ids_keeps_them_apart() -> None:
    """A Defender device seen with two Entra device ids takes neither, and the two don't meet."""
    mde, one, two = ("mde_device_id", "m"), ("device_id", "1"), ("device_id", "2")
    seen = [together("host", mde, one), together("host", mde, two), together("host", one), together("host", two)]
    leads = resolve(seen).leads
    assert len({leads["host", *i] for i in (mde, one, two)}) == 3


def test_what_followed_a_refused_id_follows_it_still() -> None:
    """A name seen only beside an id that was let go stays with that id."""
    mde, one, two, name = ("mde_device_id", "m"), ("device_id", "1"), ("device_id", "2"), ("fqdn", "h.contoso.com")
    leads = resolve([together("host", mde, one), together("host", mde, two), together("host", one, name)]).leads
    assert leads["host", *name] == leads["host", *one] == Entity("host", "1")


def test_names_chain_to_the_id() -> None:
    r"""domain\account seen with a UPN, and the UPN with an object id, lead to the object id."""
    short = ("account", "t/contoso\\x")
    leads = resolve([together("user", UPN, short), together("user", A, UPN), together("user", short)]).leads
    assert {leads["user", *i] for i in (A, UPN, short)} == {Entity("user", "a")}


def test_kinds_never_meet() -> None:
    """The same text is something else for another kind."""
    leads = resolve([together("mailbox", ("address", "x@contoso.com")), together("user", UPN)]).leads
    assert leads["user", *UPN] != leads["mailbox", "address", "x@contoso.com"]


def test_one_text_of_two_types_stays_two_nodes() -> None:
    """Where two identifier types of a kind spell the same text, the keys differ."""
    leads = resolve([together("host", ("mde_device_id", "x")), together("host", ("device_id", "x"))]).leads
    assert leads["host", "mde_device_id", "x"] == Entity("host", "x")
    assert leads["host", "device_id", "x"] == Entity("host", "device_id=x")
