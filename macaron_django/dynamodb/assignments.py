"""``update(name="x", visits=F("visits") + 1)`` → what an UpdateItem sets, removes and adds.

In go field names with values or F() expressions; out comes a ``Change`` for an item. A counter becomes ADD, which
DynamoDB applies on the server; any other expression is computed here from what was read, on the condition that it
is still so when it is written. Apart from the query set's writing because this is about one item's values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import add, mod, mul, pow, sub, truediv  # noqa: A004 (Django's operators by their names)
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import FieldError
from django.db.models import F, Value
from django.db.models.expressions import BaseExpression, Combinable, CombinedExpression

from macaron_django.dynamodb.attribute_values import encode_number
from macaron_django.dynamodb.comparisons import AttributeMap, AttributeValue
from macaron_django.exceptions import UnsupportedQuery, ValidationFailed
from macaron_django.schemas.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.filters import Filters
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Assignments", "Change"]

_OPERATIONS: Final = {
    Combinable.ADD: add,
    Combinable.SUB: sub,
    Combinable.MUL: mul,
    Combinable.DIV: truediv,
    Combinable.MOD: mod,
    Combinable.POW: pow,
}


@dataclass
class Change:
    """The clauses of one UpdateItem; ``expected``: what must still be so."""

    set_: AttributeMap = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    add: AttributeMap = field(default_factory=dict)
    expected: dict[str, AttributeValue | None] = field(default_factory=dict)


class Assignments:
    """The assignments of one ``update()``, checked once and applied to any number of items."""

    def __init__(self, persistence: Persistence, filters: Filters, values: Mapping[str, Any]) -> None:
        self._persistence = persistence
        self._filters = filters
        self._constant = Change()
        self._computed: dict[str, Any] = {}
        for name, value in values.items():
            self._assign(self._property(name), value)
        if persistence.options.version:
            self._constant.add[persistence.options.version] = {"N": "1"}

    @property
    def needs_item(self) -> bool:
        """Whether an item must be read before its change is known."""
        return bool(self._computed)

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes that change."""
        constant = self._constant
        return frozenset((*constant.set_, *constant.remove, *constant.add, *self._computed))

    def change(self, item: AttributeMap | None = None) -> Change:
        """What to do to ``item`` (which is only looked at where ``needs_item``)."""
        constant = self._constant
        change = Change(dict(constant.set_), list(constant.remove), dict(constant.add))
        for name, expression in self._computed.items():
            value = self._compute(expression, item or {}, change)
            self._set(name, value, change)
        return change

    def _property(self, name: str) -> str:
        target, _ = self._filters.resolve(name, lookups=False)
        if target.is_key or target.path[0] in self._persistence.key_names:
            raise UnsupportedQuery(
                f"The key of an item can't change ({name}): create an item with the new key and delete this one."
            )
        if len(target.path) > 1:
            raise FieldError(f"update() sets whole properties, not parts of them ({name}).")
        return str(target.path[0])

    def _named(self, expression: F) -> str:
        """The attribute that F() names."""
        name: str = expression.name  # type: ignore[attr-defined]
        target, _ = self._filters.resolve(name, lookups=False)
        if len(target.path) != 1:
            raise UnsupportedQuery(f"F() names a whole property, not a part of one or the primary key ({name}).")
        return str(target.path[0])

    def _assign(self, name: str, value: Any) -> None:
        if name == self._persistence.options.version:
            raise UnsupportedQuery(f"{name} is the version of the item: each update raises it by itself.")
        step = self._counted(name, value)
        if step is not None:
            self._constant.add[name] = {"N": encode_number(step)}
        elif isinstance(value, F | BaseExpression):
            self._computed[name] = value
        else:
            self._set(name, value, self._constant)

    def _counted(self, name: str, value: Any) -> int | float | Decimal | None:
        """The number that ``F(name) + number`` adds; None if the value is something else."""
        if not isinstance(value, CombinedExpression) or value.connector not in {Combinable.ADD, Combinable.SUB}:
            return None
        left, right = value.lhs, value.rhs
        if value.connector == Combinable.ADD and isinstance(left, Value):
            left, right = right, left
        number = right.value if isinstance(right, Value) else None
        if not (isinstance(left, F) and isinstance(number, int | float | Decimal)) or isinstance(number, bool):
            return None
        if self._named(left) != name or self._persistence.table.attribute(name).attr_type != "N":
            return None
        return -number if value.connector == Combinable.SUB else number

    def _set(self, name: str, value: Any, change: Change) -> None:
        attribute = self._persistence.table.attribute(name)
        spec = self._persistence.model._spec
        value = spec.conversion(name).to_python(value)
        if value is UNSET and name in spec.schema.required:
            raise ValidationFailed(f"{name} is required and can't be removed.")
        if value is not UNSET:
            violations = spec.violations(name, spec.conversion(name).to_json(value))
            if violations:
                raise ValidationFailed(violations=violations)
        places = attribute.attributes_of(value)
        change.set_ |= places
        names = (attribute.attr_name, attribute.given_name) if attribute.keeps_given else (attribute.attr_name,)
        change.remove += [place for place in names if place not in places]

    def _compute(self, expression: Any, item: AttributeMap, change: Change) -> Any:
        if isinstance(expression, F):
            name = self._named(expression)
            change.expected[name] = item.get(name)
            value = self._persistence.table.attribute(name).value_in(item)
            return None if value is UNSET else value
        if isinstance(expression, Value):
            return expression.value
        if isinstance(expression, CombinedExpression) and expression.connector in _OPERATIONS:
            left, right = (self._compute(side, item, change) for side in (expression.lhs, expression.rhs))
            # As in SQL: what is computed from nothing is nothing.
            if left is None or right is None:
                return None
            if {type(left), type(right)} == {float, Decimal}:
                left, right = (Decimal(repr(side)) if isinstance(side, float) else side for side in (left, right))
            return _OPERATIONS[expression.connector](left, right)
        raise UnsupportedQuery(f"DynamoDB can't compute {expression!r}: update() takes values and arithmetic on F().")
