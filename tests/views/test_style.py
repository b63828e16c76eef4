"""What kinds and severities look like."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from plotly.graph_objects import Scatter

from graphinvestigate import widgets
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import ENTITY_KINDS, RECORD_KINDS
from graphinvestigate.views import page_parts
from graphinvestigate.views.style import (
    EDGE,
    EDGE_HIGHLIGHT,
    KINDS,
    OTHER,
    SEVERITIES,
    THEMES,
    colors_of,
    kind_look,
    kind_word,
    severity,
    severity_rank,
    source_word,
)
from graphinvestigate.widgets.style import SHEET

ROW_GRID = (Path(widgets.__file__).parent / "row_grid.css").read_text(encoding="utf-8")
PAGE = page_parts.SHEET
# Machado, Oliveira and Fernandes (2009), severity 1.0: what people without red, green or blue cones see of linear RGB.
_BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
_APART = 12  # CIE76: five times what is just seen side by side, for marks that stand apart
# Symbols that small marks of which are told apart by their colour.
_ALIKE = (
    {"circle", "pentagon", "hexagon", "hexagon2", "octagon"},
    {"diamond", "diamond-tall", "diamond-wide"},
    {"circle-cross", "circle-x"},
    {"square", "square-cross", "square-x"},
    {"star", "hexagram", "star-triangle-up"},
    {"hourglass", "bowtie"},
)


def linear(color: str) -> list[float]:
    """`#rrggbb` as linear RGB."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(color: str) -> float:
    """Relative luminance as WCAG defines it."""
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: list[float]) -> tuple[float, float, float]:
    """Linear RGB as CIELAB."""
    rows = ((0.4124, 0.3576, 0.1805, 0.9505), (0.2126, 0.7152, 0.0722, 1.0), (0.0193, 0.1192, 0.9505, 1.089))
    x, y, z = (sum(a * min(max(b, 0), 1) for a, b in zip(row[:3], rgb, strict=True)) / row[3] for row in rows)
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("look", [*KINDS.values(), OTHER, *SEVERITIES.values()], ids=lambda look: look.name)
@pytest.mark.parametrize("theme", THEMES)
def test_colours_stand_out_in_light_and_dark(look, theme):
    """Every colour has a contrast of at least 3 to either background, so no theme hides a mark."""
    assert contrast(look.color, THEMES[theme].background) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable(theme):
    """Text has a contrast of at least 4.5 to its background."""
    colors = THEMES[theme]
    assert contrast(colors.text, colors.background) >= 7
    assert contrast(colors.muted, colors.background) >= 4.5


def difference(one: str, other: str, blindness: str) -> float:
    """How far apart two colours look (CIE76) to somebody."""
    seen = [
        lab([sum(a * b for a, b in zip(row, linear(color), strict=True)) for row in _BLINDNESS[blindness]])
        for color in (one, other)
    ]
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


def written(sheet: str, *, dark: bool) -> dict[str, str]:
    """The colours in which a style sheet writes severities, in one theme."""
    if "--high" in sheet:  # a page of its own, which asks the system for its theme
        light, _, night = sheet.partition("prefers-color-scheme: dark")
        found = re.findall(r"--(high|medium|low|info): (#[0-9a-f]{6})", night if dark else light)
    else:
        lines = [line for line in re.split(r"(?<=})", sheet) if ("data-jp-theme-light" in line) == dark]
        found = [
            (name, color)
            for line in lines
            if not line.strip().startswith("@")
            for color in re.findall(r"[{ ]color: (#[0-9a-f]{6})", line)
            for name in re.findall(r"gi-(high|medium|low|informational)\b", line.partition("{")[0])
        ]
    return dict(found)


@pytest.mark.parametrize("blindness", _BLINDNESS)
def test_severities_differ_for_colour_blind_eyes(blindness):
    """High, medium and low stay apart in every drawing for people who see no red, no green or no blue."""
    colors = [SEVERITIES[name].color for name in ("high", "medium", "low")]
    for one, other in itertools.combinations(colors, 2):
        assert difference(one, other, blindness) > 20


@pytest.mark.parametrize("blindness", _BLINDNESS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("sheet", [SHEET, ROW_GRID, PAGE], ids=["widgets", "row grid", "page"])
def test_severities_that_are_written_differ_for_colour_blind_eyes(sheet, dark, blindness):
    """In widgets, queue and reports, light and dark, no two severities are written in colours that look alike."""
    colors = written(sheet, dark=dark)
    assert len(colors) == 4
    for (one, a), (other, b) in itertools.combinations(colors.items(), 2):
        assert difference(a, b, blindness) > _APART, (one, other)


@pytest.mark.parametrize("blindness", _BLINDNESS)
def test_kinds_of_alike_symbols_differ_for_colour_blind_eyes(blindness):
    """A small hexagon looks like an octagon: where two symbols are alike the colours are not, whoever looks."""
    pairs = [
        (one, other)
        for one, other in itertools.combinations((*KINDS.values(), OTHER), 2)
        if one.symbol == other.symbol or any({one.symbol, other.symbol} <= family for family in _ALIKE)
    ]
    assert len(pairs) > 15
    for one, other in pairs:
        assert difference(one.color, other.color, blindness) > _APART, (one.name, other.name)


@pytest.mark.parametrize("blindness", _BLINDNESS)
@pytest.mark.parametrize("theme", THEMES)
def test_a_path_stands_out_from_other_links(theme, blindness):
    """The colour of a path's links differs from that of all others over either background."""
    *rgb, alpha = (float(part) for part in re.findall(r"[0-9.]+", EDGE))
    ground = [int(THEMES[theme].background[at : at + 2], 16) for at in (1, 3, 5)]
    plain = "#" + "".join(f"{round(alpha * a + (1 - alpha) * b):02x}" for a, b in zip(rgb, ground, strict=True))
    assert difference(EDGE_HIGHLIGHT, plain, blindness) > _APART


def test_no_two_look_alike():
    """No two kinds share symbol and colour, and no two severities share a symbol: colour is never alone."""
    assert len({(look.symbol, look.color) for look in (*KINDS.values(), OTHER)}) == len(KINDS) + 1
    assert len({look.symbol for look in SEVERITIES.values()}) == len(SEVERITIES)


def test_every_symbol_is_one_of_plotlys():
    """Plotly knows every symbol."""
    for look in (*KINDS.values(), OTHER, *SEVERITIES.values()):
        Scatter(marker={"symbol": look.symbol})


def test_kinds_of_the_entity_graph_have_a_look():
    """Every common kind of the entity graph has a look of its own, records told from entities and named."""
    assert all(kind_look(kind).name == kind and not kind_look(kind).is_record for kind in ENTITY_KINDS)
    assert all(kind_look(kind).name == kind and kind_look(kind).is_record for kind in RECORD_KINDS[:6])
    assert all(kind_look(kind).is_record for kind in RECORD_KINDS)
    assert len({kind_word(kind) for kind in RECORD_KINDS}) == len(RECORD_KINDS)


def test_kinds_nobody_drew_are_named_for_what_they_are():
    """An unknown kind looks like `other`, a Kubernetes pod like a cloud resource; both keep their name."""
    assert kind_look("quantum_thing") is OTHER
    assert kind_word("quantum_thing") == "quantum thing"
    assert kind_word("sign_in_event", 2) == "sign-in events"
    assert kind_look("kubernetes_pod").name == "cloud_resource"
    assert kind_word("kubernetes_pod") == "kubernetes pod"


def test_what_was_not_seen_is_unknown():
    """A hidden or missing level is unknown, never `none`, and ranks below it."""
    for value in (None, float("nan"), "hidden", "unknownFutureValue", ""):
        assert severity(value) == "unknown"
    assert severity("High") == "high"
    assert [severity_rank(name) for name in SEVERITIES] == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("microsoftDefenderForEndpoint", "Defender for Endpoint"),
        ("microsoftDefenderForOffice365", "Defender for Office 365"),
        ("azureAdIdentityProtection", "Azure AD Identity Protection"),
        ("microsoftSecurityForAI", "Security for AI"),
        ("IdentityProtection", "Identity Protection"),
        ("microsoft", "Microsoft"),
        ("<b>x", "<b>x"),
        ("", ""),
    ],
)
def test_a_service_is_named_as_people_name_it(value, word):
    """A service's name in words; what is no name of Graph's stays as it came."""
    assert source_word(value) == word


@pytest.mark.parametrize("theme", ["drak", "", None, 5, ["dark"]])
def test_an_unknown_theme_is_refused_with_those_there_are(theme):
    """A misspelt theme names the two that there are."""
    with pytest.raises(UsageError, match="theme takes 'light' or 'dark'"):
        colors_of(theme)
