"""Who and where is named in a notebook: a report for whoever is about to share it."""

from __future__ import annotations

import re

import pandas as pd

from graphinvestigate.cases.redaction.pseudonyms import Pseudonyms
from graphinvestigate.cases.redaction.texts import LOOKS

COLUMNS = ("kind", "value", "cells")
_KINDS = {"email": "account", "ip": "address", "sid": "account (SID)", "guid": "id", "mac": "address (MAC)"}
_PROFILE = re.compile(r"(?i)[\\/](?:users|home)[\\/]+([^\\/\s\"'<>|]+)")
_NOBODY = frozenset({"public", "default", "all users", "jovyan", "root"})
_ANY = Pseudonyms(b"only to tell what would change")


def personal_data(texts: list[tuple[int, str]]) -> pd.DataFrame:
    """Find what names people, machines and addresses by its look.

    Parameters
    ----------
    texts : list of (int, str)
        A cell's number, and a text in it.

    Returns
    -------
    DataFrame
        One row per value: ``kind`` (``account``, ``address``, ``profile folder``, ``id`` …), ``value``, and ``cells``
        (their numbers, as text). Names of people and hosts that look like any word are not found: `redact` knows them
        from the frames that tell.
    """
    found: dict[tuple[str, str], set[int]] = {}
    for number, text in texts:
        for one in LOOKS.finditer(text):
            kind = _KINDS.get(str(one.lastgroup))
            if kind is not None and _names_somebody(kind, one[0]):
                found.setdefault((kind, one[0].lower()), set()).add(number)
        for one in _PROFILE.finditer(text):
            if one[1].lower() not in _NOBODY:
                found.setdefault(("profile folder", one[1].lower()), set()).add(number)
    rows = [(kind, value, ", ".join(map(str, sorted(cells)))) for (kind, value), cells in sorted(found.items())]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")


def _names_somebody(kind: str, value: str) -> bool:
    if kind.startswith("address") and "MAC" not in kind:
        return _ANY.is_address(value) and _ANY.ip(value) != value
    if kind == "id":
        return _ANY.guid(value) != value
    if kind == "account (SID)":
        return _ANY.sid(value) != value
    return True
