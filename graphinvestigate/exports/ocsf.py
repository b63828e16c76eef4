"""OCSF 1.5 detection findings: each alert and each risk detection of an entity graph, for data lakes and SIEMs."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from typing import Any

import networkx as nx

from graphinvestigate.exports.cleaning import HALF, Cleaner
from graphinvestigate.exports.json_graphs import json_lines
from graphinvestigate.exports.saying import describe
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.sentences import sentence
from graphinvestigate.linking.tactics import tactic_of

Finding = dict[str, Any]

VERSION = "1.5.0"
_CLASS = 2004  # Detection Finding, of category 2 (Findings)
_CREATED, _CLOSED = 1, 3
_KINDS = ("alert", "risk_detection")
_SEVERITIES = {"informational": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
_UNKNOWN = (0, "Unknown")
_OTHER = 99
# Each table: Graph's value in lower case → OCSF's number and caption.
_STATUS = {
    **dict.fromkeys(("new", "atrisk"), (1, "New")),
    **dict.fromkeys(("inprogress", "confirmedcompromised"), (2, "In Progress")),
    **dict.fromkeys(("resolved", "remediated", "dismissed", "confirmedsafe"), (4, "Resolved")),
}
_VERDICTS = {
    **dict.fromkeys(("falsepositive", "confirmedsafe"), (1, "False Positive")),
    **dict.fromkeys(("truepositive", "confirmedcompromised"), (2, "True Positive")),
    "informationalexpectedactivity": (5, "Benign"),
    "dismissed": (3, "Disregard"),
}
_EVIDENCE_VERDICTS = {
    "malicious": (2, "True Positive"),
    "suspicious": (4, "Suspicious"),
    "nothreatsfound": (5, "Benign"),
}
_OBSERVABLES = {
    "host": (1, "Hostname"),
    "ip": (2, "IP Address"),
    "user": (4, "User Name"),
    "mailbox": (5, "Email Address"),
    "url": (6, "URL String"),
    "domain": (1, "Hostname"),
    "file": (7, "File Name"),
    "process": (9, "Process Name"),
}
_RESOURCES = frozenset({"user", "host", "mailbox", "cloud_resource", "app", "service_principal"})


def ocsf(g: nx.MultiDiGraph) -> bytes:
    """Write a graph's alerts and risk detections as OCSF detection findings, one JSON object per line."""
    clean = Cleaner(HALF)
    written = json_lines(detection_findings(g), clean)
    clean.say("UTF-8", "They are halves of characters, which no file of text holds.")
    return written


def detection_findings(g: nx.MultiDiGraph) -> list[Finding]:
    """Give a graph's alerts and risk detections as OCSF detection findings.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; not changed.

    Returns
    -------
    list of dict
        Oldest first, each with its severity, status, verdict, ATT&CK techniques, the entities that it names as
        observables, and per piece of evidence a sentence that says what the record states. Times are milliseconds since
        1970, UTC.

    Warns
    -----
    UserWarning
        Records that others only name, or without a time, make no finding; it says how many.
    """
    records = sorted(node for node in g if isinstance(node, Record) and node.kind in _KINDS)
    known = [node for node in records if g.nodes[node].get("read") and g.nodes[node].get("time")]
    if len(known) < len(records):
        missing = len(records) - len(known)
        warnings.warn(
            f"{missing:,} alert or detection {'records were' if missing > 1 else 'record was'} only named by others or "
            "has no time, and makes no finding: left out. Pull the frames that hold them to bring them in.",
            stacklevel=3,
        )
    findings = [_finding(g, node) for node in known]
    return sorted(findings, key=lambda one: (one["time"], one["finding_info"]["uid"]))


def _finding(g: nx.MultiDiGraph, node: Record) -> Finding:
    attrs = g.nodes[node]
    is_alert = node.kind == "alert"
    severity = _SEVERITIES.get(str(attrs.get("severity" if is_alert else "risk_level") or "").lower(), _UNKNOWN)
    standing = str(attrs.get("status" if is_alert else "risk_state") or "")
    status = _STATUS.get(standing.lower(), (_OTHER, standing) if standing else _UNKNOWN)
    activity = _CLOSED if status[0] == 4 else _CREATED
    first = _milliseconds(attrs["time"])
    last = max(first, _milliseconds(attrs.get("end_time") or attrs["time"]))
    product = str(
        attrs.get("service_source") or attrs.get("detection_source") or attrs.get("source") or "Microsoft Graph"
    )
    finding: Finding = {
        "activity_id": activity,
        "category_uid": _CLASS // 1000,
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + activity,
        "time": last,
        "start_time": first,
        "end_time": last,
        "message": _sentence(describe(g, node)),
        "severity_id": severity[0],
        "severity": severity[1],
        "status_id": status[0],
        "status": status[1],
        "is_alert": is_alert,
        "metadata": {
            "version": VERSION,
            "profiles": ["incident"],
            "product": {"name": product, "vendor_name": "Microsoft"},
            "uid": node.id,
        },
        "finding_info": _info(attrs, node, first, last),
    }
    if attrs.get("tenant_id"):
        finding["metadata"]["tenant_uid"] = str(attrs["tenant_id"])
    if attrs.get("incident_id"):
        finding["metadata"]["correlation_uid"] = str(attrs["incident_id"])
    verdict = _VERDICTS.get(str(attrs.get("classification" if is_alert else "risk_state") or "").lower())
    if verdict:
        finding["verdict_id"], finding["verdict"] = verdict
    return finding | _named(g, node)


def _info(attrs: dict[str, Any], node: Record, first: int, last: int) -> Finding:
    info: Finding = {
        "uid": node.id,
        "title": str(attrs.get("label") or node.id),
        "types": [str(attrs.get("category") or attrs.get("risk_event_type") or node.kind)],
        "first_seen_time": first,
        "last_seen_time": last,
    }
    if attrs.get("updated"):
        info["modified_time"] = _milliseconds(attrs["updated"])
    sources = [str(attrs[name]) for name in ("service_source", "detection_source", "source") if attrs.get(name)]
    if sources:
        info["data_sources"] = list(dict.fromkeys(sources))
    attacks = [
        {"technique": {"uid": uid.partition(".")[0]}} | ({"sub_technique": {"uid": uid}} if "." in uid else {})
        for uid in (str(one) for one in attrs.get("mitre_techniques") or ())
        if re.fullmatch(r"T\d{4}(?:\.\d{3})?", uid)
    ]
    tactic = tactic_of(attrs.get("category"))
    if tactic and not attacks:
        attacks = [{"tactic": {"name": tactic}}]
    return info | ({"attacks": attacks} if attacks else {})


def _named(g: nx.MultiDiGraph, node: Record) -> Finding:
    near = sorted({other for other in (*g.successors(node), *g.predecessors(node)) if isinstance(other, Entity)})
    observables, resources, evidences = [], [], []
    for entity in near:
        attrs = g.nodes[entity]
        label = str(attrs.get("label") or entity.key)
        number, caption = _OBSERVABLES.get(entity.kind, (_OTHER, entity.kind.replace("_", " ")))
        observables.append({"name": entity.kind, "type_id": number, "type": caption, "value": label})
        for text in attrs.get("identifiers") or ():
            name, _, value = text.partition("=")
            if name in ("md5", "sha1", "sha256"):
                observables.append({"name": f"{entity.kind}.{name}", "type_id": 8, "type": "Hash", "value": value})
        if entity.kind in _RESOURCES:
            resources.append({"uid": entity.key, "name": label, "type": entity.kind})
        evidences += [_evidence(g, node, entity, relation) for relation in sorted(g.get_edge_data(node, entity) or {})]
    found = {"observables": observables, "resources": resources, "evidences": evidences}
    return {name: rows for name, rows in found.items() if rows}


def _evidence(g: nx.MultiDiGraph, node: Record, entity: Entity, relation: str) -> Finding:
    edge = g.edges[node, entity, relation]
    attrs = g.nodes[entity]
    references = edge.get("references") or ()
    data = {
        "kind": entity.kind,
        "key": entity.key,
        "relation": relation,
        "identifiers": list(attrs.get("identifiers") or ()),
        "fields": list(dict.fromkeys(str(one["field"]) for one in references)),
    }
    if references:
        data["why"] = sentence(g, node, entity, relation, references[0])
    evidence: Finding = {"name": str(attrs.get("label") or entity.key), "data": data}
    verdict = _EVIDENCE_VERDICTS.get(str(edge.get("verdict") or "").lower())
    if verdict:
        evidence["verdict_id"], evidence["verdict"] = verdict
    return evidence


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _milliseconds(time: str) -> int:
    since = datetime.fromisoformat(time).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
