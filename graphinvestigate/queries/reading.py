"""Reading the pages of a question: one after the other, or its window in pieces by several threads at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from queue import Empty, SimpleQueue

from graphinvestigate.client import GraphClient
from graphinvestigate.envelope import Page
from graphinvestigate.errors import GraphError, GraphInvestigateError
from graphinvestigate.queries.questions import Question

WORKERS = 8
FEWEST_PAGES = 10  # below that, one after the other is as good
PIECES_EACH = 3  # per worker, so that nobody waits for the longest piece
SHORTEST = timedelta(minutes=1)
DEAD_LINK = frozenset({400, 404, 410})  # what a next link that has expired is answered with

OnPage = Callable[[Page], None]


@dataclass(slots=True, eq=False)
class Piece:
    """A part of a question's window, and the pages of it that came."""

    since: datetime | None
    until: datetime | None
    pages: list[Page] = field(default_factory=list)
    anew: bool = False
    """Whether Graph is asked for all of it, whatever a journal has."""

    @property
    def done(self) -> bool:
        """Whether its last page is there."""
        return bool(self.pages) and self.pages[-1].next_link is None

    @property
    def words(self) -> str:
        """Its window, for people."""
        return f"{f'{self.since:%Y-%m-%dT%H:%M:%SZ}' if self.since else 'the beginning'} to " + (
            f"{self.until:%Y-%m-%dT%H:%M:%SZ}" if self.until else "now"
        )

    def copy(self) -> Piece:
        """The same pages in a list of its own."""
        return Piece(self.since, self.until, list(self.pages), self.anew)


def pages_of(client: GraphClient, question: Question, piece: Piece) -> Iterator[Page]:
    """The pages of a piece that are still to come."""
    resource = question.resource
    if piece.done:
        return iter(())
    journal = None if piece.anew else question.journal
    if piece.pages:
        return client.pages(str(piece.pages[-1].next_link), permission=resource.permission, journal=journal)
    part = replace(question, since=piece.since, until=piece.until)
    return client.pages(
        question.path, params=part.params(), version=question.version, permission=resource.permission, journal=journal
    )


def revived(piece: Piece, error: GraphInvestigateError | None) -> Piece:
    """A copy of a piece to go on with; from its beginning, where its next link is what Graph refused."""
    if is_dead_link(error):
        return Piece(piece.since, piece.until, anew=True)
    return piece.copy()


def is_dead_link(error: GraphInvestigateError | None) -> bool:
    """Whether Graph refused a next link: the list has to be asked for from its beginning."""
    return isinstance(error, GraphError) and error.status in DEAD_LINK


def workers_for(question: Question, first: Page) -> int:
    """How many threads a question is worth, after its first page."""
    if question.limit is not None or question.since is None or not question.closable or first.next_link is None:
        return 1
    if question.concurrent is not None:
        return question.concurrent
    pages = ceil((first.count or 0) / max(len(first), 1))
    return WORKERS if pages >= FEWEST_PAGES else 1


def cut(piece: Piece, parts: int) -> list[Piece]:
    """A piece as so many half-open ones of equal length, latest first; cut at whole seconds."""
    if piece.since is None or piece.until is None:
        return [piece]
    step = (piece.until - piece.since) / parts
    inner = {(piece.since + step * number).replace(microsecond=0) for number in range(1, parts)}
    ends = [piece.since, *sorted(moment for moment in inner if piece.since < moment < piece.until), piece.until]
    return [Piece(start, end) for start, end in pairwise(ends)][::-1]


class Team:
    """Threads that read the pieces of one question. Its `pieces` are in order, latest first, whenever it rests.

    Parameters
    ----------
    client : GraphClient
    question : Question
    pieces : list of Piece
        Those that are done stay as they are.
    workers : int
        How many threads.
    rows_each : int or None
        About how many rows a piece should have: one that Graph counts more than twice as many in is cut again.
    """

    def __init__(
        self, client: GraphClient, question: Question, pieces: list[Piece], *, workers: int, rows_each: int | None
    ) -> None:
        self.pieces = pieces
        self._client = client
        self._question = question
        self._rows_each = rows_each
        self._todo = deque(piece for piece in pieces if not piece.done)
        self._workers = min(workers, max(len(self._todo), 1))
        self._busy = 0
        self._change = threading.Condition()
        self._stop = threading.Event()
        self._news: SimpleQueue[Page | BaseException | None] = SimpleQueue()

    def read(self, on_page: OnPage) -> tuple[Piece, GraphInvestigateError] | None:
        """Read until all pieces are done, or one fails; no thread is left then, whatever happens.

        Parameters
        ----------
        on_page : callable
            Called in this thread with each page.

        Returns
        -------
        tuple of (Piece, GraphInvestigateError) or None
            What failed first; None: all is there.
        """
        # In copies of this context: who stops this pull, or hears its waits, reaches its threads and no others.
        contexts = [copy_context() for _ in range(self._workers)]
        threads = [threading.Thread(target=context.run, args=(self._work,), daemon=True) for context in contexts]
        failed: tuple[Piece, GraphInvestigateError] | None = None
        try:
            for thread in threads:
                thread.start()
            working = len(threads)
            while working:
                try:
                    news = self._news.get(timeout=0.5)  # so that Ctrl-C is heard
                except Empty:
                    continue
                if news is None:
                    working -= 1
                elif isinstance(news, _FailedError):
                    failed = failed or (news.piece, news.error)
                elif isinstance(news, BaseException):
                    raise news
                else:
                    on_page(news)
        finally:
            self._stop.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
        return failed

    def _work(self) -> None:
        try:
            while (piece := self._take()) is not None:
                try:
                    self._read(piece)
                except GraphInvestigateError as error:
                    self._stop.set()
                    self._news.put(_FailedError(piece, error))
                finally:
                    with self._change:
                        self._busy -= 1
                        self._change.notify_all()
        except BaseException as error:  # noqa: BLE001 (it is raised again in the thread that waits)
            self._stop.set()
            self._news.put(error)
        finally:
            self._news.put(None)

    def _take(self) -> Piece | None:
        with self._change:
            while not self._todo and self._busy and not self._stop.is_set():
                self._change.wait(0.5)  # whoever is busy may cut its piece
            if self._stop.is_set() or not self._todo:
                return None
            self._busy += 1
            return self._todo.popleft()

    def _read(self, piece: Piece) -> None:
        for page in pages_of(self._client, self._question, piece):
            if not piece.pages and self._cut(piece, page):
                return
            piece.pages.append(page)
            self._news.put(page)
            if self._stop.is_set():
                return

    def _cut(self, piece: Piece, first: Page) -> bool:
        """Make pieces of a piece that holds far more than its share; its first page is read again with them."""
        if self._rows_each is None or first.next_link is None or (first.count or 0) <= 2 * self._rows_each:
            return False
        if piece.since is None or piece.until is None or piece.until - piece.since < 2 * SHORTEST:
            return False
        most = int((piece.until - piece.since) / SHORTEST)
        parts = cut(piece, min(ceil((first.count or 0) / self._rows_each), most))
        with self._change:
            at = self.pieces.index(piece)
            self.pieces[at : at + 1] = parts
            self._todo.extend(parts)
            self._change.notify_all()
        return True


class _FailedError(Exception):
    """Carries an error and the piece it stopped to the thread that waits."""

    def __init__(self, piece: Piece, error: GraphInvestigateError) -> None:
        super().__init__(str(error))
        self.piece = piece
        self.error = error
