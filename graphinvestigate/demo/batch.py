"""``$batch``: up to twenty requests in one, each answered, throttled and refused on its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo.answers import Request, Response, bad_request, to_json
from graphinvestigate.demo.faults import ConnectionDroppedError
from graphinvestigate.demo.server_store import Record

MOST = 20
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_SHOWN = ("cache-control", "content-type", "retry-after", "www-authenticate", "preference-applied", "allow", "location")
_INHERITED = ("authorization", "client-request-id")


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch; `after` are ids that must have succeeded."""

    id: str
    request: Request
    after: tuple[str, ...]


def answer_batch(outer: Request, body: Mapping[str, Any], root: str, handle: Callable[[Request], Response]) -> Record:
    """Answer every item, an item after those it depends on; the answers come in another order than the requests.

    Raises
    ------
    ApiError
        400: the batch as a whole is not one.
    """
    answers: dict[str, Record] = {}
    for item in _in_turn(_read(outer, body, root)):
        failed = any(answers[name]["status"] >= 400 for name in item.after)
        answers[item.id] = _failed(item) if failed else _answer(item, handle)
    return {"responses": list(reversed(answers.values()))}


def _in_turn(items: Sequence[Item]) -> list[Item]:
    """Return the items so that each comes after those it depends on."""
    turn: list[Item] = []
    waiting = list(items)
    while waiting:
        done = {item.id for item in turn}
        ready = [item for item in waiting if set(item.after) <= done]
        if not ready:
            raise bad_request("The dependsOn properties of the batch form a circle.")
        turn += ready
        waiting = [item for item in waiting if item not in ready]
    return turn


def _read(outer: Request, body: Mapping[str, Any], root: str) -> list[Item]:
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise bad_request("Invalid batch payload format.")
    if len(requests) > MOST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {MOST}.")
    items = [_item(outer, one, root) for one in requests]
    names = [item.id for item in items]
    if len({name.lower() for name in names}) < len(names):
        raise bad_request("Request Ids must be unique, whatever their case.")
    for item in items:
        if set(item.after) - set(names) or item.id in item.after:
            raise bad_request(f"Request '{item.id}' depends on a request that is not in the batch.")
    return items


def _item(outer: Request, one: Any, root: str) -> Item:
    if not isinstance(one, dict):
        raise bad_request("Invalid batch payload format.")
    identifier, method, url = one.get("id"), one.get("method"), one.get("url")
    if not isinstance(identifier, str) or not identifier:
        raise bad_request("Each request needs an id.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise bad_request(f"Request '{identifier}' needs a method.")
    if not isinstance(url, str) or not url or "://" in url.partition("?")[0]:
        raise bad_request(f"Request '{identifier}' needs a relative URL.")
    if url.lower().partition("?")[0].strip("/") == "$batch":
        raise bad_request("A batch cannot hold a batch.")
    headers, after = one.get("headers") or {}, one.get("dependsOn") or []
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise bad_request(f"The headers of request '{identifier}' are no object of texts.")
    if not isinstance(after, list) or not all(isinstance(name, str) for name in after):
        raise bad_request(f"The property dependsOn of request '{identifier}' is no list of ids.")
    own = {name.lower(): value for name, value in headers.items()}
    content = b""
    if "body" in one:
        if "content-type" not in own:
            raise bad_request(f"Request '{identifier}' has a body and no Content-Type header.")
        content = json.dumps(one["body"]).encode()
    passed = {name: outer.headers[name] for name in _INHERITED if name in outer.headers}
    return Item(
        identifier, Request(method.upper(), f"{root}/{url.lstrip('/')}", {**own, **passed}, content), tuple(after)
    )


def _answer(item: Item, handle: Callable[[Request], Response]) -> Record:
    try:
        answer = handle(item.request)
    except ConnectionDroppedError:
        answer = Response(504, (), to_json({"error": {"code": "UnknownError", "message": ""}}))
    shown = {name: value for name, value in answer.headers if name.lower() in _SHOWN}
    record: Record = {"id": item.id, "status": answer.status, "headers": shown}
    if answer.body:
        try:
            record["body"] = json.loads(answer.body)
        except ValueError:
            record["body"] = answer.body.decode("utf-8", "replace")
    return record


def _failed(item: Item) -> Record:
    body = {"error": {"code": "FailedDependency", "message": "A request that this one depends on has failed."}}
    return {"id": item.id, "status": 424, "headers": {"Content-Type": "application/json"}, "body": body}
