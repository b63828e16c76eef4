"""Binder's kernels: forked from one process that has imported everything, and ordinary ones where there is none."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

manager = pytest.importorskip("jupyter_client.manager", reason="needs jupyter_client (extra `lab`)")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Binder is Linux")

NURSERY = Path(__file__).resolve().parents[1] / "binder" / "nursery.py"
SMALL = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where the nursery listens; paths of sockets are short."""
    folder = Path(tempfile.mkdtemp(prefix="nursery-"))
    yield folder / "socket"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def nursery(place) -> Iterator[subprocess.Popen[bytes]]:
    """A nursery, as `binder/start` starts it."""
    environment = {**os.environ, **SMALL, "GRAPHINVESTIGATE_NURSERY": str(place)}
    process = subprocess.Popen([sys.executable, NURSERY, "serve"], env=environment, cwd=place.parent)
    until(place.exists)
    yield process
    process.kill()
    process.wait(10)


@pytest.fixture
def started(place, tmp_path) -> Iterator[Callable[..., Any]]:
    """Starts a kernel as Jupyter does, with the kernelspec's command."""
    kernels = []

    def start(**environment: str) -> Any:
        kernel = manager.KernelManager()
        kernel.kernel_spec.argv = [sys.executable, "-I", "-S", str(NURSERY), "open", "{connection_file}"]
        given = {**os.environ, **SMALL, "GRAPHINVESTIGATE_NURSERY": str(place), **environment}
        kernel.start_kernel(cwd=str(tmp_path), env=given)
        kernels.append(kernel)
        return kernel

    yield start
    for kernel in kernels:
        kernel.shutdown_kernel(now=True)
        kernel.cleanup_resources()


def until(true: Callable[[], Any], *, seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def client_of(kernel: Any) -> Any:
    """Somebody who speaks to a kernel that is ready."""
    client = kernel.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    return client


def said(client: Any, code: str, *, meanwhile: Callable[[], None] | None = None) -> str:
    """What a cell prints, or the name of its error; `meanwhile` is done once it runs."""
    asked = client.execute(code)
    text = ""
    while True:
        try:
            answer = client.get_iopub_msg(timeout=120)
        except queue.Empty:
            raise AssertionError(f"no answer to {code!r}") from None
        if answer["parent_header"].get("msg_id") != asked:
            continue
        content = answer["content"]
        match answer["msg_type"]:
            case "stream":
                text += content["text"]
                if meanwhile is not None:
                    meanwhile()
            case "error":
                text += content["ename"]
            case "status" if content["execution_state"] == "idle":
                return text.strip()


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_kernel_of_the_nursery_is_a_kernel_like_others(nursery, started, tmp_path) -> None:
    """It has imported everything, and has the folder, environment, streams and interrupts of who asked for it."""
    kernel = started(ASKED_BY="a test")
    client = client_of(kernel)
    assert (
        said(client, "import os, sys; print(os.getppid(), 'graphinvestigate' in sys.modules)") == f"{nursery.pid} True"
    )
    assert said(client, "print(os.environ['ASKED_BY'], os.getcwd())") == f"a test {tmp_path}"
    assert said(client, "import time; print('on', flush=True); time.sleep(60)", meanwhile=kernel.interrupt_kernel) == (
        "on\nKeyboardInterrupt"
    )
    drawn = "import graphinvestigate as gi; c = gi.connect_demo(alerts=30); a = gi.list_alerts(c); print(len(a))"
    assert said(client, drawn) == "30"
    assert said(client, "import subprocess; print(subprocess.run(['true']).returncode)") == "0"
    before = int(said(client, "import os; print(os.getpid())"))
    client.stop_channels()
    kernel.restart_kernel(now=True)
    client = client_of(kernel)
    assert said(client, "print('a' in globals())") == "False"  # a new one
    until(lambda: not alive(before))
    client.stop_channels()


def test_two_kernels_know_nothing_of_each_other(nursery, started) -> None:
    """What one kernel sets, draws by chance or changes in the environment, another one does not see."""
    clients = [client_of(started()) for _ in range(2)]
    told = "import random, os, numpy; print(random.random(), numpy.random.random(), 'MINE' in os.environ)"
    said(clients[0], "import os, graphinvestigate; graphinvestigate.mine = os.environ['MINE'] = 'x'")
    one, other = (said(client, told).split() for client in clients)
    assert (one[2], other[2]) == ("True", "False")
    assert one[0] != other[0]
    assert one[1] != other[1]
    assert said(clients[1], "import graphinvestigate; print(hasattr(graphinvestigate, 'mine'))") == "False"
    for client in clients:
        client.stop_channels()


def test_a_kernel_ends_with_the_process_that_stands_for_it(nursery, started) -> None:
    """Killed as Jupyter kills, nothing of a kernel is left; and a kernel that ends is seen to end."""
    kernel = started()
    client = client_of(kernel)
    pid = int(said(client, "import os; print(os.getpid())"))
    os.kill(kernel.provisioner.pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    assert not alive(pid)
    client.stop_channels()
    kernel = started()
    client = client_of(kernel)
    client.execute("import os; os._exit(3)")
    until(lambda: kernel.provisioner.process.poll() is not None)
    assert kernel.provisioner.process.poll() is not None
    client.stop_channels()


def test_the_nursery_has_one_thread(nursery, started) -> None:
    """Only the thread that forks exists in a forked process: no other one may hold a lock there."""
    client_of(started()).stop_channels()  # by now it has imported everything
    assert len(list(Path(f"/proc/{nursery.pid}/task").iterdir())) == 1


def test_without_a_nursery_a_kernel_is_an_ordinary_one(started, tmp_path) -> None:
    """Where nothing listens, or what listens is gone, the kernel comes all the same."""
    client = client_of(started(GRAPHINVESTIGATE_NURSERY=str(tmp_path / "nothing")))
    assert said(client, "import sys; print('graphinvestigate' in sys.modules, 1 + 1)") == "False 2"
    client.stop_channels()


def test_a_nursery_ends_with_its_server(place) -> None:
    """It does not outlive the process that started it."""
    elsewhere = str(place.with_name("other"))
    environment = {**os.environ, **SMALL, "GRAPHINVESTIGATE_NURSERY": elsewhere}
    command = f"{sys.executable} {NURSERY} serve & echo $!; sleep 600"
    server = subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, text=True, env=environment)
    pid = int(server.stdout.readline())
    until(Path(elsewhere).exists)
    server.kill()
    server.wait(10)
    server.stdout.close()
    until(lambda: not alive(pid))
    assert not alive(pid)


def test_binder_starts_what_it_installs() -> None:
    """`start` runs before the server and gives way to it; `postBuild` has kernels opened by the nursery."""
    folder = NURSERY.parent
    assert os.access(folder / "start", os.X_OK)
    start = (folder / "start").read_text("utf-8")
    assert 'nursery.py" serve &' in start
    assert start.rstrip().endswith('exec "$@"')
    assert all(f"{name}={value}" in start for name, value in SMALL.items())
    assert "nursery.py install" in (folder / "postBuild").read_text("utf-8")
