"""Conditions → PynamoDB conditions, for a filter, a key or a conditional write.

In go conditions of ``lookups.py``; out come PynamoDB's own. It is the only module that knows both. Apart from the
planner, which stays free of PynamoDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_, ge, gt, le, lt, or_
from typing import Any, Final

from pynamodb.expressions import condition as pynamodb
from pynamodb.expressions.operand import Path, Value

from macaron_django.dynamodb.comparisons import AttributeValue
from macaron_django.dynamodb.comparisons import Path as AttributePath
from macaron_django.dynamodb.lookups import Both, Condition, Either, Everything, Keys, Lookup, Nothing, Opposite
from macaron_django.exceptions import UnsupportedQuery

__all__ = ["MAX_EXPRESSION", "PropertyPath", "condition_expression", "countable"]

#: Bytes of one expression; AWS: "Expression parameters" in "Service, account, and table quotas".
MAX_EXPRESSION: Final = 4096
#: Values that one IN takes: 100 (the same page), of which some engines count the attribute as one.
MAX_OPERANDS: Final = 99


class PropertyPath(Path):
    """A path whose names are taken literally: PynamoDB reads ``a[0]`` and ``a.b`` in a name as a step inwards."""

    def __init__(self, path: AttributePath) -> None:
        super().__init__([str(step) for step in path])
        self.steps = path

    def _serialize_value(self, value: Any, placeholder_names: dict[str, str], expression_attribute_values: Any) -> str:
        text = ""
        for step in self.steps:
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                text += "." + placeholder_names.setdefault(step, f"#{len(placeholder_names)}")
        return text[1:]


def condition_expression(condition: Condition) -> pynamodb.Condition | None:
    """The PynamoDB condition; None where everything matches. UnsupportedQuery if it is longer than DynamoDB takes.

    >>> condition_expression(Opposite(Lookup(("a", "b"), "exact", ({"N": "1"},))))
    (NOT a.b = {'N': '1'})
    """
    if isinstance(condition, Everything):
        return None
    built = _build(condition)
    length = len(built.serialize({}, {}))
    if length > MAX_EXPRESSION:
        raise UnsupportedQuery(
            f"DynamoDB takes conditions of at most {MAX_EXPRESSION:,} characters and this one has {length:,}: "
            "filter by fewer values at once, or by key."
        )
    return built


#: What DynamoDB compares by, for each bound of JSON Schema.
_BOUNDS: Final[Mapping[str, Callable[[PropertyPath, Value], pynamodb.Condition]]] = {
    "minimum": ge,
    "exclusiveMinimum": gt,
    "maximum": le,
    "exclusiveMaximum": lt,
}


def countable(name: str, bounds: Iterable[tuple[str, AttributeValue]], *, from_nothing: bool) -> pynamodb.Condition:
    """That an attribute is a number within ``bounds``, or, where counting begins ``from_nothing``, isn't there.

    >>> countable("age", [("maximum", {"N": "9"})], from_nothing=True)
    ((attribute_type (age, {'S': 'N'}) AND age <= {'N': '9'}) OR attribute_not_exists (age))
    """
    path = PropertyPath((name,))
    within = [path.is_type("N"), *(_BOUNDS[keyword](path, Value(limit)) for keyword, limit in bounds)]
    counted = _joined(and_, within)
    return counted | path.does_not_exist() if from_nothing else counted


def _build(condition: Condition) -> pynamodb.Condition:
    match condition:
        case Lookup():
            return _lookup(condition)
        case Keys():
            paths = [[PropertyPath((name,)) == Value(value) for name, value in key.items()] for key in condition.keys]
            return _joined(or_, [_joined(and_, parts) for parts in paths])
        case Both():
            return _joined(and_, map(_build, condition.children))
        case Either():
            return _joined(or_, map(_build, condition.children))
        case Opposite():
            return pynamodb.Not(_build(condition.child))
        case Everything() | Nothing():
            raise ValueError("What always holds, or never, has no expression: simplify() first.")


def _joined(
    join: Callable[[pynamodb.Condition, pynamodb.Condition], pynamodb.Condition], parts: Iterable[pynamodb.Condition]
) -> pynamodb.Condition:
    joined: pynamodb.Condition = reduce(join, parts)
    return joined


def _lookup(lookup: Lookup) -> pynamodb.Condition:
    path = PropertyPath(lookup.path)
    operands = [Value(value) for value in lookup.values]
    match lookup.operator:
        case "exact":
            return path == operands[0]
        case "in":
            chunks = [operands[start : start + MAX_OPERANDS] for start in range(0, len(operands), MAX_OPERANDS)]
            return _joined(or_, [path.is_in(*chunk) for chunk in chunks])
        case "range":
            return path.between(*operands)
        case "startswith":
            # Path.startswith() takes strings only; DynamoDB begins_with takes bytes, too.
            return pynamodb.BeginsWith(path, operands[0])  # type: ignore[no-untyped-call]
        case "contains":
            return path.contains(operands[0])
        case "isnull":
            return pynamodb.Or(path.does_not_exist(), path.is_type("NULL"))
        case "lt":
            return path < operands[0]
        case "lte":
            return path <= operands[0]
        case "gt":
            return path > operands[0]
        case "gte":
            return path >= operands[0]
    raise ValueError(f"no lookup is called {lookup.operator!r}")
