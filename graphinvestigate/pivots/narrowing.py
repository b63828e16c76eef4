"""Rows that name an entity, out of frames that Graph did not narrow down."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.identifiers import SCOPED, STRONG
from graphinvestigate.pivots.steps import SOURCES

_BY_ID_OR_NAME = ("object_id", "upn")
# By which types of identifier a source names entities of a kind, where that is not by all of them.
_NAMED_BY: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "user": dict.fromkeys(("risk_detections", "risky_users", "sign_ins", "directory_audits"), _BY_ID_OR_NAME),
    "host": {"sign_ins": ("device_id", "short_name")},
    "app": dict.fromkeys(
        ("sign_ins", "directory_audits", "service_principal_risk_detections", "risky_service_principals"), ("app_id",)
    ),
}


def in_tenant(identifiers: Collection[str], tenant: str) -> set[str]:
    """Identifiers of an entity, those that mean something within a tenant only as that tenant's too.

    Who types an account, a private address or a short name does not write the tenant before it, as graphs do.
    """
    pairs = [text.partition("=") for text in identifiers]
    return {*identifiers, *(f"{name}={tenant}/{value}" for name, _, value in pairs if name in SCOPED)}


def unnamed(kind: str, source: str, identifiers: Collection[str]) -> str:
    """Why no row of a source can be told to name an entity, as far as that is known; empty where it can."""
    by = _NAMED_BY.get(kind, {}).get(source, ())
    if not by or not {text.partition("=")[0] for text in identifiers}.isdisjoint(by):
        return ""
    return f"names a {kind} by {' or '.join(by)}, which is not known yet; pivot again with g="


def about(source: str, frame: pd.DataFrame, entity: Entity, identifiers: Collection[str], tenant: str) -> pd.DataFrame:
    """The rows of a frame that name the entity; `tenant` is that of records which don't say theirs."""
    named: dict[str, pd.DataFrame] = {source: frame} if source in SOURCES else {}
    own = [] if named else [frame]
    whole = linking.entity_graph(**named, records=own, tenant=tenant)
    kind = RESOURCES[source].record_kind if named else source
    ours = in_tenant(identifiers, tenant)
    ids = {
        record.id
        for node, data in whole.nodes(data=True)
        if isinstance(node, Entity) and node.kind == entity.kind and _same(ours, set(data["identifiers"]))
        for record in nx.all_neighbors(whole, node)
        if isinstance(record, Record) and record.kind == kind
    }
    return frame[frame["id"].isin(ids)].reset_index(drop=True)


def _same(ours: set[str], theirs: set[str]) -> bool:
    """Whether two sets of identifiers mean one entity: one in common, and no strong one that contradicts."""
    if ours.isdisjoint(theirs):
        return False
    for kind in STRONG:
        a = {text for text in ours if text.startswith(f"{kind}=")}
        b = {text for text in theirs if text.startswith(f"{kind}=")}
        if a and b and a.isdisjoint(b):
            return False
    return True
