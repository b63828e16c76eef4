"""A case goes to other tools like the graph that it was saved from."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

import graphinvestigate as gi


@pytest.mark.parametrize("suffix", [".stix.json", ".opengraph.json", ".ocsf.jsonl", ".jsonl", ".json"])
def test_an_opened_case_exports_the_same_bytes(frames: dict[str, pd.DataFrame], tmp_path: Path, suffix: str) -> None:
    """Saved, opened elsewhere and exported, a case gives the very file that its first graph gave."""
    alerts = frames["alerts"].head(20)
    case = gi.Case("INC-1")
    case.add(alerts, frames["risk_detections"])
    case.save(tmp_path / "case")
    opened = gi.open_case(tmp_path / "case")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*only named|.*no time|BloodHound cannot hold")
        (first,) = gi.export_graph(case.graph, tmp_path / f"first{suffix}")
        (second,) = gi.export_graph(opened.graph, tmp_path / f"second{suffix}")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 5_000
