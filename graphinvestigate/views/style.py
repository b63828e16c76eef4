"""What kinds and severities look like: a symbol, a colour and a word each, in light and in dark.

Colours stand out at least 3:1 from the light and the dark background, so that only background, text and grid
change with the theme. Severities differ for colour-blind eyes (no red, no green, no blue), and never by colour alone;
so do kinds whose symbols are alike, such as a hexagon and an octagon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from graphinvestigate import text
from graphinvestigate.errors import UsageError

_LONGEST_KIND = 40
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
EDGE = "rgba(128,136,150,0.45)"
EDGE_HIGHLIGHT = "#c2528b"


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind or one severity is drawn.

    Attributes
    ----------
    name : str
        The kind or severity, as in frames and entity graphs.
    word, words : str
        What a reader sees, for one and for several.
    symbol : str
        A plotly marker symbol.
    color : str
        ``#rrggbb``.
    is_record : bool
        True for Graph's records (alerts …), False for entities.
    """

    name: str
    word: str
    words: str
    symbol: str
    color: str
    is_record: bool = False


_RECORDS = (
    Look("incident", "incident", "incidents", "star", "#d77058", True),
    Look("alert", "alert", "alerts", "triangle-up", "#6b7785", True),
    Look("risk_detection", "risk detection", "risk detections", "triangle-down", "#8e5cc9", True),
    Look("risky_user", "risky user", "risky users", "hexagram", "#8e5cc9", True),
    Look("sign_in", "sign-in", "sign-ins", "triangle-right", "#7d7f35", True),
    Look("directory_audit", "directory audit", "directory audits", "triangle-left", "#7d7f35", True),
)
_ENTITIES = (
    Look("user", "user", "users", "circle", "#3b7dd8"),
    Look("host", "host", "hosts", "square", "#1a8754"),
    Look("ip", "IP address", "IP addresses", "diamond", "#c46a00"),
    Look("file", "file", "files", "pentagon", "#8a6a3b"),
    Look("process", "process", "processes", "hexagon", "#07a4ae"),
    Look("url", "URL", "URLs", "hourglass", "#c2528b"),
    Look("domain", "domain", "domains", "octagon", "#c2528b"),
    Look("mailbox", "mailbox", "mailboxes", "square-cross", "#3b7dd8"),
    Look("mail_message", "mail message", "mail messages", "bowtie", "#3b7dd8"),
    Look("group", "group", "groups", "circle-cross", "#3b7dd8"),
    Look("app", "app", "apps", "diamond-tall", "#9b59b6"),
    Look("service_principal", "service principal", "service principals", "diamond-wide", "#8e63da"),
    Look("cloud_resource", "cloud resource", "cloud resources", "hexagon2", "#5065a1"),
    Look("registry_key", "registry key", "registry", "square-x", "#80612a"),
    Look("malware", "malware", "malware", "star-triangle-up", "#cf222e"),
    Look("logon_session", "logon session", "logon sessions", "circle-x", "#0e7077"),
)
OTHER = Look("other", "other", "other", "x", "#7d8590")
# Kinds drawn like a kind that they are close to; the text still names them for what they are.
_DRAWN_AS = {
    "registry_value": "registry_key",
    "cloud_logon_session": "logon_session",
    "ai_agent": "app",
    "mail_cluster": "mail_message",
    "mail_submission": "mail_message",
    "mailbox_configuration": "mailbox",
    "saas_app": "app",
    "security_group": "group",
    "blob": "cloud_resource",
    "blob_container": "cloud_resource",
    "container": "cloud_resource",
    "container_image": "cloud_resource",
    "container_registry": "cloud_resource",
    "directory_role": "group",
    "service_principal_risk_detection": "risk_detection",
    "risky_service_principal": "risky_user",
    "directory_user": "directory_audit",
    "directory_device": "directory_audit",
}

KINDS: dict[str, Look] = {look.name: look for look in (*_ENTITIES, *_RECORDS)}

# From worst to least; None-like values are "unknown", never "none".
SEVERITIES: dict[str, Look] = {
    look.name: look
    for look in (
        Look("high", "high", "high", "diamond", "#cf222e"),
        Look("medium", "medium", "medium", "square", "#bd8000"),
        Look("low", "low", "low", "circle", "#2f81c7"),
        Look("informational", "informational", "informational", "circle-open", "#7d8590"),
        Look("none", "no risk", "no risk", "line-ns-open", "#7d8590"),
        Look("unknown", "unknown", "unknown", "x-thin-open", "#7d8590"),
    )
}
_RANK = {name: len(SEVERITIES) - 1 - at for at, name in enumerate(SEVERITIES)}


def kind_look(kind: str) -> Look:
    """Give the look of a kind: its own, that of a kind close to it, or that of ``other``.

    Parameters
    ----------
    kind : str
        An entity or record kind.

    Returns
    -------
    Look
    """
    if kind.startswith("kubernetes_"):
        kind = "cloud_resource"
    return KINDS.get(_DRAWN_AS.get(kind, kind), OTHER)


def kind_word(kind: str, count: int = 1) -> str:
    """Name a kind in words, also one that has no look of its own.

    Parameters
    ----------
    kind : str
        An entity or record kind.
    count : int
        How many there are.

    Returns
    -------
    str
    """
    look = KINDS.get(kind)
    if look:
        return look.word if count == 1 else look.words
    plain = kind.replace("_", " ").replace("sign in", "sign-in")
    word = text.visible(plain, _LONGEST_KIND)  # a type that Graph has added, or an attacker's words
    if count == 1 or word.endswith("s"):
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def severity(value: object) -> str:
    """Name the severity or risk level that a value stands for.

    Parameters
    ----------
    value : object
        Graph's severity or risk level in any case; None, NA, ``hidden`` and words not known are ``unknown``.

    Returns
    -------
    str
        A key of ``SEVERITIES``.
    """
    name = value.casefold() if isinstance(value, str) else ""
    return name if name in SEVERITIES else "unknown"


def severity_rank(value: object) -> int:
    """Rank a severity: unknown 0, none 1, informational 2, low 3, medium 4, high 5.

    Parameters
    ----------
    value : object
        As in :func:`severity`.

    Returns
    -------
    int
    """
    return _RANK[severity(value)]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours that change between light and dark."""

    background: str
    text: str
    muted: str
    grid: str


THEMES = {
    "light": Theme("#ffffff", "#1f2328", "#59636e", "#e3e6ea"),
    "dark": Theme("#16181d", "#e6edf3", "#9aa4b0", "#2d333b"),
}


def source_word(value: object) -> str:
    """Write a service's name as people do: ``microsoftDefenderForOffice365`` as Defender for Office 365.

    Parameters
    ----------
    value : object
        An alert's ``serviceSource`` or a risk detection's ``source``.

    Returns
    -------
    str
        A name that is not spelled like Graph's own stays as it came.
    """
    name = str(value)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", " ", name.removeprefix("microsoft")) or name
    words = re.sub(r"(?<= )For(?= )", "for", re.sub(r"\bAd\b", "AD", words))
    return words[:1].upper() + words[1:]


def colors_of(theme: str) -> Theme:
    """Give the colours of a theme; `UsageError` where there is none of that name."""
    if theme not in tuple(THEMES):  # (also what has no hash)
        raise UsageError(f"theme takes {' or '.join(map(repr, THEMES))}; got {text.log(repr(theme))[:60]}.")
    return THEMES[theme]


def template(theme: str = "light") -> dict[str, Any]:
    """Give the plotly template of a theme: background, text and grid, nothing else.

    Parameters
    ----------
    theme : {"light", "dark"}
        Which background the figure stands on.

    Returns
    -------
    dict
        For ``layout.template``.

    Raises
    ------
    UsageError
        There is no such theme.
    """
    colors = colors_of(theme)
    axis = {
        "gridcolor": colors.grid,
        "linecolor": colors.grid,
        "zerolinecolor": colors.grid,
        "tickfont": {"color": colors.text},
        "title": {"font": {"color": colors.muted}},
    }
    halo = ", ".join(f"{x}px {y}px 2px {colors.background}" for x in (-1, 0, 1) for y in (-1, 0, 1))
    return {
        "data": {
            "scatter": [
                {"marker": {"line": {"color": colors.background}}, "textfont": {"color": colors.text, "shadow": halo}}
            ]
        },
        "layout": {
            "paper_bgcolor": colors.background,
            "plot_bgcolor": colors.background,
            "font": {"family": FONT, "size": 12, "color": colors.text},
            "title": {
                "x": 0.01,
                "xanchor": "left",
                "yref": "container",
                "y": 1,
                "yanchor": "top",
                "pad": {"t": 14},
                "font": {"size": 17, "color": colors.text},
                "subtitle": {"font": {"size": 12, "color": colors.muted}},
            },
            "hoverlabel": {
                "align": "left",
                "bgcolor": colors.background,
                "bordercolor": colors.muted,
                "font": {"family": FONT, "size": 12, "color": colors.text},
            },
            "legend": {"font": {"color": colors.text}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colors.muted, "activecolor": colors.text},
            "xaxis": axis,
            "yaxis": axis,
        },
    }


# Nothing that leaves the page: no upload to Plotly Cloud, no logo that links, no formulas.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["sendDataToCloud", "sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    "plotlyServerURL": "",
    "responsive": True,
    "showEditInChartStudio": False,
    "showLink": False,
    "showSendToCloud": False,
    "typesetMath": False,
}
