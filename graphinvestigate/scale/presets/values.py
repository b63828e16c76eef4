"""Values of table cells as JSON: times with their zone, dynamic columns opened, nothing that is not there."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.scale.presets.declared import Reader
from graphinvestigate.scale.presets.words import detector, service, techniques

# What names a day: ISO, or as the portals write it in their exports. All else pandas would fill up with today's date.
_DATED = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4},? \d.* [AP]M$")
_MOST_BITS, _MOST_DIGITS = 1024, 300  # of whole numbers: what a float, too, could hold


def plain(value: Any) -> Any:
    """Give a cell as JSON holds it; None for every kind of missing value.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if hasattr(value, "asDict"):  # a row of Spark
        return plain(value.asDict(recursive=True))
    if isinstance(value, list | tuple | set | np.ndarray):
        return [plain(inner) for inner in value]
    if isinstance(value, np.datetime64 | datetime):
        try:
            return moment(value)
        except (ValueError, OverflowError):  # further away than UTC can say
            return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return hex(value)  # more digits than JSON is written with
    return value if isinstance(value, str | int) else str(value)


def _plain_decimal(value: Decimal) -> int | float | str | None:
    if not value.is_finite():
        return None
    if value.adjusted() > _MOST_DIGITS:
        return str(value)
    return int(value) if value == value.to_integral_value() else float(value)


def moment(value: Any) -> str | None:
    """Give a time in UTC as Graph writes it; a time without a zone is UTC, as in these tables."""
    stamp = pd.Timestamp(value)
    if stamp is pd.NaT:
        return None
    stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
    return stamp.tz_localize(None).isoformat() + "Z"


def read(reader: Reader, value: Any) -> Any:
    """Read a cell for a property of Graph.

    Parameters
    ----------
    reader : str
        See `declared.Field`.
    value : object
        As `plain` gives it.

    Returns
    -------
    object
        None where there is no such value.
    """
    if value is None or value == "":
        return None
    match reader:
        case "time":
            return _time(value)
        case "number":
            return _number(value)
        case "bool":
            said = str(value).strip().casefold()
            return {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}.get(said)
        case "dynamic":
            return opened(value)
        case "object":
            found = opened(value)
            return found if isinstance(found, Mapping) else None
        case "texts":
            return _texts(opened(value))
        case "techniques":
            return techniques(_texts(opened(value)))
        case "service":
            return service(value) if isinstance(value, str) else None
        case "detector":
            return detector(value) if isinstance(value, str) else None
        case "lower":
            return value[:1].lower() + value[1:] if isinstance(value, str) else None
        case _:
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def opened(value: Any) -> Any:
    """Open a dynamic cell: JSON that came as text; other texts stay texts."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return plain(json.loads(value))  # (1e999 and NaN are no JSON when they are written again)
        except (ValueError, RecursionError):
            return value
    return value


def _time(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    # Left as it is where Graph's own reader can read it: all of its digits count.
    if text[10:11] == "T" and (text.endswith("Z") or text[-6:-5] in ("+", "-")):
        return text
    if not _DATED.match(text):
        return None
    try:
        return moment(text)
    except (ValueError, OverflowError):
        return None


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    text = str(value).strip()
    try:
        return int(text, 16 if text[:2].casefold() == "0x" else 10)  # (numbers of processes are written like this, too)
    except ValueError:
        return None


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        said = (one.get("labelName") or one.get("name") if isinstance(one, Mapping) else one for one in value)
        return [str(one) for one in said if one is not None]
    return [part.strip() for part in str(value).split(",") if part.strip()]
