"""What public functions take: whoever gives something else is told what to give, before anything is done."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, ParamSpec, TypeVar

from graphinvestigate.errors import UsageError
from graphinvestigate.text import log

P = ParamSpec("P")
R = TypeVar("R")

_CLIENT = "a client, from gi.connect(…), gi.connect_demo() or gi.connect_emulator(…)"
_GRAPH = "an entity graph, from gi.entity_graph(alerts=…)"
_FRAME = "a DataFrame, from gi.list_…, gi.read_records or pandas"
_PATH = "a path: a text or a pathlib.Path"


def takes(function: Callable[P, R]) -> Callable[P, R]:
    """Check what a function is given for a client, an entity graph, a frame or a path, by its annotations.

    Parameters
    ----------
    function : callable
        What its other parameters take it checks itself.

    Returns
    -------
    callable
        It raises `UsageError`, which says what to give, where it is given something else.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    wanted = [
        (place if place < code.co_argcount else None, name, _WANTED[said])
        for place, name in enumerate(names)
        if (said := function.__annotations__.get(name)) in _WANTED
    ]
    owner, _, own = function.__qualname__.rpartition(".")

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for place, name, (fits, words) in wanted:
            if name in kwargs:
                value = kwargs[name]
            elif place is not None and place < len(args):
                value = args[place]
            else:
                continue
            if not fits(value):
                shown = f"{type(args[0]).__name__ if args else owner}." if owner else ""  # not the class that it is of
                raise UsageError(
                    f"{shown}{own}".removesuffix(".__init__") + f": {name} takes {words}; got {_given(value)}"
                )
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # raised within
                raise
            raise TypeError(f"{error}{call_hint(function, args, kwargs)}") from None

    return checked


def call_hint(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Say what a call that Python refused probably meant.

    Parameters
    ----------
    function : callable
    args, kwargs
        What it was called with.

    Returns
    -------
    str
        To be put behind Python's own words; empty where nothing comes to mind.
    """
    takes = inspect.signature(function).parameters.values()
    by_name = [one.name for one in takes if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]
    for name in kwargs:
        if name not in by_name and (near := get_close_matches(name, by_name, n=1)):
            return f"; did you mean {near[0]}=?"
    places = sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in takes)
    named = [one.name for one in takes if one.kind is one.KEYWORD_ONLY and one.name not in kwargs]
    if len(args) > places and named:
        return f"; name what you give, such as {function.__name__}({'…, ' if places else ''}{named[0]}=…)"
    return ""


def in_order(since: datetime | None, until: datetime | None) -> None:
    """Refuse a window that ends before it begins, instead of finding nothing in it.

    Parameters
    ----------
    since, until : datetime or None
        Aware; None is open.

    Raises
    ------
    UsageError
        It ends before it begins.
    """
    if since is not None and until is not None and until < since:
        raise UsageError(f"since ({since.isoformat()}) lies after until ({until.isoformat()}): swap them.")


def _is(*names: str) -> Callable[[Any], bool]:
    # By name, as what each function works with need not be loaded to see that something is none.
    return lambda value: any(kind.__name__ in names for kind in type(value).__mro__)


def _is_client(value: Any) -> bool:
    return _is("GraphClient")(value) or callable(getattr(value, "pages", None))  # one in a coat of the caller's, too


def _is_graph(value: Any) -> bool:
    if not _is("MultiDiGraph")(value):
        return False
    node = next(iter(value), None)
    return node is None or _is("Entity", "Record")(node)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) or hasattr(value, "__fspath__")


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_WANTED: dict[object, tuple[Callable[[Any], bool], str]] = {
    "GraphClient": (_is_client, _CLIENT),
    "nx.MultiDiGraph": (_is_graph, _GRAPH),
    "nx.MultiDiGraph | None": (_or_none(_is_graph), f"{_GRAPH}, or None"),
    "pd.DataFrame": (_is("DataFrame"), _FRAME),
    "pd.DataFrame | None": (_or_none(_is("DataFrame")), f"{_FRAME}, or None for what was not read"),
    "str | os.PathLike[str]": (_is_path, _PATH),
    "str | Path": (_is_path, _PATH),
}


def _given(value: Any) -> str:
    """What was given, in words; what to make of it where that is known."""
    if value is None:
        return "None"
    if _is("DataFrame")(value):
        return f"a DataFrame of {len(value):,} rows (gi.entity_graph(alerts=…) makes a graph of frames)"
    if _is_graph(value):
        return "an entity graph (gi.entities(g) lists what it holds, as a DataFrame)"
    if _is("Graph")(value):
        return f"a networkx {type(value).__name__} whose nodes are none of gi.Entity and gi.Record"
    if _is("GraphClient")(value):
        return "a client (gi.list_alerts(client) makes a DataFrame of what it reads)"
    if isinstance(value, str | int | float):
        return log(repr(value))[:80]
    return f"a {type(value).__name__}"
