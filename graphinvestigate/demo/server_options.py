"""Query options: read from the URL, checked against what a resource takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote

from graphinvestigate.demo.answers import ApiError, bad_request
from graphinvestigate.demo.resource_types import Resource

_KNOWN = re.compile(
    r"\$(filter|top|skip|skiptoken|count|orderby|select|expand|search|format|apply|compute|deltatoken|index)"
)
_WHOLE = re.compile(r"[0-9]{1,9}")

Pairs = Sequence[tuple[str, str]]


def read_pairs(query: str) -> list[tuple[str, str]]:
    """Decode a URL's query, in its own order."""
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise bad_request("The query is not valid percent-encoded UTF-8.") from error


def write_pairs(pairs: Pairs) -> str:
    """Encode a query for a next link."""
    return "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in pairs)


def read_options(pairs: Pairs, *, allowed: frozenset[str], ignored: frozenset[str]) -> dict[str, str]:
    """Return the ``$`` options by lower-case name; anything without ``$`` is nobody's business.

    Raises
    ------
    ApiError
        400: an option that does not exist, is not taken here, comes twice or is empty.
    """
    options: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        if not key.startswith("$"):
            continue
        if not _KNOWN.fullmatch(key):
            raise bad_request(f"The query parameter '{name}' is not supported.")
        if key in ignored:
            continue
        if key not in allowed:
            raise _not_allowed(key)
        if key in options:
            raise bad_request(
                f"Query option '{name}' was specified more than once, but it must be specified at most once."
            )
        if not value.strip():
            raise bad_request(f"The value for OData query '{name}' cannot be empty.")
        options[key] = value
    return options


def read_top(options: Mapping[str, str], resource: Resource) -> int:
    """Return the page size that ``$top`` leads to."""
    size = read_whole("$top", options, resource.default_top)
    return _over(resource, size) if size > resource.max_top else size


def read_count(options: Mapping[str, str]) -> bool:
    """Return whether the answer is to say how many records there are in all."""
    text = options.get("$count", "false")
    if text.lower() not in ("true", "false"):
        raise bad_request(f"Invalid value '{text}' for $count query option found. Valid values are 'true, false'.")
    return text.lower() == "true"


def read_order(options: Mapping[str, str], resource: Resource) -> tuple[str, bool] | None:
    """Return (property, descending) of ``$orderby``, None without it."""
    text = options.get("$orderby")
    if text is None:
        return None
    words = text.split()
    if len(words) > 2 or "," in text or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
        raise bad_request("Invalid orderby clause: one property, with 'asc' or 'desc' after it.")
    if words[0] not in resource.properties:
        raise bad_request(
            f"Invalid orderby clause: Could not find a property named '{words[0]}' on type '{resource.type_name}'."
        )
    if words[0] not in resource.order_by:
        raise bad_request(f"The property '{words[0]}' cannot be used in the $orderby query option.")
    return words[0], len(words) == 2 and words[1].lower() == "desc"


def read_names(option: str, options: Mapping[str, str], resource: Resource) -> frozenset[str] | None:
    """Return the properties that ``$select`` or ``$expand`` name, None for all (or none to expand)."""
    text = options.get(option)
    if text is None:
        return None
    names = frozenset(name.strip() for name in text.split(","))
    known = resource.expand if option == "$expand" else resource.properties | {"*"}
    for name in sorted(names - known):
        raise bad_request(
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
            f"'{resource.type_name}'."
        )
    return None if "*" in names else names


def read_whole(option: str, options: Mapping[str, str], default: int) -> int:
    """Return the number an option holds, `default` without it."""
    text = options.get(option)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text.strip()):
        raise bad_request(
            f"Invalid value '{text}' for {option} query option found. The {option} query option requires a "
            "non-negative integer value."
        )
    return int(text)


def _over(resource: Resource, size: int) -> int:
    if resource.over_top == "clamp":
        return resource.max_top
    if resource.over_top == "incidents":
        raise ApiError(
            400,
            "",
            f"The query specified in the URI is not valid. The limit of '{resource.max_top}' for Top query has been "
            f"exceeded. The value from the incoming request is '{size}'.",
            extra={"details": []},
        )
    raise bad_request(f"Invalid page size specified: '{size}'. Must be between 1 and {resource.max_top} inclusive.")


def _not_allowed(key: str) -> ApiError:
    word = {"$skiptoken": "SkipToken", "$orderby": "OrderBy"}.get(key, key[1:].capitalize())
    return bad_request(
        f"Query option '{word}' is not allowed. To allow it, set the 'AllowedQueryOptions' property on "
        "EnableQueryAttribute or QueryValidationSettings."
    )
