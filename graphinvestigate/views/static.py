"""Tables, figures and whole pages as HTML that works without a kernel, a server or a network."""

from __future__ import annotations

import base64
import hashlib
import html as _html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from graphinvestigate import text
from graphinvestigate.views.page_parts import DRAW, SHEET, THEME
from graphinvestigate.views.style import CONFIG, template
from graphinvestigate.views.tables import cell, chosen

_MOST_ROWS = 200
_CELL = 400
_FIELD = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_MOST_ON_PAPER = 8  # columns of a table; more are printed smaller
_LONG = 20  # a word of so many letters may be broken where the page is narrow; a shorter one is not

Block: TypeAlias = "str | pd.DataFrame | go.Figure | Table | Items"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of a page.

    Attributes
    ----------
    texts : sequence of str
        One per item; texts, never markup.
    ordered : bool
        Whether their order matters, so that they are numbered.
    """

    texts: Sequence[str]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page, where a bare frame would not say enough.

    Attributes
    ----------
    frame : pandas.DataFrame
        Its rows.
    columns : sequence of str, optional
        Which columns, in which order.
    caption : str, optional
        What it shows.
    max_rows : int
        At most so many rows are written; the last line says how many were not.
    """

    frame: pd.DataFrame
    columns: Sequence[str] | None = None
    caption: str | None = None
    max_rows: int = _MOST_ROWS


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a page.

    Attributes
    ----------
    title : str
        Its heading.
    blocks : sequence of str, Items, DataFrame, Table or Figure
        What stands in it: a text is a paragraph (never markup), a frame a table, a figure stays interactive.
    """

    title: str
    blocks: Sequence[Block]


def html_table(
    frame: pd.DataFrame, columns: Sequence[str] | None = None, caption: str | None = None, *, max_rows: int = _MOST_ROWS
) -> str:
    """Write a frame as an HTML table in which every value is text.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; it is not changed.
    columns : sequence of str, optional
        Which columns, in which order; all by default.
    caption : str, optional
        What it shows; any text.
    max_rows : int
        At most so many rows are written; the last line says how many were not.

    Returns
    -------
    str
        One ``<table>``.
    """
    shown = chosen(frame, columns).iloc[:max_rows]
    names = list(shown.columns)
    wide = " gi-wide" if len(names) > _MOST_ON_PAPER else ""
    parts = [f'<table class="gi-table{wide}">']
    if caption:
        parts.append(f"<caption>{text.html(caption, _CELL)}</caption>")
    parts.append("<thead><tr>")
    parts += [f'<th scope="col">{_name(str(name))}</th>' for name in names]
    parts.append("</tr></thead><tbody>")
    for row in shown.itertuples(index=False, name=None):
        parts.append("<tr>")
        parts += [_cell(name, value) for name, value in zip(names, row, strict=True)]
        parts.append("</tr>")
    if not len(frame):
        parts.append(f'<tr><td colspan="{max(len(names), 1)}" class="gi-none">no rows</td></tr>')
    parts.append("</tbody>")
    if len(shown) < len(frame):
        missing = f"{len(frame) - len(shown):,} of {len(frame):,} rows not shown"
        parts.append(f'<tfoot><tr><td colspan="{max(len(names), 1)}" class="gi-none">{missing}</td></tr></tfoot>')
    parts.append("</table>")
    return "".join(parts)


def _name(name: str) -> str:
    """A column's name; a field's may be broken on paper where its words meet, and nowhere else."""
    if not _FIELD.fullmatch(name):
        return text.html(name, _CELL)
    return "".join(f"<span>{word}</span>" for word in re.findall("[^_]*_+|[^_]+", name))


def _cell(name: object, value: Any) -> str:
    words = cell(value)
    if name in ("severity", "risk_level", "max_severity") and words.isalpha() and words.isascii():
        return f'<td><span class="gi-sev gi-{words.casefold()[:20]}">{text.html(words, 20)}</span></td>'
    kind = ' class="gi-time"' if isinstance(value, pd.Timestamp) else ""
    if max(map(len, words.split()), default=0) > _LONG:
        kind = ' class="gi-long"'
    return f"<td{kind}>{text.html(words, _CELL)}</td>"


def figure_html(fig: go.Figure, div_id: str) -> str:
    """Write a figure as HTML that draws itself where plotly.js is loaded already.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
        Any figure; it is not changed.
    div_id : str
        The id it gets; any text, of which what is safe is kept.

    Returns
    -------
    str
        A ``<div>``, its data, and a script that draws it: no plotly.js, no address, nothing that uploads.
    """
    name = text.slug(div_id)
    # The mode bar's button to Plotly Cloud is off in CONFIG; `<` cannot occur in the data, so no tag ends it.
    data = _json_block(json.loads(fig.to_json(engine="json")))
    return (
        f'<div id="{name}" class="gi-figure"></div>'
        f'<script type="application/json" id="{name}-data">{data}</script>'
        f'<script type="application/json" id="{name}-config">{_json_block(CONFIG)}</script>'
        f"<script>{DRAW}</script>"
    )


def _json_block(value: Any) -> str:
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def figure_table(fig: go.Figure) -> pd.DataFrame:
    """Give what a figure shows as a table, for readers without scripts or without eyes for it.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
        A figure of this package; of others only traces that carry ``meta.columns`` and ``customdata`` are read.

    Returns
    -------
    pandas.DataFrame
        One row per mark or node, or per lane where a figure shows counts; texts as they are, not escaped.
    """
    meta = fig.layout.meta
    if isinstance(meta, dict) and "columns" in meta:
        return pd.DataFrame(
            [[_plain(value) for value in row] for row in meta.get("rows", ())], columns=list(meta["columns"])
        )
    tables = [
        pd.DataFrame(
            [[_plain(value) for value in row] for row in trace.customdata], columns=list(trace.meta["columns"])
        )
        for trace in fig.data
        if isinstance(trace.meta, dict) and "columns" in trace.meta and trace.customdata is not None
    ]
    tables = [table for table in tables if len(table)]
    widest = [table for table in tables if list(table.columns) == list(tables[-1].columns)] if tables else []
    return pd.concat(widest, ignore_index=True) if widest else pd.DataFrame()


def _plain(value: Any) -> Any:
    """Undo the escaping for plotly: it is done again, for HTML, where the value is written."""
    return _html.unescape(value) if isinstance(value, str) else value


def page(title: str, sections: Sequence[Section], *, generated: datetime | None = None, about: str = "") -> str:
    """Write one self-contained page: nothing is loaded from anywhere, and no script runs but the page's own.

    Parameters
    ----------
    title : str
        Any text.
    sections : sequence of Section
        Their order is the page's.
    generated : datetime, optional
        When it was made (aware); the time now by default.
    about : str
        What else stands in small letters under the title; any text.

    Returns
    -------
    str
        A whole HTML document with a table of contents, interactive figures (plotly.js once, in the page), the
        same figures as tables, for light and dark screens and for print.
    """
    moment = (generated or datetime.now(UTC)).astimezone(UTC)
    heading = text.html(title, 200)
    contents, body, figures = [], [], 0
    for number, section in enumerate(sections, start=1):
        contents.append(f'<li><a href="#section-{number}">{text.html(section.title, 200)}</a></li>')
        body.append(section_html(section, number, first_figure=figures + 1))
        figures += sum(isinstance(block, go.Figure) for block in section.blocks)
    scripts = [_harmless(get_plotlyjs()), THEME % _json_block({"light": template("light"), "dark": template("dark")})]
    scripts = scripts if figures else []
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in [*scripts, DRAW]) if figures else "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">',
            f"<title>{heading}</title><style>{SHEET}</style>",
            *(f"<script>{script}</script>" for script in scripts),
            f"</head><body><header><h1>{heading}</h1>",
            f'<p class="gi-made">generated {moment.strftime("%Y-%m-%d %H:%M:%S")} UTC',
            f"{f' · {text.html(about, 200)}' if about else ''}</p></header>",
            f'<nav aria-label="contents"><h2>Contents</h2><ol>{"".join(contents)}</ol></nav><main>'
            if contents
            else "<main>",
            *body,
            "</main></body></html>\n",
        ]
    )


def section_html(section: Section, number: int = 1, *, first_figure: int = 1) -> str:
    """Write one section of a page.

    Parameters
    ----------
    section : Section
    number : int
        Its place on the page.
    first_figure : int
        The number of its first figure.

    Returns
    -------
    str
    """
    body = [f'<section id="section-{number}"><h2>{text.html(section.title, 200)}</h2>']
    for block in section.blocks:
        body.append(_block(block, first_figure))
        first_figure += isinstance(block, go.Figure)
    return "".join([*body, "</section>"])


def _block(block: Block, number: int) -> str:
    if isinstance(block, str):
        return "".join(f"<p>{text.html(part)}</p>" for part in block.split("\n") if part.strip())
    if isinstance(block, Items):
        tag = "ol" if block.ordered else "ul"
        return f"<{tag}>{''.join(f'<li>{text.html(one)}</li>' for one in block.texts)}</{tag}>"
    if isinstance(block, pd.DataFrame):
        return f'<div class="gi-scroll">{html_table(block)}</div>'
    if isinstance(block, Table):
        table = html_table(block.frame, block.columns, block.caption, max_rows=block.max_rows)
        return f'<div class="gi-scroll">{table}</div>'
    table = html_table(figure_table(block))
    return (
        f"<figure>{figure_html(block, f'figure-{number}')}"
        "<noscript><p>This figure needs scripts; the table below it shows the same.</p></noscript>"
        f'<details><summary>Show as a table</summary><div class="gi-scroll">{table}</div></details></figure>'
    )


def _harmless(script: str) -> str:
    """Keep a script from ending its own tag."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
