"""``graphinvestigate demo | serve | lab``: the demo tenant, and the notebooks."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from graphinvestigate.errors import UsageError


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
    demo = commands.add_parser("demo", help="investigate a demo tenant, end to end, with no account")
    tenant_options(demo)
    demo.add_argument("--since", default="30d", help="how far back to look, such as 7d or 36h (default: 30d)")
    demo.add_argument(
        "--output", type=Path, default=Path("graphinvestigate-demo.html"), help="the report (default: %(default)s)"
    )
    demo.add_argument("--case", type=Path, help="a folder to keep the case in, for verify, replay and report")
    demo.set_defaults(run=_demo)

    serve = commands.add_parser("serve", help="serve the demo tenant to any Graph client, on loopback only")
    tenant_options(serve)
    serve.add_argument("--port", type=int, default=8080, help="0 takes any free one (default: 8080)")
    serve.set_defaults(run=_serve)

    lab = commands.add_parser(
        "lab",
        help="open JupyterLab on the notebooks",
        epilog="JupyterLab gets all other options, such as --no-browser.",
    )
    lab.set_defaults(run=_lab)


def tenant_options(parser: argparse.ArgumentParser) -> None:
    """Say which demo tenant."""
    parser.add_argument("--seed", type=int, default=0, help="which tenant; the same seed, the same tenant (default: 0)")
    parser.add_argument("--alerts", type=int, default=120, help="how many alerts it has (default: 120)")


def _demo(chosen: argparse.Namespace) -> int:
    from tqdm import tqdm

    from graphinvestigate.cases import Case, briefing
    from graphinvestigate.demo import connect_demo
    from graphinvestigate.walkthrough import investigate

    if chosen.output.is_dir() or not chosen.output.absolute().parent.is_dir():
        raise UsageError(f"--output names a file to write in a folder that exists; {chosen.output} is not one.")
    with (
        connect_demo(seed=chosen.seed, alerts=chosen.alerts) as client,
        tqdm(bar_format="{desc} {elapsed}", leave=False, disable=None, file=sys.stderr) as bar,
    ):
        found = investigate(client, since=chosen.since, on_step=bar.set_description_str)
        bar.set_description_str("writing the report")
        case = Case(f"Demo tenant {chosen.seed}")
        case.add(found)
        if chosen.case is not None:
            case.save(chosen.case)
        path = case.report(chosen.output)
    print(briefing(found, width=min(max(shutil.get_terminal_size((140, 24)).columns, 80), 180)))
    print(f"\nReport: {path} (one file, opens with no network)")
    if chosen.case is not None:
        print(f"Case: {case.path} (graphinvestigate verify --case {case.path})")
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    from graphinvestigate.demo import serve

    with serve(port=chosen.port, seed=chosen.seed, alerts=chosen.alerts) as server:
        print(f"The demo tenant answers at {server.url} (this machine only). Ctrl-C stops it.")
        print(f'In a notebook: client = gi.connect_emulator("{server.url}")', flush=True)
        server.wait()
    return 0


def _lab(chosen: argparse.Namespace) -> int:
    if importlib.util.find_spec("jupyterlab") is None:
        raise UsageError('JupyterLab is not installed here: pip install "graphinvestigate[lab]"')
    first = notebooks_folder() / "01-first-investigation.ipynb"
    command = [sys.executable, "-m", "jupyterlab", str(first), *chosen.others]
    if os.name == "posix":  # become JupyterLab, so that whatever stops this command stops it
        os.execv(sys.executable, command)  # noqa: S606 (our own interpreter, no shell)
    return subprocess.run(command, check=False).returncode  # noqa: S603


def notebooks_folder() -> Path:
    """The notebooks of a checkout; of an installed package, a copy in the current folder, where they can be saved."""
    here = Path(__file__).resolve().parents[1]
    checkout = here.parent / "notebooks"
    if checkout.is_dir():
        return checkout
    copy = Path("graphinvestigate-notebooks")
    if not copy.exists():
        shutil.copytree(here / "notebooks", copy)
    return copy
