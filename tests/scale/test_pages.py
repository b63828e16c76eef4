"""Answers as they came: kept once, compressed, and proved when read."""

from __future__ import annotations

import pytest

from graphinvestigate.errors import BadFileError
from graphinvestigate.scale.pages import PageStore


def test_an_answer_comes_back_as_it_was(tmp_path):
    """Byte for byte, also an empty one and one of many bytes; kept once under its hash."""
    store = PageStore(tmp_path)
    for body in (b"", b'{"value":[]}', "ü\U0001f600".encode() * 100_000):
        name = store.keep(body)
        assert store.keep(body) == name
        assert store.read(name) == body
    assert len(store.names()) == 3
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.zst")) < 10_000


def test_a_changed_answer_is_not_read(tmp_path):
    """An answer that was changed, cut off or taken away is an error, never another answer."""
    store = PageStore(tmp_path)
    name, other = store.keep(b"one"), store.keep(b"two")
    path = next(tmp_path.rglob(f"{name}.zst"))
    path.write_bytes(next(tmp_path.rglob(f"{other}.zst")).read_bytes())
    with pytest.raises(BadFileError, match="changed"):
        store.read(name)
    path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(BadFileError):
        store.read(name)
    path.unlink()
    with pytest.raises(BadFileError):
        store.read(name)
