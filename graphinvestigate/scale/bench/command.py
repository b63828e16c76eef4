"""``graphinvestigate bench``: every budget as a ratio, measured side by side in one run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from graphinvestigate.errors import UsageError
from graphinvestigate.files import write_atomic
from graphinvestigate.scale.bench import decode, drawing, graphs, lakes, peers, pulling, starting
from graphinvestigate.scale.bench.measure import Finding
from graphinvestigate.scale.bench.report import document, line, load, machine, page, table
from graphinvestigate.scale.bench.summary import markdown, picture
from graphinvestigate.text import log

Row = Callable[[int], Iterator[Finding]]

FIXED: dict[str, Row] = {
    "start": starting.start,
    "pull": pulling.pull,
    "layout": drawing.layouts,
    "peers": peers.peers,
}
"""Rows that have a size of their own."""
GROWING: dict[str, Row] = {
    "decode": decode.run,
    "graph": graphs.graph,
    "index": graphs.index,
    "timeline": drawing.timelines,
    "lake": lakes.lake,
    "engine": lakes.duckdb_engine,
}
"""Rows that are measured at every size."""
PEERS = {"decode": ("orjson",), "index": ("rustworkx",), "peers": ("msgraph",)}
"""What a row is compared with beside what the package needs anyway: modules of the extras `bench` and `interop`."""
_SIZE = re.compile(r"([0-9]{1,9})(k|m)?", re.IGNORECASE)


def sizes_of(text: str) -> list[int]:
    """Read sizes such as ``1k,10k,1M``.

    Raises
    ------
    UsageError
        They are none.
    """
    found = []
    for part in text.split(","):
        read = _SIZE.fullmatch(part.strip())
        if read is None or int(read[1]) == 0:
            raise UsageError(f"sizes are numbers such as 1k, 10k or 1M, joined by commas; got {log(text)[:60]!r}.")
        found.append(int(read[1]) * {"k": 1000, "m": 1_000_000}.get((read[2] or "").lower(), 1))
    return found


def measured(
    rows: Sequence[str], sizes: Iterable[int], say: Callable[[str], None], *, peer_python: str | None = None
) -> list[Finding]:
    """Run some rows, and say what is found while it is found.

    Parameters
    ----------
    rows : sequence of str
        Of `FIXED` and `GROWING`.
    sizes : iterable of int
        Alerts.
    say : callable
        Takes each line.
    peer_python : str, optional
        The interpreter of an environment that has msticpy.

    Returns
    -------
    list of Finding
    """
    say(table([]))
    fixed: dict[str, Row] = {**FIXED, "peers": partial(peers.peers, python=peer_python)}
    work = [(fixed[row], 0) for row in rows if row in fixed]
    work += [(GROWING[row], size) for size in sizes for row in rows if row in GROWING]
    found: list[Finding] = []
    for row, size in work:
        for one in row(size):
            found.append(one)
            say(line(one))
    return found


def _check_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        write_atomic(output / ".writable", "").unlink()
    except OSError as error:
        raise UsageError(
            f"--output {log(str(output))} is no folder that can be written ({error.strerror}): name another."
        ) from error


def run(
    rows: str, sizes: str, output: Path | None, say: Callable[[str], None], *, peer_python: str | None = None
) -> int:
    """Measure, print, and write what was found.

    Parameters
    ----------
    rows, sizes : str
        Joined by commas; ``all`` rows.
    output : Path or None
        A folder, for ``bench.json``, ``bench.html``, and ``bench.md`` and ``bench.svg`` for documentation.
    say : callable
        Takes each line.
    peer_python : str, optional
        The interpreter of an environment that has msticpy.

    Returns
    -------
    int
        0; a budget that is missed is said, and no failure: a busy machine is not a slower program.

    Raises
    ------
    UsageError
        There is no such row or size, `output` can't be written, or `peer_python` has no msticpy.
    """
    known = [*FIXED, *GROWING]
    chosen = known if rows == "all" else [row.strip() for row in rows.split(",")]
    unknown = [row for row in chosen if row not in known]
    if unknown:
        raise UsageError(f"there is no row {log(', '.join(unknown))}; there are {', '.join(known)}.")
    wanted, about = sizes_of(sizes), machine()
    for row in chosen:
        for peer in PEERS.get(row, ()):
            if find_spec(peer) is None:
                say(f"{row}: {peer} is not installed, so nothing is compared with it (extras bench, interop)")
    if output is not None:
        _check_folder(output)  # before hours of measuring, not after
    found = measured(chosen, wanted, say, peer_python=peer_python)
    found = [replace(one, value=round(one.value, 4)) for one in found]  # all files say the same
    about["load_at_end"] = load()
    if output is not None:
        files = {"bench.json": document, "bench.html": page, "bench.md": markdown}
        for name, write in files.items():
            write_atomic(output / name, write(found, about))
        write_atomic(output / "bench.svg", picture(found))
        say(f"written: {', '.join(str(output / name) for name in (*files, 'bench.svg'))}")
    return 0
