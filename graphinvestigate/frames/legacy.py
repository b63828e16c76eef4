"""Legacy alerts (saved answers of the retired ``/security/alerts``) → the columns and the evidence of alerts.

Each record is written anew as Graph's migration guide maps it
(https://learn.microsoft.com/graph/alertsv1-alertsv2-migration); its values are carried over as they stand in the
JSON. Where a property of a legacy alert is found:

- in a column of alerts: `RENAMED` lists those carried over as they are; `feedback` → `classification` (benign is
  ``informationalExpectedActivity``), `status` → `status` (``newAlert`` is ``new``), `vendorInformation.provider` →
  `product_name`, and `service_source` where the guide names the product; the first of `incidentIds` → `incident_id`,
  of `sourceMaterials` → `alert_web_url`; `recommendedActions` joined by line breaks, `comments` as comments;
- in the evidence: one item or more per item of the collections of `legacy_states.STATES`; the item it was made of
  stands in the evidence row's `raw`, as received, with its place (``userStates[0]``);
- in `additional_data`, under its own name: everything else, and what the above keeps only a part of.

`raw` is the legacy alert as received.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.legacy_states import evidence_of, items, members, write
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.frames.schema import LEGACY_ALERTS
from graphinvestigate.walking import Walk

RENAMED: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "activityGroupName": ("actorDisplayName",),
    "assignedTo": ("assignedTo",),
    "azureTenantId": ("tenantId",),
    "category": ("category",),
    "closedDateTime": ("resolvedDateTime",),
    "createdDateTime": ("createdDateTime",),
    "description": ("description",),
    "eventDateTime": ("firstActivityDateTime", "lastActivityDateTime"),
    "lastEventDateTime": ("lastActivityDateTime",),  # after eventDateTime: where both stand, it is the later one
    "lastModifiedDateTime": ("lastUpdateDateTime",),
    "severity": ("severity",),
    "title": ("title",),
}
_STATUS = {"newAlert": "new"}
_CLASSIFICATION = {"benignPositive": "informationalExpectedActivity"}
_SERVICES = {
    "ASC": "microsoftDefenderForCloud",
    "Azure Advanced Threat Protection": "microsoftDefenderForIdentity",
    "Azure Sentinel": "microsoftSentinel",
    "IPC": "azureAdIdentityProtection",
    "MCAS": "microsoftDefenderForCloudApps",
    "Microsoft Defender ATP": "microsoftDefenderForEndpoint",
}


def legacy_frame(raw: RawArray, *, pull_ids: Any) -> pd.DataFrame:
    """Make a frame of legacy alerts: one row per record, in the columns of alerts.

    Parameters
    ----------
    raw : RawArray
        The legacy alerts as received; the frame's `raw`.
    pull_ids : pandas.api.extensions.ExtensionArray
        One text per record.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    BadResponseError
        A record is no valid JSON.
    """
    pieces = (bytes(piece or b"null") for piece in raw.slices())
    written = RawArray.from_texts(current(piece, source=f"row {row}").encode() for row, piece in enumerate(pieces))
    frame = frame_of(LEGACY_ALERTS, written, pull_ids=pull_ids)
    frame["raw"] = raw
    return frame


def current(record: bytes, *, source: str) -> str:
    """Write a legacy alert as an alert.

    Parameters
    ----------
    record : bytes
        A JSON object.
    source : str
        What to call it in messages.

    Returns
    -------
    str
        JSON with the properties of ``microsoft.graph.security.alert``.

    Raises
    ------
    BadResponseError
        It is no valid JSON.
    """
    walk = Walk(record, f"{LEGACY_ALERTS.name}, {source}")
    start = walk.space(0)
    walk.whole(walk.value(start)[1])
    found = {name: text for name, text in members(walk.text[start:]).items() if text not in ("null", "[]")}
    alert: dict[str, Any] = {}
    for name, targets in RENAMED.items():
        alert.update(dict.fromkeys(targets, found.pop(name)) if name in found else {})
    for name, text in [*found.items()]:
        places, whole = _converted(name, text)
        alert.update(places)
        if whole:
            del found[name]
    evidence, kept = evidence_of(found)
    rest = {name: text for name, text in found.items() if name not in kept}
    if evidence:
        alert["evidence"] = f"[{','.join(evidence)}]"
    if rest:
        alert["additionalData"] = rest
    return write(alert)


def _converted(name: str, text: str) -> tuple[Mapping[str, str], bool]:
    """Give what a property says in an alert's own properties, and whether that is all it says."""
    if name in ("feedback", "status"):
        words, target = (_STATUS, name) if name == "status" else (_CLASSIFICATION, "classification")
        said = text_of(text)
        return {target: text if said is None else json.dumps(words.get(said, said))}, said is not None
    if name == "vendorInformation":
        return dict(_vendor(text)), False
    listed = [text_of(item) for item in items(text)]
    if not listed or None in listed:
        return {}, False
    if name == "recommendedActions":
        return {name: json.dumps("\n".join(map(str, listed)))}, True
    if name == "comments":
        return {name: json.dumps([{"comment": comment} for comment in listed])}, True
    if name in ("incidentIds", "sourceMaterials"):
        return {"incidentId" if name == "incidentIds" else "alertWebUrl": json.dumps(listed[0])}, len(listed) == 1
    return {}, False


def _vendor(text: str) -> Iterator[tuple[str, str]]:
    provider = text_of(members(text).get("provider", "null"))
    if provider:
        yield "productName", json.dumps(provider)
        services = {name.casefold(): service for name, service in _SERVICES.items()}
        if provider.casefold() in services:
            yield "serviceSource", json.dumps(services[provider.casefold()])


def text_of(value: str) -> str | None:
    """Read a JSON string; None for any other value."""
    return json.loads(value) if value.startswith('"') else None
