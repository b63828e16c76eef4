"""The garbage collector while something is built."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

import graphinvestigate as gi
from graphinvestigate.envelope import read_page
from graphinvestigate.frames import RESOURCES, records_frame
from graphinvestigate.garbage import uncollected


def test_the_collector_comes_back_as_it_was() -> None:
    """What is built inside is not looked through; afterwards, also after an error, the collector is as it was."""
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="while it is built"), uncollected():
        raise ValueError("while it is built")
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def collections_in(run: Callable[[], object]) -> int:
    """How often the collector comes while something runs, when it comes as often as it can."""
    began: list[str] = []

    def note(phase: str, info: object) -> None:
        began.append(phase)

    rare = gc.get_threshold()
    gc.collect()
    gc.callbacks.append(note)
    gc.set_threshold(1, 1, 1)
    try:
        run()
    finally:
        gc.set_threshold(*rare)
        gc.callbacks.remove(note)
    return began.count("start")


def frames_of(page: bytes) -> None:
    """Alerts and their evidence."""
    gi.evidence(records_frame(RESOURCES["alerts"], [read_page(page, source="a page")], pull_id="test"))


def test_frames_are_made_without_it() -> None:
    """Decoding starts no more collections for many records than for few: only what stands around it is seen."""
    with gi.connect_demo(alerts=60) as client:
        alerts = gi.list_alerts(client)
    few, many = (f'{{"value": [{",".join(some["raw"])}]}}'.encode() for some in (alerts.head(3), alerts))
    frames_of(few)
    assert collections_in(lambda: frames_of(many)) <= collections_in(lambda: frames_of(few)) + 3
