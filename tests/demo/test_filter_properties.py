"""Filters agree with a second opinion: the same comparison, written independently over the dicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from graphinvestigate.demo.answers import ApiError
from graphinvestigate.demo.odata_filter import parse_filter
from graphinvestigate.demo.resources import RESOURCES, Filterable, Resource
from graphinvestigate.demo.resources_enums import ENUMS
from graphinvestigate.demo.tenant import build_tenant

EVERY = [
    (resource, path, rule)
    for resource in RESOURCES.values()
    for path, rule in sorted(resource.filters.items())
    if not rule.many
]
SYMBOLS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
    "startswith": lambda a, b: a is not None and a.startswith(b),
}
texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["", "'", "O'Brien", "x' or 1 eq 1", "ß", "SS"]
)


def moment(text: str) -> Fraction:
    """Seconds since a fixed day, exactly."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(whole + "+00:00") - datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    return Fraction(int(seconds / timedelta(seconds=1))) + (
        Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0
    )


@st.composite
def times(draw: st.DrawFn) -> str:
    """Times close together, with nought to seven digits of a second."""
    digits = draw(st.text("019", max_size=7))
    return f"2026-01-01T00:00:0{draw(st.integers(0, 1))}{'.' if digits else ''}{digits}Z"


def values(rule: Filterable) -> st.SearchStrategy[Any]:
    """Values that a record may hold at a property."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "string": texts,
        "time": times(),
        "int": st.integers(0, 3),
        "bool": st.booleans(),
        "enum": st.sampled_from(ENUMS.get(rule.enum or "", ("x",))),
    }
    return kinds[rule.kind]


def literal(rule: Filterable, value: Any) -> str:
    """The value as it stands in a filter."""
    if rule.kind in ("string", "enum"):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if rule.kind == "bool" else str(value)


def comparable(rule: Filterable, value: Any) -> Any:
    """The value as Graph compares it."""
    if value is None or rule.kind in ("int", "bool"):
        return value
    if rule.kind == "time":
        return moment(value)
    if rule.kind == "enum":
        return [member.lower() for member in ENUMS[rule.enum or ""]].index(value.lower())
    return value.casefold()


def record(path: str, value: Any) -> dict[str, Any]:
    """A record that holds a value at a path."""
    head, _, rest = path.partition("/")
    return {head: record(rest, value) if rest else value}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Resource, str, Filterable, str, Any, Any]:
    """A resource, one of its filters, and two values that may be alike."""
    resource, path, rule = draw(st.sampled_from(EVERY))
    op = draw(st.sampled_from(sorted(rule.operators)))
    wanted = draw(values(rule))
    held = draw(st.none() | values(rule) | st.just(wanted))
    return resource, path, rule, op, wanted, held


@settings(max_examples=400, deadline=None)
@given(cases())
def test_a_comparison_means_what_it_says(case: tuple[Resource, str, Filterable, str, Any, Any]) -> None:
    """For every property, operator and value that is documented, the filter decides as a plain comparison does."""
    resource, path, rule, op, wanted, held = case
    value = literal(rule, wanted)
    text = f"startsWith({path},{value})" if op == "startswith" else f"{path} {op} {value}"
    meant = SYMBOLS["ge" if op == "gt" and rule.loose_gt else op](comparable(rule, held), comparable(rule, wanted))
    assert parse_filter(text, resource).matches(record(path, held)) is bool(meant)


def held_at(record: Any, path: str) -> Any:
    """What a record holds at a path."""
    for name in path.split("/"):
        record = record.get(name) if isinstance(record, dict) else None
    return record


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[dict[str, Any]]]:
    """The collections of a drawn tenant, as plain dicts."""
    return {name: list(records) for name, records in build_tenant(3, 60, attack=True).collections.items()}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_filters_of_a_drawn_tenant_find_what_a_plain_search_finds(
    drawn: dict[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    """With values taken from its own records, a filter picks the same records as a search through the dicts."""
    (version, _), resource = data.draw(st.sampled_from(sorted(RESOURCES.items(), key=lambda item: item[0])))
    records = drawn.get(f"{version}:{resource.path}", drawn[resource.path])
    path = data.draw(st.sampled_from(sorted(path for path, rule in resource.filters.items() if not rule.many)))
    rule = resource.filters[path]
    known = sorted({held_at(record, path) for record in records} - {None})
    if not known:
        return
    op, wanted = data.draw(st.sampled_from(sorted(rule.operators))), data.draw(st.sampled_from(known))
    wanted = wanted[: data.draw(st.integers(0, 9))] if op == "startswith" else wanted
    value = literal(rule, wanted)
    text = f"startsWith({path},{value})" if op == "startswith" else f"{path} {op} {value}"
    chosen = parse_filter(text, resource)
    test = SYMBOLS["ge" if op == "gt" and rule.loose_gt else op]
    meant = [test(comparable(rule, held_at(record, path)), comparable(rule, wanted)) for record in records]
    assert [chosen.matches(record) for record in records] == [bool(fits) for fits in meant]
    assert op in ("gt", "lt", "ne") or any(meant), "the value was taken from a record"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["and", "or"]), texts), min_size=1, max_size=6), texts)
def test_and_binds_before_or(terms: list[tuple[str, str]], held: str) -> None:
    """Chains of conditions decide as Python's own `and` and `or` do."""
    text = " ".join((f"{word} " if i else "") + f"assignedTo eq {literal(Filterable('string'), value)}"
                    for i, (word, value) in enumerate(terms))  # fmt: skip
    groups: list[bool] = []
    for i, (word, value) in enumerate(terms):
        fits = value.casefold() == held.casefold()
        if i and word == "and":
            groups[-1] = groups[-1] and fits
        else:
            groups.append(fits)
    chosen = parse_filter(text, RESOURCES["v1.0", "security/alerts_v2"])
    assert chosen.matches({"assignedTo": held}) is any(groups)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(RESOURCES)),
    st.text(st.sampled_from("()'/:,eqandor not-0T.2 \x00ünull"), max_size=40) | texts,
)
def test_no_text_gets_past_the_400(key: tuple[str, str], text: str) -> None:
    """Any text at all is a filter that can be asked, or Graph's 400; nothing else ever comes out."""
    answer: object
    try:
        answer = parse_filter(text, RESOURCES[key]).matches({})
    except ApiError as error:
        answer = (error.status, error.message.partition(":")[0])
    assert answer in (True, False, (400, "Invalid filter clause"))


@pytest.mark.parametrize("key", sorted(RESOURCES))
@pytest.mark.parametrize("op", ["eq", "ne", "gt", "ge", "lt", "le", "startswith"])
def test_operators_beyond_the_table_are_refused(key: tuple[str, str], op: str) -> None:
    """A property takes the operators it documents and no other."""
    resource = RESOURCES[key]
    samples = {"string": "'x'", "time": "2026-01-01T00:00:00Z", "int": "1", "bool": "true"}
    for path, rule in resource.filters.items():
        if rule.many:
            continue
        value = samples.get(rule.kind) or f"'{ENUMS[rule.enum or ''][0]}'"
        text = f"startsWith({path},{value})" if op == "startswith" else f"{path} {op} {value}"
        if op in rule.operators:
            parse_filter(text, resource)
        else:
            with pytest.raises(ApiError):
                parse_filter(text, resource)
