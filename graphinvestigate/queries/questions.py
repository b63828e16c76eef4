"""From arguments to a question: checked once, before anything is asked of Graph. Pure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from graphinvestigate.client import Journal, odata_datetime, odata_string, parse_time
from graphinvestigate.errors import UsageError
from graphinvestigate.files import sha256
from graphinvestigate.frames.schema import Resource
from graphinvestigate.text import log
from graphinvestigate.wanted import in_order

Time = str | datetime | None
Values = str | Sequence[str] | None
MOST_THREADS = 16
WINDOW = "window"  # what a journal keeps it under


@dataclass(frozen=True, slots=True)
class Question:
    """What one pull asks for."""

    resource: Resource
    since: datetime | None = None
    until: datetime | None = None
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column name → the values asked for, in Graph's own spelling."""
    holds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column that holds lists → the values of which it must hold one, in Graph's own spelling."""
    raw_filter: str | None = None
    limit: int | None = None
    page_size: int | None = None
    expand: str | None = None
    version: str = "v1.0"
    at: str | None = None
    """Where it is asked, where that is not the resource's own path."""
    note: str = ""
    """What the coverage says about the question itself."""
    closed: bool = False
    """Whether `until` is the start of the pull, not the caller's wish."""
    settled: bool = False
    """Whether it stays so, though Graph's clock may show that it is long past."""
    concurrent: int | None = None
    """How many threads read it, where its window can be cut; None: as many as it is worth."""
    unasked: bool = False
    """Whether part of what the caller wanted could not be asked at all: no answer to it is complete."""
    lacking: str = ""
    """The permission or licence that is lacking for that."""
    journal: Journal | None = None
    """Where its pages are kept while it is read, so that it goes on where it stopped if it is killed."""

    @property
    def path(self) -> str:
        """Where it is asked."""
        return self.at or self.resource.path

    @property
    def closable(self) -> bool:
        """Whether the window is over a time that never changes: such a row never leaves the part it is in."""
        return is_closable(self.resource)

    @property
    def server_filter(self) -> str:
        """The `$filter` that asks for all of it; empty where nothing is filtered."""
        window, (not_before, before) = self.resource.window, self.resource.window_operators
        terms = []
        if self.since is not None and self.resource.window_on_server:
            terms.append(f"{window} {not_before} {odata_datetime(self.since)}")
        if self.until is not None and self.resource.window_on_server:
            terms.append(f"{window} {before} {odata_datetime(self.until)}")
        for name, values in self.chosen.items():
            if name in self.resource.filters:
                path = self.resource.filters[name]
                either = " or ".join(f"{path} eq {odata_string(value)}" for value in values)
                terms.append(f"({either})" if len(values) > 1 else either)
        for name, values in self.holds.items():
            path = "/".join(self.resource.column(name).path)
            either = " or ".join(f"{path}/any(t: t eq {odata_string(value)})" for value in values)
            terms.append(f"({either})" if len(values) > 1 else either)
        if self.raw_filter:
            terms.append(f"({self.raw_filter})" if terms else self.raw_filter)
        return " and ".join(terms)

    @property
    def local(self) -> dict[str, tuple[str, ...]]:
        """What Graph does not filter on: narrowed down here."""
        return {name: values for name, values in self.chosen.items() if name not in self.resource.filters}

    @property
    def local_filter(self) -> str:
        """What is narrowed down here, for people."""
        terms = [f"{name} is {' or '.join(values)}" for name, values in self.local.items()]
        if not self.resource.window_on_server:
            window = self.resource.window
            if self.until is not None:
                terms.insert(0, f"{window} before {odata_datetime(self.until)}")
            if self.since is not None:
                terms.insert(0, f"{window} from {odata_datetime(self.since)}")
        return "; ".join(terms)

    @property
    def pages_enough(self) -> int | None:
        """After how many rows no further page is needed; None where only the end tells."""
        windowed = not self.resource.window_on_server and (self.since is not None or self.until is not None)
        return None if self.local or windowed else self.limit

    def params(self) -> dict[str, str]:
        """The query options of the first page."""
        top = self.page_size or self.resource.page_size
        if self.pages_enough is not None:
            top = min(top, self.pages_enough)
        found = {"$top": str(top)}
        if self.server_filter:
            found["$filter"] = self.server_filter
        if self.resource.count:
            found["$count"] = "true"
        if self.expand:
            found["$expand"] = self.expand
        return found


def ask(
    resource: Resource,
    *,
    now: datetime,
    since: Time = None,
    until: Time = None,
    chosen: Mapping[str, Values] | None = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    expand: str | None = None,
    concurrent: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    tenant: str = "",
) -> Question:
    """Check the arguments of a `list_*` call and make them a question.

    Raises
    ------
    UsageError
        A time, a value, a limit or a page size that cannot be right; the message lists what can be.
    """
    start, end = window(since, until, now=now)
    if filter is not None and not (isinstance(filter, str) and filter.strip()):
        raise UsageError("filter takes OData text such as \"severity eq 'high'\", or leave it out.")
    closed = end is None and is_closable(resource)
    end = closing(now) if closed else end
    pages, again = None, False
    if journal is not None:
        given = (tenant, since, until, chosen, filter, limit, page_size, expand)
        pages = _journal(journal, resource, given)
        start, end, again = _same_window(pages, start, end)
    return Question(
        resource=resource,
        since=start,
        until=end,
        journal=pages,
        closed=closed,
        settled=again,
        concurrent=whole_number("concurrent", concurrent, most=MOST_THREADS, why="threads at once"),
        chosen={
            name: known_values(resource, name, values)
            for name, values in (chosen or {}).items()
            if values is not None
        },
        raw_filter=filter,
        limit=whole_number("limit", limit),
        page_size=whole_number(
            "page_size", page_size, most=resource.page_size, why="the most that Graph puts on one page"
        ),
        expand=expand,
    )  # fmt: skip


def window(
    since: Time, until: Time, *, now: datetime, latest: datetime | None = None
) -> tuple[datetime | None, datetime | None]:
    """Both ends of a window as times; `now` and `latest` as `parse_time` takes them.

    Raises
    ------
    UsageError
        One is no time, or it ends before it begins.
    """
    start, end = (parse_time(value, now=now, latest=latest) for value in (since, until))
    in_order(start, end)
    return start, end


def _journal(folder: object, resource: Resource, given: object) -> Journal:
    """The journal of one question, in a folder of its own below the caller's."""
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise UsageError(f"journal takes the path of a folder to keep pages in; got {folder!r:.80}.")
    return Journal(Path(folder) / f"{resource.name}-{sha256(f'{resource.path} {given!r}')[:16]}")


def _same_window(
    journal: Journal, start: datetime | None, end: datetime | None
) -> tuple[datetime | None, datetime | None, bool]:
    """The window that an interrupted pull asked for, if it got a page of it; else this one; and whether it is older."""
    kept = journal.find(WINDOW)
    if kept is None:
        return start, end, False
    first, last = (datetime.fromisoformat(one) if one else None for one in json.loads(kept))
    return first, last, True


def window_text(start: datetime | None, end: datetime | None) -> str:
    """A window as a journal keeps it."""
    return json.dumps([one and one.isoformat() for one in (start, end)])


def is_closable(resource: Resource) -> bool:
    """Whether a resource's window is over a time that never changes.

    A risky user's is when the risk was last updated: it may move out of a closed window while that is read.
    """
    return resource.window_on_server and (
        resource.updated is None or resource.column(resource.updated).path != (resource.window,)
    )


def closing(now: datetime) -> datetime:
    """The end of a window that holds what there is now (`now` is in whole seconds) and nothing that comes later."""
    return now.replace(microsecond=0) + timedelta(seconds=1)


def whole_number(name: str, value: int | None, most: int | None = None, why: str = "") -> int | None:
    """A positive whole number, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        upto = "" if most is None else f" up to {most}, {why}".rstrip(", ")
        raise UsageError(f"{name} takes a whole number from 1{upto}; got {value!r:.80}.")
    return value


def known_values(resource: Resource, name: str, values: Values) -> tuple[str, ...]:
    """Values of a filter in Graph's own spelling; case does not matter, unknown ones are refused."""
    given = (values,) if isinstance(values, str) else tuple(values) if isinstance(values, Sequence) else ()
    if not given or not all(isinstance(value, str) and value.strip() for value in given):
        raise UsageError(f"{name} takes a string or a list of strings; got {values!r:.80}.")
    given = tuple(value.strip() for value in given)  # what was copied brings spaces along, and nothing would match
    known = resource.column(name).enum
    if known is None:
        return given
    spelling = {value.lower(): value for value in known}
    for value in given:
        if value.lower() not in spelling:
            raise UsageError(f"{name} knows no value '{log(value)}'. It takes: {', '.join(known)}.")
    return tuple(spelling[value.lower()] for value in given)


def matches(frame: pd.DataFrame, question: Question) -> tuple[pd.Series, pd.Series]:
    """Which rows fit the question, seen from here.

    Returns
    -------
    tuple of (Series, Series)
        Rows that fit what Graph was asked to filter on (some services ignore a filter without a word; a row whose
        value is unknown is not ruled out), and rows that fit what is narrowed down here (it must be known).
    """
    asked = pd.Series(True, index=frame.index)
    narrowed = pd.Series(True, index=frame.index)
    window = next(column.name for column in question.resource.columns if column.path == (question.resource.window,))
    fits = pd.Series(True, index=frame.index)
    if question.since is not None:
        fits &= ~(frame[window] < question.since)
    if question.until is not None:
        fits &= ~(frame[window] >= question.until)
    if question.resource.window_on_server:
        asked &= fits
    else:
        narrowed &= fits
    for name, values in question.chosen.items():
        same = frame[name].astype("str").str.lower().isin({value.lower() for value in values})
        if name in question.local:
            narrowed &= same
        else:
            asked &= frame[name].isna() | same
    for name, values in question.holds.items():
        wanted = {value.lower() for value in values}
        fits = [items is None or not wanted.isdisjoint(str(i).lower() for i in items) for items in _lists(frame[name])]
        asked &= pd.Series(fits, index=frame.index, dtype=bool)
    return asked, narrowed


def _lists(column: pd.Series) -> Iterator[Sequence[str | None] | None]:
    """The lists of a column; None where there is none."""
    for items, missing in zip(column, column.isna(), strict=True):
        yield None if missing else items
