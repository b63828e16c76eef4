"""What a reference says, as a sentence. Plain text of raw values: whoever draws it escapes it."""

from __future__ import annotations

from typing import Any

import networkx as nx

from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Entity, Node, Record

# {record}: the record that says so; {source} and {target}: the two ends of the edge; {when}: the time.
_RECORD_SAYS = {
    "contains_alert": "Incident {source} contains the alert {target}.",
    "redirected_to": "Incident {source} was merged into {target}.",
    "names": "{record} mentions {target}.",
    "risk_detected_for": "{record} is about {target}.",
    "risk_detected_from": "{record} came from {target}.",
    "risk_standing_of": "{record} is the standing of {target}.",
    "detected_in_sign_in": "{record} was raised on {target}.",
    "signed_in": "{record} was by {target}.",
    "signed_in_from": "{record} came from {target}.",
    "signed_in_with": "{record} was made with {target}.",
    "signed_in_through": "{record} went through {target}.",
    "signed_in_to": "{record} was to {target}.",
    "signed_in_as": "{record} was by {target}.",
    "initiated_by": "{record} was done by {target}.",
    "initiated_from": "{record} was done from {target}.",
    "targets": "{record} changed {target}.",
    "describes": "{record} describes {target}.",
    "done_by": "{record} was by {target}.",
    "done_to": "{record} was done to {target}.",
    "seen_on": "{record} was on {target}.",
    "came_from": "{record} came from {target}.",
    "went_to_address": "{record} went to {target}.",
}
_TIE_SAYS = {
    "signed_in_from": "{source} signed in from {target}{when}.",
    "signed_in_with": "{source} signed in with {target}{when}.",
    "active_from": "{source} was active from {target}{when}.",
    "logged_on_to": "{source} was logged on to {target}{when}.",
    "has_address": "{source} had the {target}{when}.",
    "ran_on": "{source} ran on {target}{when}.",
    "ran": "{source} ran {target}{when}.",
    "started": "{source} started {target}{when}.",
    "runs_file": "{source} ran the {target}{when}.",
    "found_on": "{source} was found on {target}{when}.",
    "resolves_to": "{source} resolved to {target}{when}.",
    "connected_to": "{source} connected to {target}{when}.",
    "sent": "{source} sent {target}{when}.",
    "sent_to": "{source} was sent to {target}{when}.",
    "sent_from": "{source} was sent from {target}{when}.",
    "links_to": "{source} links to {target}{when}.",
    "uses_mailbox": "{source} uses {target}{when}.",
    "part_of": "{source} is part of {target}{when}.",
    "hosted_at": "{source} points to {target}{when}.",
    "acted_on": "{source} changed {target}{when}.",
    "acted_from": "{source} acted from {target}{when}.",
    "instance_of": "{source} is the {target} in this tenant{when}.",
    "accessed": "{source} accessed {target}{when}.",
    "accessed_from": "{source} accessed resources from {target}{when}.",
    "used_session": "{source} used {target}{when}.",
    "reported": "{source} reported {target}{when}.",
    "looked_up": "{source} looked up {target}{when}.",
    "answered_for": "{source} answered for {target}{when}.",
    "opened": "{source} opened {target}{when}.",
    "went_to": "{source} went to {target}{when}.",
    "groups": "{source} groups {target}{when}.",
    "carries": "{source} carries {target}{when}.",
    "has_configuration": "{source} has the {target}{when}.",
    "runs_as": "{source} runs as {target}{when}.",
    "runs_image": "{source} runs {target}{when}.",
    "runs_on": "{source} runs on {target}{when}.",
    "controls": "{source} controls {target}{when}.",
    "opens": "{source} opens {target}{when}.",
    "same_content_as": "{source} has the same content as {target}{when}.",
    "trusts": "{source} trusts {target}{when}.",
    "contains": "{source} contains {target}{when}.",
    "has_nic": "{source} has the network card {target}{when}.",
    "active_on": "{source} was active on {target}{when}.",
    "requested": "{source} requested {target}{when}.",
    "about": "{source} is about {target}{when}.",
    "has_content": "{source} has the content of {target}{when}.",
}


RELATIONS = (*_RECORD_SAYS, *_TIE_SAYS)
"""The relations that have a sentence of their own."""

_PRINCIPALS = ("user", "host")  # they go by their names alone
# What these are called is a line of somebody's words, and reads as one only between quotes.
_QUOTED = frozenset({"mail_message", "mail_submission", "mail_cluster", "teams_message", "mailbox_configuration"})


def utc(time: str | None) -> str:
    """``2026-02-03 10:14 UTC`` from an ISO text; ``time unknown`` where there is none."""
    return f"{time[:10]} {time[11:16]} UTC" if time else "time unknown"


def describe(g: nx.MultiDiGraph, node: Node) -> str:
    """Name a node within a sentence: an entity with its kind, a record with what an analyst asks first."""
    if node not in g:  # a cut-out keeps edges whose references name records that lie outside
        return f"{kind_word(node.kind)} {node[1]} (outside this part of the graph)"
    attrs = g.nodes[node]
    if isinstance(node, Entity):
        if node.kind in _PRINCIPALS:
            return str(attrs["label"])
        return f"{kind_word(node.kind)} " + (f'"{attrs["label"]}"' if node.kind in _QUOTED else str(attrs["label"]))
    if not attrs.get("read"):
        return f"{kind_word(node.kind)} {node.id} (not read)"
    when = utc(attrs.get("time"))
    if node.kind == "alert":
        return f'alert "{attrs["label"]}" ({attrs.get("severity") or "unrated"}, {when})'
    if node.kind == "risk_detection":
        return f"risk detection {attrs['label']} ({_risk(attrs)}, {when})"
    if node.kind == "directory_audit":
        return f'directory audit "{attrs["label"]}" ({attrs.get("result") or "result unknown"}, {when})'
    if node.kind == "service_principal_risk_detection":
        return f"risk detection {attrs['label']} ({_risk(attrs)}, {when})"
    if node.kind in ("risky_user", "risky_service_principal"):
        return f"Entra's risk record ({_risk(attrs)}, {when})"
    if node.kind == "sign_in":
        return f"sign-in to {attrs['label']} ({_outcome(attrs)}, {when})"
    if node.kind == "incident" or node.kind.startswith("directory_"):
        return f'{kind_word(node.kind)} "{attrs["label"]}"'
    named = f' "{attrs["title"]}"' if attrs.get("title") else ""
    return f"{kind_word(node.kind)}{named} ({when})"


def sentence(g: nx.MultiDiGraph, source: Node, target: Node, relation: str, reference: dict[str, Any]) -> str:
    """Say what one reference of the edge from `source` to `target` states."""
    record = Record(reference["record_kind"], reference["record_id"])
    if isinstance(source, Entity) and isinstance(target, Entity):
        pattern = _TIE_SAYS.get(relation, f"{{source}} {relation.replace('_', ' ')} {{target}}{{when}}.")
        text = pattern.format(
            source=describe(g, source), target=describe(g, target), when=f" ({utc(reference['time'])})"
        )
        return _capital(source, f"{text[:-1]}, says {describe(g, record)}.")
    if relation == "has_evidence":
        return _capital(source, f"{describe(g, source)} names {describe(g, target)} as {_evidence(reference)}.")
    pattern = _RECORD_SAYS.get(relation, f"{{record}} {relation.replace('_', ' ')} {{target}}.")
    ends = {"source": _short(g, source), "target": _short(g, target)} if relation == "contains_alert" else None
    names = ends or {"source": _short(g, source), "target": describe(g, target)}
    return _capital(source, pattern.format(record=describe(g, source), **names))


def _short(g: nx.MultiDiGraph, node: Node) -> str:
    if isinstance(node, Record) and node.kind == "incident":
        attrs = g.nodes[node]
        return f'"{attrs["label"]}" ({node.id})' if attrs.get("read") else node.id
    return describe(g, node).removeprefix("alert ")


def _evidence(reference: dict[str, Any]) -> str:
    """``compromised evidence (malicious)``: roles, then the verdict where it is one."""
    roles = [r for r in reference.get("roles", ()) if r not in ("unknown", "unknownFutureValue")]
    words = " and ".join(_spaced(r) for r in roles)
    text = f"{words} evidence" if words else "evidence"
    verdict = reference.get("verdict")
    return f"{text} ({_spaced(verdict)})" if verdict in ("malicious", "suspicious", "noThreatsFound") else text


def _spaced(name: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _risk(attrs: dict[str, Any]) -> str:
    level = attrs.get("risk_level") or "level unknown"
    state = attrs.get("risk_state")
    return f"{level}, {_spaced(state)}" if state else level


def _outcome(attrs: dict[str, Any]) -> str:
    code = attrs.get("status_error_code")
    if code is None:
        return "outcome unknown"
    if code == 0:
        return "succeeded"
    reason = str(attrs.get("status_failure_reason") or "").strip().rstrip(".")
    return f"failed with {code}: {reason}" if reason and reason != "Other" else f"failed with {code}"


def _capital(first: Node, text: str) -> str:
    """Capitalise a sentence that begins with a word of ours; a name stays as it is written."""
    return text if first.kind in _PRINCIPALS else f"{text[:1].upper()}{text[1:]}"
