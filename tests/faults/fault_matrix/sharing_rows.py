"""A09, A11, D26: what is left in notebooks, widgets and files, and what a crowded drawing says of itself."""

from __future__ import annotations

import base64
import os
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import networkx as nx
import plotly.graph_objects as go

import graphinvestigate as gi
from fault_matrix.row import row
from fault_matrix.view_rows import sources, uses, with_code
from graphinvestigate.linking import Record

CANARY = "canary~S3cret/+token="

# A notebook whose every request fails after it was given a secret and a token, with all that could tell on them
# switched on: verbose tracebacks, logs of everything, every object shown.
SETUP = """
import logging, sys, httpx
from pathlib import Path
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
import graphinvestigate as gi
%xmode Verbose
class Failing(httpx.BaseTransport):
    def __init__(self, status): self.status = status
    def handle_request(self, request):
        return httpx.Response(self.status, json={"error": {"code": "x", "message": "no"}})
class Credential:
    def get_token(self, *scopes, **options):
        from types import SimpleNamespace
        return SimpleNamespace(token=Path("secret").read_text(), expires_on=4_000_000_000)
"""
OURS = (
    'client = gi.connect(tenant_id="t", credential=Credential(), transport=Failing({status})); client',
    'gi.list_alerts(client, filter="title eq 1")',
    "client.pulls, gi.coverage(client), vars(client) if hasattr(client, '__dict__') else dir(client)",
    'signed = gi.connect(tenant_id="11111111-1111-1111-1111-111111111111", client_id="app", auth="client_secret", '
    'client_secret=Path("secret").read_text(), transport=Failing({status})); signed',
    "gi.list_alerts(signed)",
)
NAIVE = (
    "token = Path('secret').read_text()\n"
    "def ask(bearer):\n"
    "    answer = httpx.Client(transport=Failing({status})).get('https://graph.test/', headers=dict(a=bearer))\n"
    "    answer.raise_for_status()\n"
    "ask('Bearer ' + token)",
)


def run(cells: list[str], folder: Path) -> str:
    """Run cells one after the other, whatever fails, and give the notebook that is saved."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(book, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    failed = [output for cell in book.cells for output in cell.outputs if output.output_type == "error"]
    assert failed, "nothing failed, so nothing was shown"
    return nbformat.writes(book)


def spellings(secret: str) -> list[str]:
    """A secret as it may be written down."""
    encoded = base64.b64encode(secret.encode()).decode()
    return [secret, quote(secret, safe=""), encoded, encoded[:16], secret[:12]]


@row("A09", real=OURS, broken=NAIVE)
def no_secret_is_left_anywhere(subject: Any) -> None:
    """After runs that failed, no notebook, log, traceback or file holds the secret or the token, however spelt."""
    for status in (401, 403, 500 if subject is NAIVE else 404):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "secret").write_text(CANARY)
            before = os.environ.get("IPYTHONDIR")
            os.environ["IPYTHONDIR"] = str(folder / "ipython")
            try:
                shown = run([SETUP, *(cell.replace("{status}", str(status)) for cell in subject)], folder)
            finally:
                os.environ.pop("IPYTHONDIR") if before is None else os.environ.update(IPYTHONDIR=before)
            written = [path for path in folder.rglob("*") if path.is_file() and path.name != "secret"]
            texts = [shown, *(path.read_bytes().decode("utf-8", "replace") for path in written)]
            for spelt in spellings(CANARY):
                assert not any(spelt in text for text in texts), f"{spelt[:12]}… is left"


@row("A11", real=sources, broken=with_code("return ipywidgets.Password(value=frame)"))
def no_widget_takes_a_secret(subject: Any) -> None:
    """No widget of ours asks for a secret, whose value a saved notebook would hold in its widget state."""
    assert uses(subject(), r"\bPassword\(|password\s*=\s*ipywidgets") == []


def crowd(alerts: int) -> nx.MultiDiGraph:
    """An entity graph of so many alerts, each of one of ten users."""
    records = [
        {
            "id": f"alert-{number}",
            "title": "x",
            "severity": "low",
            "evidence": [
                {
                    "@odata.type": "#microsoft.graph.security.userEvidence",
                    "userAccount": {"userPrincipalName": f"user{number % 10}@contoso.test"},
                }
            ],
        }
        for number in range(alerts)
    ]
    return gi.entity_graph(alerts=gi.read_records("alerts", records))


def cut_quietly(g: nx.MultiDiGraph, *, max_nodes: int) -> go.Figure:
    """Draws what fits and says nothing of the rest."""
    figure = gi.plot_entity_graph(g, max_nodes=max_nodes)
    return figure.update_layout(title={"text": "Entity graph", "subtitle": {"text": ""}})


@row("D26", real=gi.plot_entity_graph, broken=cut_quietly)
def a_cut_drawing_says_so(subject: Any) -> None:
    """A drawing of a part names how many of how many nodes it shows; tables of the same graph are whole."""
    g = crowd(5_000)
    assert g.number_of_nodes() == 5_010
    assert sum(isinstance(node, Record) for node in g) == 5_000
    assert len(gi.entities(g)) == 10
    figure = subject(g, max_nodes=200)
    nodes = sum(
        len(trace.x) for trace in figure.data if trace.meta and trace.x is not None and "identity" in str(trace.meta)
    )
    assert nodes == 200
    said = f"{figure.layout.title.text} {figure.layout.title.subtitle.text}".replace(",", "")
    assert re.search(r"\b200\b.*\b5010\b|\b5010\b.*\b4810\b|\b4810\b", said), said
