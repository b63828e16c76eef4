"""A list to its end: next links followed, loops noticed, an empty page not taken for the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx

from graphinvestigate.client.links import Address, loop_key, next_address
from graphinvestigate.envelope import Page
from graphinvestigate.errors import PagingLoopError

EMPTY_PAGES = 20
SAME_PAGES = 3
MAX_PAGES = 100_000


def follow(first: Address, read: Callable[[Address], Page], *, base: httpx.URL) -> Iterator[Page]:
    """Read the pages of a list.

    Parameters
    ----------
    first : Address
        Where the first page is.
    read : callable
        Reads one page.
    base : httpx.URL
        Graph's root, which no next link may leave.

    Yields
    ------
    Page

    Raises
    ------
    PagingLoopError
        The next links lead nowhere new.
    """
    address = first
    seen = {loop_key(address)}
    empty = same = 0
    last: tuple[int, bytes, bytes] | None = None
    for number in range(1, MAX_PAGES + 1):
        page = read(address)
        yield page
        if page.next_link is None:
            return
        ends = _ends(page)
        empty = empty + 1 if ends is None else 0
        same = same + 1 if ends is not None and ends == last else 1
        last = ends
        address = next_address(base, page.next_link)
        key = loop_key(address)
        if key in seen or empty >= EMPTY_PAGES or same >= SAME_PAGES:
            raise _loop(address, number, known=key in seen, empty=empty)
        seen.add(key)
    raise _loop(address, MAX_PAGES, known=False, empty=empty)


def _ends(page: Page) -> tuple[int, bytes, bytes] | None:
    count = len(page)
    return (count, page.record(0), page.record(count - 1)) if count else None


def _loop(address: Address, pages: int, *, known: bool, empty: int) -> PagingLoopError:
    if known:
        why = "its next link leads back to a page that was read already"
    elif empty >= EMPTY_PAGES:
        why = f"{empty} empty pages came in a row, each with a next link"
    elif pages >= MAX_PAGES:
        why = f"it has no end within {MAX_PAGES:,} pages"
    else:
        why = f"{SAME_PAGES} pages with the same records came in a row"
    return PagingLoopError(
        f"Reading {address.name} stopped after {pages:,} page{'s' * (pages != 1)}: {why}. What came is whole, "
        "but more may be missing: ask again, or window by window (since=, until=)."
    )
