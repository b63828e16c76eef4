"""Endpoints that Graph has retired. One of them may answer with an empty list, which looks like good news."""

from __future__ import annotations

from graphinvestigate.errors import EndpointRetiredError

# What they began with, below the version, and what to use now.
RETIRED = {
    "/security/alerts": (
        "list_alerts (/security/alerts_v2)",
        'Saved answers of it still load: read_records("legacy_alerts", …).',
    ),
    "/identityriskevents": ("list_risk_detections (/identityProtection/riskDetections)", ""),
    "/security/tiindicators": (
        "get_host_reputation and list_passive_dns (/security/threatIntelligence)",
        "Indicators of your own are kept in Microsoft Defender or Microsoft Sentinel now.",
    ),
}


def refuse_retired(path: str) -> None:
    """Raise where a path leads to what Graph has retired; nothing is asked then.

    Parameters
    ----------
    path : str
        Below the version.

    Raises
    ------
    EndpointRetiredError
        It names what took its place.
    """
    asked = path.casefold().rstrip("/")
    for start, (successor, more) in RETIRED.items():
        if asked == start or asked.startswith((f"{start}/", f"{start}(")):
            raise EndpointRetiredError(
                f"Graph has retired {start}: what it answers says nothing, an empty list least of all. "
                f"Use {successor}.{f' {more}' if more else ''}",
                successor=successor,
            )
