"""One pull from its question to its frame: page by page to the end, or an error that keeps what came."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Literal

import pandas as pd

from graphinvestigate.client import GraphClient, Pull
from graphinvestigate.envelope import Page
from graphinvestigate.errors import (
    EndpointRetiredError,
    GraphError,
    GraphInvestigateError,
    PartialResultError,
    UsageError,
)
from graphinvestigate.frames import Ahead, newest, records_frame
from graphinvestigate.queries.coverage import CUT, failures_kept, lacking, remember
from graphinvestigate.queries.offered import refuse_absent
from graphinvestigate.queries.progress import Progress
from graphinvestigate.queries.questions import WINDOW, Question, closing, matches, window_text
from graphinvestigate.queries.reading import (
    PIECES_EACH,
    OnPage,
    Piece,
    Team,
    cut,
    is_dead_link,
    pages_of,
    revived,
    workers_for,
)

OnPartial = Literal["raise", "return"]
SKEW = timedelta(seconds=30)  # this machine's clock may be so far behind Graph's when a window is closed by it
GONE = 410
READINGS = 3  # of a list out of which rows keep going while it is read


def pull(client: GraphClient, question: Question, on_partial: OnPartial = "raise") -> pd.DataFrame:
    """Every row that Graph holds for a question.

    Raises
    ------
    PartialResultError
        Some pages came, then it stopped. `.frame` has their rows, `.resume()` goes on.
    GraphInvestigateError
        Not even one page came.
    """
    return pull_with_facts(client, question, on_partial)[0]


def pull_with_facts(
    client: GraphClient, question: Question, on_partial: OnPartial = "raise"
) -> tuple[pd.DataFrame, Pull]:
    """Every row that Graph holds for a question, and the facts of the pull; raises as `pull` does."""
    if on_partial not in {"raise", "return"}:
        raise UsageError(f"on_partial takes 'raise' or 'return'; got {on_partial!r:.80}.")
    asked = Pull(
        pull_id="", resource=question.resource.name, path=question.path, params_asked=question.params(),
        since=question.since, until=question.until, filters_server=question.server_filter,
        filters_local=question.local_filter, limit=question.limit,
    )  # fmt: skip
    with failures_kept(client, asked):
        return _go_on(client, question, on_partial, [Piece(question.since, question.until)])


@dataclass(slots=True)
class _Stop:
    """Where and why a pull stopped."""

    piece: Piece
    error: GraphInvestigateError


def _go_on(
    client: GraphClient, question: Question, on_partial: OnPartial, pieces: list[Piece]
) -> tuple[pd.DataFrame, Pull]:
    """Read on after the pages that are already there."""
    resource = question.resource
    refuse_absent(client, question.path)
    started, requests, waited = client.now(), client.requests_made, client.waited_seconds
    at_hand = sum(len(page) for piece in pieces for page in piece.pages)
    before = sum(len(piece.pages) for piece in pieces)
    with Progress(client, resource.name, at_hand) as progress, Ahead(resource) as ahead:

        def on_page(page: Page) -> None:
            progress.add(page)
            ahead.add(page)

        if len(pieces) == 1:
            question, pieces, stopped = _read_first(client, question, pieces[0], on_page)
        else:
            stopped = _read_pieces(client, question, pieces, on_page)
        if stopped and not any(piece.pages for piece in pieces):
            raise _retired(question, stopped.error) or stopped.error
        kept = _keep(client, question, pieces, ahead)
        if kept.left:
            pieces, kept = _read_anew(client, question, pieces, kept, on_page, ahead)
    silent = sorted({name for piece in pieces for page in piece.pages for name in page.left_out})
    missing = "; ".join(
        words
        for words in (
            _words(pieces, stopped) or (kept.missing and f"{kept.missing} did not come"),
            f"what these know is missing: {', '.join(silent)}" if silent else "",
        )
        if words
    )
    facts = Pull(
        pull_id=kept.pull_id,
        resource=resource.name,
        path=question.path,
        params_asked=question.params(),
        since=question.since,
        until=question.until,
        filters_server=question.server_filter,
        filters_local=question.local_filter,
        limit=question.limit,
        pages=sum(len(piece.pages) for piece in pieces),
        rows_received=kept.received,
        rows_kept=len(kept.frame),
        count_expected=kept.counted,
        complete=not missing and not question.unasked,
        note="; ".join(
            n
            for n in (
                *(question.note, _replayed(question), _before(before)),
                *(*kept.notes, missing, stopped and str(stopped.error)),
            )
            if n
        ),
        lacking=lacking(stopped.error if stopped else None) or question.lacking,
        started=started,
        finished=client.now(),
        requests=client.requests_made - requests,
        waited_seconds=client.waited_seconds - waited,
    )
    if question.journal is not None and (not missing or is_dead_link(stopped.error if stopped else None)):
        question.journal.clear()
    remember(client, facts, replace(question, journal=None))
    if missing and on_partial == "raise":
        raise PartialResultError(
            f"{resource.name}: {len(kept.frame)} rows came, but {missing}{f' ({stopped.error})' if stopped else ''}. "
            "The rows that came are in this error's .frame; .resume() goes on from there.",
            frame=kept.frame,
            missing=missing,
            resume=_resume(client, question, on_partial, pieces, stopped),
        ) from (stopped.error if stopped else None)
    return kept.frame, facts


def _replayed(question: Question) -> str:
    """How much came from the journal of an interrupted pull."""
    count = question.journal.replayed if question.journal is not None else 0
    return f"{count} pages were kept by a pull that was interrupted, and not asked for again" if count else ""


def _before(pages: int) -> str:
    """How much had come before the pull broke off, once it goes on."""
    words = "1 page had" if pages == 1 else f"{pages} pages had"
    return f"gone on with: {words} come before it broke off, not asked for again" if pages else ""


def _resume(
    client: GraphClient, question: Question, on_partial: OnPartial, pieces: list[Piece], stopped: _Stop | None
) -> Callable[[], pd.DataFrame]:
    if stopped is None:  # rows that Graph counted did not come: all is asked again
        return lambda: pull(client, question, on_partial)

    def resume() -> pd.DataFrame:
        to_do = [revived(piece, stopped.error if piece is stopped.piece else None) for piece in pieces]
        return _go_on(client, question, on_partial, to_do)[0]

    return resume


def _read_first(
    client: GraphClient, question: Question, piece: Piece, on_page: OnPage
) -> tuple[Question, list[Piece], _Stop | None]:
    """Read a question from its first page on; in pieces, where that page says that it is worth it."""
    try:
        for page in pages_of(client, question, piece):
            if not piece.pages:
                if not question.settled and _is_past(client, question):
                    later = replace(question, until=closing(client.now()), settled=True)  # by Graph's clock now
                    return _read_first(client, later, Piece(later.since, later.until), on_page)
                if question.journal is not None and not piece.anew:
                    question.journal.keep(WINDOW, window_text(question.since, question.until))
                if (workers := workers_for(question, page)) > 1:
                    rows_each = max(2, ceil((page.count or 0) / len(page) / (workers * PIECES_EACH))) * len(page)
                    pieces = cut(piece, workers * PIECES_EACH)
                    return question, pieces, _read_pieces(client, question, pieces, on_page, workers, rows_each)
            piece.pages.append(page)
            on_page(page)
            if question.pages_enough is not None and sum(map(len, piece.pages)) >= question.pages_enough:
                break
    except GraphInvestigateError as error:
        return question, [piece], _Stop(piece, error)
    return question, [piece], None


def _is_past(client: GraphClient, question: Question) -> bool:
    """Whether the window was closed by a clock that turns out to be far behind Graph's."""
    return question.closed and question.until is not None and client.now() - question.until > SKEW


def _read_pieces(
    client: GraphClient, question: Question, pieces: list[Piece], on_page: OnPage, workers: int | None = None,
    rows_each: int | None = None,
) -> _Stop | None:  # fmt: skip
    team = Team(client, question, pieces, workers=workers or question.concurrent or 4, rows_each=rows_each)
    failed = team.read(on_page)
    return _Stop(*failed) if failed else None


def _words(pieces: list[Piece], stopped: _Stop | None) -> str:
    """What is missing where a pull stopped."""
    if stopped is None:
        return ""
    if len(pieces) == 1:
        return f"every row after page {len(pieces[0].pages)} is missing"
    todo = [piece for piece in pieces if not piece.done]
    shown = ", ".join(piece.words for piece in todo[:5]) + (f" and {len(todo) - 5} more windows" if todo[5:] else "")
    return f"rows are missing of {shown}"


def _retired(question: Question, error: GraphInvestigateError) -> EndpointRetiredError | None:
    """Graph's 410 to the very first page: not this page is gone but the endpoint."""
    if not isinstance(error, GraphError) or error.status != GONE:
        return None
    docs = question.resource.docs
    retired = EndpointRetiredError(
        f"Graph has retired {question.resource.path} (410): what it would show is unknown here, not absent. "
        f"Its page names what took its place: {docs}",
        successor=docs,
    )
    retired.__cause__ = error
    return retired


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of some pages that answer the question, and what was left out and why."""

    frame: pd.DataFrame
    pull_id: str
    received: int
    counted: int | None
    missing: str
    notes: tuple[str, ...]
    left: str = ""
    """In words, that rows left the answer while it was read: others may have moved over to a page that was read."""


def _keep(client: GraphClient, question: Question, pieces: list[Piece], ahead: Ahead) -> Kept:
    resource = question.resource
    pull_id = f"{resource.name}-{uuid.uuid4().hex[:12]}"
    pages = [page for piece in pieces for page in piece.pages]
    frame = records_frame(resource, pages, pull_id=pull_id, ahead=ahead)
    received, ended = len(frame), all(piece.done for piece in pieces)
    notes: list[str] = []
    frame, repeated = newest(resource, frame)
    if repeated:
        notes.append(f"{repeated} repeated rows: the newest of each id was kept")
    counted = _counted(pieces)
    missing = left = ""
    if ended and counted is not None and len(frame) < counted:
        again = _count_again(client, question)
        if again is not None and again < counted:
            left = f"Graph counted {counted} rows at first and {again} at the end"
        if again is None or len(frame) < again:
            missing = f"{(again or counted) - len(frame)} of the {again or counted} rows that Graph counted"
    asked, narrowed = matches(frame, question)
    if not asked.all():
        notes.append(f"{int((~asked).sum())} rows do not fit what Graph was asked: left out")
    kept = asked & narrowed
    frame = frame if kept.all() else frame[kept]  # a copy of a million rows is worth avoiding
    if question.limit is not None and (len(frame) > question.limit or (len(frame) == question.limit and not ended)):
        frame = frame.head(question.limit)
        notes.append(f"limit={question.limit} {CUT}: Graph holds more")
    return Kept(frame.reset_index(drop=True), pull_id, received, counted, missing, tuple(notes), left)


def _read_anew(
    client: GraphClient, question: Question, pieces: list[Piece], kept: Kept, on_page: OnPage, ahead: Ahead
) -> tuple[list[Piece], Kept]:
    """Read all of it again, until no row leaves meanwhile.

    A row that is deleted, or no longer fits the filter, moves those after it forward: one of them lands on a page
    that was read already, and the count does not tell. Only a reading during which nothing left is whole.
    """
    first = kept.left
    for _ in range(READINGS - 1):
        _, again, stopped = _read_first(
            client, replace(question, settled=True), Piece(question.since, question.until, anew=True), on_page
        )
        if stopped is not None:
            break
        pieces, kept = again, _keep(client, question, again, ahead)
        if not kept.left:
            return pieces, replace(kept, notes=(*kept.notes, f"{first}: some left while it was read; read again"))
    missing = f"rows that others which left meanwhile moved to pages that were read already ({first})"
    return pieces, replace(kept, missing=kept.missing or missing)


def _counted(pieces: list[Piece]) -> int | None:
    """How many rows Graph counted in all pieces together; None where it does not say."""
    counts = [next((page.count for page in piece.pages if page.count is not None), None) for piece in pieces]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _count_again(client: GraphClient, question: Question) -> int | None:
    """Graph's count now: rows that were deleted during the pull are not missing."""
    resource = question.resource
    params = {**question.params(), "$top": "1"}
    try:
        page = client.page(question.path, params=params, version=question.version, permission=resource.permission)
    except GraphInvestigateError:
        return None
    return page.count
