"""Writes the expressions of a call: conditions, updates and projections, with their placeholders.

The expressions of updates are written without PynamoDB, because PynamoDB reads brackets in an attribute's name as a
position in a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from pynamodb.expressions.condition import Condition

from macaron_django.dynamodb.codec.attribute_values import AttributeValue

__all__ = ["Expressions", "Where"]


class Expressions:
    """The expressions of one call, which share their placeholders.

    >>> expressions = Expressions()
    >>> expressions.update({"age": {"N": "3"}}, remove=["name"])
    >>> sorted(expressions.parameters())
    ['ExpressionAttributeNames', 'ExpressionAttributeValues', 'UpdateExpression']
    >>> expressions.parameters()["UpdateExpression"]
    'SET #0 = :0 REMOVE #1'
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}

    def name(self, attribute: str) -> str:
        """Returns the placeholder of an attribute's name. A name always gets the same placeholder."""
        # The placeholders are numbered as in PynamoDB, because PynamoDB's conditions add to the same dictionaries.
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: AttributeValue) -> str:
        """Returns a new placeholder for an attribute value."""
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def condition(self, *conditions: Where | None, parameter: str = "ConditionExpression") -> None:
        """Sets an expression that requires all of ``conditions``."""
        texts = [self.text(condition) for condition in conditions if condition is not None]
        if texts:
            self._texts[parameter] = texts[0] if len(texts) == 1 else " AND ".join(map(_enclosed, texts))

    def require(self, text: str) -> None:
        """Sets the ConditionExpression of a write to ``text``."""
        self._texts["ConditionExpression"] = text

    def text(self, condition: Where) -> str:
        """Returns the text of a condition."""
        if isinstance(condition, Condition):
            text: str = condition.serialize(self._names, self._values)
            return text
        return condition(self)

    def update(
        self,
        set_: Mapping[str, AttributeValue],
        remove: Iterable[str] = (),
        add: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Sets the UpdateExpression with the clauses SET, REMOVE and ADD. Leaves out empty clauses."""
        added, names, values = add or {}, self._names, self._values
        if names or values:
            raise ValueError("call update() before the methods that add other expressions")
        attributes = tuple(set_), tuple(remove), tuple(added)
        # Long texts aren't cached, because clients can choose names, and would fill the memory.
        is_short = sum(map(len, chain.from_iterable(attributes))) <= _REMEMBERED
        text, known, placeholders = (_known_update if is_short else _update)(*attributes)
        names.update(known)
        values.update(zip(placeholders, (*set_.values(), *added.values()), strict=True))
        if text:
            self._texts["UpdateExpression"] = text

    def projection(self, names: Iterable[str] | None) -> None:
        """Limits a read to these attributes. None means all attributes."""
        if names is not None:
            self._texts["ProjectionExpression"] = ", ".join(map(self.name, dict.fromkeys(names)))

    def parameters(self) -> dict[str, Any]:
        """Returns the expressions and their placeholders, as parameters of the call."""
        parameters: dict[str, Any] = dict(self._texts)
        if self._names:
            parameters["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in self._names.items()}
        if self._values:
            parameters["ExpressionAttributeValues"] = self._values
        return parameters


#: The text of an update is cached if the names of its attributes have at most this many characters together.
_REMEMBERED = 1000


def _update(
    set_: tuple[str, ...], remove: tuple[str, ...], add: tuple[str, ...]
) -> tuple[str, Mapping[str, str], tuple[str, ...]]:
    """Returns the text of an update, the placeholders of its attributes' names, and the placeholders of its values."""
    names: dict[str, str] = {}
    for name in (*set_, *remove, *add):
        names.setdefault(name, f"#{len(names)}")
    placeholders = tuple(f":{number}" for number in range(len(set_) + len(add)))
    clauses = {
        "SET": [f"{names[name]} = {place}" for name, place in zip(set_, placeholders, strict=False)],
        "REMOVE": [names[name] for name in remove],
        "ADD": [f"{names[name]} {place}" for name, place in zip(add, placeholders[len(set_) :], strict=True)],
    }
    text = " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts)
    return text, names, placeholders


_known_update = lru_cache(maxsize=200)(_update)


#: A condition of PynamoDB, or a function that returns a condition's text with placeholders of a call's expressions.
Where: TypeAlias = Condition | Callable[[Expressions], str]


def _enclosed(text: str) -> str:
    """Returns ``text`` in one pair of parentheses; DynamoDB refuses a second pair.

    >>> _enclosed("a = b"), _enclosed("(a OR b)"), _enclosed("(a) AND (b)")
    ('(a = b)', '(a OR b)', '((a) AND (b))')
    """
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text if place == len(text) - 1 and text.startswith("(") else f"({text})"
    return f"({text})"
