"""Cases whose files agree with their manifest and hold what no case does: an error of ours, whatever breaks on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphinvestigate.errors import BadFileError, GraphInvestigateError
from graphinvestigate.text import log


@contextmanager
def guarded(path: Path | None) -> Iterator[None]:
    """Turn what breaks on the contents of a case from disk into a `BadFileError` that keeps the cause.

    Parameters
    ----------
    path : Path or None
        Where the case came from; None is a case that was made here, whose errors are what they are.

    Raises
    ------
    BadFileError
    """
    try:
        yield
    except GraphInvestigateError:
        raise
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        AssertionError,
        RecursionError,
    ) as error:
        if path is None:
            raise
        raise BadFileError(
            f"{log(str(path))}: its files agree with its manifest, but hold what no case does "
            f"({type(error).__name__}: {log(str(error))}). It was not written by graphinvestigate, or by a version "
            "that this one does not read: use the version that its manifest names under tools."
        ) from error
