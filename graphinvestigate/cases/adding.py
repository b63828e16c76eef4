"""What `case.add` takes: frames, graphs, figures, notes, explorers, and what pivots, refreshes and clients found."""

from __future__ import annotations

import json
import uuid
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.actions import Applied, history
from graphinvestigate.cases.columns import column_to_json
from graphinvestigate.cases.contents import Action, Contents
from graphinvestigate.cases.explored import add_notes
from graphinvestigate.cases.figures import figure_to_json
from graphinvestigate.cases.merging import join_frames
from graphinvestigate.cases.records import HUNTING, MAPPED, kind_of
from graphinvestigate.cases.requests import Request, key_of, requests_in, requests_of
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import UsageError
from graphinvestigate.files import sha256
from graphinvestigate.frames.schema import EVIDENCE
from graphinvestigate.notes import Note
from graphinvestigate.pivots import Pivot
from graphinvestigate.queries.coverage import coverage_table
from graphinvestigate.queries.refreshing import Refresh
from graphinvestigate.text import log, slug
from graphinvestigate.walkthrough import Investigation

TAKES = (
    "frames, entity graphs, plotly figures, notes, explorers, workbenches, clients (for what they asked and wrote) and "
    "what pivot, refresh, investigate and actions return"
)
_logs: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def now() -> str:
    """Give the time, as cases write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def action(word: str, *, at: str | None = None, action_id: str | None = None, **facts: Any) -> Action:
    """Make an entry for the list of what was done."""
    return {**facts, "id": action_id or uuid.uuid4().hex, "at": at or now(), "action": word}


@dataclass(frozen=True, slots=True)
class Shown:
    """An explorer as it was at one moment, and the alerts beside it in a workbench."""

    whose: str
    graph: nx.MultiDiGraph
    frames: list[pd.DataFrame]
    log: list[dict[str, Any]]
    notes: Mapping[Any, str]
    noted: Mapping[Any, str]
    origins: Mapping[Any, tuple[Note, ...]]
    edition: int
    alerts: pd.DataFrame | None = None


def at_one_moment(thing: Any) -> Any:
    """Take an explorer or a workbench as it is now, before a click changes it further; anything else is given back."""
    is_workbench = hasattr(thing, "explorer") and hasattr(thing, "picker")
    explorer = thing.explorer if is_workbench else thing
    if not isinstance(getattr(explorer, "graph", None), nx.MultiDiGraph) or not hasattr(explorer, "log"):
        return thing
    now = explorer.at_one_moment() if hasattr(explorer, "at_one_moment") else explorer
    frames = getattr(now, "frames", ())
    return Shown(
        whose=_logs.setdefault(explorer, uuid.uuid4().hex),
        graph=now.graph,
        frames=list(frames.values()) if isinstance(frames, Mapping) else list(frames),
        log=list(now.log),
        notes=getattr(now, "notes", {}),
        noted=getattr(now, "noted", {}),
        origins=getattr(now, "origins", {}),
        edition=getattr(now, "edition", len(now.log)),
        alerts=thing.picker.alerts if is_workbench else None,
    )


def add(contents: Contents, thing: Any, *, name: str | None = None, author: str = "") -> list[nx.MultiDiGraph]:
    """Add one thing to a case's contents.

    Parameters
    ----------
    contents : Contents
        Changed in place.
    thing : object
        One of `TAKES`; explorers and workbenches as `at_one_moment` gave them.
    name : str, optional
        What to call a figure, a hunting answer or a table that is no record of Graph.
    author : str
        Who writes the case: the notes of an explorer are theirs.

    Returns
    -------
    list of networkx.MultiDiGraph
        Entity graphs that came with it: the case joins them to its own.

    Raises
    ------
    UsageError
        It is something else; nothing of it was added.
    """
    if isinstance(thing, pd.DataFrame):
        _add_frame(contents, thing, name)
    elif isinstance(thing, nx.MultiDiGraph):
        return [thing]
    elif isinstance(thing, Note):
        contents.notes[thing.note_id] = thing
    elif isinstance(thing, Pivot):
        return _add_pivot(contents, thing)
    elif isinstance(thing, Refresh):
        _add_refresh(contents, thing)
    elif isinstance(thing, Investigation):
        return _add_investigation(contents, thing)
    elif isinstance(thing, GraphClient):
        _add_requests(contents, requests_in(coverage_table(thing.pulls.copy().values())))
        _add_writes(contents, history(thing))
    elif isinstance(thing, Applied):
        _add_writes(contents, thing.results[~thing.results["outcome"].eq("would change")])
    elif hasattr(thing, "to_plotly_json"):
        _add_figure(contents, thing, name)
    elif isinstance(thing, Shown):
        return _add_shown(contents, thing, author)
    else:
        several = " Give them one by one: case.add(*things)." if isinstance(thing, list | tuple | dict) else ""
        words = " Write words down with case.note(…) or case.finding(…)." if isinstance(thing, str) else ""
        raise UsageError(f"a case takes {TAKES}; not {type(thing).__name__}.{several}{words}")
    return []


def _add_frame(contents: Contents, frame: pd.DataFrame, name: str | None) -> None:
    kind = kind_of(frame)
    if kind is None and set(frame.get("record_kind", ())) == {EVIDENCE.record_kind} and "alert_id" in frame:
        _check_evidence(contents, frame)
        return
    if kind is None:
        _add_table(contents, frame, name)
        return
    called = kind
    if kind == HUNTING:
        called = slug(name) if name else f"{HUNTING}-{sha256(json.dumps(list(map(str, frame.columns))))[:6]}"
        if called in contents.frames and kind_of(contents.frames[called]) != HUNTING:
            raise UsageError(f"{log(called)} is what the case calls its {called}: give another name=.")
    elif kind == MAPPED:
        called = slug(str(frame["record_kind"].iloc[0]))
    if kind != HUNTING and name is not None:
        raise UsageError(f"a case calls its {called} {called!r}: leave name= out.")
    rows = len(contents.frames.get(called, ()))
    contents.frames[called] = join_frames(kind, contents.frames.get(called), frame)
    pulls = list(dict.fromkeys(frame["pull_id"].dropna())) if "pull_id" in frame.columns else []
    _add_requests(contents, requests_of(pulls, kind))
    _did(contents, action("add", what=called, rows=len(frame), new_rows=len(contents.frames[called]) - rows))


def _check_evidence(contents: Contents, frame: pd.DataFrame) -> None:
    """Evidence is a part of its alerts, which hold it already."""
    alerts = contents.frames.get("alerts")
    known = set(alerts["id"]) if alerts is not None else set()
    missing = set(frame["alert_id"].dropna()) - known
    if missing:
        raise UsageError(
            f"this evidence is part of {len(missing)} alerts that the case does not hold: add the alerts "
            "(case.add(alerts)); evidence(case.frames['alerts']) gives their evidence again."
        )


def _add_table(contents: Contents, frame: pd.DataFrame, name: str | None) -> None:
    if name is None:
        raise UsageError(
            "this frame holds no records as Graph sent them (record_kind and raw), so nothing says what it is: "
            "give it a name, case.add(frame, name='…'), and it is kept as a table."
        )
    for column in frame.columns:  # what can't be kept is said now, not when the case is saved
        column_to_json(str(column), frame[column])
    if len(set(map(str, frame.columns))) != len(frame.columns):
        raise UsageError("this frame has two columns of one name: rename one, so that both are kept.")
    table = frame.reset_index(drop=True) if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    contents.tables[slug(name)] = table.rename(columns=str)
    _did(contents, action("add", what=f"table {name}", rows=len(frame)))


def _add_figure(contents: Contents, figure: Any, name: str | None) -> None:
    value = figure_to_json(figure)
    title = value.get("layout", {}).get("title") or {}
    called = slug(name or (title.get("text") if isinstance(title, dict) else None) or "figure")
    if name is None:  # two timelines of one title are two figures
        called = next(
            one
            for one in (called, *(f"{called[:56]}-{n}" for n in range(2, 10_000)))
            if contents.figures.get(one, value) == value
        )
    contents.figures[called] = value
    _did(contents, action("add", what=f"figure {called}"))


def _add_pivot(contents: Contents, found: Pivot, label: str | None = None, g: Any = None) -> list[nx.MultiDiGraph]:
    for frame in found.frames.values():
        _add_frame(contents, frame, None)
    _add_requests(contents, requests_in(found.coverage))
    where = found.graph if found.entity in found.graph else g
    attrs = where.nodes[found.entity] if where is not None and found.entity in where else {}
    _did(
        contents,
        action(
            "pivot",
            kind=found.entity.kind,
            key=found.entity.key,
            label=label or attrs.get("label") or found.entity.key,
            identifiers=list(attrs.get("identifiers") or ()),
            rows={name: len(frame) for name, frame in found.frames.items()},
        ),
    )
    return [found.graph]


def _add_refresh(contents: Contents, found: Refresh) -> None:
    _add_frame(contents, found.frame, None)
    changes = [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in found.changes.to_dict(orient="records")
    ]
    gone = {row["id"] for row in changes if row["change"] == "gone"}
    for name, frame in contents.frames.items():
        kinds = {row["record_kind"] for row in changes if row["change"] == "gone"}
        if gone and len(frame) and set(frame["record_kind"].dropna()) <= kinds:
            contents.frames[name] = frame[~frame["id"].isin(gone)].reset_index(drop=True)
    _did(contents, action("refresh", changes=changes))


def _add_investigation(contents: Contents, found: Investigation) -> list[nx.MultiDiGraph]:
    for frame in found.frames.values():
        _add_frame(contents, frame, None)
    _add_requests(contents, requests_in(found.coverage))
    for one in found.pivots:
        _add_pivot(contents, one, g=found.graph)
    if found.incident is not None:
        _did(contents, action("focus", record_kind="incident", record_id=found.incident.id))
    return [found.graph]


def _add_shown(contents: Contents, shown: Shown, author: str) -> list[nx.MultiDiGraph]:
    """The explorer's graph, the frames its pivots brought, its log and its notes; adding it again adds what is new."""
    if shown.alerts is not None:
        _add_frame(contents, shown.alerts, None)
    for frame in shown.frames:
        if kind_of(frame) is not None:
            _add_frame(contents, frame, None)
    for number, entry in enumerate(shown.log):
        plain = json.loads(json.dumps(entry, default=str))
        at = next((plain[name] for name in ("at", "time") if isinstance(plain.get(name), str)), None)
        key = sha256(f"{shown.whose}\n{number}\n{json.dumps(plain, sort_keys=True)}")[:32]
        if key not in contents.actions:
            word = str(plain.pop("action", "step"))
            facts = {name: value for name, value in plain.items() if name not in ("id", "at")}
            _did(contents, action(word, at=at, action_id=key, **facts))
    add_notes(contents, shown, shown.whose, author=author)
    return [shown.graph]


def _add_writes(contents: Contents, results: pd.DataFrame) -> None:
    """What was written to the tenant, or refused; each change once, however often its table is added."""
    for row in results.to_dict(orient="records"):
        facts = {name: None if pd.isna(value) else value for name, value in row.items()}
        at = facts.pop("at", None)
        moment = at.isoformat() if isinstance(at, datetime) else None
        key = sha256(json.dumps([moment, facts], sort_keys=True, default=str))[:32]
        facts["record_id"] = facts.pop("id", None)
        if key not in contents.actions:
            _did(contents, action("write", at=moment, action_id=key, **facts))


def _add_requests(contents: Contents, requests: Iterable[Request]) -> None:
    for request in requests:
        known = contents.requests.get(key_of(request))
        if known is None or "path" in request:  # what is known of a pull is not forgotten
            contents.requests[key_of(request)] = request


def _did(contents: Contents, entry: Action) -> None:
    contents.actions[entry["id"]] = entry
