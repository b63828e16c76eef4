"""Wrong arguments: every public name says what to give instead, in an error of our own."""

from __future__ import annotations

import inspect
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.wanted import takes

TAKES = {"GraphClient", "nx.MultiDiGraph", "pd.DataFrame"}
WRONG = (
    "nothing",
    "a text",
    "a number",
    "a list",
    "an empty frame",
    "a frame",
    "sign-ins",
    "alerts",
    "a graph",
    "a client",
)
# Classes that nobody makes by hand: what they hold, functions return.
MADE = {"AttackStory", "Difference", "GraphClient", "Path", "Pivot", "Refresh", "Replay"}
CALLED = [
    name
    for name in gi.__all__
    if callable(getattr(gi, name))
    and not (isinstance(getattr(gi, name), type) and issubclass(getattr(gi, name), (Exception, tuple)))
    and not name.startswith("connect")
    and name not in MADE
]


@pytest.fixture(scope="module")
def things(world) -> dict[str, Any]:
    """What somebody might hand over by mistake."""
    alerts = gi.list_alerts(world.client)
    values = (
        None, "x", 1, [1], pd.DataFrame(), pd.DataFrame({"a": [1]}), gi.list_sign_ins(world.client, since="2d"), alerts,
        gi.entity_graph(alerts=alerts), world.client,
    )  # fmt: skip
    return dict(zip(WRONG, values, strict=True))


def rest_of(function: Any, things: dict[str, Any], first: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call: the first as given, the others that it needs as they should be."""
    user = next(n for n in things["a graph"] if n[0] == "user")
    fitting = {
        "a": user, "b": user, "entity": user, "frame": things["alerts"], "on": "ip", "path": "graph.json",
        "source": b'{"value":[]}', "kind": "alerts", "kql": "AlertInfo", "g": things["a graph"], "name": "SigninLogs",
    } | dict.fromkeys(("alerts", "risk", "sign_ins", "incidents", "risk_detections"))  # fmt: skip
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for place, parameter in enumerate(inspect.signature(function).parameters.values()):
        value = first if place == 0 else fitting.get(parameter.name, "x")
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += [value] if place == 0 else [user, user]
        elif place == 0 or parameter.default is parameter.empty:
            if parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[parameter.name] = value
            else:
                args.append(value)
    return args, kwargs


@pytest.mark.parametrize("name", CALLED)
def test_a_wrong_first_argument_is_an_error_of_ours(name: str, things: dict[str, Any], tmp_path, monkeypatch) -> None:
    """Whatever stands in the first place: what cannot be done raises one of our errors, and never Python's own."""
    monkeypatch.chdir(tmp_path)
    function = getattr(gi, name)
    for label, value in things.items():
        args, kwargs = rest_of(function, things, value)
        try:
            function(*args, **kwargs)
        except gi.GraphInvestigateError:
            continue
        except Exception as error:
            raise AssertionError(f"{name} with {label} raised {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("name", [name for name in CALLED if not isinstance(getattr(gi, name), type)])
def test_what_is_no_client_no_graph_and_no_frame_is_refused_by_name(name: str, things: dict[str, Any]) -> None:
    """Wherever a client, a graph or a frame is needed, something else is a `UsageError` that names the parameter."""
    function = getattr(gi, name)
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.annotation not in TAKES or first.kind is first.VAR_POSITIONAL:
        return
    for label in ("nothing", "a text", "a number", "a list"):
        args, kwargs = rest_of(function, things, things[label])
        with pytest.raises(
            gi.UsageError, match=rf"^{name}: {first.name} takes an? (client|entity graph|DataFrame), from"
        ):
            function(*args, **kwargs)


def test_a_swap_says_how_to_get_what_is_needed(things: dict[str, Any]) -> None:
    """A frame for a graph, and a graph for a frame or a client, name the call that makes the one of the other."""
    with pytest.raises(gi.UsageError, match=r"gi\.entity_graph\(alerts=…\) makes a graph of frames"):
        gi.rank_entities(things["alerts"])
    with pytest.raises(gi.UsageError, match=r"gi\.entities\(g\) lists what it holds"):
        gi.evidence(things["a graph"])
    with pytest.raises(gi.UsageError, match=r"gi\.list_alerts\(client\) makes a DataFrame"):
        gi.entity_graph(alerts=things["a client"])
    with pytest.raises(gi.UsageError, match=r"none of gi\.Entity and gi\.Record"):
        gi.rank_entities(nx.MultiDiGraph([(1, 2)]))
    with pytest.raises(gi.UsageError, match=r"got 'x'$"):
        gi.why("x", "a", "b")


def test_later_arguments_are_looked_at_too(things: dict[str, Any]) -> None:
    """By place and by name: the second graph of a merge, a frame given by keyword."""
    g = things["a graph"]
    with pytest.raises(gi.UsageError, match="merge_graphs: b takes an entity graph"):
        gi.merge_graphs(g, things["alerts"])
    with pytest.raises(gi.UsageError, match="annotate: frame takes a DataFrame"):
        gi.annotate(g, frame=[1], on="ip")
    with pytest.raises(gi.UsageError, match=r"sign_ins takes a DataFrame, .*, or None"):
        gi.correlate_risk(None, None, g)


def test_the_check_changes_nothing_of_a_function() -> None:
    """Name, documentation, signature and result stay; what fits passes, subclasses and views too."""

    @takes
    def count(g: nx.MultiDiGraph, *, path: str | None = None) -> int:
        """Count."""
        return len(g)

    assert (count.__name__, count.__doc__) == ("count", "Count.")
    assert list(inspect.signature(count).parameters) == ["g", "path"]
    g = nx.MultiDiGraph()
    g.add_node(gi.Entity("user", "a"))
    assert count(g) == count(g=g.subgraph(list(g))) == count(nx.freeze(g.copy()), path=None) == 1
    assert count(nx.MultiDiGraph()) == 0


def test_who_is_nobody_is_said_not_looked_up(things: dict[str, Any]) -> None:
    """None, nothing, a frame, a list or a tuple names no entity: a `UsageError`, not a search for its text."""
    g, client = things["a graph"], things["a client"]
    for nobody in (None, "", "  ", things["alerts"], ["x"], ("user", "x"), 7):
        for ask in (
            lambda who: gi.find_entity(g, who),
            lambda who: gi.pivot(client, who, g=g),
            lambda who: gi.pivot(client, who),
            lambda who: gi.paths(g, who, who),
        ):
            with pytest.raises(gi.UsageError, match=r"names nobody|does not say what it names"):
                ask(nobody)


def test_a_call_that_python_refuses_says_what_was_meant(things: dict[str, Any]) -> None:
    """A misspelt name has the near one beside it, a frame given by place the name to give it by; others stay."""
    with pytest.raises(TypeError, match=r"'sevrity'; did you mean severity=\?"):
        gi.list_alerts(things["a client"], sevrity="high")
    with pytest.raises(TypeError, match=r"1 was given; name what you give, such as entity_graph\(alerts=…\)"):
        gi.entity_graph(things["alerts"])
    explorer = gi.EntityExplorer(things["a client"], things["a graph"])
    with pytest.raises(TypeError, match=r"name what you give, such as note\(…, words=…\)"):
        explorer.note("called her", next(iter(things["a graph"])))
    with pytest.raises(TypeError, match=r"argument: 'client'$"):
        gi.list_alerts()

    @takes
    def fails(g: nx.MultiDiGraph, *, note: str = "") -> None:
        """Fail within."""
        raise TypeError("within")

    with pytest.raises(TypeError, match=r"^within$"):
        fails(nx.MultiDiGraph())


def test_hops_are_a_number(things: dict[str, Any]) -> None:
    """A text, a part of one or a negative number of hops is refused; numpy's numbers are numbers."""
    g = things["a graph"]
    user = next(n for n in g if n[0] == "user")
    for hops in ("2", 1.5, -1, None, True):
        with pytest.raises(gi.UsageError, match="hops takes a whole number from 0"):
            gi.neighborhood(g, user, hops=hops)
    assert set(gi.neighborhood(g, user, hops=np.int64(1))) == set(gi.neighborhood(g, user, hops=1))
