"""Words of the tables → members of Graph's enumerations: products, detectors, techniques."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graphinvestigate.frames.schema import RESOURCES

_TECHNIQUE = re.compile(r"\bT\d{4}(?:\.\d{3})?\b")
_NOTHING_SAID = ("unknown", "unknownFutureValue")
# Former names, and those of the tables that are nobody's in Graph.
_FORMER_SERVICES = {
    "microsoftdefenderadvancedthreatprotection": "microsoftDefenderForEndpoint",
    "azureadvancedthreatprotection": "microsoftDefenderForIdentity",
    "office365advancedthreatprotection": "microsoftDefenderForOffice365",
    "microsoftcloudappsecurity": "microsoftDefenderForCloudApps",
    "microsoftdefenderxdr": "microsoft365Defender",
    "aadidentityprotection": "azureAdIdentityProtection",
    "azureactivedirectoryidentityprotection": "azureAdIdentityProtection",
    "microsoftentraidprotection": "azureAdIdentityProtection",
    "azuresecuritycenter": "microsoftDefenderForCloud",
    "azuresentinel": "microsoftSentinel",
    "microsoftdatalossprevention": "dataLossPrevention",
}
_FORMER_DETECTORS = {
    "edr": "microsoftDefenderForEndpoint",
    "microsoftdefenderxdr": "microsoft365Defender",
    "aadidentityprotection": "azureAdIdentityProtection",
    "microsoftcloudappsecurity": "cloudAppSecurity",
    "microsoftdefenderforcloudapps": "cloudAppSecurity",
}


def letters(text: str) -> str:
    """Give a name without case, blanks and signs: as names of one thing are compared.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return "".join(one for one in text.casefold() if one.isalnum())


def _members(column: str, former: Mapping[str, str]) -> dict[str, str]:
    documented = RESOURCES["alerts"].column(column).enum or ()
    return {**{letters(one): one for one in documented if one not in _NOTHING_SAID}, **former}


_SERVICE = _members("service_source", _FORMER_SERVICES)
_DETECTOR = _members("detection_source", _FORMER_DETECTORS)


def service(text: str) -> str | None:
    """Give a member of ``serviceSource`` for a product's name; None where there is none.

    Parameters
    ----------
    text : str

    Returns
    -------
    str or None
    """
    return _SERVICE.get(letters(text))


def detector(text: str) -> str:
    """Give a member of ``detectionSource``; the text itself where there is none.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return _DETECTOR.get(letters(text), text)


def techniques(names: list[str]) -> list[str]:
    """Give techniques by their ids, as Graph does; what has none keeps its words.

    Parameters
    ----------
    names : list of str
        ``Cloud Accounts (T1078.004)``, or ids.

    Returns
    -------
    list of str
    """
    return list(dict.fromkeys(one for name in names for one in (_TECHNIQUE.findall(name) or [name])))


OWN_INCIDENTS: Mapping[str, str] = {"azure sentinel": "IncidentName", "microsoft sentinel": "IncidentName"}
"""Providers whose numbers of incidents are not Graph's, and the column that tells their incidents apart."""
