"""The demo's story lives in `demo/` alone: the product finds it, nothing else may know it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import graphinvestigate
from graphinvestigate.demo.tenant import build_tenant

ROOT = Path(graphinvestigate.__file__).parent


def words_of(value: object) -> set[str]:
    """Every string of a truth, however deep."""
    if isinstance(value, str):
        return {value}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return words_of([getattr(value, field.name) for field in dataclasses.fields(value)])
    if isinstance(value, dict):
        return words_of([*value.keys(), *value.values()])
    if isinstance(value, list | tuple | set | frozenset):
        return {word for item in value for word in words_of(item)}
    return set()


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_no_name_id_or_address_of_a_story_occurs_outside_demo(seed: int) -> None:
    """No string that tells a story apart (a name, an id, an address) stands in the package outside `demo/`."""
    truth = build_tenant(seed, 120, attack=True).truth
    telling = {word.lower() for word in words_of(truth) if len(word) >= 6 and any(c in word for c in "-.@_0123456789")}
    assert len(telling) >= 8, "the truth names users, hosts, addresses and ids"
    for path in sorted(ROOT.rglob("*")):
        if path.suffix not in {".py", ".json", ".js", ".css", ".html"} or "demo" in path.relative_to(ROOT).parts:
            continue
        text = path.read_text(encoding="utf-8").lower()
        assert [word for word in telling if word in text] == [], path
