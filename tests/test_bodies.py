"""Bytes of answers stay what they are, however they are kept."""

from __future__ import annotations

import json
import pickle
import random
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from pandas.testing import assert_frame_equal

import graphinvestigate as gi
from graphinvestigate.bodies import Body, Room
from graphinvestigate.envelope import Page, read_page
from graphinvestigate.frames import RESOURCES, Ahead, RawArray, evidence, records_frame
from graphinvestigate.scale.bench.synthetic import alert_pages

ALERTS = RESOURCES["alerts"]
USER = "#microsoft.graph.security.userEvidence"
LONG = "".join(f"{number}:{number * 7919 % 2**31:x};" for number in range(40_000)).encode()  # several blocks


@given(st.lists(st.tuples(st.integers(0, len(LONG)), st.integers(0, 300_000)), max_size=8))
def test_pieces_are_the_same_packed(spans):
    """Any pieces, in any order, across blocks and of no length, are the same from a packed body as from a whole one."""
    whole, packed = Body(LONG), Body(LONG)
    packed.pack()
    assert packed.packed
    assert not whole.packed
    assert len(packed) == len(LONG) > packed.held
    offsets = [start for start, _ in spans]
    lengths = [min(length, len(LONG) - start) for start, length in spans]
    assert [bytes(piece) for piece in packed.pieces(offsets, lengths)] == [
        bytes(piece) for piece in whole.pieces(offsets, lengths)
    ]
    assert packed.whole() == whole.whole() == LONG


def test_small_and_packed_bodies_are_left():
    """Packing a small body, or a packed one again, changes nothing."""
    small = Body(b"{}")
    small.pack()
    assert not small.packed
    assert Body(b"").pieces([0], [0]) == [b""]
    body = Body(LONG)
    body.pack()
    blocks = body._blocks
    body.pack()
    assert body._blocks is blocks
    assert Body.of(body) is body


def test_the_first_pages_stay_whole():
    """There is room for a pull's first bytes to stay whole, and for none beyond."""
    room, bodies = Room(2 * len(LONG)), [Body(LONG) for _ in range(4)]
    assert [room.holds(body) for body in bodies] == [True, True, False, False]


def frames(pages: list[Page]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Alerts and evidence of pages."""
    alerts = records_frame(ALERTS, pages, pull_id="p")
    return alerts, evidence(alerts)


def pages_of(count: int) -> list[Page]:
    """Pages of made-up alerts."""
    return [read_page(body, source="t") for body in alert_pages(count, page=100)]


def test_frames_of_packed_pages_are_equal():
    """Alerts, evidence and `raw` of packed pages equal those of whole ones: looked up, sorted, joined and pickled."""
    whole, packed = pages_of(300), pages_of(300)
    for page in packed[1:]:  # some of both
        page.kept.pack()
        assert page.kept.packed
    assert [page.record(5) for page in packed] == [page.record(5) for page in whole]
    assert [page.body for page in packed] == [page.body for page in whole]
    alerts, items = frames(packed)
    for made, expected in zip((alerts, items), frames(whole), strict=True):
        assert_frame_equal(made, expected)
        order = np.random.default_rng(0).permutation(len(made))
        assert_frame_equal(made.iloc[order], expected.iloc[order])
        assert list(made["raw"].iloc[order[:50]]) == list(expected["raw"].iloc[order[:50]])
        assert made["raw"].iloc[int(order[0])] == expected["raw"].iloc[int(order[0])]
        assert_frame_equal(pickle.loads(pickle.dumps(made)), expected)
        both = pd.concat([made, expected], ignore_index=True)
        assert list(both["raw"]) == [*expected["raw"], *expected["raw"]]
    assert alerts["raw"].array.nbytes < sum(len(page.kept) for page in packed) * 0.6


def test_who_reads_while_it_is_packed_notices_nothing():
    """Threads that read rows while others pack their pages get the same bytes, and slices taken before stay right."""
    pages = pages_of(600)
    raw = RawArray.from_pages(pages)
    expected, before = [page.record(at) for page in pages for at in range(len(page))], list(raw.slices())
    wrong: list[object] = []

    def read(seed: int) -> None:
        chosen = random.Random(seed)
        for _ in range(150):
            row = chosen.randrange(len(expected))
            if raw[row].encode() != expected[row]:
                wrong.append(row)
        if [bytes(piece) for piece in raw.slices()] != expected:
            wrong.append("all")

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    packers = [threading.Thread(target=page.kept.pack) for page in (*pages, *pages)]
    for thread in (*readers, *packers):
        thread.start()
    for thread in (*readers, *packers):
        thread.join()
    assert wrong == []
    assert all(page.kept.packed for page in pages)
    assert [bytes(piece) for piece in before] == expected


def test_pages_read_ahead_are_packed_beyond_the_room(monkeypatch):
    """A pull of many pages packs those beyond the first bytes once they are read, small ones too."""
    monkeypatch.setattr("graphinvestigate.frames.ahead.Room", lambda: Room(1_000_000))
    pages = pages_of(500)
    few = [read_page(body, source="t") for body in alert_pages(20, page=20, seed=1)]
    with Ahead(ALERTS) as ahead:
        for page in (*pages, *few):
            ahead.add(page)
        made = records_frame(ALERTS, [*pages, *few], pull_id="p", ahead=ahead)
    assert [page.kept.packed for page in (*pages, *few)] == [False, False, True, True, True, True]
    assert_frame_equal(made, records_frame(ALERTS, [*pages_of(500), *few], pull_id="p"))


def test_a_pull_packs_its_pages(monkeypatch):
    """A pull beyond its room gives the same rows, records and evidence, from packed pages, and nobody asked for it."""
    client = gi.connect_demo(seed=1, alerts=60)
    whole = gi.list_alerts(client)
    monkeypatch.setattr("graphinvestigate.frames.ahead.Room", lambda: Room(0))
    packed = gi.list_alerts(client)
    assert not any(page.packed for page in whole["raw"].array.pages)
    assert all(page.packed for page in packed["raw"].array.pages)
    assert_frame_equal(packed.drop(columns="pull_id"), whole.drop(columns="pull_id"))
    assert_frame_equal(gi.evidence(packed).drop(columns="pull_id"), gi.evidence(whole).drop(columns="pull_id"))
    one, two = gi.entity_graph(alerts=packed), gi.entity_graph(alerts=whole)
    assert set(one.edges) == set(two.edges)


def test_saved_answers_are_packed_beyond_the_room(tmp_path: Path, monkeypatch):
    """Many saved answers are packed as they are read; the frame is the same."""
    for number, body in enumerate(alert_pages(300, page=100)):
        (tmp_path / f"{number}.json").write_bytes(body)
    whole = gi.read_records("alerts", str(tmp_path / "*.json"))
    monkeypatch.setattr("graphinvestigate.frames.files.Room", lambda: Room(500_000))
    packed = gi.read_records("alerts", str(tmp_path / "*.json"))
    assert [page.packed for page in packed["raw"].array.pages] == [False, True, True]
    assert_frame_equal(packed, whole)
    assert set(packed["pull_id"]) == set(whole["pull_id"])
    assert len(set(packed["pull_id"])) == 3
    assert_frame_equal(gi.evidence(packed), gi.evidence(whole))


def test_a_record_that_does_not_fit_is_read_from_a_packed_page_too():
    """Records off the fast path, and evidence that no fast reader takes, are read from packed pages as from whole."""
    records = [
        {"id": str(n), "title": "x" * 200, "severity": n if n == 7 else "high",
         "evidence": [{"@odata.type": USER, "roles": n if n == 9 else [], "x": "\\ud800"}]}
        for n in range(300)
    ]  # fmt: skip
    body = json.dumps({"value": records}).encode()
    whole, packed = read_page(body, source="t"), read_page(body, source="t")
    packed.kept.pack()
    assert packed.kept.packed
    for made, expected in zip(frames([packed]), frames([whole]), strict=True):
        assert_frame_equal(made, expected)


@pytest.mark.parametrize("packed", [False, True])
def test_nothing_is_written_to_a_disk(packed, tmp_path, monkeypatch):
    """Keeping pages opens no file, so that none can be left behind, read by others or be too large for a disk."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    body = Body(LONG)

    def refuse(*_args: object, **_named: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    if packed:
        body.pack()
    assert bytes(body.pieces([5], [7])[0]) == LONG[5:12]
