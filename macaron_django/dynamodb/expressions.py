"""Expressions of a call: conditions, updates and projections → DynamoDB's texts with placeholders.

In go PynamoDB conditions, and attribute names with their values; out come the parameters of a call. Updates
are written here and not by PynamoDB, whose paths give a meaning to brackets in a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from pynamodb.expressions.condition import Condition

from macaron_django.dynamodb.attribute_values import AttributeValue

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
        # The numbering is PynamoDB's, whose conditions add to the same dictionaries.
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: AttributeValue) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def condition(self, *conditions: Where | None, parameter: str = "ConditionExpression") -> None:
        """All of ``conditions`` must hold."""
        texts = [self._text(condition) for condition in conditions if condition is not None]
        if texts:
            self._texts[parameter] = texts[0] if len(texts) == 1 else " AND ".join(map(_enclosed, texts))

    def _text(self, condition: Where) -> str:
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
        clauses = {
            "SET": [f"{self.name(name)} = {self.value(value)}" for name, value in set_.items()],
            "REMOVE": [self.name(name) for name in remove],
            "ADD": [f"{self.name(name)} {self.value(value)}" for name, value in (add or {}).items()],
        }
        text = " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts)
        if text:
            self._texts["UpdateExpression"] = text

    def projection(self, names: Iterable[str] | None) -> None:
        if names is not None:
            self._texts["ProjectionExpression"] = ", ".join(map(self.name, dict.fromkeys(names)))

    def parameters(self) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(self._texts)
        if self._names:
            parameters["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in self._names.items()}
        if self._values:
            parameters["ExpressionAttributeValues"] = self._values
        return parameters


#: A condition: PynamoDB's, or a function that writes its text with the placeholders of a call.
Where: TypeAlias = Condition | Callable[[Expressions], str]


def _enclosed(text: str) -> str:
    """``text`` in parentheses, of which DynamoDB refuses a second pair.

    >>> _enclosed("a = b"), _enclosed("(a OR b)"), _enclosed("(a) AND (b)")
    ('(a = b)', '(a OR b)', '((a) AND (b))')
    """
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text if place == len(text) - 1 and text.startswith("(") else f"({text})"
    return f"({text})"
