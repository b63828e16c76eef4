"""Where a path leads: to a collection, to a record, or to what belongs to a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from graphinvestigate.demo.answers import ApiError, Request
from graphinvestigate.demo.resource_types import Resource
from graphinvestigate.demo.resources import NESTED_RESOURCES, RESOURCES

_KEYED = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)\((?P<by>deviceId=)?'(?P<key>.+)'\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads; `parent_id` is the record that the list belongs to."""

    resource: Resource
    record_id: str | None = None
    parent_id: str | None = None


def read_segments(path: str) -> list[str]:
    """Split a path and decode its segments; ``users('x')`` is ``users/x``, a named key stays named."""
    segments: list[str] = []
    for part in path.removeprefix("/").removesuffix("/").split("/"):
        segment = unquote(part)
        keyed = _KEYED.fullmatch(segment)
        segments += [keyed["name"], (keyed["by"] or "") + keyed["key"].replace("''", "'")] if keyed else [segment]
    return segments


def read_place(version: str, segments: Sequence[str]) -> Place:
    """Return where a path leads.

    Raises
    ------
    ApiError
        404: nowhere.
    """
    names = [segment.lower() for segment in segments[1:]]
    for length in (1, 2, 3):
        resource = RESOURCES.get((version, "/".join(names[:length])))
        if resource is None:
            continue
        rest = list(segments[1 + length :])
        if not rest:
            return Place(resource)
        if len(rest) == 1 and rest[0]:
            return Place(resource, record_id=rest[0])
        nested = NESTED_RESOURCES.get(f"{resource.path.lower()}/{{id}}/{'/'.join(names[length + 1 :])}")
        if nested is not None and rest[0]:
            return Place(nested, parent_id=rest[0])
    raise ApiError(404, "ResourceNotFound", f"Resource not found for the segment '{'/'.join(segments[1:])}'.")


def only(request: Request, *methods: str) -> None:
    """Raise the 405 that names the methods, unless the request's is one of them."""
    if request.method not in methods:
        raise ApiError(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
            headers={"Allow": ", ".join(methods)},
        )
