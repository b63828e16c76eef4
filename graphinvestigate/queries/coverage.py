"""What was asked, what came back, what is missing: the facts of each pull, by `pull_id`."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

import pandas as pd

from graphinvestigate.client import GraphClient, Pull
from graphinvestigate.errors import (
    GraphInvestigateError,
    LicenceMissingError,
    PartialResultError,
    PermissionMissingError,
    RecordNotFoundError,
    StoppedError,
    UsageError,
)
from graphinvestigate.queries.questions import Question
from graphinvestigate.wanted import takes

# A frame holds only its pull_ids, so that it knows its origin after a merge or a trip through Parquet; the facts
# themselves live as long as the client that pulled them.
_KNOWN: weakref.WeakValueDictionary[str, Pull] = weakref.WeakValueDictionary()

GONE_ON_WITH = "gone on with: it had failed before"
CUT = "cut the answer"
"""In the note of a pull whose limit left rows in the tenant."""
ABSENT = "not there, or hidden from this account"
BY_ID = "by id "
"""How what is asked of a request for single records begins; their ids follow."""
DTYPES = {
    "pull_id": "str", "resource": "str", "since": "datetime64[ns, UTC]", "until": "datetime64[ns, UTC]",
    "filters_server": "str", "filters_local": "str", "limit": "Int64", "rows_received": "Int64",
    "rows_kept": "Int64", "count_expected": "Int64", "pages": "Int64", "requests": "Int64",
    "waited_seconds": "Float64", "complete": "boolean", "lacking": "str",
    "note": "str",
}  # fmt: skip


# What each pull asked, so that it can be asked again.
_ASKED: weakref.WeakKeyDictionary[GraphClient, dict[str, Question]] = weakref.WeakKeyDictionary()


# Who collects the pulls that are made here, and not those of other threads that use the same client.
_COLLECTING: ContextVar[tuple[dict[str, Pull], ...]] = ContextVar("graphinvestigate_collecting", default=())


@contextmanager
def pulls_made() -> Iterator[dict[str, Pull]]:
    """Collect the pulls that are made in a ``with`` block, by `pull_id`: those of this thread alone."""
    made: dict[str, Pull] = {}
    mark = _COLLECTING.set((*_COLLECTING.get(), made))
    try:
        yield made
    finally:
        _COLLECTING.reset(mark)


def remember(client: GraphClient, pull: Pull, question: Question | None = None) -> None:
    """Keep the facts of a pull, and its question, with the client that made it."""
    client.pulls[pull.pull_id] = pull
    for made in _COLLECTING.get():
        made[pull.pull_id] = pull
    _KNOWN[pull.pull_id] = pull
    if question is not None:
        _ASKED.setdefault(client, {})[pull.pull_id] = question


@contextmanager
def failures_kept(client: GraphClient, asked: Pull) -> Iterator[None]:
    """Keep with the client also what was asked and failed: it must not look as if nobody had asked.

    Parameters
    ----------
    client : GraphClient
    asked : Pull
        What is asked in the ``with`` block; its `pull_id` and what came of it do not matter.
    """
    started, requests, waited = client.now(), client.requests_made, client.waited_seconds
    try:
        yield
    except (UsageError, StoppedError, PartialResultError):
        raise  # nothing was asked, or the pull that broke off is kept already
    except GraphInvestigateError as error:
        if error.pull_id is None:
            error.pull_id = f"{asked.resource}-{uuid.uuid4().hex[:12]}"
            absent = isinstance(error, RecordNotFoundError)  # which is an answer
            failed = replace(
                asked, pull_id=error.pull_id, complete=absent, note=ABSENT if absent else str(error),
                lacking=lacking(error), started=started, finished=client.now(),
                requests=client.requests_made - requests, waited_seconds=client.waited_seconds - waited,
            )  # fmt: skip
            remember(client, failed)
        raise


def asked_otherwise(client: GraphClient, error: GraphInvestigateError) -> None:
    """Take a failure back: the same was asked in another way, which says so itself."""
    if error.pull_id is not None:
        client.pulls.pop(error.pull_id, None)
        for made in _COLLECTING.get():
            made.pop(error.pull_id, None)


def went_on(client: GraphClient, made: Mapping[str, Pull]) -> None:
    """Note of pulls that they asked again for what had failed: within one second, their times would not tell."""
    for pull in list(made.values()):
        note = f"{pull.note}; {GONE_ON_WITH}" if pull.note else GONE_ON_WITH
        if pull.complete and "gone on with" not in pull.note:
            remember(client, replace(pull, note=note))


def recall(pull: Pull) -> None:
    """Know the facts of a pull of another session again, for as long as somebody keeps them (an open case does)."""
    _KNOWN.setdefault(pull.pull_id, pull)


def known_pull(pull_id: object) -> Pull | None:
    """The facts of a pull of this session."""
    return _KNOWN.get(pull_id) if isinstance(pull_id, str) else None


def asked_by(client: GraphClient, pull_ids: Iterable[object]) -> list[Question]:
    """The questions of some pulls of a client; none for records that were asked for by id."""
    asked = _ASKED.get(client, {})
    return [asked[pull_id] for pull_id in pull_ids if isinstance(pull_id, str) and pull_id in asked]


@takes
def coverage(client_or_frame: GraphClient | pd.DataFrame) -> pd.DataFrame:
    """What was asked of Graph, what came back, and what is missing.

    Parameters
    ----------
    client_or_frame : GraphClient or DataFrame
        A client: every pull it made, in order. A frame: the pulls its rows come from.

    Returns
    -------
    DataFrame
        One row is one pull: `resource`, the window (`since`, `until`, UTC), the filter that went to Graph and what
        was checked here, `rows_received` and `rows_kept`, `count_expected` (where Graph counts), `pages`,
        `requests`, `waited_seconds` (spent waiting for limits), `complete`, the permission or licence that was
        `lacking`, and a `note` on anything left out.

    Raises
    ------
    UsageError
        The argument is neither a client nor a frame with a `pull_id` column.
    """
    if isinstance(client_or_frame, GraphClient):
        return coverage_table(client_or_frame.pulls.copy().values())  # another thread may pull meanwhile
    if isinstance(client_or_frame, pd.DataFrame) and "pull_id" in client_or_frame.columns:
        return frame_coverage(client_or_frame)
    raise UsageError("coverage takes a client, or a frame that a list_* or get_* function returned (with its pull_id).")


def frame_coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """The pulls a frame's rows come from; one that this session does not know says so."""
    rows = frame["pull_id"].value_counts(sort=False, dropna=False)
    tables = []
    for pull_id, count in rows.items():
        pull = _KNOWN.get(pull_id) if isinstance(pull_id, str) else None
        if pull is not None:
            tables.append(coverage_table([pull]))
        else:
            note = "pulled in another session or read from a file: what was asked is not known here"
            unknown = pd.DataFrame([{"pull_id": pull_id, "rows_kept": count, "note": note}])
            tables.append(unknown.reindex(columns=list(DTYPES)).astype(DTYPES))
    return pd.concat(tables, ignore_index=True) if tables else coverage_table([])


def coverage_table(pulls: object) -> pd.DataFrame:
    """Pulls as a table with the columns of `coverage`."""
    rows = [{name: getattr(pull, name) for name in DTYPES} for pull in pulls]  # type: ignore[attr-defined]
    return pd.DataFrame(rows, columns=list(DTYPES)).astype(DTYPES)


def lacking(why: object) -> str:
    """The permission or the licence for want of which something could not be read; empty where it was another reason.

    Parameters
    ----------
    why : object
        An error, or None, or words.
    """
    if isinstance(why, LicenceMissingError):
        return "a licence"
    if isinstance(why, PermissionMissingError):
        return f"the permission {why.permission}" if why.permission else "a permission"
    return ""


# What Graph offers no list of that a security role may read, and where it shows all the same.
_NO_LIST = {
    "oauth_grants": "OAuth grants have no list here: they show in alert evidence, directory audits and hunting",
    "inbox_rules": "inbox rules have no list here: they show in alert evidence and hunting (CloudAppEvents)",
    "audit_search": "the audit search has no list here: its events show in alert evidence and hunting (CloudAppEvents)",
}


def no_list() -> pd.DataFrame:
    """Rows of coverage for what cannot be listed at all: it was seen only where something else names it."""
    rows = [{"resource": name, "complete": False, "note": note} for name, note in _NO_LIST.items()]
    return pd.DataFrame(rows).reindex(columns=list(DTYPES)).astype(DTYPES)


def not_read(source: str, reason: str | GraphInvestigateError) -> pd.DataFrame:
    """A row of coverage for a source that gave nothing, with the reason, and what was asked where that is known."""
    asked = known_pull(getattr(reason, "pull_id", None))
    if asked is not None:
        return coverage_table([asked]).assign(resource=source)
    row = {
        "resource": source, "rows_received": 0, "rows_kept": 0, "complete": False, "lacking": lacking(reason),
        "note": str(reason),
    }  # fmt: skip
    return pd.DataFrame([row]).reindex(columns=list(DTYPES)).astype(DTYPES)
