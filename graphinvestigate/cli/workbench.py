"""What ``graphinvestigate app`` shows in a page: the workbench on the demo tenant or on a case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from graphinvestigate import text
from graphinvestigate.cases import Case, open_case
from graphinvestigate.cases.telling import REDACTED
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo import connect_demo
from graphinvestigate.errors import GraphInvestigateError, UsageError
from graphinvestigate.linking import entity_graph
from graphinvestigate.queries import list_alerts, list_incidents, list_risk_detections
from graphinvestigate.widgets import Workbench, controls
from graphinvestigate.widgets.safe import join, pane, safe_html
from graphinvestigate.widgets.style import SHEET

_NO_TENANT = "00000000-0000-4000-8000-000000000000"


class _NoTenant(httpx.BaseTransport):
    """A case is open without its tenant: whoever asks is told so."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 (nothing is sent)
        raise UsageError(
            "a case is open without its tenant, so nothing can be asked of Graph here. To pivot, connect in a "
            "notebook and open the case there: client = gi.connect(…); gi.Workbench(client, case=gi.open_case(…))"
        )


def on_demo(seed: int, alerts: int) -> Workbench:
    """Make the workbench on a demo tenant.

    Parameters
    ----------
    seed, alerts : int
        Which tenant, and how many alerts it has.

    Returns
    -------
    Workbench
    """
    client = connect_demo(seed=seed, alerts=alerts)
    found, incidents, risk = list_alerts(client), list_incidents(client), list_risk_detections(client)
    g = entity_graph(alerts=found, incidents=incidents, risk_detections=risk)
    return Workbench(client, found, g=g, frames=[risk], since=None)


def on_case(path: str | Path) -> Workbench:
    """Make the workbench on a saved case: its records, its graph and its notes, with no tenant to ask.

    Parameters
    ----------
    path : str or path
        The case's folder or ``.zip``.

    Returns
    -------
    Workbench

    Raises
    ------
    BadFileError
        It is no case.
    """
    return _on(open_case(path))


def _on(case: Case) -> Workbench:
    return Workbench(_without_tenant(), case=case, since=None)


def _heading(case: Case) -> Any:
    """Which case it is, and what whoever looks at it must know of it."""
    said = [f"Case {text.visible(case.name, 200)}"]
    if case.manifest is not None:
        said.append(f"as it was saved at {case.manifest.saved[:16].replace('T', ' ')} UTC. No tenant is asked.")
    warned = [REDACTED] if any(one["action"] == "redact" for one in case.actions) else []
    warned += [str(problem) for problem in case.problems]
    return pane(
        safe_html(
            '{sheet}<div class="gi-root"><p class="gi-muted">{said}</p>{warned}</div>',
            sheet=SHEET,
            said=", ".join(said),
            warned=join([safe_html("<p><b>{words}</b></p>", words=text.visible(words, 1000)) for words in warned]),
        )
    )


def page(kind: str, **options: Any) -> Any:
    """Give what the page shows: a workbench, or what went wrong in words.

    Parameters
    ----------
    kind : {"demo", "case"}
    **options : object
        What `on_demo` or `on_case` takes.

    Returns
    -------
    ipywidgets.Widget
    """
    try:
        if kind == "case":
            case = open_case(options["path"])
            return controls.VBox([_heading(case), _on(case)])
        return on_demo(**options)
    except GraphInvestigateError as error:
        words = text.visible(str(error), 1000)
        content = safe_html('{sheet}<div class="gi-root gi-error" role="alert">{words}</div>', sheet=SHEET, words=words)
        return pane(content)


def _without_tenant() -> GraphClient:
    return connect(tenant_id=_NO_TENANT, transport=_NoTenant(), credential=EmulatorCredential(_NO_TENANT))
