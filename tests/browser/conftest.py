"""A real JupyterLab on a loopback port and a real, headless Chromium that looks at it.

Nothing of the machine is used but a Chromium on the path (or named by the variable CHROMIUM): configuration,
settings, kernels and notebooks live in a temporary folder. Every address that a page asks for is written
down, and what is not loopback goes nowhere.

A test reads what a page shows after `Notebook.idle`, or waits for it by Playwright's `expect`: a page is told in
many messages, and what one of them brought says nothing of the next. With the variable BROWSER_SLOW each message
takes so many milliseconds, and a test that does neither fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = "browser-tests"
WIRE = (Path(__file__).parent / "wire.js").read_text(encoding="utf-8")
SLOW = int(os.environ.get("BROWSER_SLOW", "0"))
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}


def until(check: Callable[[], Any], *, what: str, seconds: float = 30.0) -> Any:
    """Wait for `check` to answer something true and return it."""
    end = time.monotonic() + seconds + SLOW / 2
    while True:
        if answer := check():
            return answer
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)


@dataclass
class Lab:
    """A running JupyterLab: its address, its notebooks' folder and its kernels."""

    url: str
    folder: Path
    runtime: Path

    def ask(self, path: str) -> Any:
        """One answer of the server's REST interface."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def kernel_of(self, name: str) -> dict[str, Any] | None:
        """The kernel that serves a notebook, once there is one."""
        return next((s["kernel"] for s in self.ask("api/sessions") if s["path"] == name), None)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab with a token, on a free loopback port, in a folder of its own."""
    for module in ("jupyterlab", "ipykernel", "jupyter_client"):
        pytest.importorskip(module, reason=f"the browser tests need {module} (extra `test`)")
    home = tmp_path_factory.mktemp("lab")
    folders = {
        name: home / name for name in ("config", "data", "runtime", "settings", "workspaces", "notebooks", "ipython")
    }
    for folder in folders.values():
        folder.mkdir()
    for plugin, values in SETTINGS.items():
        path = folders["settings"] / f"{plugin.replace(':', '/')}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    spec = folders["data"] / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(
        json.dumps(
            {
                "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "Python of the tests",
                "language": "python",
                "env": {"PYTHONPATH": str(REPOSITORY)},
            }
        )
    )
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folders["config"]),
        "JUPYTER_DATA_DIR": str(folders["data"]),
        "JUPYTER_RUNTIME_DIR": str(folders["runtime"]),
        "JUPYTERLAB_SETTINGS_DIR": str(folders["settings"]),
        "JUPYTERLAB_WORKSPACES_DIR": str(folders["workspaces"]),
        "IPYTHONDIR": str(folders["ipython"]),
        "JUPYTER_PREFER_ENV_PATH": "0",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--ServerApp.root_dir={folders['notebooks']}", f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly", "--LabApp.news_url=",
    ]  # fmt: skip
    with (home / "log.txt").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            notice = until(
                lambda: server.poll() is not None or notice_in(folders["runtime"]),
                what="JupyterLab's start",
                seconds=60,
            )
            if notice is True:
                pytest.fail(f"JupyterLab did not start:\n{(home / 'log.txt').read_text()[-3000:]}")
            running = Lab(notice["url"], folders["notebooks"], folders["runtime"])
            until(lambda: answers(running), what="JupyterLab's first answer", seconds=60)
            yield running
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)


def notice_in(folder: Path) -> dict[str, Any] | None:
    """What the server wrote down about itself, once all of it is written."""
    for path in folder.glob("jpserver-*.json"):
        with contextlib.suppress(ValueError):
            return json.loads(path.read_text())
    return None


def answers(lab: Lab) -> bool:
    """Tell whether the server answers yet."""
    try:
        return bool(lab.ask("api/status"))
    except (OSError, ValueError):
        return False


def slow_down(context: Any) -> None:
    """Let the messages between pages and kernels take their time, where BROWSER_SLOW says so."""
    if SLOW:
        context.add_init_script(f"{{ {WIRE} slowWire(); }}")


@dataclass
class Notebook:
    """A notebook open in JupyterLab: the page that shows it and the kernel that runs it."""

    page: Any
    lab: Lab
    name: str
    pictures: Path
    foreign: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def run_all(self, *, seconds: float = 60.0) -> None:
        """Run every cell and wait until the kernel has nothing left to do."""
        self.page.evaluate(
            "() => { window.gapOfTests = 0; return window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
        )
        self.idle(seconds=seconds)
        errors = self.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")
        said = "\n".join(errors.all_inner_texts()).strip()  # a progress bar that came and went leaves nothing
        if said:
            pytest.fail(f"a cell of {self.name} failed:\n{said}")

    def idle(self, *, seconds: float = 60.0) -> None:
        """Wait until the kernel is idle and stays so for a moment, and the page shows what it was told."""

        def quiet() -> bool:
            for _ in range(3):
                kernel = self.lab.kernel_of(self.name)
                if kernel is None or kernel["execution_state"] != "idle":
                    return False
                time.sleep(0.05)
            return True

        until(quiet, what=f"the kernel of {self.name}", seconds=seconds)
        self.page.evaluate(f"([seconds, slow]) => {{ {WIRE} return heard(seconds, slow); }}", [seconds, SLOW])

    def value(self, expression: str) -> Any:
        """What an expression is in the kernel, by way of JSON."""
        from jupyter_client.blocking.client import BlockingKernelClient

        kernel = self.lab.kernel_of(self.name)
        assert kernel is not None, "the notebook has no kernel"
        client = BlockingKernelClient(connection_file=str(self.lab.runtime / f"kernel-{kernel['id']}.json"))
        client.load_connection_file()
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)  # a question and its answer, no more
        try:
            asked = {"answer": f"__import__('json').dumps({expression})"}
            reply = client.execute("", user_expressions=asked, reply=True, timeout=30, store_history=False)
            answer = reply["content"]["user_expressions"]["answer"]
            assert answer["status"] == "ok", f"{expression}: {answer.get('ename')}: {answer.get('evalue')}"
            text = answer["data"]["text/plain"]
            return json.loads(__import__("ast").literal_eval(text))
        finally:
            client.stop_channels()
            client.context.destroy(linger=0)  # each client has its own, with files that stay open

    def save(self) -> Path:
        """Save the notebook as its reader does, and wait until all of it is written."""
        path = self.lab.folder / self.name
        before = path.stat().st_mtime_ns
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        until(lambda: path.stat().st_mtime_ns != before, what="the saved notebook")
        until(lambda: path.read_text(encoding="utf-8").rstrip().endswith("}"), what="all of it")
        return path

    def picture(self, name: str) -> Path:
        """Keep what the page shows now, for people to look at."""
        path = self.pictures / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path


@pytest.fixture
def open_notebook(
    lab: Lab, browser: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook made of the given cells; afterwards nothing foreign may have been asked for."""
    import nbformat

    pictures = Path(os.environ.get("BROWSER_PICTURES", tmp_path))
    with contextlib.ExitStack() as closing:
        opened: list[Notebook] = []

        def open_cells(*cells: str, width: int = 1440, height: int = 1000) -> Notebook:
            name = f"{re.sub('[^a-z0-9]+', '-', request.node.name)[:60]}-{len(opened)}.ipynb"
            book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
            book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python of the tests"}
            nbformat.write(book, lab.folder / name)
            context = browser.new_context(viewport={"width": width, "height": height})
            closing.callback(context.close)
            slow_down(context)
            page = context.new_page()
            page.set_default_timeout(60_000 + 500 * SLOW)
            notebook = Notebook(page, lab, name, pictures)
            opened.append(notebook)

            def note(request: Any) -> None:
                address = urllib.parse.urlsplit(request.url)
                if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in LOOPBACK:
                    notebook.foreign.append(request.url)

            context.on("request", note)
            page.on("pageerror", lambda error: notebook.problems.append(str(error)))
            page.goto(f"{lab.url}doc/tree/{name}?token={TOKEN}")
            page.wait_for_function("() => window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')")
            until(lambda: lab.kernel_of(name), what=f"a kernel for {name}")
            notebook.idle()
            return notebook

        yield open_cells
        for notebook in opened:
            with contextlib.suppress(OSError):
                notebook.picture(f"{notebook.name.removesuffix('.ipynb')}-end")
            assert notebook.foreign == [], "the page asked for something outside this machine"
