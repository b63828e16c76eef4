"""A case in sentences: what an incident commander reads first. Plain text, not escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graphinvestigate.cases import summary
from graphinvestigate.cases.dossier import Dossier
from graphinvestigate.linking import Entity
from graphinvestigate.linking.labels import kind_word

VERDICT_WORDS = {
    "malicious": "malicious",
    "suspicious": "suspicious",
    "noThreatsFound": "no threat found",
    "unknown": "unknown",
}


REDACTED = (
    "This copy is redacted: names, addresses, domains, URLs, paths and ids in it are pseudonyms, the same everywhere, "
    "unless who made it kept some on purpose. They may belong to others: ask before you block or hunt for one. Times, "
    "titles, severities and hashes of files are as they were."
)


def is_redacted(dossier: Dossier) -> bool:
    """Whether the case is a copy under pseudonyms."""
    return any(one["action"] == "redact" for one in dossier.actions)


def opening(dossier: Dossier) -> list[str]:
    """The case in a few sentences: verdict, what the records say, when, whom, and how much was not looked at."""
    said = [REDACTED] if is_redacted(dossier) else []
    said += [_verdict(dossier), _incident(dossier)]
    said += [sentence for sentence in (_when(dossier), _whom(dossier), _risk(dossier)) if sentence]
    said.append(f"The case holds {counted(dossier)}.{_age(dossier)}")
    open_items = int(dossier.checklist["state"].eq("not checked").sum())
    if open_items:
        noun = "thing was" if open_items == 1 else "things were"
        said.append(f"{open_items} {noun} not checked; what was not seen is unknown, not absent.")
    return said


def _verdict(dossier: Dossier) -> str:
    if dossier.verdict is None:
        return "No verdict has been given yet."
    by = f" by {dossier.verdict.author}" if dossier.verdict.author else ""
    words = VERDICT_WORDS[dossier.verdict.value]
    return f"Verdict: {words}{by}, {minute(dossier.verdict.written)} UTC. {dossier.verdict.text}"


def _incident(dossier: Dossier) -> str:
    if dossier.incident is None:
        if not len(dossier.ranking):
            return "The case holds no incident."
        return f"None of the {len(dossier.ranking):,} incidents here looks like an intrusion by its records."
    row = dossier.ranking[dossier.ranking["id"] == dossier.incident.id].iloc[0]
    named = ", ".join(str(row[name]) for name in ("severity", "status") if pd.notna(row[name]))
    title = row["display_name"] if pd.notna(row["display_name"]) else "without a name"
    looks = "looks like an intrusion" if dossier.attack else "does not look like an intrusion in several stages"
    return f"Incident {dossier.incident.id} {looks}: {title} ({named or 'read through its alerts only'}). {row['why']}"


def _when(dossier: Dossier) -> str:
    story = incident_alerts(dossier)
    times = story["first_activity_date_time"].dropna() if len(story) else pd.Series([], dtype="object")
    if not len(times):
        return ""
    first = story.loc[times.idxmin()]
    ends = story["last_activity_date_time"].dropna()
    last = ends.max() if len(ends) else times.max()
    whose = "Its" if dossier.incident is not None else "The case's"
    alerts = "1 alert spans" if len(story) == 1 else f"{len(story):,} alerts span"
    return (
        f"{whose} {alerts} {minute(times.min().isoformat())} to {minute(last.isoformat())} UTC; "
        f"the first is “{first['title']}”."
    )


def _whom(dossier: Dossier) -> str:
    reached = [one for one in (dossier.user, dossier.host) if one is not None]
    if not reached:
        return ""
    parts = []
    if dossier.user is not None:
        source = f", from the {name_of(dossier, dossier.address)}" if dossier.address is not None else ""
        parts.append(f"by its alerts the first reached is the {name_of(dossier, dossier.user)}{source}")
    if dossier.host is not None:
        parts.append(f"the gravest alert names the {name_of(dossier, dossier.host)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _risk(dossier: Dossier) -> str:
    if dossier.user is None:
        return ""
    row = dossier.entities[(dossier.entities["kind"] == "user") & (dossier.entities["key"] == dossier.user.key)]
    if not len(row) or pd.isna(row["risk_level"].iloc[0]):
        whole = dossier.coverage.loc[dossier.coverage["complete"].fillna(False), "resource"]
        if not {"risk_detections", "risky_users"} & {*dossier.frames, *whole}:
            return "What Entra rates that user's risk is not known: the case holds no risk detections or risky users."
        return "Entra reports no risk for that user in these records."
    state = row["risk_state"].iloc[0]
    return (
        f"Entra rates that user's risk {row['risk_level'].iloc[0]} ({state if pd.notna(state) else 'state unknown'})."
    )


def _age(dossier: Dossier) -> str:
    """When the records were pulled: what happened since is not in the case."""
    times = sorted(str(one["finished"]) for one in dossier.requests if one.get("finished"))
    if not times:
        return ""
    first, last = minute(times[0]), minute(times[-1])
    when = f"at {last}" if first == last else f"between {first} and {last}"
    return f" It was pulled from Graph {when} UTC by the tenant's clock; what happened since is not in it."


def counted(dossier: Dossier) -> str:
    """What the case holds, counted: "120 alerts, 638 sign-ins, 2 findings"."""
    held = {name: len(frame) for name, frame in dossier.frames.items()}
    words = summary.counted(held) if held else "no records"
    findings = int(dossier.notes["kind"].eq("finding").sum())
    notes = len(dossier.notes) - findings
    if findings:
        words += f", {findings} finding{'s' if findings > 1 else ''}"
    if notes:
        words += f", {notes} note{'s' if notes > 1 else ''}"
    return words


def steps(dossier: Dossier) -> list[str]:
    """What was done, one sentence per step, oldest first; what only looks around is left out."""
    said = []
    for one in dossier.actions:
        words = _step(one)
        if words:
            said.append(f"{minute(str(one['at']))} UTC: {words}")
    return said


def _step(one: Mapping[str, Any]) -> str:
    label = _named(one)
    match one["action"]:
        case "pivot" if one.get("error"):
            return f"asked Graph about the {label}; it failed: {one['error']}"
        case "pivot":
            rows = one.get("rows")
            counts = {str(k): v for k, v in rows.items() if isinstance(v, int)} if isinstance(rows, dict) else {}
            missing = ", ".join(str(source).replace("_", " ") for source in one.get("not_read") or ())
            short = f"; not read, so unknown: {missing}" if missing else ""
            did = "went on asking" if one.get("goes_on") else "asked"
            return f"{did} Graph about the {label}: {summary.counted(counts) or 'nothing came'}{short}"
        case "add" if isinstance(rows := one.get("rows"), int) and " " not in str(one.get("what", " ")):
            return f"added {summary.counted({str(one['what']): rows})}"
        case "add":
            return " ".join(f"added {one.get('rows', '')} {one.get('what', '')}".replace("_", " ").split())
        case "refresh" if one.get("headline"):
            return f"refreshed: {one['headline']}"
        case "refresh":
            changes = one.get("changes")
            return f"refreshed: {len(changes) if isinstance(changes, list) else 0} changes"
        case "write":
            by = f" by {one['by']}" if one.get("by") else ""
            what = f"{one.get('record_kind')} {one.get('record_id')}, {one.get('field')}"
            reason = f" ({one['reason']})" if one.get("reason") else ""
            change = f"{one.get('before')} → {one.get('after')}"
            return f"wrote to the tenant{by}: {what}: {change}: {one.get('outcome')}{reason}"
        case "merge":
            others = ", ".join(str(key) for _, key in one.get("with") or ())
            return f"took the {_named(one)} and {others} for one: {one.get('reason')}"
        case "split":
            return f"told {one.get('identifier')} apart from the {_named(one)}: {one.get('reason')}"
        case "redact":
            return "names were replaced by pseudonyms, in a copy: this one"
        case "focus":
            return f"chose the incident {one.get('record_id')}"
        case word if isinstance(one.get("text"), str):
            return f"{word}: {one['text']}"
    return ""


def _named(one: Mapping[str, Any]) -> str:
    return f"{kind_word(str(one.get('kind', '')))} {one.get('label') or one.get('key') or ''}".strip()


def writes(dossier: Dossier) -> list[dict[str, Any]]:
    """The steps that changed the tenant, or were to."""
    return [one for one in dossier.actions if one["action"] == "write"]


def incident_alerts(dossier: Dossier) -> pd.DataFrame:
    """The alerts of the case's incident; all alerts where it has none."""
    alerts = dossier.frames.get("alerts")
    if alerts is None:
        return pd.DataFrame()
    if dossier.incident is None:
        return alerts
    return summary.incident_alerts(dossier)


def name_of(dossier: Dossier, entity: Entity | None) -> str:
    """An entity in words: "user alice@contoso.com"."""
    if entity is None:
        return "?"
    return f"{kind_word(entity.kind)} {dossier.graph.nodes[entity]['label']}"


def findings(dossier: Dossier) -> list[str]:
    """One sentence per finding: what, about what, by whom and when."""
    return _notes(dossier, "finding")


def remarks(dossier: Dossier) -> list[str]:
    """One sentence per note."""
    return _notes(dossier, "note")


def _notes(dossier: Dossier, kind: str) -> list[str]:
    said = []
    for row in dossier.notes[dossier.notes["kind"] == kind].itertuples():
        about = "" if row.about == "the case" else f" (on {row.about})"
        by = f"{row.author}, " if row.author else ""
        said.append(f"{row.text}{about} [{by}{minute(row.written.isoformat())} UTC]")
    return said


def minute(text: str) -> str:
    """A time to the minute."""
    return text[:16].replace("T", " ")
