"""``graphinvestigate watch``: poll a tenant, keep cases, hand events on."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphinvestigate.errors import UsageError
from graphinvestigate.text import log

SECRET = "GRAPHINVESTIGATE_CLIENT_SECRET"  # noqa: S105 (the name of a variable)
TOKEN = "GRAPHINVESTIGATE_COLLECTOR_TOKEN"  # noqa: S105 (the name of a variable)
UNDONE = 4
"""The exit status of ``watch --once`` that left something for the next poll."""
_CLOUDS = ("global", "usgov", "usgov_dod", "china")  # what connect calls them; loading that here would take long


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    watch = commands.add_parser(
        "watch",
        help="watch a tenant: hand on what changed, keep open cases up to date, make new incidents cases",
        epilog=f"Secrets are read from the variables {SECRET} and {TOKEN}, never from the command line.",
    )
    tenant = watch.add_argument_group("the tenant")
    tenant.add_argument("--tenant-id", help="the tenant's id or domain")
    tenant.add_argument("--client-id", help="the app registration")
    tenant.add_argument(
        "--auth",
        default="client_secret",
        choices=["client_secret", "certificate", "managed_identity", "workload_identity", "device_code"],
        help="how to sign in (default: %(default)s)",
    )
    tenant.add_argument("--certificate", type=Path, help="the PEM file, for --auth certificate")
    tenant.add_argument(
        "--cloud", default="global", choices=_CLOUDS, help="where the tenant lives (default: %(default)s)"
    )
    tenant.add_argument("--emulator", metavar="URL", help="instead: a server on this machine that speaks Graph")
    what = watch.add_argument_group("what to do")
    what.add_argument("--state", type=Path, required=True, help="a folder of its own for what the watch remembers")
    what.add_argument("--cases", type=Path, help="the folder of cases: open ones are kept up to date")
    what.add_argument("--open", action="store_true", help="make new incidents cases, with report and ticket")
    what.add_argument("--min-severity", default="high", help="of incidents that become cases (default: %(default)s)")
    what.add_argument("--title", default="", help="only incidents whose name holds these words")
    what.add_argument("--notebook", type=Path, help="run on each new case; parameters: case_path, incident_id")
    what.add_argument("--since", default="1h", help="how far back the first poll looks (default: %(default)s)")
    what.add_argument("--interval", type=float, default=60.0, help="seconds between polls, 30 at least (default: 60)")
    what.add_argument(
        "--once",
        action="store_true",
        help=f"poll once and end, for cron; ends with {UNDONE} where a destination did not take its events or an "
        "incident became no case: the next poll does that",
    )
    what.add_argument(
        "--also",
        action="append",
        default=[],
        choices=["sign_ins", "directory_audits"],
        help="hand on these, too: they are many; may be given twice",
    )
    out = watch.add_argument_group("where events go")
    out.add_argument("--format", default="jsonl", choices=["jsonl", "ocsf"], help="of events (default: %(default)s)")
    out.add_argument("--to-file", type=Path, action="append", default=[], help="append to a file")
    out.add_argument("--to-stdout", action="store_true", help="write to standard output")
    out.add_argument("--to-url", action="append", default=[], metavar="URL", help="post to a collector, one event each")
    out.add_argument(
        "--forget-others",
        action="store_true",
        help="forget destinations named before and not now, with the events that are kept for them",
    )
    watch.set_defaults(run=_watch)


def _watch(chosen: argparse.Namespace) -> int:
    from graphinvestigate.watch import FileSink, HttpSink, Sink, StreamSink, Wanted, Watch

    if chosen.open and chosen.cases is None:
        raise UsageError("--open needs --cases, the folder that new cases are made in.")
    sinks: list[Sink] = [FileSink(path) for path in chosen.to_file]
    sinks += [HttpSink(url, token=os.environ.get(TOKEN)) for url in chosen.to_url]
    sinks += [StreamSink()] if chosen.to_stdout else []
    wanted = Wanted(min_severity=chosen.min_severity, title=chosen.title) if chosen.open else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with (
        _client(chosen) as client,
        Watch(
            client,
            chosen.state,
            sinks,
            cases=chosen.cases,
            wanted=wanted,
            notebook=chosen.notebook,
            since=chosen.since,
            format=chosen.format,
            also=chosen.also,
            forget_others=chosen.forget_others,
            tell=_tell,
        ) as watch,
    ):
        if chosen.once:
            _tell(f"{watch.poll()} events")
            for sentence in watch.undone:
                _tell(sentence)
            return UNDONE if watch.undone else 0
        watch.run(interval=chosen.interval, stop=stop)
    return 0


def _client(chosen: argparse.Namespace) -> Any:
    from graphinvestigate.client import connect, connect_emulator

    if chosen.emulator:
        return connect_emulator(chosen.emulator)
    if not chosen.tenant_id:
        raise UsageError("name the tenant: --tenant-id, and --client-id with a way to sign in; or --emulator URL.")
    if chosen.auth == "client_secret" and not os.environ.get(SECRET):
        raise UsageError(
            f"the client's secret is read from the variable {SECRET}, which is not set; set it, or name another --auth."
        )
    return connect(
        tenant_id=chosen.tenant_id,
        client_id=chosen.client_id,
        auth=chosen.auth,
        client_secret=os.environ.get(SECRET) if chosen.auth == "client_secret" else None,
        certificate=chosen.certificate,
        cloud=chosen.cloud,
    )


def _tell(sentence: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {log(sentence)}", file=sys.stderr, flush=True)
