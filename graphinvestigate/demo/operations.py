"""Requests that are no list and no record: what they are called, who may send them, what carries them out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo.answers import Request, bad_request
from graphinvestigate.demo.server_store import Record
from graphinvestigate.demo.tokens import Caller

_NAMESPACES = ("microsoft.graph.security.", "microsoft.graph.")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an operation; `record_id` is what stood for ``{id}``, `root` ends with the version."""

    request: Request
    caller: Caller
    record_id: str
    root: str
    all_members: bool

    def body(self) -> dict[str, Any]:
        """The request's JSON object.

        Raises
        ------
        ApiError
            400: no JSON object, or not called JSON.
        """
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise bad_request("Write requests must carry a Content-Type header declaration of application/json.")
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise bad_request("Unable to read JSON request payload. Please ensure it is in valid format.") from error
        if not isinstance(body, dict):
            raise bad_request("Unable to read JSON request payload: an object is expected.")
        return body


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked at one path with one method.

    Parameters
    ----------
    method, path : str
        The method, and the path below the version with ``{id}`` in it.
    service : str
        Whose throttling limit it shares.
    permissions : tuple of str
        Application permissions that suffice.
    run : callable
        Carries it out; None is answered with 204.
    versions : tuple of str
        Where it exists.
    licence : str
        The licence without which Graph refuses.
    directory : bool
        Whether it refuses in the directory's words.
    """

    method: str
    path: str
    service: str
    permissions: tuple[str, ...]
    run: Callable[[Call], Record | None]
    versions: tuple[str, ...] = ("v1.0", "beta")
    licence: str = ""
    directory: bool = False


def find_operations(
    operations: Sequence[Operation], version: str, segments: Sequence[str]
) -> tuple[dict[str, Operation], str]:
    """Return the operations at a path by method, and what stands there for ``{id}``."""
    names = list(segments[1:])
    for namespace in _NAMESPACES:
        names[-1] = names[-1].removeprefix(namespace)
    found: dict[str, Operation] = {}
    record_id = ""
    for operation in operations:
        wanted = operation.path.split("/")
        if version not in operation.versions or len(wanted) != len(names):
            continue
        if all(want == "{id}" or want.lower() == name.lower() for want, name in zip(wanted, names, strict=True)):
            found[operation.method] = operation
            record_id = next((name for want, name in zip(wanted, names, strict=True) if want == "{id}"), "")
    return found, record_id
