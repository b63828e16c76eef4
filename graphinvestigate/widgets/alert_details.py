"""What the panes say about an alert: facts, description, evidence and recommended actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graphinvestigate import text
from graphinvestigate.widgets.details import badge, facts, listed, more, plain
from graphinvestigate.widgets.safe import Safe, join, safe_html

MOST_EVIDENCE = 30
_ALERT_FACTS = {
    "status": "Status",
    "service_source": "Source",
    "detection_source": "Detected by",
    "category": "Category",
    "mitre_techniques": "ATT&CK techniques",
    "first_activity_date_time": "First activity",
    "last_activity_date_time": "Last activity",
    "created_date_time": "Created",
    "incident_id": "Incident",
    "classification": "Classification",
    "determination": "Determination",
    "assigned_to": "Assigned to",
    "actor_display_name": "Actor",
    "threat_display_name": "Threat",
    "threat_family_name": "Threat family",
    "id": "Alert id",
}
# What names an evidence item, the most telling first.
NAMING = (
    "process_command_line",
    "image_file_file_name",
    "primary_address",
    "user_account_user_principal_name",
    "user_account_account_name",
    "device_dns_name",
    "host_name",
    "ip_address",
    "file_details_file_name",
    "url",
    "domain_name",
    "subject",
    "display_name",
    "service_principal_name",
    "resource_name",
    "registry_key",
    "name",
    "value",
    "cluster_by_value",
    "account",
    "destination_address",
)
EVIDENCE_COLUMNS = ("verdict", "roles", *NAMING)
"""What is read of an item's type: all of its columns would take longer than the rest of a click."""


def alert_details(row: pd.DataFrame, evidence: pd.DataFrame) -> Safe:
    """Say what is known of an alert.

    Parameters
    ----------
    row : pandas.DataFrame
        The alert, one row.
    evidence : pandas.DataFrame
        Its evidence, one row per item, with `EVIDENCE_COLUMNS` at least.

    Returns
    -------
    Safe
        Facts, description, evidence and recommended actions.
    """
    alert = row.iloc[0]
    parts = [
        safe_html("<h3>{title}</h3>", title=plain(alert.get("title")) or "(no title)"),
        badge(alert.get("severity")),
        facts((name, alert.get(column)) for column, name in _ALERT_FACTS.items()),
    ]
    if description := plain(alert.get("description")):
        parts.append(safe_html("<h4>Description</h4><p>{text}</p>", text=description))
    parts.append(safe_html("<h4>Evidence ({n})</h4>", n=len(evidence)))
    parts.append(_evidence_table(evidence))
    if actions := plain(alert.get("recommended_actions")):
        parts.append(safe_html("<h4>Recommended actions</h4>"))
        lines = [line.strip(" \t\ufffd•-") for line in actions.splitlines()]
        parts.append(listed(line for line in lines if line))
    return join(parts)


def _evidence_table(evidence: pd.DataFrame) -> Safe:
    if evidence.empty:
        return safe_html('<p class="gi-muted">{text}</p>', text="Graph names no evidence for this alert.")
    rows = [
        safe_html(
            "<tr><td>{kind}</td><td>{what}</td><td>{verdict}</td></tr>",
            kind=(plain(item.get("evidence_type")) or "unknown").removesuffix("Evidence"),
            what=_what(item),
            verdict=" · ".join(filter(None, [plain(item.get("verdict")), plain(item.get("roles"))])) or "-",
        )
        for item in evidence.head(MOST_EVIDENCE)[["evidence_type", *EVIDENCE_COLUMNS]].to_dict("records")
    ]
    return safe_html(
        '<table class="gi-table"><tr><th>Type</th><th>What</th><th>Verdict · roles</th></tr>{rows}</table>{more}',
        rows=join(rows),
        more=more(len(evidence) - len(rows), "items: gi.evidence(picker.selected) gives them all"),
    )


def _what(item: Mapping[str, Any]) -> str:
    for column in NAMING:
        if words := plain(item.get(column)):
            return text.defang(words) if column == "url" else words
    return "-"
