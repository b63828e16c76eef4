"""Saved Graph answers → frames. Reads nothing from the network."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from graphinvestigate.bodies import Room
from graphinvestigate.envelope import Page, read_lines, read_page, read_record
from graphinvestigate.errors import BadFileError, BadResponseError, UsageError
from graphinvestigate.frames.columns import give_back
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.legacy import legacy_frame
from graphinvestigate.frames.packing import packing_of
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.frames.records import REFUSED
from graphinvestigate.frames.schema import LEGACY_ALERTS, LEGACY_COLUMNS, RESOURCES, Resource
from graphinvestigate.frames.texts import texts_of
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

_SHAPES = "a path, a glob, bytes, a list of bytes or a list of records (dicts)"
_CONTEXT = re.compile(rb'"@odata\.context"\s*:\s*"[^"#]*\$metadata#([A-Za-z_0-9/]*?)(?:\([^"]*)?(?:/\$entity)?"')
_READABLE = {**RESOURCES, LEGACY_ALERTS.name: LEGACY_ALERTS}
_COLUMNS = {name: r.columns for name, r in RESOURCES.items()} | {LEGACY_ALERTS.name: LEGACY_COLUMNS}
_KNOWN = {name: {column.path[0] for column in columns} - {"id"} for name, columns in _COLUMNS.items()}


@takes
def read_records(kind: str, source: Any) -> pd.DataFrame:
    """Read saved Graph answers into the frame that the matching `list_…` call would have returned.

    Parameters
    ----------
    kind : str
        A name of `RESOURCES`: ``alerts``, ``incidents``, ``sign_ins``, ``directory_audits`` …; or ``legacy_alerts``,
        saved answers of the retired ``/security/alerts``, which become alerts with evidence (see `frames.legacy`).
    source : path, glob, bytes, list of bytes, or list of dict
        Each file (or bytes) holds a list answer, one record, a JSON array of records, or JSON Lines. Several
        files are read in the order of their names.

    Returns
    -------
    pandas.DataFrame
        One row per record, in reading order; times are UTC. `pull_id` is ``name@sha256`` of the file. Of several
        records with one id (and tenant, where the resource has one) the newest is kept, the last read where none
        is newer; `.attrs["dropped_duplicates"]` counts the others. Records without an id are all kept.

    Raises
    ------
    BadFileError
        There is no such file, or it holds no records of this kind.
    UsageError
        There is no such kind, or `source` is something else.
    """
    resource = _READABLE.get(kind) if isinstance(kind, str) else None
    if resource is None:
        raise UsageError(f"there is no kind {log(repr(kind))}; read_records reads {', '.join(sorted(_READABLE))}.")
    pages, pulls, room = [], [], Room()
    for name, body in _bodies(source):
        pages.append(_page(resource, body, name))
        pulls.append(f"{name}@{hashlib.sha256(body).hexdigest()[:12]}")
        if not room.holds(pages[-1].kept):
            pages[-1].kept.pack()
    raw = RawArray.from_pages(pages)
    pull_ids = texts_of(packing_of(np.repeat(np.arange(len(pulls)), [*map(len, pages)]), pa.array(pulls, pa.string())))
    try:
        if resource is LEGACY_ALERTS:
            frame = legacy_frame(raw, pull_ids=pull_ids)
        else:
            frame = frame_of(resource, raw, pull_ids=pull_ids)
    except BadResponseError as error:
        raise BadFileError(str(error)) from error
    frame, dropped = newest(resource, frame)
    frame.attrs["dropped_duplicates"] = dropped
    return frame


def newest(resource: Resource, frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep one row per record: the one updated last, the last one where none is newer.

    Parameters
    ----------
    resource : Resource
    frame : pandas.DataFrame
        Of that resource, whose `identity` tells records apart. Rows without an id are all kept.

    Returns
    -------
    frame : pandas.DataFrame
        In the same order, numbered from 0.
    dropped : int
        How many rows were left out.
    """
    keys = [name for name in resource.identity if name in frame.columns]
    ranked = frame.loc[frame["id"].fillna("") != "", keys].reset_index(names="_row")
    ranked["_row"] = np.flatnonzero(frame["id"].fillna("") != "")
    if resource.updated:
        ranked["_updated"] = frame[resource.updated].array.take(ranked["_row"])
        ranked = ranked.sort_values("_updated", kind="stable", na_position="first")
    older = ranked.loc[ranked.duplicated(keys, keep="last"), "_row"]
    keep = np.ones(len(frame), dtype=bool)
    keep[older] = False
    del ranked
    give_back(len(frame))
    if not len(older):
        return frame.reset_index(drop=True), 0
    return frame.loc[keep].reset_index(drop=True), len(older)


def _bodies(source: Any) -> Iterator[tuple[str, bytes]]:
    """Each file or piece of bytes with what to call it."""
    if isinstance(source, str | os.PathLike):
        yield from _files(os.fspath(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        yield "bytes", bytes(source)
    elif isinstance(source, Mapping):
        yield "record", _dump([source])
    elif isinstance(source, Sequence) and source and all(isinstance(item, Mapping) for item in source):
        yield "records", _dump(source)
    elif isinstance(source, Sequence) and all(isinstance(item, bytes | str | os.PathLike) for item in source):
        for number, item in enumerate(source):
            if isinstance(item, bytes):
                yield f"bytes[{number}]", item
            else:
                yield from _files(os.fspath(item))
    else:
        raise UsageError(f"read_records does not read {type(source).__name__}; pass {_SHAPES}.")


def _files(name: str) -> Iterator[tuple[str, bytes]]:
    shown = log(name)
    try:
        paths = [Path(name)] if Path(name).exists() else sorted(map(Path, glob.glob(name, recursive=True)))
        if not paths:
            hint = "To read JSON text, pass it as bytes: text.encode()." if name.lstrip()[:1] in "{[" else ""
            what = "matches no file" if glob.has_magic(name) else "there is no such file"
            raise BadFileError(f"{shown}: {what}. {hint or f'Give {_SHAPES}; paths count from {os.getcwd()}.'}")
        for path in paths:
            if path.is_dir():
                raise BadFileError(f"{log(str(path))}: a folder. Name its files, for example {path / '*.json'}")
            yield path.name, path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, BadFileError):
            raise
        raise BadFileError(f"{shown}: it can't be read ({log(str(error))}). Check the path and its rights.") from error


def _dump(records: Sequence[Any]) -> bytes:
    try:
        return json.dumps({"value": list(records)}, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"these records are no JSON ({log(str(error))}). Pass them as json.loads returned them."
        ) from error


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])  # their names, at the cost of skipping over the values


class _Wrapped(msgspec.Struct):
    value: msgspec.Raw


def _page(resource: Resource, body: bytes, name: str) -> Page:
    source = log(name)
    try:
        page = _records(body, source)
    except BadResponseError as error:
        raise BadFileError(str(error)) from error
    if not _says_kind(resource, body):
        _check_kind(resource, page, source)
    return page


def _says_kind(resource: Resource, body: bytes) -> bool:
    """Whether an answer names its collection: then its records may hold nothing that the tables know."""
    found = _CONTEXT.search(body[:2000])
    return found is not None and found[1].decode(errors="replace").lower() == resource.path.lstrip("/").lower()


def _records(body: bytes, source: str) -> Page:
    """Find the records, whatever of the four shapes they have."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(b"["):
        return read_page(b'{"value":' + text + b"}", source=source)
    try:
        page = read_record(body, source=source)
    except BadResponseError:
        # Not one JSON value. Its first line may still be one, and then these are JSON Lines.
        first = text.partition(b"\n")[0]
        if len(first) == len(text):
            raise
        try:
            read_record(first, source=source)
        except BadResponseError:
            return read_page(body, source=source)  # says what is wrong with the whole
        return read_lines(body, source=source)
    names = _names(page.record(0))
    if "value" not in names and "error" not in names:
        return page
    value = _value(page.record(0))
    if value.startswith(b"{") and "id" not in names:  # a get answer as the documentation writes it
        return read_record(value, source=source)
    return page if "id" in names else read_page(body, source=source)


def _value(record: bytes) -> bytes:
    try:
        return bytes(msgspec.json.decode(record, type=_Wrapped).value)
    except msgspec.DecodeError:
        return b""


def _names(record: bytes) -> set[str]:
    """The record's own property names, without OData's."""
    try:
        members: dict[str, Any] = _MEMBERS.decode(record)
    except REFUSED:  # valid JSON that msgspec reads less of
        members = json.loads(record, parse_int=str)
    return {name for name in members if not name.startswith("@odata.")}


def _check_kind(resource: Resource, page: Page, source: str) -> None:
    """See that the first record is one of this kind; the rest of a file is like its first."""
    if not len(page):
        return
    names = _names(page.record(0))
    fits = {kind: len(names & known) for kind, known in _KNOWN.items()}
    better = [kind for kind in sorted(fits) if fits[kind] > fits[resource.name] and "id" in names]
    own = names - {"id"}
    if (better and fits[resource.name] * 2 < len(own)) or (not fits[resource.name] and own):
        _wrong_kind(resource, source, max(better, key=lambda kind: fits[kind]) if better else None)
    if "id" not in names and fits[resource.name] * 2 < len(own):
        _wrong_kind(resource, source, None)


def _wrong_kind(resource: Resource, source: str, better: str | None) -> NoReturn:
    advice = (
        f'They look like {better}: read_records("{better}", …).'
        if better
        else (f"Give a saved answer of {resource.path}.")
    )
    raise BadFileError(f"{source}: JSON, but its records are no {resource.name.replace('_', ' ')}. {advice}")
