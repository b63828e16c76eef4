"""Every known fault has a scenario that the package passes and that a client with that very mistake fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fault_matrix import IDS, PENDING, load

ROWS = load()

# Rows that try several things in one scenario, and each of these.
PARTS = [
    (fault, part)
    for fault, one in ROWS.items()
    if isinstance(one.real, tuple) and isinstance(one.broken, tuple) and len(one.real) == len(one.broken)
    for part, real in enumerate(one.real)
    if one.broken[part] is not real
]

# What may wait for its subject. A row that was built leaves this list for good: nothing is ever added to it.
MAY_WAIT: set[str] = set()


@pytest.mark.parametrize("fault", ROWS)
def test_the_package_keeps_the_rule(fault: str) -> None:
    """The package survives the fault as its rule says."""
    ROWS[fault].run(ROWS[fault].real)


@pytest.mark.parametrize("fault", ROWS)
def test_the_mistake_is_noticed(fault: str) -> None:
    """The same scenario fails with a client that makes the mistake: it can tell the two apart."""
    with pytest.raises(AssertionError):
        ROWS[fault].run(ROWS[fault].broken)


@pytest.mark.parametrize(("fault", "part"), PARTS)
def test_each_part_of_a_mistake_is_noticed(fault: str, part: int) -> None:
    """Where a row tries several things, the mistake in each of them is noticed with the others as they should be."""
    one = ROWS[fault]
    with pytest.raises(AssertionError):
        one.run(tuple(one.broken[at] if at == part else real for at, real in enumerate(one.real)))


def test_every_fault_has_a_row_or_a_reason() -> None:
    """No fault is left out: each has a pair, or says what it waits for; only those that may wait do."""
    assert sorted([*ROWS, *PENDING]) == sorted(IDS)
    assert set(PENDING) <= MAY_WAIT
    assert all(len(reason.split()) > 3 for reason in PENDING.values())


def test_every_rule_is_one_sentence() -> None:
    """A row says what must happen, in one sentence, and its two subjects differ."""
    for one in ROWS.values():
        assert re.fullmatch(r"[A-Z][^\n]{20,}\.", one.rule), one
        assert one.real is not one.broken


def test_the_ids_are_those_of_the_matrix(shared_dir: Path) -> None:
    """The ids kept here are those of the written matrix, all of them."""
    written = (shared_dir / "reliability" / "FAULTS.md").read_text("utf-8")
    found = re.findall(r"^\| ([A-Z]\d\d) \|", written, re.MULTILINE)
    assert list(IDS) == found
    assert len(found) == 117
