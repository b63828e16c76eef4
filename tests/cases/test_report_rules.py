"""The version of the report's rules moves whenever they say something else of one case."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import plotly.graph_objects as go
import pytest

import graphinvestigate as gi
from graphinvestigate import notes
from graphinvestigate.cases import adding
from graphinvestigate.cases.case import Case
from graphinvestigate.cases.manifest import REPORT
from graphinvestigate.cases.report import sections
from graphinvestigate.demo.answers import ApiError, Response
from graphinvestigate.demo.faults import Asked, Fault
from graphinvestigate.files import sha256
from graphinvestigate.views.static import Section, section_html
from graphinvestigate.walkthrough import investigate

PINNED = Path(__file__).with_name("data") / "report-rules.json"
_RANDOM = re.compile(r"\b[0-9a-f]{12,64}\b|request-id [0-9a-f-]{36}|pull [\w-]+")


def _broken(_: Asked) -> Response:
    raise ApiError(503, "UnknownError", "it broke")


def told(make_world, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Hashes of what report and ticket say of a case that has all that they tell of: by section, figures left out."""
    moments = (datetime(2026, 3, 20, tzinfo=UTC) + timedelta(seconds=n) for n in itertools.count())
    monkeypatch.setattr(adding, "now", lambda: next(moments).isoformat(timespec="microseconds"))
    monkeypatch.setattr(notes, "datetime", SimpleNamespace(now=lambda _: next(moments)))
    world = make_world(seed=3, alerts=30, attack=True, faults=[Fault("/security/runHuntingQuery", _broken)])
    found = investigate(world.client)
    case = Case("INC-1", author="an analyst")
    case.add(found, world.client)
    case.finding("a session was replayed", edge=(found.user, found.address))
    case.note("asked her manager", entity=found.user)
    case.not_checked("mailbox rules: no permission")
    alerts = found.frames["alerts"].head(2)
    case.add(gi.actions.stage(world.client, alerts, status="inProgress").apply(dry_run=False))
    case.conclude("malicious", "a replayed session, then credential theft")
    parts = sections(case._dossier())
    texts = {
        part.title: section_html(Section(part.title, [one for one in part.blocks if not isinstance(one, go.Figure)]))
        for part in parts
        if not part.title.startswith("Appendix")
    }
    return {name: sha256(_RANDOM.sub("…", text)) for name, text in {**texts, "ticket": case.markdown()}.items()}


def test_the_version_moves_with_what_the_report_says(make_world, monkeypatch: pytest.MonkeyPatch) -> None:
    """What report and ticket say of one case is what is pinned for this version of the rules.

    Does this fail because the rules of telling changed (report, telling, questions, summary, checklist, indicators,
    markdown …)? Then cases saved before replay otherwise: raise `manifest.REPORT`, and pin in `data/report-rules.json`
    under it what this test shows. Did only the demo tenant change? Pin that under the version that is there.
    """
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    now = told(make_world, monkeypatch)
    assert max(pinned, key=int) == REPORT, "what is told is pinned for each version, the last one is in force"
    before = pinned[REPORT]
    other = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    assert other == [], f"the report says something else (see this test's docstring): {json.dumps(now, indent=1)}"
