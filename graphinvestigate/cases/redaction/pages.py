"""Notebooks and figures: every text in them, and no picture, whose texts nobody can read."""

from __future__ import annotations

import copy
import re
from typing import Any

from graphinvestigate.cases.redaction.documents import Replace
from graphinvestigate.views.pictures import svg_address, svg_of

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")
_NUMBERS = frozenset({"bdata", "dtype", "shape"})
_LEFT_OUT = "[a picture, left out: its texts cannot be redacted]"
_IMAGE = re.compile(r"(?i)<img\b[^>]*>")
_SOURCE = re.compile(r"(?i)\bsrc\s*=\s*[\"']?(data:[^\"'>]*)")


def redacted_notebook(notebook: dict[str, Any], replace: Replace) -> dict[str, Any]:
    """Give a notebook with its texts replaced, without widget state, pictures and attachments."""
    made = copy.deepcopy(dict(notebook))
    metadata = {name: value for name, value in made.get("metadata", {}).items() if name != "widgets"}
    made["metadata"] = strings(metadata, replace)
    for cell in made.get("cells", ()):
        cell["source"] = replace(_joined(cell.get("source", "")), None)
        cell["metadata"] = strings(cell.get("metadata", {}), replace)
        cell.pop("attachments", None)
        for output in cell.get("outputs", ()):
            for name in ("text", "evalue", "ename"):
                if name in output:
                    output[name] = replace(_joined(output[name]), None)
            if "traceback" in output:
                output["traceback"] = [replace(line, None) for line in output["traceback"]]
            if "metadata" in output:
                output["metadata"] = strings(output["metadata"], replace)
            if "data" in output:
                output["data"] = _bundle(output["data"], replace)
    return made


def _bundle(data: dict[str, Any], replace: Replace) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for kind, value in data.items():
        if kind in _PICTURES:
            made.setdefault("text/plain", _LEFT_OUT)
        elif kind == "application/vnd.jupyter.widget-view+json":
            made.setdefault("text/plain", "[a widget, left out: it is nothing without its kernel]")
        elif isinstance(value, str | list) and (kind.startswith("text/") or kind.endswith(("xml", "javascript"))):
            made[kind] = _markup(_joined(value), replace)
        else:
            made[kind] = strings(value, replace)
    return made


def _markup(markup: str, replace: Replace) -> str:
    """Replace what HTML says, and what its pictures say; those that nobody can read go."""
    made: list[str] = []
    at = 0
    for image in _IMAGE.finditer(markup):
        made += [replace(markup[at : image.start()], None), _redrawn(image[0], replace)]
        at = image.end()
    return "".join([*made, replace(markup[at:], None)])


def _redrawn(image: str, replace: Replace) -> str:
    source = _SOURCE.search(image)
    if source is None:
        return replace(image, None)
    drawn = svg_of(source[1])
    if drawn is None:
        return _LEFT_OUT
    before, after = image[: source.start(1)], image[source.end(1) :]
    return f"{replace(before, None)}{svg_address(replace(drawn, None))}{replace(after, None)}"


def strings(value: Any, replace: Replace) -> Any:
    """Replace every text of a JSON document as free text; packed numbers stay."""
    if isinstance(value, str):
        return replace(value, None)
    if isinstance(value, dict):
        packed = "bdata" in value
        return {name: one if packed and name in _NUMBERS else strings(one, replace) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [strings(one, replace) for one in value]
    return value


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
