"""``$filter``: parsed by `odata-query`, walked with what each resource documents, anything else a 400.

The parser knows more than Graph and less than Graph: everything it yields is checked against the resource's table
of properties and operators, and everything it raises becomes the 400 that Graph answers with.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from odata_query import ast
from odata_query.grammar import ODataLexer, ODataParser

from graphinvestigate.demo.answers import ApiError, bad_request
from graphinvestigate.demo.odata_filter_values import at, text_key, time_key
from graphinvestigate.demo.resource_types import ALL_COMPARISONS, Filterable, Resource
from graphinvestigate.demo.resources_enums import RANKS

Predicate = Callable[[Any], bool]

_NAMES = {ast.Eq: "eq", ast.NotEq: "ne", ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le"}
_LONG = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}
_ORDERINGS = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}
_EDM = {"string": "Edm.String", "time": "Edm.DateTimeOffset", "int": "Edm.Int32", "bool": "Edm.Boolean"}
_LITERALS = {
    ast.String: "Edm.String",
    ast.Integer: "Edm.Int32",
    ast.Float: "Edm.Double",
    ast.Boolean: "Edm.Boolean",
    ast.DateTime: "Edm.DateTimeOffset",
    ast.Date: "Edm.Date",
    ast.Time: "Edm.TimeOfDay",
    ast.GUID: "Edm.Guid",
    ast.Duration: "Edm.Duration",
}
_MAX_DEPTH = 100
_EVIDENCE_TYPE = "microsoft.graph.security."


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that can be asked about records.

    Parameters
    ----------
    matches : callable
        Whether a record fits.
    properties : frozenset of str
        The paths it speaks about.
    """

    matches: Predicate
    properties: frozenset[str]


def parse_filter(text: str, resource: Resource, *, evidence_lambda: bool = False) -> Filter:
    """Read a ``$filter`` for `resource`.

    Raises
    ------
    ApiError
        400: not OData, an unknown property, or something that the resource does not filter on.
    """
    tree = _parse(text.strip())
    walker = _Walker(resource, evidence_lambda)
    predicate = walker.condition(tree, 0)
    return Filter(predicate, frozenset(walker.seen))


def _invalid(reason: str) -> ApiError:
    return bad_request(f"Invalid filter clause: {reason}")


def _parse(text: str) -> Any:
    try:
        return ODataParser().parse(_tokens(text))
    except RecursionError as error:
        raise _invalid("The recursion limit has been exceeded.") from error
    except Exception as error:  # the library raises its own errors and, on some input, Python's
        raise _invalid(f"Syntax error in '{text}'.") from error


def _tokens(text: str) -> Iterator[Any]:
    """Yield the lexer's tokens with two things put right that it would lose.

    It knows ``startswith`` in lower case only, where Graph documents ``startsWith``; and it drops the namespace of
    a type cast, which is the part that tells a cast from a property.
    """
    for token in ODataLexer().tokenize(text):
        if token.type == "ODATA_IDENTIFIER":
            name = token.value.full_name()
            token.value = ast.Identifier("startswith" if name == "startsWith" else name)
        yield token


class _Walker:
    """Turns the parser's tree into a predicate, refusing what the resource does not document."""

    def __init__(self, resource: Resource, evidence_lambda: bool) -> None:
        self.resource = resource
        self.evidence_lambda = evidence_lambda
        self.seen: set[str] = set()

    def condition(self, node: Any, depth: int) -> Predicate:
        return _condition(node, depth, self._leaf)

    def _leaf(self, node: Any, depth: int) -> Predicate:
        if isinstance(node, ast.CollectionLambda):
            return self._any(node, depth)
        path, op, literal = _comparison(node, self.resource)
        rule = self._rule(path)
        if rule.many:
            raise _not_filterable(path)
        steps = tuple(path.split("/"))
        compare = _compare(rule, op, literal, path)
        return lambda record: compare(at(record, steps))

    def _rule(self, path: str) -> Filterable:
        rule = self.resource.filters.get(path)
        if rule is None:
            head = path.split("/", maxsplit=1)[0]
            if head not in self.resource.properties:
                raise _unknown(head, self.resource.type_name)
            raise _not_filterable(path)
        self.seen.add(path)
        return rule

    def _any(self, node: Any, depth: int) -> Predicate:
        path = _path(node.owner)
        if path is None:
            raise _invalid("The collection of a lambda must be a property.")
        if not isinstance(node.operator, ast.Any) or node.lambda_ is None:
            raise _invalid("Only 'any' with a condition is supported here.")
        variable = node.lambda_.identifier.name
        if path == "evidence" and "evidence" in self.resource.properties:
            if not self.evidence_lambda:
                raise _not_filterable(path)
            self.seen.add(path)
            inner = _condition(node.lambda_.expression, depth + 1, _evidence_leaf(variable))
        else:
            rule = self._rule(path)
            if not rule.many:
                raise _invalid(f"The property '{path}' is no collection: 'any' does not apply to it.")
            inner = _condition(node.lambda_.expression, depth + 1, self._element_leaf(rule, variable, path))
        steps = tuple(path.split("/"))

        def matches(record: Any) -> bool:
            items = at(record, steps)
            return isinstance(items, list) and any(inner(item) for item in items)

        return matches

    def _element_leaf(self, rule: Filterable, variable: str, path: str) -> Callable[[Any, int], Predicate]:
        def leaf(node: Any, _depth: int) -> Predicate:
            name, op, literal = _comparison(node, self.resource)
            head, _, inner = name.partition("/")
            if head != variable:
                raise _unknown(name, self.resource.type_name)
            if not inner:
                return _compare(rule, op, literal, path)
            compare = _compare(self._rule(f"{path}/{inner}"), op, literal, path)
            steps = tuple(inner.split("/"))
            return lambda item: compare(at(item, steps))

        return leaf


def _condition(node: Any, depth: int, leaf: Callable[[Any, int], Predicate]) -> Predicate:
    if depth > _MAX_DEPTH:
        raise _invalid("The recursion limit has been exceeded.")
    if not isinstance(node, ast.BoolOp):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            raise _operator_refused("Not")
        return leaf(node, depth)
    kind = type(node.op)
    terms = []
    while isinstance(node, ast.BoolOp) and type(node.op) is kind:  # a long chain leans left: no recursion
        terms.append(_condition(node.right, depth + 1, leaf))
        node = node.left
    terms.append(_condition(node, depth + 1, leaf))
    if kind is ast.And:
        return lambda value: all(term(value) for term in terms)
    return lambda value: any(term(value) for term in terms)


def _comparison(node: Any, resource: Resource) -> tuple[str, str, Any]:
    """Return (path, operator, literal) of ``path op literal`` or ``startswith(path, literal)``."""
    if isinstance(node, ast.Compare):
        op = _NAMES.get(type(node.comparator))
        if op is None:
            raise _invalid("The operator 'in' is not supported here.")
        left, right = node.left, node.right
        if isinstance(right, ast.Identifier) and right.name not in resource.properties:
            raise _unknown(right.full_name(), resource.type_name)
    elif isinstance(node, ast.Call):
        if node.func.full_name() != "startswith":
            raise _invalid(
                f"Function '{node.func.full_name()}' is not allowed. To allow it, set the 'AllowedFunctions' "
                "property on EnableQueryAttribute or QueryValidationSettings."
            )
        op = "startswith"
        left, right = node.args
    else:
        raise _invalid("The filter must be a comparison, or comparisons joined by 'and' and 'or'.")
    path = _path(left)
    if path is None or not isinstance(right, ast._Literal) or isinstance(right, ast.List):
        raise _invalid("A comparison must have a property on its left and one value on its right.")
    return path, op, right


def _path(node: Any) -> str | None:
    if isinstance(node, ast.Identifier):
        return str(node.name)
    if isinstance(node, ast.Attribute) and isinstance(node.attr, str):
        owner = _path(node.owner)
        return None if owner is None else f"{owner}/{node.attr}"
    return None


def _compare(rule: Filterable, op: str, literal: Any, path: str) -> Predicate:
    """Return a test of one value against the literal, by the rule of its property."""
    if op not in rule.operators:
        if op == "startswith":
            raise _not_filterable(path)
        raise _operator_refused(_LONG[op])
    if isinstance(literal, ast.Null):
        if op not in ("eq", "ne"):
            raise _types(rule, "Edm.Null", op)
        return (lambda value: value is None) if op == "eq" else (lambda value: value is not None)
    key, wanted = _operand(rule, op, literal)
    if op == "startswith":
        return lambda value: (have := key(value)) is not None and have.startswith(wanted)
    if op == "eq":
        return lambda value: key(value) == wanted
    if op == "ne":
        return lambda value: key(value) != wanted
    if op == "gt" and rule.loose_gt:
        op = "ge"
    order = _ORDERINGS[op]
    if rule.kind == "enum":
        ranks = RANKS[rule.enum or ""]
        least = ranks[wanted]
        return lambda value: (rank := ranks.get(text_key(value) or "")) is not None and order(rank, least)
    return lambda value: (have := key(value)) is not None and order(have, wanted)


def _operand(rule: Filterable, op: str, literal: Any) -> tuple[Callable[[Any], Any], Any]:
    """Return how to read a record's value, and the literal's value read the same way."""
    if rule.kind == "time":
        if isinstance(literal, ast.DateTime | ast.Date):
            wanted = time_key(literal.val)
            if wanted is None:
                raise _invalid(f"Unrecognized 'Edm.DateTimeOffset' literal '{literal.val}'.")
            return time_key, wanted
    elif rule.kind in ("string", "enum"):
        if isinstance(literal, ast.String):
            wanted_text = text_key(literal.val) or ""
            if rule.kind == "enum" and wanted_text not in RANKS[rule.enum or ""]:
                raise _invalid(f"The string '{literal.val}' is not a valid enumeration type constant.")
            return text_key, wanted_text
    elif rule.kind == "int":
        if isinstance(literal, ast.Integer) and len(literal.val) <= 11:  # what 32 bits can hold
            return _integer, int(literal.val)
    elif isinstance(literal, ast.Boolean):
        return _boolean, literal.val.lower() == "true"
    raise _types(rule, _LITERALS.get(type(literal), "Edm.Untyped"), op)


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _evidence_leaf(variable: str) -> Callable[[Any, int], Predicate]:
    """Return a reader of ``e/microsoft.graph.security.X/property/… eq 'text'``, the one documented form."""
    rule = Filterable("string")

    def leaf(node: Any, _depth: int) -> Predicate:
        path, op, literal = _comparison(node, _EVIDENCE)
        head, _, rest = path.partition("/")
        cast, _, inner = rest.partition("/")
        if head != variable:
            raise _unknown(head, _EVIDENCE.type_name)
        if not cast.startswith(_EVIDENCE_TYPE) or not inner:
            raise _unknown(cast, _EVIDENCE.type_name)
        compare = _compare(rule, op, literal, path)
        kind = f"#{cast}".casefold()
        steps = tuple(inner.split("/"))
        return lambda item: text_key(at(item, ("@odata.type",))) == kind and compare(at(item, steps))

    return leaf


_EVIDENCE = Resource(
    path="",
    type_name="microsoft.graph.security.alertEvidence",
    context="",
    service="",
    permissions=(),
    properties=frozenset(),
    filters={},
    default_top=0,
    max_top=0,
    over_top="",
    options=frozenset(),
)


def _unknown(name: str, type_name: str) -> ApiError:
    return _invalid(f"Could not find a property named '{name}' on type '{type_name}'.")


def _not_filterable(path: str) -> ApiError:
    return _invalid(f"The property '{path}' cannot be used in the $filter query option.")


def _operator_refused(name: str) -> ApiError:
    return _invalid(
        f"Logical operator '{name}' is not allowed. To allow it, set the 'AllowedLogicalOperators' property on "
        "EnableQueryAttribute or QueryValidationSettings."
    )


def _types(rule: Filterable, given: str, op: str) -> ApiError:
    wanted = _EDM.get(rule.kind, "Edm.String")
    if op not in ALL_COMPARISONS:
        return _invalid(f"No function signature for '{op}' matches the types '{wanted}', '{given}'.")
    return _invalid(
        "A binary operator with incompatible types was detected. Found operand types "
        f"'{wanted}' and '{given}' for operator kind '{_LONG[op]}'."
    )
