"""Taking turns: where a kernel has subshells a click is handled in another thread than the cell that runs meanwhile.

What both may change is held by one of them at a time, and only while it changes: nobody holds it who waits for Graph.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from functools import wraps
from types import FunctionType, TracebackType
from typing import Any, TypeVar, cast

from graphinvestigate.wanted import call_hint

_C = TypeVar("_C", bound=type)
_F = TypeVar("_F", bound=Callable[..., Any])
_SHOWN = frozenset({"__init__", "__repr__", "_repr_mimebundle_"})


class Turn:
    """A lock that the thread which holds it may take again. A copy of what it guards gets one of its own."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def at_once(self, work: Callable[[], None]) -> bool:
        """Do it if nobody else has the turn, and tell whether it was done: for those who must never wait."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            work()
        finally:
            self._lock.release()
        return True

    def __reduce__(self) -> tuple[type[Turn], tuple[()]]:
        return Turn, ()


def each_in_turn(turn_of: Callable[[Any], Turn], *, but: Collection[str] = ()) -> Callable[[_C], _C]:
    """Let every public method and property of a class, and how it is made and shown, take its turn: a class decorator.

    Parameters
    ----------
    turn_of : callable
        The turn of an instance.
    but : collection of str
        What takes turns by itself: what waits for Graph, for a disk or for others between its turns.

    Returns
    -------
    callable
    """
    turned = in_turn(turn_of)

    def decorated(cls: _C) -> _C:
        for name, member in list(vars(cls).items()):
            if name in but or (name.startswith("_") and name not in _SHOWN):
                continue
            if isinstance(member, FunctionType):
                setattr(cls, name, turned(member))
            elif isinstance(member, property):
                get, put = member.fget and turned(member.fget), member.fset and turned(member.fset)
                setattr(cls, name, property(get, put, None, member.__doc__))
        return cls

    return decorated


def in_turn(turn_of: Callable[[Any], Turn]) -> Callable[[_F], _F]:
    """Let one method take its turn: a decorator."""

    def decorated(call: _F) -> _F:
        @wraps(call)
        def turned(self: Any, *arguments: Any, **options: Any) -> Any:
            with turn_of(self):
                try:
                    return call(self, *arguments, **options)
                except TypeError as error:
                    if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # raised within
                        raise
                    raise TypeError(f"{error}{call_hint(call, (self, *arguments), options)}") from None

        return cast(_F, turned)

    return decorated
