"""Turns ``update(name="x", visits=F("visits") + 1)`` into the clauses of an UpdateItem.

A counter is an expression such as ``visits=F("visits") + 1``: it adds a number to the property that it sets. It becomes
the action ADD, so DynamoDB computes the sum. A condition keeps the sum within the schema's bounds.

For any other expression, this module computes the value from the item that was read. DynamoDB then stores the value
only if the item hasn't changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial, reduce
from operator import and_
from typing import Any, Final

from django.core.exceptions import FieldError
from django.db.models import F, Value
from django.db.models.expressions import BaseExpression, Combinable, CombinedExpression
from pynamodb.expressions.condition import Condition

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.formats.numbers import encode_number
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.items.pynamodb_conditions import countable
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.dynamodb.querysets.f_expressions import computed, kind_of_expression, kind_of_schema
from macaron_django.dynamodb.querysets.field_lookups import Filters
from macaron_django.exceptions import ItemOutOfBounds, UnsupportedQuery, ValidationFailed
from macaron_django.openapi import json_pointers
from macaron_django.schemas.validation.json_instances import too_deep
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.conversions import UNSET

__all__ = ["UpdateClauses", "UpdateExpression"]

_BOUNDS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
#: If a number's schema has only these keywords, it sets only bounds, which DynamoDB can check when it adds to the
#: number.
_BOUNDS_ONLY: Final = _BOUNDS | {
    *("type", "format", "default", "title", "description", "example", "examples", "deprecated", "readOnly"),
    *("writeOnly", "$comment", "externalDocs"),
}


@dataclass
class UpdateClauses:
    """The clauses of one UpdateItem. ``expected`` has the values that the item must still have."""

    set_: AttributeMap = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    add: AttributeMap = field(default_factory=dict)
    expected: dict[str, AttributeValue | None] = field(default_factory=dict)


class UpdateExpression:
    """The assignments of one ``update()``. They are checked once. ``change()`` then returns the clauses for an item."""

    def __init__(self, persistence: Persistence, filters: Filters, values: Mapping[str, Any]) -> None:
        self._persistence = persistence
        self._filters = filters
        self._constant = UpdateClauses()
        self._computed: dict[str, Any] = {}
        self._counters: dict[str, Any] = {}
        self._guards: list[Condition] = []
        for name, value in values.items():
            self._assign(self._property(name), value)
        if persistence.options.version:
            self._constant.add[persistence.options.version] = {"N": "1"}

    @property
    def needs_item(self) -> bool:
        """Whether the clauses depend on the item's values, so that the item must be read first."""
        return bool(self._computed)

    @property
    def guard(self) -> Condition | None:
        """The condition under which DynamoDB can add to the counters; None if there are no counters.

        If the condition isn't met, read the item, and call ``change(item, counting=False)``. This call raises an
        exception with the reason.
        """
        return reduce(and_, self._guards) if self._guards else None

    @property
    def added(self) -> str:
        """A description of what DynamoDB adds to the counters if ``guard`` is met; "" if DynamoDB adds nothing."""
        return " and ".join(f"{name} = {value}" for name, value in self._counters.items() if name not in self._computed)

    @property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes that change."""
        constant = self._constant
        return frozenset((*constant.set_, *constant.remove, *constant.add, *self._computed))

    def change(self, item: AttributeMap | None = None, *, counting: bool = True) -> UpdateClauses:
        """Returns the clauses for an item. ``item`` is used only if ``needs_item`` is true or ``counting`` is false.

        Raises ValidationFailed for a value that violates its schema. Raises ItemOutOfBounds if a value that is computed
        from the item is less than its minimum or greater than its maximum.
        """
        constant = self._constant
        counters = {} if counting else self._counters
        added = {name: number for name, number in constant.add.items() if name not in counters}
        change = UpdateClauses(dict(constant.set_), list(constant.remove), added)

        def value_of(named: F, own: str) -> Any:
            name = self._named(named)
            change.expected[name] = (item or {}).get(name)
            value = self._persistence.attributes[name].value_in(item or {})
            if value is UNSET:
                # A counter without a value begins at its default, or at 0.
                counted = name == own and name in self._counters
                value = self._persistence.model._spec.defaults.get(name, 0 if counted else None)
            return value

        for name, expression in (self._computed | counters).items():
            self._set_computed(name, expression, computed(expression, partial(value_of, own=name)), change, item)
        return change

    def _set_computed(
        self, name: str, expression: Any, value: Any, change: UpdateClauses, item: AttributeMap | None
    ) -> None:
        try:
            self._set(name, value, change)
        except ValidationFailed as error:
            if item is None or not error.violations or {v.keyword for v in error.violations} - _BOUNDS:
                raise
            kind, key = self._persistence.kind, self._persistence.key_in(item)
            raise ItemOutOfBounds(
                f"{kind} with {describe_key(key)} would be outside its schema's bounds after {name} = {expression}: "
                f"{error}",
                schema=kind,
                key=key,
                item=item,
            ) from error

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
        """Returns the attribute that F() names."""
        name: str = expression.name  # type: ignore[attr-defined]
        target, _ = self._filters.resolve(name, lookups=False)
        if len(target.path) != 1:
            why = f"{name} is either a part of a property or the primary key."
            raise UnsupportedQuery(f"F() must name a whole property. {why}")
        return str(target.path[0])

    def _assign(self, name: str, value: Any) -> None:
        if name == self._persistence.options.version:
            raise UnsupportedQuery(f"{name} is the version of the item: each update increases it automatically.")
        if not isinstance(value, F | BaseExpression):
            self._set(name, value, self._constant)
            return
        self._check_kind(name, value)
        step = self._counted(name, value)
        if step is not None:
            self._counters[name] = value
        if step is None or not self._says_bounds_only(name):
            self._computed[name] = value
            return
        self._constant.add[name] = {"N": encode_number(step, json_pointers.join((name,)))}
        self._guards.append(self._countable(name, Decimal(self._constant.add[name]["N"])))

    def _says_bounds_only(self, name: str) -> bool:
        """Returns whether the schema of a number sets only bounds, which DynamoDB can check. DynamoDB can't check enum
        or multipleOf, for example.
        """
        described = self._persistence.schema.properties[name].schema.resolved.json
        return isinstance(described, Mapping) and all(
            keyword in _BOUNDS_ONLY or keyword.startswith("x-") for keyword in described
        )

    def _check_kind(self, name: str, expression: Any) -> None:
        properties = self._persistence.schema.properties
        wanted = kind_of_schema(properties[name].schema)
        given = kind_of_expression(expression, lambda named: kind_of_schema(properties[self._named(named)].schema))
        if wanted is not None and given is not None and given != wanted:
            raise UnsupportedQuery(
                f"{name} can't become {expression}: {name} is a {wanted}, but the expression is a {given}."
            )

    def _countable(self, name: str, step: Decimal) -> Condition:
        """Returns the condition under which the number is within its bounds after ``step`` is added.

        The item must have a number as the property's value. An item without the property also meets the condition if
        the schema allows ``step`` as the property's value, and the property has no default other than 0.
        """
        schema = self._persistence.schema.properties[name].schema
        bounds = [
            (keyword, Decimal(str(limit)))
            for keyword in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
            if isinstance(limit := schema.keyword(keyword), int | float | Decimal) and not isinstance(limit, bool)
        ]
        from_nothing = not self._persistence.model._spec.defaults.get(
            name
        ) and not self._persistence.model._spec.violations(
            name, int(step) if step == step.to_integral_value() else step
        )
        return countable(
            name,
            [(keyword, {"N": encode_number(limit - step)}) for keyword, limit in bounds],
            from_nothing=from_nothing,
        )

    def _counted(self, name: str, value: Any) -> int | float | Decimal | None:
        """Returns the number in ``F(name) + number``, or the negated number for a subtraction. Returns None for other
        expressions.
        """
        if not isinstance(value, CombinedExpression) or value.connector not in {Combinable.ADD, Combinable.SUB}:
            return None
        left, right = value.lhs, value.rhs
        if value.connector == Combinable.ADD and isinstance(left, Value):
            left, right = right, left
        number = right.value if isinstance(right, Value) else None
        if not (isinstance(left, F) and isinstance(number, int | float | Decimal)) or isinstance(number, bool):
            return None
        if self._named(left) != name or self._persistence.attributes[name].attr_type != "N":
            return None
        schema = self._persistence.schema.properties[name].schema
        if "number" not in schema.types and number % 1:
            message = f"must stay an integer, but the result of {value} might not be an integer"
            raise ValidationFailed(violations=[Violation(message, json_pointers.join((name,)), "", "type")])
        return -number if value.connector == Combinable.SUB else number

    def _set(self, name: str, value: Any, change: UpdateClauses) -> None:
        attribute = self._persistence.attributes[name]
        spec = self._persistence.model._spec
        conversion = spec.conversion(name)
        try:
            value = conversion.to_python(value)
            json = conversion.to_json(value)
        except RecursionError:
            raise ValidationFailed(violations=[too_deep(name)]) from None
        if value is UNSET and name in spec.schema.required:
            raise ValidationFailed(f"{name} is required and can't be removed.")
        if value is not UNSET:
            violations = spec.violations(name, json)
            if violations:
                raise ValidationFailed(violations=violations)
        places = attribute.attributes_of(value)
        change.set_ |= places
        change.remove += [place for place in attribute.names if place not in places]
