"""Records → DataFrames. How the values are read, say `chunks`, `fast` and `records`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.envelope import Page
from graphinvestigate.frames.ahead import Ahead
from graphinvestigate.frames.chunks import ROWS, Chunk, ChunkReader, Columns, in_order, spans_of
from graphinvestigate.frames.columns import constant, give_back
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.frames.schema import Resource
from graphinvestigate.frames.tables import Table
from graphinvestigate.garbage import uncollected

_NOTHING = np.empty((0, 2), np.int64)


@uncollected()
def records_frame(
    resource: Resource, pages: Sequence[Page], *, pull_id: str, ahead: Ahead | None = None
) -> pd.DataFrame:
    """Make a frame of pages: one row per record, in their order.

    Parameters
    ----------
    resource : Resource
    pages : sequence of Page
        Retained by the column `raw`, not copied.
    pull_id : str
        What the column `pull_id` says in every row.
    ahead : Ahead, optional
        What was read of these pages while others were still coming.

    Returns
    -------
    pandas.DataFrame
        Columns `record_kind`, `id`, the resource's, `pull_id`, `raw`; times are UTC. A value of another type than
        Graph documents is missing in its column and stands in `raw`.

    Raises
    ------
    BadResponseError
        A record is no valid JSON.
    """
    raw, done, first = RawArray.from_pages(pages), {}, 0
    for page in pages:
        chunk = None if ahead is None else ahead.take(page)
        if chunk is not None:
            done[first] = chunk
        first += len(page)
    return frame_of(resource, raw, pull_ids=constant(pull_id, len(raw)), done=done)


def empty_frame(resource: Resource) -> pd.DataFrame:
    """Make the frame of an empty answer: the same columns and dtypes, no rows.

    Parameters
    ----------
    resource : Resource

    Returns
    -------
    pandas.DataFrame
    """
    return records_frame(resource, [], pull_id="")


def frame_of(
    resource: Resource | Table, raw: RawArray, *, pull_ids: Any, done: Mapping[int, Chunk] | None = None
) -> pd.DataFrame:
    """Make a frame of records wherever they lie; `records_frame` says how.

    Parameters
    ----------
    resource : Resource or Table
    raw : RawArray
    pull_ids : pandas.api.extensions.ExtensionArray
        One text per record.
    done : mapping of int to Chunk, optional
        First row → what is read already from there on.

    Returns
    -------
    pandas.DataFrame
    """
    reader, columns = ChunkReader(resource.columns, source=resource.name), Columns(resource.columns)

    def read(run: tuple[int, int]) -> Chunk:
        return columns.pack(reader.read([*raw.slices(*run)], first=run[0]))

    if done:
        runs = _runs(raw, done)
        rest = in_order(read, [run for run in runs if run[0] not in done])
        chunks = [columns.pack(done[run[0]]) if run[0] in done else next(rest) for run in runs]
    else:
        chunks = [*in_order(read, raw.parts(rows=ROWS))]
    data: dict[str, Any] = {"record_kind": constant(resource.record_kind, len(raw))}
    for column in resource.columns:
        if column.dtype == "raw":
            spans = np.concatenate([_NOTHING, *(spans_of(chunk, column.name) for chunk in chunks)])
            rows = np.where(spans[:, 0] < 0, -1, np.arange(len(raw)))
            data[column.name] = raw.inner(rows, *spans.T)
        else:
            data[column.name] = columns.column(chunks, column)
    chunks.clear()
    give_back(len(raw))
    return pd.DataFrame({**data, "pull_id": pull_ids, "raw": raw}, copy=False)


def _runs(raw: RawArray, done: Mapping[int, Chunk]) -> list[tuple[int, int]]:
    """Cut the rows into those that are read already and those that are not."""
    runs, at = [], 0
    for first in [*sorted(done), len(raw)]:
        runs += [(at + start, at + end) for start, end in raw[at:first].parts(rows=ROWS)]
        if first in done:
            at = first + done[first].rows
            runs.append((first, at))
    return runs
