"""What a case comes to, computed once for every form it is told in: HTML, Markdown, a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import linking
from graphinvestigate.cases.checklist import checklist
from graphinvestigate.cases.contents import FIGURES, Contents
from graphinvestigate.cases.figures import figure_from_json
from graphinvestigate.cases.indicators import indicators
from graphinvestigate.cases.manifest import FileEntry, Manifest
from graphinvestigate.cases.questions import attackers, story_of
from graphinvestigate.cases.requests import coverage_of, in_order
from graphinvestigate.frames import evidence
from graphinvestigate.linking import Entity, Record
from graphinvestigate.notes import Note, current_notes, notes_frame
from graphinvestigate.views.tables import triage_table
from graphinvestigate.walkthrough import attack_graph, leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A case, read.

    Attributes
    ----------
    name, case_id : str
    saved : datetime
        When it was saved, UTC.
    tenants : tuple of str
        Ids of the tenants its records name as their own.
    frames, tables : dict of str to DataFrame
    figures : dict of str to plotly Figure
    evidence, triage : DataFrame or None
        Of its alerts: their evidence, and the alert queue.
    graph : networkx.MultiDiGraph
    ranking : DataFrame
        One row per incident; see `linking.rank_incidents`.
    incident : Record or None
        The one that the case is about.
    attack : bool
        Whether that one looks like an intrusion.
    user, host, address : Entity or None
        Who was reached first, where it ended, where it came from; by the records of the incident.
    paths : linking.Paths
        From the user to the host.
    story : linking.AttackStory or None
        The four questions, answered for that incident by the records of the case.
    entities : DataFrame
        Those around the incident, or all, most important first.
    indicators : DataFrame
        What to look for elsewhere; see `indicators`.
    coverage, checklist : DataFrame
    notes : DataFrame
        Notes and findings that stand.
    verdict : Note or None
    actions : list of dict
    requests : list of dict
    files : mapping of str to FileEntry
        What the case is made of.
    content_sha256 : str
    tools : mapping of str to str
    """

    name: str
    case_id: str
    saved: datetime
    tenants: tuple[str, ...]
    frames: dict[str, pd.DataFrame] = field(repr=False)
    tables: dict[str, pd.DataFrame] = field(repr=False)
    figures: dict[str, go.Figure] = field(repr=False)
    evidence: pd.DataFrame | None = field(repr=False)
    triage: pd.DataFrame | None = field(repr=False)
    graph: nx.MultiDiGraph = field(repr=False)
    ranking: pd.DataFrame = field(repr=False)
    incident: Record | None
    attack: bool
    user: Entity | None
    host: Entity | None
    address: Entity | None
    paths: linking.Paths = field(repr=False)
    story: linking.AttackStory | None = field(repr=False)
    entities: pd.DataFrame = field(repr=False)
    indicators: pd.DataFrame = field(repr=False)
    coverage: pd.DataFrame = field(repr=False)
    checklist: pd.DataFrame = field(repr=False)
    notes: pd.DataFrame = field(repr=False)
    verdict: Note | None
    actions: list[dict[str, Any]] = field(repr=False)
    requests: list[dict[str, Any]] = field(repr=False)
    files: Mapping[str, FileEntry] = field(repr=False)
    content_sha256: str
    tools: Mapping[str, str] = field(repr=False)


def dossier_of(manifest: Manifest, contents: Contents) -> Dossier:
    """Read a case: the same manifest and contents give the same dossier.

    Parameters
    ----------
    manifest : Manifest
        Of its derived values nothing is used.
    contents : Contents

    Returns
    -------
    Dossier
    """
    g = contents.graph if contents.graph is not None else nx.MultiDiGraph()
    ranking = linking.rank_incidents(g)
    actions = sorted((dict(one) for one in contents.actions.values()), key=lambda one: (one["at"], one["id"]))
    incident = _incident(g, ranking, actions)
    user, host, address = leads(g, incident) if incident is not None else (None, None, None)
    around = set(linking.neighborhood(g, incident, hops=2)) if incident is not None else set(g)
    table = linking.entities(g)
    near = [Entity(row.kind, row.key) in around for row in table.itertuples()]
    standing = current_notes(contents.notes.values())
    requests = in_order(contents.requests.values())
    coverage = coverage_of(requests)
    verdicts = [note for note in standing if note.kind == "verdict"]
    row = ranking[ranking["id"] == incident.id] if incident is not None else ranking.head(0)
    items = evidence(contents.frames["alerts"]) if "alerts" in contents.frames else None
    story = story_of(g, incident, contents)
    theirs = {address: "the attack came from there"} if address is not None else {}
    return Dossier(
        name=manifest.name,
        case_id=manifest.case_id,
        saved=datetime.fromisoformat(manifest.saved).astimezone(UTC),
        tenants=_tenants(contents.frames),
        frames=contents.frames,
        tables=contents.tables,
        figures={n: figure_from_json(v, source=f"{FIGURES}/{n}.json") for n, v in contents.figures.items()},
        evidence=items,
        triage=triage_table(contents.frames["alerts"], items) if items is not None else None,
        graph=g,
        ranking=ranking,
        incident=incident,
        attack=bool(len(row)) and bool(row["attack"].fillna(False).iloc[0]),
        user=user,
        host=host,
        address=address,
        paths=_paths(g, incident, user, host),
        story=story,
        entities=table[np.array(near, dtype=bool)].reset_index(drop=True),
        indicators=indicators(g, incident, attacker=theirs | (attackers(story) if story is not None else {})),
        coverage=coverage,
        checklist=checklist(standing, coverage, contents.frames),
        notes=notes_frame([note for note in standing if note.kind in ("note", "finding")], g),
        verdict=verdicts[-1] if verdicts else None,
        actions=actions,
        requests=requests,
        files=manifest.files,
        content_sha256=manifest.content_sha256,
        tools=manifest.tools,
    )


def _incident(g: nx.MultiDiGraph, ranking: pd.DataFrame, actions: list[dict[str, Any]]) -> Record | None:
    """The incident that was chosen last, else the only one, else the one that looks most like an intrusion."""
    chosen = [str(one.get("record_id")) for one in actions if one["action"] == "focus"]
    for incident_id in reversed(chosen):
        record = Record("incident", incident_id)
        if record in g:
            return record
    if len(ranking) == 1:
        return Record("incident", ranking["id"].iloc[0])
    return next((Record("incident", row.id) for row in ranking.itertuples() if row.attack), None)


def _paths(g: nx.MultiDiGraph, incident: Record | None, user: Entity | None, host: Entity | None) -> linking.Paths:
    if incident is None or user is None or host is None:
        return linking.Paths(reason="no incident with both a user and a host: nothing to connect")
    told = attack_graph(g, incident)
    if user not in told or host not in told:
        return linking.Paths(reason="the incident's own alerts do not connect the two")
    return linking.paths(told, user, host)


def _tenants(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    found: set[str] = set()
    for frame in frames.values():
        for name in ("tenant_id", "azure_tenant_id"):
            if name in frame.columns:
                found |= set(frame[name].dropna().astype("str"))
    return tuple(sorted(found))
