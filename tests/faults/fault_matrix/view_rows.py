"""R01 to R20: text of an attacker's choosing in tables, figures, pages, files, terminals, logs and errors."""

from __future__ import annotations

import html
import io
import json
import logging
import re
import traceback
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import plotly.graph_objects as go

import graphinvestigate as gi
from fault_matrix.fakes import ALERTS, FakeGraph, connected, page, refusal
from fault_matrix.hostile import (
    COMMAND,
    ESCAPES,
    FORMULA,
    IMAGE,
    LINES,
    LINK,
    MARKUP,
    TEMPLATE,
    TEXTS,
    UNSEEN,
    Markup,
    dom,
    hostile_alerts,
    named,
    raw_figure,
    strings,
    unseen,
)
from fault_matrix.row import ended, row
from graphinvestigate import text
from graphinvestigate.views.pictures import svg_of
from graphinvestigate.views.static import Section, figure_html, html_table, page as whole_page
from graphinvestigate.views.tables import text_table, triage_table

PACKAGE = Path(gi.__file__).parent
ROOT = PACKAGE.parent
PLAIN_TAGS = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "span"}


def sources() -> dict[str, str]:
    """The package's own code, by path."""
    return {str(path.relative_to(PACKAGE)): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def with_code(line: str) -> Any:
    """The package's code with one more module, which holds this line."""
    return lambda: {**sources(), "views/added.py": f"def added(frame):\n    {line}\n"}


def uses(found: dict[str, str], pattern: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """Where a pattern occurs in code (comments apart), outside of the modules named."""
    return [
        f"{name}: {line.strip()}"
        for name, code in found.items()
        if name not in but
        for line in code.splitlines()
        if re.search(pattern, line.partition("  # ")[0]) and not line.lstrip().startswith("#")
    ]


def only_text(markup: str, *texts: str) -> None:
    """A table's markup holds no tag but a table's, nothing active, and reads as the texts."""
    found = Markup(markup)
    assert set(found.tags) <= PLAIN_TAGS, set(found.tags) - PLAIN_TAGS
    assert found.active() == []
    for one in texts:
        assert text.visible(one, None) in found.text, f"{one!r} does not read as it is"


@row("R01", real=html_table, broken=lambda frame: frame.to_html(escape=False))
def a_frame_in_html_is_text(subject: Any) -> None:
    """Cells, column names and captions of a frame add no tag to a page and read as the characters they are."""
    for one in TEXTS:
        only_text(subject(named(one)), one)


@row("R02", real=html_table, broken=lambda frame: frame.style.format(escape="html").to_html())
def no_header_is_left_unescaped(subject: Any) -> None:
    """Whatever styles a table escapes its column and axis names too, and no code of ours uses pandas' Styler."""
    for one in MARKUP:
        found = Markup(subject(named(one)))
        assert set(found.tags) <= {*PLAIN_TAGS, "style"}, set(found.tags) - PLAIN_TAGS
        assert found.active() == []
    assert uses(sources(), r"\.style\.(format|apply|map|to_html|set_)|\bStyler\b|escape=False") == []


@row("R03", real=sources, broken=with_code("return ipywidgets.HTML(frame.title)"))
def one_place_makes_html_widgets(subject: Any) -> None:
    """Only the escaping helper makes a widget that shows HTML, and no widget takes HTML for its description."""
    found = subject()
    assert uses(found, r"\b(ipywidgets|widgets)\.HTML(Math)?\(|\bHTMLMath\(", but=("widgets/safe.py",)) == []
    assert uses(found, r"description_allow_html\s*=\s*True|from IPython\.display import .*\bHTML\b") == []


def timeline(one: str) -> go.Figure:
    """A timeline of alerts in which every text is this one."""
    return gi.plot_timeline(hostile_alerts(one), lanes="source")


def drawn(one: str) -> go.Figure:
    """An entity graph in which every text is this one."""
    return gi.plot_entity_graph(gi.entity_graph(alerts=hostile_alerts(one)))


def shown_by_a_browser(figures: list[go.Figure]) -> Markup:
    """What a browser makes of a page of figures."""
    markup = dom(whole_page("figures", [Section("all", figures)]))
    assert markup.count("main-svg") >= len(figures), "the figures were not drawn"
    return Markup(markup)


@row("R04", real=lambda one: [timeline(one), drawn(one)], broken=lambda one: [raw_figure(one)])
def text_in_figures_is_neither_link_nor_style(subject: Any) -> None:
    """A link or a style in a title, tick, label or note is drawn as its characters, not as a link or a style."""
    for figure in subject(LINK):
        for one in strings(json.loads(figure.to_json())):
            assert "<" not in one, f"a tag is left for plotly: {one!r:.80}"
    found = shown_by_a_browser(subject(LINK))
    assert [one for one in found.active() if "evil" in one[2]] == []
    assert not any("80px" in value for _, name, value in found.attributes if name == "style")
    assert "Reset your password" in found.text


@row("R05", real=lambda one: [timeline(one), drawn(one)], broken=lambda one: [raw_figure(html.unescape(one))])
def no_script_runs_in_a_figure(subject: Any) -> None:
    """Images with handlers and scripted links in a figure's texts run nothing and stand in no document."""
    for one in MARKUP:
        for figure in subject(one):
            assert not any("<" in said or ">" in said for said in strings(json.loads(figure.to_json())))
    found = shown_by_a_browser([figure for one in MARKUP[:2] for figure in subject(one)])
    assert found.title == "figures"
    assert [one for one in found.active() if "javascript" in one[2] or one[1].startswith("onerror")] == []


def with_mathjax(figure: go.Figure) -> str:
    """A page as plotly writes it for mathematics."""
    return figure.to_html(include_mathjax="cdn", include_plotlyjs=False)


@row(
    "R06",
    real=lambda one: [figure_html(figure, "x") for figure in (timeline(one), drawn(one))],
    broken=lambda one: [with_mathjax(raw_figure(one))],
)
def a_formula_is_not_typeset(subject: Any) -> None:
    """Dollar signs of data are entities, formulas are switched off, and MathJax is loaded nowhere."""
    for markup in subject(FORMULA):
        assert "mathjax" not in markup.casefold()
        data, config = (json.loads(one) for one in re.findall(r"application/json\"[^>]*>(.*?)</script>", markup))
        assert not any("$" in one for one in strings(data))
        assert config["typesetMath"] is False
    assert uses(sources(), r"include_mathjax|MathJax", but=("text.py",)) == []


def data_in_template(one: str) -> list[go.Figure]:
    """A figure that writes its data into the template of what the mouse shows."""
    return [go.Figure(go.Scatter(x=[1], y=[1], hovertemplate=f"{one}<extra></extra>"))]


@row("R07", real=lambda one: [timeline(one), drawn(one)], broken=data_in_template)
def hover_templates_hold_no_data(subject: Any) -> None:
    """What the mouse shows comes from templates of ours that never differ with the data."""
    for one in (TEMPLATE, IMAGE, "plain"):
        for figure, other in zip(subject(one), subject("quite another"), strict=True):
            templates = [trace.hovertemplate for trace in figure.data]
            assert templates == [trace.hovertemplate for trace in other.data]


@row("R08", real=figure_html, broken=lambda figure, name: figure.to_html(div_id=name, full_html=False))
def a_name_cannot_leave_its_place(subject: Any) -> None:
    """A case's or a figure's name that becomes an id or a file name ends no tag, no script and no folder."""
    figure = gi.plot_timeline(hostile_alerts("plain"))
    expected = Markup(subject(figure, "plain")).tags
    for one in (
        *TEXTS,
        "x</script><script>document.title='pwned'</script>",
        '"><img src=x onerror=1>',
        "../../x",
        "CON",
    ):
        found = Markup(subject(figure, one))
        assert found.tags == expected, one
        assert found.active() == []
        for _, name, value in found.attributes:
            assert name != "id" or re.fullmatch(r"[A-Za-z0-9_-]{1,80}", value)
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text.slug(one))


def escaped_in_the_model(alerts: pd.DataFrame) -> nx.MultiDiGraph:
    """Escapes before it builds."""
    records = json.loads("[" + ",".join(html.escape(raw, quote=False) for raw in alerts["raw"]) + "]")
    return gi.entity_graph(alerts=gi.read_records("alerts", records))


@row("R09", real=lambda alerts: gi.entity_graph(alerts=alerts), broken=escaped_in_the_model)
def the_model_keeps_what_came(subject: Any) -> None:
    """Keys, names and values in an entity graph are as received, so that a pivot asks for what the record says."""
    name = "a&b<c>@contoso.test"
    g = subject(hostile_alerts(name))
    values = {reference["value"] for *_, references in g.edges(data="references") for reference in references}
    assert name in values
    assert {key for kind, key in g if kind in ("user", "host")} == {name}
    asked = FakeGraph([page()])
    ended(lambda: gi.pivot(connected(asked), gi.Entity("host", name), g=g, since="7d"))
    ended(lambda: gi.pivot(connected(asked), gi.Entity("user", name), g=g, since="7d"))
    filters = [seen.url.params.get("$filter", "") for seen in asked.seen]
    assert not any("&amp;" in one or "&lt;" in one for one in filters)
    assert any(name in one for one in filters), filters


@row("R10", real=sources, broken=with_code('return {"text/markdown": frame.title[0]}'))
def no_markdown_with_data(subject: Any) -> None:
    """No output of ours is Markdown, in which data's links and tags would be live."""
    # Freezing reads the outputs that users made, whatever their kind; it makes none of its own.
    readers = ("cases/freezing/outputs.py",)
    assert uses(subject(), r"text/markdown|display\.Markdown|\bMarkdown\(", but=readers) == []


FLOORS = {"jupyterlab": (4, 6, 2), "jupyter-server": (2, 20, 0), "plotly": (6, 5, 0)}


def pinned() -> str:
    """What Binder installs."""
    return (ROOT / "binder" / "requirements.txt").read_text("utf-8")


@row(
    "R11", real=(html_table, pinned), broken=(lambda frame: frame.to_html(escape=False), lambda: "jupyterlab==4.5.0 \\")
)
def a_hostile_button_starts_nothing(subject: Any) -> None:
    """No output holds a button that runs a command of JupyterLab, and Binder's pins have its repair."""
    show, pins = subject
    assert "<button" not in show(named(COMMAND)).casefold()
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", pins(), re.MULTILINE))
    for name, floor in FLOORS.items():
        assert tuple(int(part) for part in found[name].split(".")[:3]) >= floor, f"{name} {found[name]}"


def bundles(one: str) -> list[str]:
    """The HTML that our widgets leave in a saved notebook."""
    alerts = hostile_alerts(one)
    picker = gi.AlertPicker(alerts)
    explorer = gi.EntityExplorer(gi.connect_demo(alerts=30), gi.entity_graph(alerts=alerts), picker=picker)
    shown = []
    for widget in (picker, explorer):
        found = widget._repr_mimebundle_()
        data = found[0] if isinstance(found, tuple) else found
        shown.append(data["text/html"])
        widget.close()
    return shown


def converted(outputs: list[str]) -> str:
    """A saved notebook as `nbconvert --to html` writes it, which cleans nothing by default."""
    import nbformat
    from nbconvert import HTMLExporter

    cells = [
        nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", {"text/html": one})])
        for one in outputs
    ]
    return HTMLExporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=cells))[0]


@row("R12", real=bundles, broken=lambda one: [f"<table><tr><td>{one}</td></tr></table>"])
def a_converted_notebook_is_harmless(subject: Any) -> None:
    """What our widgets leave in a notebook holds, once converted to a page, no script, handler or outward link."""
    for one in (*MARKUP, UNSEEN):
        found = Markup(converted(subject(one)))
        # Pictures of ours are drawn within the page: each is opened, and must hold nothing that acts either.
        pictures = [svg_of(value) for tag, name, value in found.attributes if (tag, name) == ("img", "src")]
        assert found.tags.count("img") == len(pictures)
        assert None not in pictures
        for picture in map(Markup, filter(None, pictures)):
            assert set(picture.tags) <= {"svg", "title", "rect", "path", "circle", "polygon", "text"}
            assert picture.active() == []
        assert [tag for tag in found.tags if tag in ("script", "svg", "iframe", "a", "button")] == []
        assert [one for one in found.active() if one[:2] != ("img", "src")] == []


@row("R13", real=html_table, broken=lambda frame: frame.to_html())
def what_cannot_be_seen_is_shown(subject: Any) -> None:
    """Bidi overrides, zero-width and tag characters are drawn as visible escapes; the frame keeps them."""
    frame = named(UNSEEN)
    shown = Markup(subject(frame)).text
    assert unseen(shown) == []
    assert "\\u202e" in shown
    assert frame.iloc[0, 0] == UNSEEN
    for figure in (timeline(UNSEEN), drawn(UNSEEN)):
        assert all(unseen(one, lines=False) == [] for one in strings(json.loads(figure.to_json())))


@row("R14", real=text_table, broken=lambda frame: frame.to_string())
def a_terminal_gets_no_escapes(subject: Any) -> None:
    """No table, object or error of ours sends an escape sequence to a terminal."""
    for one in (ESCAPES, LINES, UNSEEN):
        assert unseen(subject(named(one))) == []
        alerts = hostile_alerts(one)
        assert unseen(subject(triage_table(alerts))) == []
        g = gi.entity_graph(alerts=alerts)
        picker = gi.AlertPicker(alerts)
        explorer = gi.EntityExplorer(gi.connect_demo(alerts=30), g, picker=picker)
        for shown in (picker, explorer, picker.selection):
            assert unseen(repr(shown)) == [], type(shown).__name__


def logged(write: Any, one: str) -> str:
    """What a log holds after a message about this text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log = logging.getLogger("fault_matrix.log")
    log.propagate = False
    log.addHandler(handler)
    try:
        write(log, one)
    finally:
        log.removeHandler(handler)
    return stream.getvalue()


def through_the_escape_point(log: logging.Logger, one: str) -> None:
    """Log as the package does."""
    log.warning("Graph says: %s", text.log(one))


@row("R15", real=through_the_escape_point, broken=lambda log, one: log.warning("Graph says: %s", one))
def one_record_is_one_line(subject: Any) -> None:
    """A text from Graph adds no line to a log and is cut at 200 characters; our code logs none of it unescaped."""
    for one in (*TEXTS, "x\nWARNING forged", "y" * 10_000):
        written = logged(subject, one)
        assert written.count("\n") == 1
        assert unseen(written) == []
        assert len(written) < 260
    # Whatever our own code logs of what came goes through the escape point, or is no text of anybody else's.
    found = uses(sources(), r"\b_?log(ger)?\.(debug|info|warning|error|exception)\(.*%[sr]", but=("demo/server.py",))
    assert [one for one in found if "text.log(" not in one] == []


@row(
    "R16",
    real=lambda one: html_table(pd.DataFrame({"url": [text.defang(one)]})),
    broken=lambda one: f"<a href='{one}'>{one}</a>",
)
def an_address_is_no_link(subject: Any) -> None:
    """Addresses are shown broken, and no table, page or figure makes a link of one."""
    for one in (
        "https://evil.test/a?b=http://c.evil.test",
        "hxxp://x.test",
        "javascript:alert(1)",
        "mailto:a@evil.test",
    ):
        found = Markup(subject(one))
        assert found.active() == []
        assert one not in found.text or one.startswith("hxxp")
    alerts = hostile_alerts("http://evil.test/login")
    for markup in (html_table(alerts), whole_page("x", [Section("x", [alerts, timeline("http://evil.test")])])):
        assert [one for one in Markup(markup).active() if not one[2].startswith("#")] == []


@row("R17", real=html_table, broken=lambda frame: frame.to_html())
def a_flood_is_cut(subject: Any) -> None:
    """A megabyte in a cell, and a flood of combining marks, are cut where they are drawn, with the length told."""
    for flood in ("x" * 1_000_000, "e" + "\u0301" * 50_000):
        with pd.option_context("display.max_colwidth", None):
            shown = subject(pd.DataFrame({"command line": [flood]}))
        assert len(shown) < 5_000
        assert "chars)" in shown or "marks]" in shown
        for figure in (timeline(flood), drawn(flood)):
            assert max(map(len, strings(json.loads(figure.to_json())))) < 1_000


def as_plotly_guesses(alerts: pd.DataFrame) -> go.Figure:
    """Leaves it to plotly what an axis is."""
    return go.Figure(go.Scatter(x=alerts["first_activity_date_time"], y=alerts["title"]))


@row("R18", real=lambda alerts: gi.plot_timeline(alerts, lanes="source"), broken=as_plotly_guesses)
def a_name_that_looks_like_a_number_stays_a_name(subject: Any) -> None:
    """A lane called 007 or 2026-03-02 is neither a number nor a date on its axis."""
    for one in ("007", "2026-03-02", "12.5"):
        figure = subject(hostile_alerts(one, count=2))
        axis = figure.layout.yaxis
        labels = [*(axis.ticktext if axis.ticktext is not None else ())]
        assert one in labels or axis.type == "category", labels
        assert figure.layout.autotypenumbers == "strict" or axis.autotypenumbers == "strict"


@row("R19", real=sources, broken=with_code("import itables"))
def no_grid_with_raw_captions(subject: Any) -> None:
    """No grid library that writes captions or styles unescaped is used, nor asked for."""
    assert uses(subject(), r"\bimport itables|from itables|ipydatagrid|ipyaggrid") == []
    assert "itables" not in (ROOT / "pyproject.toml").read_text("utf-8")


class RepeatsError(Exception):
    """An error as many libraries write it: with what came, as it came."""


def raised_by_us(one: str) -> BaseException:
    """The error for an answer of Graph's that quotes this text."""
    client = connected(FakeGraph([refusal(400, "BadRequest", one)]))
    error, _ = ended(lambda: list(client.pages(ALERTS)))
    assert error is not None
    return error


@row("R20", real=raised_by_us, broken=RepeatsError)
def an_error_shows_no_escapes(subject: Any) -> None:
    """What Graph, a file or an entity says stands in an error as one visible line, shortened."""
    for one in (ESCAPES, LINES, UNSEEN, "x" * 10_000):
        error = subject(one)
        shown = "".join(traceback.format_exception_only(error))
        assert unseen(shown) == []
        assert len(shown) < 3_000
    g = gi.entity_graph(alerts=hostile_alerts("alice@contoso.test"))
    for one in (ESCAPES, UNSEEN):
        error, _ = ended(lambda one=one: gi.find_entity(g, one))
        assert unseen(str(error)) == []
        error, _ = ended(lambda one=one: gi.read_records("alerts", f"{one}.json".replace("\0", "")))
        assert unseen(str(error)) == []
