"""The condition of a write to one item, and the exception that is raised if the condition isn't met.

The exception is ItemExists if the item must be absent but exists. It is ItemAbsent if the item must exist but doesn't,
and ItemChanged if the item has unexpected values. It is ItemOutOfBounds if an addition would make a number too small or
too large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final, Literal, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, same
from macaron_django.dynamodb.items.expressions import Expressions, Where
from macaron_django.exceptions import ItemAbsent, ItemChanged, ItemExists, ItemOutOfBounds, StaleItem

__all__ = ["Addition", "Demand", "Expected", "WriteCondition", "describe_key", "equal_values", "values_after"]

#: The condition on the stored item: that it is absent, that it is present, or any other condition.
Demand: TypeAlias = Literal["absent", "present"] | Where | None
#: The values that attributes must have. None means that the attribute must be missing.
Expected: TypeAlias = Mapping[str, AttributeValue | None]

_PRESENCE: Final = {"absent": "attribute_not_exists", "present": "attribute_exists"}
#: DynamoDB's numbers have up to 38 digits.
_DIGITS: Final = Context(prec=38)


@dataclass(frozen=True)
class Addition:
    """An addition by ``F()`` to a property, with a condition that keeps the number within its schema's bounds.

    ``text`` is the addition as messages show it, such as ``left = F(left) - 2``. ``leaves_bounds`` returns whether the
    number would be out of bounds after the addition.
    """

    text: str
    leaves_bounds: Callable[[AttributeMap], bool]


@dataclass(frozen=True)
class WriteCondition:
    """What must be true before a write to the item with ``key``. ``kind`` is the schema's name. If the write adds to a
    property with ``F()``, ``addition`` describes what is added.
    """

    kind: str
    key: AttributeMap
    demand: Demand
    expected: Expected
    addition: Addition | None = None
    #: If this condition is true, the existing item has expired. A new item may then replace it, even if the item must
    #: be absent.
    replaceable: Where | None = None

    def add_to(self, expressions: Expressions) -> None:
        """Adds this condition to a call, as the call's ConditionExpression."""
        function = _PRESENCE.get(self.demand) if isinstance(self.demand, str) else None
        if function is not None and not self.expected and self.replaceable is None:
            expressions.require(f"{function}({expressions.name(next(iter(self.key)))})")
        else:
            expressions.condition(*self._clauses(expressions))

    def _clauses(self, expressions: Expressions) -> Iterator[Where]:
        if self.demand in ("absent", "present"):
            text = f"{_PRESENCE[str(self.demand)]}({expressions.name(next(iter(self.key)))})"
            if self.demand == "absent" and self.replaceable is not None:
                text = f"({text} OR {expressions.text(self.replaceable)})"
            yield lambda _: text
        elif self.demand is not None:
            yield self.demand  # type: ignore[misc]
        for name, value in self.expected.items():
            yield _expectation(name, value)

    def expects(self, item: AttributeMap) -> bool:
        """Returns whether ``item`` has the expected values."""
        return all(equal_values(item.get(name), value) for name, value in self.expected.items())

    @property
    def is_open_after_refusal(self) -> bool:
        """Whether the item must be read to find out why the condition failed.

        Use this only if DynamoDB's refusal doesn't contain the item.
        """
        return bool(self.expected) and self._is_about_values

    def exception(self, item: AttributeMap | None, *, is_known: bool) -> ItemExists | StaleItem:
        """Returns the exception to raise after DynamoDB has refused the write.

        If ``is_known`` is True and ``item`` is None, the item doesn't exist.
        """
        presence_only = self.demand == "present" and not self.expected
        if self.demand == "absent" or (item is None and not (is_known or presence_only)):
            return self.undecided()
        return self.decided(item)

    def decided(self, item: AttributeMap | None) -> StaleItem:
        """Returns the exception to raise when the item's state is known.

        ``item`` is the stored item, or None if no item is stored.
        """
        if item is None:
            return ItemAbsent(f"There is no {self.name}; nothing was written.", schema=self.kind, key=self.key)
        kind: type[StaleItem] = ItemChanged
        reason = "was changed since it was loaded" if self._is_about_values else "doesn't match the query set"
        if self.addition is not None:
            reason = f"{reason}, or {self.addition.text} can't be applied to it"
            if self.addition.leaves_bounds(item):
                kind, reason = ItemOutOfBounds, f"would be outside its schema's bounds after {self.addition.text}"
        return kind(f"The {self.name} {reason}; nothing was written.", schema=self.kind, key=self.key, item=item)

    def undecided(self) -> ItemExists | StaleItem:
        """Returns the exception to raise when the item's state is unknown."""
        if self.demand == "absent":
            return ItemExists.of(self.kind, describe_key(self.key), self.key)
        reasons = "was changed or deleted since it was loaded"
        if not self._is_about_values:
            reasons = "doesn't exist, or doesn't match the query set"
            if self.addition is not None:
                reasons = f"{reasons}, or would be outside its schema's bounds after {self.addition.text}"
        return StaleItem(f"The {self.name} {reasons}; nothing was written.", schema=self.kind, key=self.key)

    @property
    def name(self) -> str:
        """The schema's name and the item's key, for messages."""
        return f"{self.kind} with {describe_key(self.key)}"

    @property
    def _is_about_values(self) -> bool:
        return self.demand in ("present", None)


def _expectation(name: str, value: AttributeValue | None) -> Where:
    if value is None:
        return lambda expressions: f"attribute_not_exists({expressions.name(name)})"
    return lambda expressions: f"{expressions.name(name)} = {expressions.value(value)}"


def values_after(
    expected: Expected, set_: Mapping[str, AttributeValue], add: Mapping[str, AttributeValue]
) -> AttributeMap:
    """Predicts an update's result: returns the attributes whose new values are known in advance.

    These are all attributes in ``set_``. An attribute in ``add`` is included only if ``expected`` has its old value.

    >>> values_after({"version": {"N": "3"}}, {"name": {"S": "x"}}, {"version": {"N": "1"}, "visits": {"N": "1"}})
    {'name': {'S': 'x'}, 'version': {'N': '4'}}
    """
    after = dict(set_)
    for name, number in add.items():
        before = expected.get(name)
        if name in expected and "N" in number and "N" in (before or number):
            after[name] = number if before is None else _sum(before, number)
    return after


def _sum(value: AttributeValue, number: AttributeValue) -> AttributeValue:
    return {"N": str(_DIGITS.add(Decimal(value["N"]), Decimal(number["N"])))}


def equal_values(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Returns whether DynamoDB considers two attributes equal. None means a missing attribute."""
    return one is other if one is None or other is None else same(one, other)


def describe_key(key: AttributeMap) -> str:
    """Returns a key in readable form: ``profile_id 'a' and year 2026``."""
    contents: dict[str, Any] = {name: next(iter(value.items())) for name, value in key.items()}
    return " and ".join(f"{name} {text if tag == 'N' else repr(text)}" for name, (tag, text) in contents.items())
