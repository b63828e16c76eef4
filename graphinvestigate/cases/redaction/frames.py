"""Frames: every column by what it holds, `raw` as the JSON it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from graphinvestigate.cases.redaction.documents import Replace, Taker, gather, walked
from graphinvestigate.cases.redaction.fields import kind_of
from graphinvestigate.errors import UsageError
from graphinvestigate.frames.raw import RawArray, RawDtype
from graphinvestigate.frames.strings import StringsArray, StringsDtype
from graphinvestigate.text import log
from graphinvestigate.walking import paired_texts, to_write_again


def gather_frame(frame: pd.DataFrame, taker: Taker) -> None:
    """Hand every text of a frame to who wants it, as `documents.gather` does; `raw` first, as it says most."""
    columns = list(range(frame.shape[1]))
    columns.sort(key=lambda at: not isinstance(frame.dtypes.iloc[at], RawDtype))
    for at in columns:
        column, name = frame.iloc[:, at], str(frame.columns[at])
        if isinstance(column.dtype, RawDtype):
            for piece in column.array.slices():
                if piece is not None:
                    with _shallow(name):
                        gather(_read(piece), taker, name if name != "raw" else "")
        elif _may_hold_text(column):
            gather(_distinct(column), taker, name)


def redacted_frame(frame: pd.DataFrame, replace: Replace) -> pd.DataFrame:
    """Give a frame of the same columns, dtypes and rows, its texts replaced."""
    columns = [_redacted(frame.iloc[:, at], str(frame.columns[at]), replace) for at in range(frame.shape[1])]
    made = pd.concat(columns, axis=1) if columns else frame.copy()
    made.columns = frame.columns
    made.index = _redacted_index(frame.index, replace)
    made.attrs = walked(frame.attrs, replace)
    return made


def gather_labels(index: pd.Index, taker: Taker) -> None:
    """Hand the texts of a frame's row labels to who wants them, level by level."""
    for at in range(index.nlevels):
        level = index.get_level_values(at)
        texts = dict.fromkeys(value for value in level.unique() if isinstance(value, str))
        gather([*texts], taker, str(level.name or ""))


def _redacted_index(index: pd.Index, replace: Replace) -> pd.Index:
    if isinstance(index, pd.MultiIndex):
        levels = [_redacted_index(index.get_level_values(at), replace) for at in range(index.nlevels)]
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    if isinstance(index, pd.CategoricalIndex):
        return _redacted_index(index.astype(index.categories.dtype), replace)
    if not (index.dtype == object or pd.api.types.is_string_dtype(index.dtype)):
        return index
    name = str(index.name or "")
    return index.map(lambda value: walked(value, replace, name))


def _redacted(column: pd.Series, name: str, replace: Replace) -> pd.Series:
    if isinstance(column.dtype, RawDtype):
        within = "" if name == "raw" else name
        with _shallow(name):
            texts = [
                None if piece is None else _dumped(walked(_read(piece), replace, within))
                for piece in column.array.slices()
            ]
        return pd.Series(RawArray.from_texts(texts), index=column.index, name=column.name)
    if isinstance(column.dtype, StringsDtype):
        lists = [None if value is None else walked(value, replace, name) for value in column.array]
        return pd.Series(StringsArray._from_sequence(lists), index=column.index, name=column.name)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _redacted(column.astype(column.cat.categories.dtype), name, replace)
    if not _may_hold_text(column):
        return column.copy()
    made = replace.of(kind_of(name))
    gone = column.isna().tolist()
    values = [
        value if no else made[value] if type(value) is str else walked(value, replace, name)
        for value, no in zip(column.tolist(), gone, strict=True)
    ]
    return pd.Series(values, index=column.index, name=column.name, dtype=column.dtype)


def _may_hold_text(column: pd.Series) -> bool:
    dtype = column.dtype
    if isinstance(dtype, StringsDtype | pd.CategoricalDtype) or dtype.kind == "O":
        return True
    return pd.api.types.is_string_dtype(dtype)


def _distinct(column: pd.Series) -> list[Any]:
    values = [value for value, no in zip(column.tolist(), column.isna().tolist(), strict=True) if not no]
    if all(isinstance(value, str) for value in values):
        return list(dict.fromkeys(values))
    return values


@contextmanager
def _shallow(name: str) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise UsageError(
            f"a record in the column {log(name)} is nested too deeply to be redacted. Graph sends nothing like it: "
            "leave that row out."
        ) from error


def _read(piece: bytes | memoryview) -> Any:
    # Names as graphs write them: half a surrogate pair, too, so that one name gets one pseudonym.
    return paired_texts(to_write_again(bytes(piece)))


def _dumped(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
