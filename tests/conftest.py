"""Fixtures shared by all tests, and the rule that a skipped test fails where nothing may be skipped."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import pkgutil
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import graphinvestigate
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.faults import Fault
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant
from graphinvestigate.demo.transport import DemoClock, DemoTransport

settings.register_profile(
    "default",
    deadline=None,  # a shared machine stalls; a slow example is not a wrong one
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,  # the same examples everywhere: a red run can be repeated
)
# Other examples each time, to look for what nobody has seen yet: --hypothesis-profile=explore
settings.register_profile("explore", settings.get_profile("default"), derandomize=False, print_blob=True)
settings.load_profile("default")

NO_PAYLOADS = "no folder of recorded Graph payloads beside this checkout"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recorded Graph payloads beside a developer's checkout; tests that need it skip without it."""
    path = Path(__file__).resolve().parents[2] / "shared"
    if not (path / "graph" / "examples").is_dir():
        pytest.skip(NO_PAYLOADS)
    return path


@pytest.fixture(autouse=True)
def no_loop_of_a_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Outside of browser tests no event loop runs: the one that Playwright leaves in its thread is set aside."""
    loop = asyncio._get_running_loop()
    if loop is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Import the whole package before the first example: Hypothesis draws from the constants of what is imported.

    Else examples would depend on which tests ran before in the same process.
    """
    if any(item.get_closest_marker("hypothesis") for item in items):
        for module in pkgutil.walk_packages(graphinvestigate.__path__, "graphinvestigate."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the collector of cycles leave alone what all tests share, and come less often: it was an eighth of the work.

    A worker holds every test, every tenant and every graph until its end, and Python looks through all of them for
    garbage again and again. Processes that tests start keep Python's own thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With NO_SKIPS set (as `.ci/run` does), a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("NO_SKIPS") or reporter is None or exitstatus != 0:
        return
    skipped = reporter.stats.get("skipped", [])
    if os.environ.get("ALLOW_SKIPS_WITHOUT_PAYLOADS"):
        skipped = [report for report in skipped if NO_PAYLOADS not in str(report.longrepr)]
    if skipped:
        reporter.write_line(f"NO_SKIPS is set and {len(skipped)} tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@dataclass(frozen=True)
class World:
    """A demo tenant behind an emulator, and the real client connected to it. Waiting costs it no time."""

    tenant: Tenant
    emulator: Emulator
    client: GraphClient
    clock: DemoClock

    def transport(self) -> DemoTransport:
        """Another way to the same emulator, at the same time."""
        return DemoTransport(self.emulator, demo_clock=self.clock)

    def ids(self, path: str) -> list[str]:
        """Ids of everything the tenant holds under a path, newest first."""
        return [record["id"] for record in self.tenant.collections[path]]


@pytest.fixture(scope="session")
def make_world() -> Iterator[Callable[..., World]]:
    """Make worlds: `make_world(seed=…, alerts=…, attack=…, permissions=…, faults=…)`."""
    opened: list[GraphClient] = []
    tenants: dict[tuple[int, int, bool | None], Tenant] = {}

    def make(
        *,
        seed: int = 0,
        alerts: int = 60,
        attack: bool | None = None,
        permissions: list[str] | None = None,
        faults: Sequence[Fault] = (),
    ) -> World:
        key = (seed, alerts, attack)
        tenant = tenants.setdefault(key, build_tenant(seed, alerts, attack=attack))
        clock = DemoClock()
        emulator = Emulator(tenant, faults=faults, clock=clock.clock)
        client = connect(
            tenant_id=tenant.tenant_id,
            transport=DemoTransport(emulator, demo_clock=clock),
            credential=EmulatorCredential(tenant.tenant_id, permissions),
        )
        opened.append(client)
        return World(tenant, emulator, client, clock)

    yield make
    for client in opened:
        client.close()


@pytest.fixture(scope="session")
def world(make_world: Callable[..., World]) -> World:
    """The default demo tenant, with an attack in it. Tests only read it."""
    return make_world(alerts=120)


CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Whatever is not this machine goes to a proxy that is not there: nothing of a page can get out.
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=127.0.0.1;localhost",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium driven by Playwright; one for all tests, as two Playwrights in one process collide."""
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright (extra `test`)")
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    chromium = next((path for name in names if name and (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine: install one, or name it in the variable CHROMIUM")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()
