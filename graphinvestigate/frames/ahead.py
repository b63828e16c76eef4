"""Decoding while pages still arrive: the network waits, this machine need not."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from graphinvestigate.bodies import Room
from graphinvestigate.envelope import Page
from graphinvestigate.errors import GraphInvestigateError
from graphinvestigate.frames.chunks import Chunk, ChunkReader, Columns
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.frames.schema import Resource

FEWEST = 50  # records of a page that are worth a thread


class Ahead:
    """Reads the records of pages in a thread of its own, for `records_frame` to take; used in a `with` block.

    Parameters
    ----------
    resource : Resource
    """

    def __init__(self, resource: Resource) -> None:
        self._reader, self._columns = ChunkReader(resource.columns, source=resource.name), Columns(resource.columns)
        self._room = Room()
        self._pool: ThreadPoolExecutor | None = None
        self._done: dict[int, tuple[Page, Future[Chunk]]] = {}

    def add(self, page: Page) -> None:
        """Read a page's records soon, and pack it then where a pull has many; small ones are read later.

        Parameters
        ----------
        page : Page
        """
        packs = not self._room.holds(page.kept)
        if len(page) >= FEWEST:
            self._pool = self._pool or ThreadPoolExecutor(1, thread_name_prefix="decode")
            self._done[id(page)] = (page, self._pool.submit(self._read, page, packs))
        elif packs:
            page.kept.pack()

    def take(self, page: Page) -> Chunk | None:
        """Give what was read of a page, once; waits while it is being read.

        Parameters
        ----------
        page : Page

        Returns
        -------
        Chunk or None
            None where the page is still to be read: it was left for later, or its records are no JSON and it is
            for the reader of them all to say which.
        """
        _, future = self._done.pop(id(page), (page, None))
        try:
            return None if future is None else future.result()
        except GraphInvestigateError:
            return None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=error is not None)

    def _read(self, page: Page, packs: bool) -> Chunk:
        try:
            return self._columns.pack(self._reader.read([*RawArray.from_pages([page]).slices()]))
        finally:
            if packs:
                page.kept.pack()
