"""Frames as a workbook in which nothing is a formula and no id becomes a number or a date."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.exports.cleaning import XML
from graphinvestigate.exports.places import checked, place
from graphinvestigate.exports.tables import chosen, texts
from graphinvestigate.wanted import takes

_LONGEST = 32_767  # characters of a cell, in UTF-16 units
_CUT = "… [cut: {total:,} characters, the whole text is in {file}]"
_MOST_ROWS = 1_048_575  # and the header
_MOST_COLUMNS = 16_384
_EXACT = 2**53  # larger integers lose digits in a spreadsheet
# Spreadsheets read _x0041_ in a text as A.
_DECODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="records" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


@takes
def to_xlsx(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    r"""Write a frame as a workbook: what a spreadsheet would spoil in CSV (long ids, leading zeros, dates) stays.

    Parameters
    ----------
    frame : DataFrame
        Any frame; it is not changed. Its index is not written.
    path : path
        The file; its name ends in ``.xlsx``.
    columns : sequence of str, optional
        Which columns, in which order; all by default.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    list of Path
        The workbook (one sheet, its header fixed), and beside it a file ``…-long-texts.jsonl`` where a text is longer
        than a cell can be: the cell says so. Every text is a text, never a formula. Times are UTC in ISO 8601; control
        characters, which a workbook cannot hold, show as ``\u0001``. The same frame gives the same bytes.

    Raises
    ------
    UsageError
        The path cannot be written safely or is taken, a column is not there, or the frame is larger than a sheet.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"to_xlsx writes a DataFrame, not {type(frame).__name__}.")
    target = checked(path, overwrite=overwrite)
    if target.suffix.lower() != ".xlsx":
        raise UsageError(f"the name of a workbook ends in .xlsx: take {target.stem or 'table'}.xlsx.")
    table = chosen(frame, columns)
    if len(table) > _MOST_ROWS or table.shape[1] > _MOST_COLUMNS:
        raise UsageError(
            f"a sheet holds {_MOST_ROWS:,} rows and {_MOST_COLUMNS:,} columns; this frame has {len(table):,} and "
            f"{table.shape[1]:,}: write a part of it, or use to_csv."
        )
    side = target.with_name(f"{target.stem}-long-texts.jsonl")
    long: list[dict[str, Any]] = []
    names = [str(name) for name in table.columns]
    values = [texts(table.iloc[:, at]) for at in range(len(names))]
    sheet = _sheet(names, values, side.name, long)
    files = [(target, _zipped(sheet))]
    if long:
        lines = "".join(f"{json.dumps(one, ensure_ascii=True)}\n" for one in long)
        files.append((checked(side, overwrite=overwrite), lines.encode()))
    return place(files, overwrite=overwrite)


def _sheet(names: list[str], columns: list[list[Any]], side: str, long: list[dict[str, Any]]) -> str:
    rows = ["".join(f"<c{_string(name)}" for name in names)]
    for number, row in enumerate(zip(*columns, strict=True), start=2):
        cells = []
        for name, value in zip(names, row, strict=True):
            if isinstance(value, str) and _units(value) > _LONGEST:
                long.append({"row": number, "column": name, "text": value})
                value = _shortened(value, side)
            cells.append(_cell(value))
        rows.append("".join(cells))
    width = _letters(len(names))
    body = "".join(f'<row r="{at}">{row}</row>' for at, row in enumerate(rows, start=1))
    filtered = f'<autoFilter ref="A1:{width}{len(rows)}"/>' if names else ""
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<sheetData>{body}</sheetData>{filtered}</worksheet>"
    )


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f"<c{_string(value)}"
    if isinstance(value, int) and abs(value) > _EXACT:
        return f"<c{_string(str(value))}"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f"<c{_string(str(value))}"
    return f"<c><v>{value!r}</v></c>"


def _string(value: str) -> str:
    shown = XML.sub(lambda found: f"\\u{ord(found[0]):04x}", _DECODED.sub("_x005F_", value))
    written = escape(shown, {"\r": "&#13;"})
    return f' t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'


def _units(value: str) -> int:
    # Escapes only make a text longer, six for one at most.
    if len(value) * 6 <= _LONGEST:
        return 0
    escaped = XML.sub("......", value)
    return len(escaped) + sum(character > "\uffff" for character in escaped)


def _shortened(value: str, side: str) -> str:
    note = _CUT.format(total=len(value), file=side)
    room = _LONGEST - len(note) * 2
    kept = value[:room]
    while _units(kept) > room:
        kept = kept[: len(kept) * 9 // 10]
    return kept + note


def _letters(column: int) -> str:
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found or "A"


def _zipped(sheet: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the same bytes, whenever it is written
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _HEAD + content)
    return file.getvalue()
