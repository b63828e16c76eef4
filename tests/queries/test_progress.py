"""What whoever watches a pull sees: rows, rate and waiting, also while it waits; and nothing where nobody does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator

ALERTS = "/security/alerts_v2"
PULL = (
    "import sys, graphinvestigate as gi\n"
    "client = gi.connect_emulator(sys.argv[1])\n"
    "heard = []\n"
    "client.on_wait = lambda left, why: heard.append(left)\n"
    "hook = client.on_wait\n"
    "gi.list_alerts(client, page_size=20)\n"
    "print(max(heard) >= 2, client.on_wait is hook)\n"
)


@pytest.fixture
def throttled(world: Any) -> Any:
    """A server that asks to wait four seconds at the third page."""
    busy = Fault(ALERTS, error(429, headers={"Retry-After": "4"}), on={3})
    with EmulatorServer(Emulator(world.tenant, faults=[busy])) as server:
        yield server


@pytest.mark.skipif(os.name != "posix", reason="a terminal of the test's own is POSIX")
def test_a_terminal_shows_rows_rate_and_waiting(throttled: Any) -> None:
    """While Graph asks to wait the bar counts the seconds down and says why; then rows, rate and time waited."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
    command = [sys.executable, "-c", PULL, throttled.url]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    out, _ = child.communicate(timeout=30)
    text = shown.decode()
    assert out.split() == [b"True", b"True"], "the caller's own listener was not told, or not given back"
    assert re.search(r"alerts: 40 rows \[", text)
    assert re.search(r"rows/s", text)
    counted = [int(left) for left in re.findall(r"waiting (\d) s: Graph asks to slow down", text)]
    assert counted == sorted(counted, reverse=True)
    assert len(set(counted)) >= 2, "the seconds are not counted down"
    assert re.search(r"4 s waited for Graph's limits", text)


def test_nobody_watches_nothing_is_written(world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal or a notebook a pull writes nothing."""
    gi.list_alerts(world.client, page_size=20)
    assert capsys.readouterr() == ("", "")


def test_waits_that_are_jumped_over_show_nothing(world: Any) -> None:
    """The demo tenant's waits take no time: in a terminal and in a notebook they are not worth a bar."""
    script = (
        "import sys, graphinvestigate as gi\n"
        "sys.modules['ipykernel'] = sys\n"  # looks like a notebook
        "client = gi.connect_demo(alerts=60)\n"
        "gi.list_risk_detections(client, page_size=2)\n"
        "print(client.waited_seconds > 3)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("True", "")
