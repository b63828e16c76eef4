"""What Binder would build and need: the environment made from ``binder/`` alone, and its memory while everything runs.

``python tools/measure_binder.py`` makes a clean prefix from the pins (with their hashes) and ``postBuild``, starts the
Jupyter server that Binder starts, opens notebook after notebook as a person would (each in a kernel of its own, left
running), then the app as Voilà's page, and prints how much memory the server and all its kernels took at most. It ends
with 1 where a cell fails, where a page does not come, or where all of them open at once need more than the limit.

Memory is the sum over the server and all processes below it: RSS counts pages that they share once for each, PSS once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1000  # MB, what Binder grants at least
PATIENCE = 300  # seconds for a cell, or for a page
APP = "binder/app.ipynb"
TOGETHER = "all of them, and the app, open at once"


def built(work: Path) -> tuple[Path, Path]:
    """Make what repo2docker makes of the repository: a checkout, the pins in a clean prefix, ``postBuild``."""
    checkout, prefix = work / "checkout", work / "prefix"
    archive = subprocess.run(["git", "-C", ROOT, "stash", "create"], capture_output=True, text=True, check=True)
    commit = archive.stdout.strip() or "HEAD"  # what is changed and not committed, too
    files = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True).stdout
    checkout.mkdir()
    subprocess.run(["tar", "-x", "-C", checkout], input=files, check=True)
    version = (checkout / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    subprocess.run([f"python{version}", "-m", "venv", prefix], check=True)
    pip = [prefix / "bin" / "pip", "install", "--quiet", "--no-cache-dir", "--require-hashes"]
    subprocess.run([*pip, "-r", checkout / "binder" / "requirements.txt"], check=True)
    subprocess.run(["bash", "binder/postBuild"], cwd=checkout, check=True, env=environment(prefix))
    return checkout, prefix


def environment(prefix: Path) -> dict[str, str]:
    """Of the prefix alone: nothing of this process's Python is in it; on Binder, as the variable says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER", "VIRTUAL"))}
    home = {"HOME": str(prefix), "JUPYTER_PREFER_ENV_PATH": "1", "BINDER_SERVICE_HOST": "10.0.0.1"}
    return {**kept, **home, "PATH": f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}"}


class Memory:
    """The memory of a process and all below it, looked at all the time."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.most: dict[str, tuple[int, int]] = {}
        self.now = (0, 0)
        self._label = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def label(self, name: str) -> None:
        """Count under this name from now on."""
        self._label = name

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            found = [_memory(one) for one in _family(self.pid)]
            self.now = (sum(one[0] for one in found) // 1024, sum(one[1] for one in found) // 1024)
            before = self.most.get(self._label, (0, 0))
            self.most[self._label] = (max(before[0], self.now[0]), max(before[1], self.now[1]))


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def _memory(pid: int) -> tuple[int, int]:
    """RSS and PSS of a process, in kB; nothing of one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0, 0
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
    return values.get("Rss", 0), values.get("Pss", 0)


class Server:
    """A Jupyter server, spoken to as JupyterLab in a browser does."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def ask(self, path: str, body: Any = None, method: str | None = None) -> bytes:
        """One request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return bytes(answer.read())

    def run(self, notebook: str) -> int:
        """Open a notebook in a kernel of its own and run every cell; the bytes of what came back."""
        content = json.loads(self.ask(f"/api/contents/{urllib.parse.quote(notebook)}"))["content"]
        body = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = json.loads(self.ask("/api/sessions", body))["kernel"]["id"]
        import websocket  # of jupyter-server

        address = f"{self.url.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        channels = websocket.create_connection(address, timeout=PATIENCE, header=[f"Authorization: token {self.token}"])
        size = 0
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                size += _execute(channels, "".join(cell["source"]))
        channels.close()
        return size


def _execute(channels: Any, code: str) -> int:
    name = secrets.token_hex(8)
    header = {"msg_id": name, "username": "", "session": name, "msg_type": "execute_request", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channels.send(json.dumps(message))
    size = 0
    while True:
        text = channels.recv()
        size += len(text)
        if isinstance(text, bytes):  # buffers of widgets
            continue
        answer = json.loads(text)
        if answer["parent_header"].get("msg_id") != name:
            continue
        if answer["msg_type"] == "error":
            raise SystemExit(f"a cell failed: {answer['content']['ename']}: {answer['content']['evalue']}\n{code}")
        if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
            return size


@contextlib.contextmanager
def started(checkout: Path, prefix: Path) -> Iterator[tuple[Server, Memory]]:
    """The server that Binder starts, in the checkout."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(24)
    command = [
        checkout / "binder" / "start",
        prefix / "bin" / "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
    ]
    log = (checkout / "server.log").open("wb")
    process = subprocess.Popen(
        [*command, "--ServerApp.port_retries=0"], cwd=checkout, stdout=log, stderr=subprocess.STDOUT,
        env={**environment(prefix), "JUPYTER_TOKEN": token},
    )  # fmt: skip
    memory = Memory(process.pid)
    try:
        server = Server(f"http://127.0.0.1:{port}", token)
        for _ in range(600):
            with contextlib.suppress(OSError):
                server.ask("/api/status")
                break
            time.sleep(0.1)
        yield server, memory
    finally:
        memory.stop()
        process.terminate()
        process.wait(30)
        log.close()


def measured(checkout: Path, prefix: Path) -> dict[str, tuple[int, int]]:
    """Run each notebook, and the app, with a server of its own."""
    found: dict[str, tuple[int, int]] = {}
    for name in notebooks_of(checkout):
        with started(checkout, prefix) as (server, memory):
            memory.label("start")
            time.sleep(1)
            memory.label(name)
            server.run(name)
        found["the server alone"] = memory.most["start"]
        found[name] = memory.most[name]
    with started(checkout, prefix) as (server, memory):
        memory.label("app")
        page = server.ask(f"/voila/render/{APP}").decode()
        if "gi-root" not in page and "widget-view+json" not in page:
            raise SystemExit("the app's page shows no workbench")
        found[f"{APP}, as Voilà's page"] = memory.most["app"]
    return found


def notebooks_of(checkout: Path) -> list[str]:
    """The notebooks' paths, in their order."""
    return sorted(path.relative_to(checkout).as_posix() for path in (checkout / "notebooks").glob("*.ipynb"))


def together(checkout: Path, prefix: Path) -> dict[str, tuple[int, int]]:
    """Run all of them, and the app, with one server, every kernel left running."""
    notebooks = notebooks_of(checkout)
    with started(checkout, prefix) as (server, memory):
        memory.label("the server with JupyterLab's page")
        for page in ("/lab/tree/" + notebooks[0], "/lab"):
            server.ask(page)
        for number, name in enumerate(notebooks):
            memory.label(f"{number + 1} of {len(notebooks)} notebooks open at once")
            server.run(name)
        memory.label(TOGETHER)
        server.ask(f"/voila/render/{APP}")
        time.sleep(1)
        return {name: most for name, most in memory.most.items() if name}


def main() -> int:
    """Build, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=LIMIT, help="MB that may be needed (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="a folder to build in and keep; one that was built is used again")
    parser.add_argument("--together", action="store_true", help="only all of them at once")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (chosen.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        checkout, prefix = (work / "checkout", work / "prefix") if (work / "prefix").exists() else built(work)
        if Path(sys.prefix) != prefix:  # what speaks to the server is in the prefix: nothing else is needed here
            command = [prefix / "bin" / "python", __file__, "--limit", str(chosen.limit), "--work", str(work)]
            command += ["--together"] * chosen.together
            return subprocess.run(command, check=False).returncode
        found = {} if chosen.together else measured(checkout, prefix)
        found |= together(checkout, prefix)
    print(f"{'MB at most':44} {'RSS':>6} {'PSS':>6}")
    for name, (rss, pss) in found.items():
        print(f"{name:44} {rss:6} {pss:6}")
    most = max(pss for _, pss in found.values())
    print(f"The limit is {chosen.limit} MB for the server and everything open at once; the most was {most} MB (PSS).")
    return 0 if most <= chosen.limit else 1


if __name__ == "__main__":
    raise SystemExit(main())
