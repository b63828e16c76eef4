"""Kernels that share what they import: each is forked from one process that has imported everything already.

Five notebooks in five kernels import pandas, plotly, networkx and graphinvestigate five times: some hundred MB each,
of the 1 GB that Binder grants. A kernel that is forked from a process that did so shares that memory until it writes
to it.

``nursery.py serve`` is that process; ``binder/start`` starts it before the Jupyter server, and it ends with that.
``nursery.py open FILE`` is what Jupyter starts as a kernel (``nursery.py install`` writes the kernelspec): a few MB
that stand for the kernel, hand on its signals, and end with it. Where no nursery answers, ``open`` becomes an ordinary
kernel, which works the same and needs more memory.

Only the standard library is imported before it is known which of the two this is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

_PATIENCE = 20  # seconds for an answer; the nursery may still be importing
_GO = b"g"
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def place() -> Path:
    """Where the nursery listens: a socket in a folder of this account alone."""
    return Path(os.environ.get("GRAPHINVESTIGATE_NURSERY") or Path.home() / ".cache" / "graphinvestigate" / "nursery")


# What notebooks import late, in a kernel of their own.
_IMPORTED = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.datapub", "IPython.core.completerlib", "jedi", "sqlite3"),
    *("IPython.core.oinspect", "ipywidgets", "anywidget", "tqdm.auto", "graphinvestigate.walkthrough"),
    *("graphinvestigate.cases.redaction", "graphinvestigate.exports.graphs", "graphinvestigate.cli.workbench"),
)
_TIME, _TYPE = "2026-01-01T00:00:00Z", "#microsoft.graph.security."
_ALERT = {
    "id": "1",
    "incidentId": "1",
    "title": "-",
    "severity": "low",
    "category": "Execution",
    "serviceSource": "microsoftDefenderForEndpoint",
    "createdDateTime": _TIME,
    "firstActivityDateTime": _TIME,
    "lastActivityDateTime": _TIME,
    "evidence": [
        {"@odata.type": f"{_TYPE}userEvidence", "userAccount": {"userPrincipalName": "a@warm.invalid"}},
        {"@odata.type": f"{_TYPE}ipEvidence", "ipAddress": "192.0.2.1"},
        {"@odata.type": f"{_TYPE}deviceEvidence", "deviceDnsName": "a.warm.invalid"},
    ],
}


# ---- the process that has imported everything -----------------------------------------------------------------


def warm() -> None:
    """Do once what every notebook does: import, read, link, draw and tell. Nothing here may leave a thread behind."""
    import importlib
    import io
    import tempfile

    for name in _IMPORTED:
        with contextlib.suppress(ImportError):  # of another version
            importlib.import_module(name)
    import graphinvestigate as gi

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        gi.connect_demo(seed=0, alerts=30).close()
        alerts = gi.read_records("alerts", [_ALERT])
        g = gi.entity_graph(alerts=alerts)
        for shown in (gi.plot_timeline(alerts), gi.plot_entity_graph(g), gi.rank_entities(g)):
            shown._repr_html_()
        gi.rank_incidents(g)
        case = gi.Case("warm")
        case.add(alerts, g)
        with tempfile.TemporaryDirectory() as folder:
            case.save(f"{folder}/case")
            case.report(f"{folder}/report.html")
            gi.open_case(f"{folder}/case").replay()


def serve() -> None:
    """Fork a kernel for everyone who asks, for as long as the server lives."""
    import gc

    server = os.getppid()
    path = place()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(16)  # who asks before all is imported waits
    warm()
    if len(os.listdir("/proc/self/task")) > 1:
        raise SystemExit("nursery: something started a thread, and a process with several is not forked safely")
    gc.collect()
    gc.freeze()  # the collector never touches what is here: a page that nobody writes to stays shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that end leave nothing behind
    listening.settimeout(2)
    while os.getppid() == server:
        try:
            asking, _ = listening.accept()
        except TimeoutError:
            continue
        try:
            asked, files = _asked(asking)
            if os.fork() == 0:
                listening.close()
                _become_kernel(asking, asked, files)
            for file in files:
                os.close(file)
        except (OSError, ValueError, LookupError) as error:
            print(f"nursery: {type(error).__name__}: {error}", file=sys.stderr)
        asking.close()


def _asked(asking: socket.socket) -> tuple[dict[str, object], list[int]]:
    asking.settimeout(_PATIENCE)
    data, files, _, _ = socket.recv_fds(asking, 1 << 16, 3)
    while not data.endswith(b"\n"):
        more = asking.recv(1 << 16)
        if not more:
            raise ValueError("a question that ends in the middle")
        data += more
    asking.settimeout(None)
    return json.loads(data), list(files)


def _become_kernel(asking: socket.socket, asked: dict[str, object], files: list[int]) -> None:
    """In the child: the folder, environment, streams and arguments of who asked; then a kernel, until it ends."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with & has it switched off
        for number, file in enumerate(files):
            os.dup2(file, number)
        for file in files:
            os.close(file)
        os.chdir(str(asked["folder"]))
        os.environ.clear()
        os.environ.update({str(k): str(v) for k, v in dict(asked["environment"]).items() if k != "JPY_PARENT_PID"})
        asking.sendall(f"{os.getpid()}\n".encode())
        if asking.recv(1) != _GO:  # who asked did not wait
            os._exit(1)
        threading.Thread(target=_end_with, args=(asking,), daemon=True).start()
        sys.argv = ["ipykernel_launcher", "-f", str(asked["connection"])]
        sys.path.insert(0, "")
        import random

        random.seed()
        import numpy

        numpy.random.seed()
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(argv=sys.argv[1:])
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 0
    finally:
        with contextlib.suppress(Exception):
            import logging

            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _end_with(asking: socket.socket) -> None:
    """End when the process that stands for this kernel is gone: Jupyter has killed it, or is gone itself."""
    with contextlib.suppress(OSError):
        while asking.recv(64):
            pass
    os._exit(1)


# ---- the process that stands for a kernel ---------------------------------------------------------------------


def open_kernel(connection: str) -> None:
    """Be a kernel for Jupyter: one of the nursery's, or else an ordinary one."""
    try:
        asked = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        asked.settimeout(_PATIENCE)
        asked.connect(str(place()))
        question = {"connection": connection, "folder": os.getcwd(), "environment": dict(os.environ)}
        socket.send_fds(asked, [json.dumps(question).encode() + b"\n"], [0, 1, 2])
        kernel = os.pidfd_open(_answer(asked))  # stays the kernel's, whoever gets its number later
        asked.sendall(_GO)
        asked.settimeout(None)
    except (OSError, ValueError, AttributeError) as error:
        print(f"no kernel from the nursery ({error}): an ordinary one", file=sys.stderr)
        os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", "-f", connection])

    def hand_on(number: int, _: object) -> None:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(kernel, number)

    for number in _FORWARDED:
        signal.signal(number, hand_on)
    while asked.recv(64):
        pass


def _answer(asked: socket.socket) -> int:
    answer = b""
    while not answer.endswith(b"\n"):
        piece = asked.recv(32)
        if not piece:
            raise OSError("the nursery did not answer")
        answer += piece
    return int(answer)


def install() -> None:
    """Have this environment's Python kernels opened by this file."""
    spec = Path(sys.prefix) / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    if not spec.exists():
        print(f"nursery: no kernelspec at {spec}; kernels are ordinary ones", file=sys.stderr)
        return
    written = json.loads(spec.read_text("utf-8"))
    # Isolated and without site-packages: it stays small. The kernel itself has both.
    written["argv"] = [sys.executable, "-I", "-S", str(Path(__file__).resolve()), "open", "{connection_file}"]
    spec.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["open", connection]:
            open_kernel(connection)
        case ["install"]:
            install()
        case _:
            raise SystemExit("nursery.py serve | open CONNECTION_FILE | install")
