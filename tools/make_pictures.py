"""Make the picture of the README and the documentation: the real workbench, on the demo tenant, in a browser.

``python tools/make_pictures.py`` needs the extras ``lab`` and ``test`` and a Chromium on the path (or named by the
variable CHROMIUM). It opens the workbench as ``graphinvestigate app`` serves it, 1280 by 1240, does by clicks what an
analyst does first, and writes what is then seen to ``docs/images``, in 256 colours: it is read on slow lines too.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SEED, ALERTS = 4, 120
MOST_BYTES = 200_000
CELL = f"""from graphinvestigate.cli.workbench import page

page("demo", seed={SEED}, alerts={ALERTS})"""


def main() -> int:
    """Make them all."""
    from playwright.sync_api import sync_playwright

    from graphinvestigate.cli.app import served

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    IMAGES.mkdir(exist_ok=True)
    with served(CELL) as (_, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1280, "height": 1240}).new_page()
        page.set_default_timeout(90_000)
        page.goto(url)
        page.wait_for_function(
            "() => document.querySelectorAll('.gi-rg-row').length > 5 && !!document.querySelector('[data-drawn]')"
        )
        page.wait_for_timeout(1500)
        investigate(page)
        taken = [picture(page, "workbench")]
        browser.close()
    for path in taken:
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return int(any(path.stat().st_size > MOST_BYTES for path in taken))


def investigate(page: Any) -> None:
    """Find the alert on stolen credentials, look around its user, and draw the way from them to the host."""
    page.get_by_placeholder("Search title").fill("LSASS")
    page.wait_for_timeout(1500)
    page.locator(".gi-rg-row").first.click()
    page.wait_for_timeout(2500)
    user, host = page.locator(".gi-rg-row").first.inner_text().splitlines()[3].split(", ")[:2]
    choice = page.get_by_placeholder("Type a name").first
    choice.fill(user)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Only around it").click()
    page.wait_for_timeout(1500)
    target = page.get_by_placeholder("Path to").first
    target.focus()
    page.keyboard.type(host)  # any name of a node will do
    page.keyboard.press("Tab")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Find paths").click()
    page.get_by_text(re.compile("^Path 1:", re.IGNORECASE)).first.wait_for()
    page.get_by_role("button", name="Clear filters").first.click()
    page.wait_for_timeout(3000)
    page.evaluate("() => window.scrollTo(0, 0)")
    page.mouse.move(5, 5)
    page.wait_for_timeout(1000)


def picture(page: Any, name: str) -> Path:
    """Keep what the page shows."""
    path = IMAGES / f"{name}.png"
    path.write_bytes(fewer_colours(page.screenshot()))
    return path


def fewer_colours(png: bytes) -> bytes:
    """Give the same picture in the 256 colours that occur most, each other one as the nearest of them."""
    pixels = _pixels(png)
    height, width, _ = pixels.shape
    packed = (pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)).ravel()
    colours, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    most = np.sort(np.argsort(-counts, kind="stable")[:256])
    known, every = _split(colours[most]), _split(colours)
    nearest = np.empty(len(colours), dtype=np.uint8)
    for at in range(0, len(colours), 4096):
        apart = ((every[at : at + 4096, None, :] - known[None, :, :]) ** 2).sum(axis=2)
        nearest[at : at + 4096] = apart.argmin(axis=1)
    rows = nearest[inverse].reshape(height, width)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", known.astype(np.uint8).tobytes())]
    chunks += [(b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _split(colours: np.ndarray) -> np.ndarray:
    return np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)


def _pixels(png: bytes) -> np.ndarray:
    """Read the PNG of a browser: eight bits, RGB or RGBA, not interlaced."""
    width, height, bits, kind = struct.unpack(">IIBB", png[16:26])
    if bits != 8 or kind not in (2, 6):
        raise SystemExit("the browser wrote a PNG of another kind")
    depth = 3 if kind == 2 else 4
    at, data = 8, b""
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + size] if name == b"IDAT" else b""
        at += size + 12
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * depth)
    out = np.zeros((height, width * depth), np.uint8)
    before = np.zeros(width * depth, np.int32)
    for y in range(height):
        before = _unfiltered(int(raw[y, 0]), raw[y, 1:].astype(np.int32), before, depth)
        out[y] = before
    return out.reshape(height, width, depth)[:, :, :3]


def _unfiltered(how: int, line: np.ndarray, above: np.ndarray, depth: int) -> np.ndarray:
    """Undo one of PNG's five filters."""
    if how == 0:
        return line
    if how == 2:
        return (line + above) & 255
    made = line.copy()
    for x in range(len(line)):
        left = int(made[x - depth]) if x >= depth else 0
        up = int(above[x])
        if how == 1:
            guess = left
        elif how == 3:
            guess = (left + up) // 2
        else:
            corner = int(above[x - depth]) if x >= depth else 0
            guess = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
        made[x] = (int(line[x]) + guess) & 255
    return made


if __name__ == "__main__":
    sys.exit(main())
