"""``graphinvestigate app``: the workbench as a web page, for people without notebooks."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphinvestigate import text
from graphinvestigate.cli.demo import tenant_options
from graphinvestigate.errors import UsageError

_NAME = "graphinvestigate"
_PATIENCE = 60
# Voilà's own page asks a server elsewhere for an icon font that nothing here uses: the page loads nothing from outside.
_TEMPLATE = """{%- extends 'lab/index.html.j2' -%}
{%- block notebook_css -%}
{{ super() | replace("https://cdn.jsdelivr.net/", "data:text/css,") }}
<title>graphinvestigate</title>
<style>#rendered_cells { max-width: 1500px; margin: 0 auto; padding: 8px 12px; }</style>
{%- endblock notebook_css -%}
"""


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    app = commands.add_parser("app", help="open the workbench as a web page, on the demo tenant or on a case")
    tenant_options(app)
    app.add_argument("--case", type=Path, help="a saved case to open instead: its folder or .zip")
    app.add_argument("--port", type=int, default=0, help="the default takes any free one")
    app.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    app.set_defaults(run=_app)


def _app(chosen: argparse.Namespace) -> int:
    if importlib.util.find_spec("voila") is None:
        raise UsageError('Voilà is not installed here: pip install "graphinvestigate[lab]"')
    if not 0 <= chosen.port <= 65535:
        raise UsageError(f"--port is a number from 0 (any free one) to 65535; got {chosen.port}.")
    if chosen.case is not None:
        from graphinvestigate.cases import open_case

        open_case(chosen.case)  # what is no case is said here, and not in a page
    # Who stops the command stops its server and removes the folder with the token, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with served(_cell(chosen), port=chosen.port) as (server, url):
        print(f"The workbench: {url}\nThis machine only; Ctrl-C stops it.", flush=True)
        if not chosen.no_browser:
            webbrowser.open(url)
        return server.wait()


def _cell(chosen: argparse.Namespace) -> str:
    if chosen.case is not None:
        options = f'"case", path={str(chosen.case.resolve())!r}'
    else:
        options = f'"demo", seed={chosen.seed}, alerts={chosen.alerts}'
    return f"from graphinvestigate.cli.workbench import page\n\npage({options})"


@contextlib.contextmanager
def served(cell: str, *, port: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Serve one cell through Voilà, on loopback, to whoever has the address with its token.

    Parameters
    ----------
    cell : str
        Python whose last expression is shown.
    port : int
        0 takes any free one.

    Yields
    ------
    server : subprocess.Popen
    url : str
        Where it answers, with the token.
    """
    token = secrets.token_urlsafe(24)
    port = port or _free_port()
    with tempfile.TemporaryDirectory(prefix="graphinvestigate-app-") as folder:
        home = Path(folder)  # private to its user: its files hold the token
        _prepare(home, cell, port, token)
        path = os.pathsep.join(filter(None, [str(home), os.environ.get("JUPYTER_PATH")]))
        command = [sys.executable, "-m", "voila", str(home / "app.ipynb"), "--no-browser"]
        with (home / "log.txt").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
                command, env={**os.environ, "JUPYTER_PATH": path}, cwd=home, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                _wait(server, port, home / "log.txt")
                yield server, f"http://127.0.0.1:{port}/?token={token}"
            finally:
                server.terminate()
                try:
                    server.wait(10)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait(10)


def _prepare(home: Path, cell: str, port: int, token: str) -> None:
    """Write what Voilà reads: the notebook, its configuration, a template, and a kernel that is this interpreter."""
    code: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "page",
        "metadata": {},
        "outputs": [],
        "source": cell,
    }
    kernel = {"name": _NAME, "display_name": _NAME, "language": "python"}
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    files = {
        "app.ipynb": {"cells": [code], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5},
        "voila.json": {
            "Voila": {"ip": "127.0.0.1", "port": port, "port_retries": 0, "token": token},
            "VoilaConfiguration": {"template": _NAME, "show_tracebacks": False},
        },
        f"kernels/{_NAME}/kernel.json": {"argv": argv, "display_name": _NAME, "language": "python"},
    }
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(json.dumps(content), encoding="utf-8")
    write_template(home)


def write_template(home: Path | None = None) -> Path:
    """Write the page's template for Voilà, so that a notebook whose metadata name it loads nothing from outside.

    Parameters
    ----------
    home : path, optional
        A folder of Jupyter's data; the default is this environment's own, as on Binder.

    Returns
    -------
    Path
        The template's folder.
    """
    folder = (home or Path(sys.prefix, "share", "jupyter")) / "voila" / "templates" / _NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conf.json").write_text(json.dumps({"base_template": "lab"}), encoding="utf-8")
    (folder / "index.html.j2").write_text(_TEMPLATE, encoding="utf-8")
    return folder


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server listens; one that ended says why."""
    end = time.monotonic() + _PATIENCE
    while True:
        if server.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
            raise UsageError(f"Voilà ended at its start: {text.log(' '.join(said))}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > end:
            raise UsageError(f"Voilà does not answer on port {port} after {_PATIENCE} seconds")
        time.sleep(0.1)
