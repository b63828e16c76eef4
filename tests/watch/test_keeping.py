"""Which changed records concern which case: its own, those of its incidents and users, of its tenant alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.watch import keeping
from graphinvestigate.watch.keeping import refreshed

ONE, TWO = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
OWN, STRANGER = "aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
Json = dict[str, Any]


def alert(name: str, *, incident: str | None, tenant: str = ONE, user: str | None = None, updated: str = OLD) -> Json:
    """An alert of an incident, that may name a user."""
    kind = "#microsoft.graph.security.userEvidence"
    evidence = [{"@odata.type": kind, "userAccount": {"azureAdUserId": user}}] if user else []
    own = {"id": name, "incidentId": incident, "tenantId": tenant, "title": name, "evidence": evidence}
    return own | {"createdDateTime": OLD, "lastUpdateDateTime": updated}


def incident(name: str, *, tenant: str = ONE, updated: str = OLD, title: str = "Mine", **own: Any) -> Json:
    """An incident."""
    times = {"createdDateTime": OLD, "lastUpdateDateTime": updated}
    return {"id": name, "tenantId": tenant, "displayName": title, "status": "active", **times, **own}


def risk(name: str, user: str) -> Json:
    """A risk detection of a user."""
    return {"id": name, "userId": user, "activityDateTime": NEW, "detectedDateTime": NEW, "lastUpdatedDateTime": NEW}


def of(kind: str, *records: Json) -> dict[str, pd.DataFrame]:
    """What changed."""
    return {kind: gi.read_records(kind, list(records))}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of an incident, its alert and whom that names."""
    case = gi.Case("mine")
    held = of("incidents", incident("7")) | of("alerts", alert("a1", incident="7", user=OWN))
    case.add(*held.values())
    return case.save(tmp_path_factory.mktemp("keeping") / "mine")


@pytest.fixture
def cases(saved: Path, tmp_path: Path) -> Path:
    """A folder with that case."""
    shutil.copytree(saved, tmp_path / "cases" / "mine")
    return tmp_path / "cases"


@pytest.fixture(autouse=True)
def _no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a refresh writes beside a case takes a second, and is not what these tests are of."""
    monkeypatch.setattr(keeping, "tell", lambda case: (case.path, case.path))


def ids(cases: Path, kind: str) -> list[str]:
    """What the case holds of a kind."""
    frames = gi.open_case(cases / "mine").frames
    return sorted(frames[kind]["id"]) if kind in frames else []


@pytest.mark.parametrize(
    ("changed", "kind", "expected"),
    [
        (of("alerts", alert("a2", incident="7"), alert("a3", incident="8")), "alerts", ["a1", "a2"]),
        (of("alerts", alert("a2", incident="7", tenant=TWO)), "alerts", ["a1"]),
        (of("alerts", alert("a2", incident=None)), "alerts", ["a1"]),
        (of("incidents", incident("7", tenant=TWO, updated=NEW, title="Theirs")), "incidents", ["7"]),
        (of("incidents", incident("7", updated=NEW, redirectIncidentId="9"), incident("9")), "incidents", ["7", "9"]),
        (of("incidents", incident("9", tenant=TWO), incident("7", updated=NEW, redirectIncidentId="9")),
         "incidents", ["7"]),
        (of("incidents", incident("9")), "incidents", ["7"]),
        (of("risk_detections", risk("r1", OWN), risk("r2", STRANGER)), "risk_detections", ["r1"]),
        (of("risk_detections", risk("r2", STRANGER)), "risk_detections", []),
        (of("risky_users", {"id": OWN, "riskLastUpdatedDateTime": NEW}, {"id": STRANGER}), "risky_users", [OWN]),
    ],
)  # fmt: skip
def test_a_case_gets_what_concerns_it_and_nothing_else(
    cases: Path, changed: dict[str, pd.DataFrame], kind: str, expected: list[str]
) -> None:
    """Alone in its poll, a change reaches the case whose incident or user it is of, in its tenant, or is not told."""
    before = ids(cases, kind)
    events = refreshed(cases, changed, polled=NEW)
    assert ids(cases, kind) == expected
    assert set(gi.open_case(cases / "mine").frames["incidents"]["display_name"]) == {"Mine"}
    known = expected != before or (kind == "incidents" and set(changed[kind]["tenant_id"]) == {ONE, TWO})
    assert [body["event"] for _, body in events] == ["case_refreshed"] * known


def test_a_case_that_is_being_saved_is_none_yet(cases: Path) -> None:
    """A folder whose name begins with a dot is what a save works in: it is not kept up to date, nor told of."""
    shutil.copytree(cases / "mine", cases / ".mine.0123.tmp")
    events = refreshed(cases, of("alerts", alert("a1", incident="7", user=OWN, updated=NEW)), polled=NEW)
    assert [Path(body["case"]).name for _, body in events] == ["mine"]
    held = gi.open_case(cases / "mine").frames["alerts"]
    assert held["last_update_date_time"].tolist() == [pd.Timestamp(NEW)]


def test_a_case_that_cannot_be_opened_is_told_and_keeps_no_other(cases: Path) -> None:
    """A damaged case is an event of its own, by its folder and the reason; the one beside it is brought up to date."""
    shutil.copytree(cases / "mine", cases / "damaged")
    (cases / "damaged" / "manifest.json").write_text("{")
    events = refreshed(cases, of("alerts", alert("a2", incident="7")), polled=NEW)
    assert {Path(body["case"]).name: body["event"] for _, body in events} == {
        "damaged": "case_failed", "mine": "case_refreshed",
    }  # fmt: skip
    assert next(body["reason"] for _, body in events if body["event"] == "case_failed")
    assert ids(cases, "alerts") == ["a1", "a2"]
