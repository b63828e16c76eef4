"""Texts that an attacker chose, and what a reader or a browser makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

import graphinvestigate as gi

IMAGE = "<img src=x onerror=\"document.title='pwned'\">"
CLOSING = "</style></script></td></table><script>document.title='pwned'</script>"
LINK = '<a href="http://evil.test/">Reset your password</a><span style="font-size:80px">now</span>'
SCRIPTED = "<a href=\"javascript:document.title='pwned'\">x</a><svg onload=\"document.title='pwned'\">"
FORMULA = "$\\href{javascript:document.title='pwned'}{x}$"
TEMPLATE = "%{customdata[0]}<extra>%{x}</extra>"
COMMAND = '<button data-commandlinker-command="terminal:create-new">x</button>'
UNSEEN = "ab\u202egnp.exe\u200b\U000e0041"
ESCAPES = "\x1b]8;;http://evil.test\x07click\x1b]8;;\x07\x1b[2J"
LINES = "2026-01-01\r\nINFO all is well\u2028x"
MARKUP = (IMAGE, CLOSING, LINK, SCRIPTED, FORMULA, TEMPLATE, COMMAND)
TEXTS = (*MARKUP, UNSEEN, ESCAPES, LINES)

NO_CHROMIUM = "no Chromium on this machine: install one, or name it in the variable CHROMIUM"


class Markup(HTMLParser):
    """The tags, attributes and text of a piece of HTML, as a browser would find them."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.title = ""
        self._inside = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside not in ("script", "style"):
            self.text += data

    def active(self) -> list[tuple[str, str, str]]:
        """Attributes that run something or lead somewhere."""
        outward = ("href", "src", "srcset", "action", "xlink:href")
        return [
            one
            for one in self.attributes
            if one[1].startswith(("on", "data-command")) or (one[1] in outward and not one[2].startswith("#"))
        ]


def unseen(shown: str, *, lines: bool = True) -> list[str]:
    """Characters that draw nothing or move the text around; line feeds are allowed where a text has lines."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [c for c in shown if unicodedata.category(c) in kinds and not (lines and c == "\n")]


def hostile_alerts(text: str, *, count: int = 1) -> pd.DataFrame:
    """Alerts whose title, status, category, user, host, file and address an attacker chose."""
    kind = "#microsoft.graph.security."
    evidence = [
        {"@odata.type": f"{kind}userEvidence", "userAccount": {"userPrincipalName": text, "accountName": text}},
        {"@odata.type": f"{kind}deviceEvidence", "deviceDnsName": text, "mdeDeviceId": text},
        {"@odata.type": f"{kind}fileEvidence", "fileDetails": {"fileName": text, "filePath": text}},
        {"@odata.type": f"{kind}urlEvidence", "url": f"http://evil.test/{text}"},
    ]
    records = [
        {
            "id": f"alert-{number}",
            **dict.fromkeys(
                ("title", "description", "recommendedActions", "status", "category", "serviceSource"), text
            ),
            "severity": "high",
            "firstActivityDateTime": f"2026-03-02T{number % 24:02d}:00:00Z",
            "lastActivityDateTime": f"2026-03-02T{number % 24:02d}:30:00Z",
            "createdDateTime": "2026-03-02T00:00:00Z",
            "evidence": evidence,
        }
        for number in range(count)
    ]
    return gi.read_records("alerts", records)


def named(text: str) -> pd.DataFrame:
    """A frame whose cells, column, index and axis names are this text."""
    frame = pd.DataFrame({text: [text, "b"], "severity": ["high", text]}, index=pd.Index([text, "x"], name=text))
    frame.columns.name = text
    return frame


def strings(value: Any) -> list[str]:
    """Every text in a figure's JSON that plotly may draw; templates and packed numbers are none."""
    if isinstance(value, dict):
        return [text for key, item in value.items() if key not in ("bdata", "hovertemplate") for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def raw_figure(text: str) -> go.Figure:
    """A figure as most code makes one: with the data's text where plotly reads tags."""
    figure = go.Figure(go.Scatter(x=[1, 2], y=[text, "b"], text=[text, "b"], mode="markers+text", name=text))
    return figure.update_layout(title=text).add_annotation(text=text, x=1, y=0)


def dom(markup: str) -> str:
    """What Chromium makes of a page: its document after the scripts ran, with no way out of this machine."""
    chromium = next((path for name in chromiums() if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip(NO_CHROMIUM)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(markup, encoding="utf-8", errors="backslashreplace")
        command = [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--disable-dev-shm-usage", "--proxy-server=http://127.0.0.1:9", f"--user-data-dir={folder}/profile"),
            *("--virtual-time-budget=8000", "--dump-dom", page.as_uri()),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, errors="replace")
    assert "<html" in done.stdout, f"no document came back: {done.stderr[-500:]}"
    return done.stdout


def chromiums() -> list[str]:
    """Names under which a Chromium may be installed."""
    return [name for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome") if name]
