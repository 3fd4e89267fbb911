"""Converts this package's conditions to PynamoDB conditions, for filters, key conditions and conditional writes.

No other module uses both kinds of conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_, eq, ge, gt, le, lt, or_
from typing import Any, Final

from pynamodb.expressions import condition as pynamodb
from pynamodb.expressions.operand import Path, Value

from macaron_django.dynamodb.codec.attribute_values import AttributeValue
from macaron_django.dynamodb.codec.attribute_values import Path as AttributePath
from macaron_django.dynamodb.planning.conditions import ALL, And, Condition, KeyIn, Lookup, Not, Or
from macaron_django.exceptions import UnsupportedQuery

__all__ = ["MAX_EXPRESSION", "PropertyPath", "condition_expression", "countable"]

#: The most bytes of one expression (AWS: "Expression parameters" in "Service, account, and table quotas").
MAX_EXPRESSION: Final = 4096
#: The most values in one IN. DynamoDB accepts 100 values (same page), but some engines also count the attribute.
MAX_OPERANDS: Final = 99


class PropertyPath(Path):
    """A path in which every name is taken literally. PynamoDB's own ``Path`` would read names such as ``a[0]`` and
    ``a.b`` as paths to nested values.
    """

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
    """Returns PynamoDB's form of a condition; None if every item matches. Raises UnsupportedQuery if the condition is
    longer than DynamoDB accepts.

    >>> condition_expression(Not(Lookup(("a", "b"), "exact", ({"N": "1"},))))
    (NOT a.b = {'N': '1'})
    """
    if condition == ALL:
        return None
    built = _build(condition)
    length = len(built.serialize({}, {}))
    if length > MAX_EXPRESSION:
        raise UnsupportedQuery(
            f"DynamoDB accepts conditions of at most {MAX_EXPRESSION:,} characters, but this one has {length:,}: "
            "filter by fewer values at once, or by key."
        )
    return built


#: The functions for DynamoDB's comparisons. The keys are lookups, and JSON Schema's keywords for bounds.
_COMPARISONS: Final[Mapping[str, Callable[[PropertyPath, Value], pynamodb.Condition]]] = {
    "exact": eq,
    "lt": lt,
    "lte": le,
    "gt": gt,
    "gte": ge,
    "minimum": ge,
    "exclusiveMinimum": gt,
    "maximum": le,
    "exclusiveMaximum": lt,
}


def countable(name: str, bounds: Iterable[tuple[str, AttributeValue]], *, from_nothing: bool) -> pynamodb.Condition:
    """Returns a condition that requires the attribute ``name`` to be a number within ``bounds``.

    If ``from_nothing`` is true, an item that doesn't have the attribute also meets the condition.

    >>> countable("age", [("maximum", {"N": "9"})], from_nothing=True)
    ((attribute_type (age, {'S': 'N'}) AND age <= {'N': '9'}) OR attribute_not_exists (age))
    """
    path = PropertyPath((name,))
    within = [path.is_type("N"), *(_COMPARISONS[keyword](path, Value(limit)) for keyword, limit in bounds)]
    counted = _joined(and_, within)
    return counted | path.does_not_exist() if from_nothing else counted


def _build(condition: Condition) -> pynamodb.Condition:
    match condition:
        case Lookup():
            return _lookup(condition)
        case KeyIn():
            paths = [[PropertyPath((name,)) == Value(value) for name, value in key.items()] for key in condition.keys]
            return _joined(or_, [_joined(and_, parts) for parts in paths])
        case And():
            return _joined(and_, map(_build, condition.children))
        case Or():
            return _joined(or_, map(_build, condition.children))
        case Not():
            return pynamodb.Not(_build(condition.child))


def _joined(
    join: Callable[[pynamodb.Condition, pynamodb.Condition], pynamodb.Condition], parts: Iterable[pynamodb.Condition]
) -> pynamodb.Condition:
    joined: pynamodb.Condition = reduce(join, parts)
    return joined


def _lookup(lookup: Lookup) -> pynamodb.Condition:
    path = PropertyPath(lookup.path)
    operands = [Value(value) for value in lookup.values]
    if lookup.operator in _COMPARISONS:
        return _COMPARISONS[lookup.operator](path, operands[0])
    match lookup.operator:
        case "in":
            chunks = [operands[start : start + MAX_OPERANDS] for start in range(0, len(operands), MAX_OPERANDS)]
            return _joined(or_, [path.is_in(*chunk) for chunk in chunks])
        case "range":
            return path.between(*operands)
        case "startswith":
            # Path.startswith() accepts only strings, but DynamoDB's begins_with also accepts bytes.
            return pynamodb.BeginsWith(path, operands[0])  # type: ignore[no-untyped-call]
        case "contains":
            return path.contains(operands[0])
        case "isnull":
            return pynamodb.Or(path.does_not_exist(), path.is_type("NULL"))
    raise ValueError(f"there is no lookup called {lookup.operator!r}")
