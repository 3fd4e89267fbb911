"""Turns Django's filters (``Q``, ``age__gte=3``) into conditions on attributes.

Field names and nested properties are resolved, and values are encoded. An unknown name raises Django's FieldError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Any, Final

from django.core.exceptions import FieldError
from django.db.models import F, Q
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import BaseExpression

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, Path
from macaron_django.dynamodb.codec.formats.anything import ANYTHING
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.planning.conditions import ALL, OPERATORS, And, Condition, KeyIn, Lookup, Not, Or
from macaron_django.dynamodb.planning.key_conditions import impossible_key
from macaron_django.exceptions import UnstorableValue, UnsupportedQuery
from macaron_django.openapi import Schema
from macaron_django.schemas.validation.validators import Validator, compile_schema
from macaron_django.schemas.values.conversions import converter, json_value
from macaron_django.schemas.values.field_names import field_names

__all__ = ["NO_XOR", "Filters", "Target", "filters_of"]

NO_XOR: Final = "DynamoDB has no XOR: write it with |, & and ~."

#: The most levels of nested Q objects. Simplifying, planning and writing a condition needs Python's stack for each
#: level.
_MAX_DEPTH: Final = 50
_ARGUMENTS_OF_Q: Final = frozenset({"_connector", "_negated"})


@dataclass(frozen=True)
class Target:
    """The target of a name such as ``address__zip``: a path in the item, and the schema of the value at this path.

    If ``is_key`` is True, the name refers to the row's primary key in Django. The primary key is made from the hash key
    and the range key.
    """

    path: Path
    schema: Schema | None
    is_key: bool = False


class Filters:
    """The filters of one persisted schema."""

    def __init__(self, persistence: Persistence, model: Any) -> None:
        self._persistence = persistence
        self._model = model

    def condition(self, *args: Any, **kwargs: Any) -> Condition:
        """Combines all arguments into one condition."""
        if not args and kwargs.keys().isdisjoint(_ARGUMENTS_OF_Q):
            return And(tuple(self._of_pair(pair) for pair in sorted(kwargs.items())))  # in Q's order
        q = Q(*args, **kwargs)
        if _depth(q) > _MAX_DEPTH:
            raise UnsupportedQuery(
                f"This filter nests Q objects more than {_MAX_DEPTH} levels deep, but DynamoDB accepts only 300 "
                "operators in all: flatten the filter."
            )
        return self._of_q(q)

    def whole_key(self, lookups: Mapping[str, Any]) -> AttributeMap | None:
        """Returns the key if ``lookups`` has one ``exact`` lookup for each property of the key, and no other lookups.

        Otherwise returns None. Also returns None for a key that no item can have.
        """
        if len(lookups) != len(self._persistence.key_names):
            return None
        key: AttributeMap = {}
        for name, value in lookups.items():
            target = self._key_targets.get(name)
            if target is None or value is None or isinstance(value, F | BaseExpression):
                return None
            attribute = str(target.path[0])
            key[attribute] = encoded = self.encode(target, value)
            if impossible_key(encoded, is_range_key=attribute == self._persistence.range_key):
                return None
        return key

    def _of_q(self, q: Q) -> Condition:
        children = tuple(self._of_q(child) if isinstance(child, Q) else self._of_pair(child) for child in q.children)
        if q.connector == Q.XOR:
            raise UnsupportedQuery(NO_XOR)
        # An empty Q matches everything, also with OR.
        joined: Condition = ALL if not children else Or(children) if q.connector == Q.OR else And(children)
        return Not(joined) if q.negated and children else joined

    def _of_pair(self, child: Any) -> Condition:
        if not (isinstance(child, tuple) and len(child) == 2):
            raise UnsupportedQuery(
                f"DynamoDB can't filter by {type(child).__name__}: use lookups such as name='x' or age__gte=3."
            )
        target, operator = self._whole_properties.get(child[0]) or self.resolve(child[0])
        if target.is_key:
            return self._of_key(operator, child[1])
        return self._lookup(child[0], target, operator, child[1])

    # -- names -----------------------------------------------------------------------------------------------------

    def resolve(self, name: str, *, lookups: bool = True) -> tuple[Target, str]:
        """Returns the target of a name such as ``address__zip__startswith``, and the operator at its end ("exact" if
        there is none).
        """
        first, *rest = name.split(LOOKUP_SEP)
        target = self._top_level(first)
        while rest and (inner := _step(target, rest[0])) is not None:
            target = inner
            rest.pop(0)
        operator = rest.pop(0) if rest and lookups and rest[0] in OPERATORS else "exact"
        if rest:
            raise self._unresolved(name, rest[0], lookups)
        return target, operator

    @cached_property
    def _whole_properties(self) -> Mapping[str, tuple[Target, str]]:
        """The results of ``resolve`` for field names without an operator. Most filters use such names."""
        properties: Mapping[str, str] = self._model._spec.property_names
        fields = {field: (self._property(name), "exact") for field, name in properties.items()}
        return {field: found for field, found in fields.items() if LOOKUP_SEP not in field and field != "pk"}

    @cached_property
    def _key_targets(self) -> Mapping[str, Target]:
        """The results of ``resolve`` for the names of the key's properties."""
        keys = self._persistence.key_names
        targets = {name: target for name, (target, _) in self._whole_properties.items() if target.path[0] in keys}
        return targets if self._persistence.range_key else {**targets, "pk": self._property(self._persistence.hash_key)}

    def _top_level(self, name: str) -> Target:
        options, model = self._persistence.options, self._model
        primary = model._meta.pk.name
        if name in {"pk", primary} and options.range_key:
            return Target((), None, is_key=True)
        if name == "pk":
            return self._property(self._persistence.hash_key)
        properties: Mapping[str, str] = model._spec.property_names
        if name not in properties:
            choices = ", ".join(sorted([*properties, *([primary] if options.range_key else [])]))
            raise FieldError(f"Cannot resolve keyword {name!r} into field. Choices are: {choices}")
        return self._property(properties[name])

    def _property(self, name: str) -> Target:
        return Target((name,), self._model._spec.properties[name].schema)

    def _unresolved(self, name: str, part: str, lookups: bool) -> Exception:
        label = self._model._meta.object_name
        if lookups and part in _DJANGO_ONLY:
            return UnsupportedQuery(
                f"DynamoDB has no lookup {part!r} ({label}: {name}); it has {', '.join(OPERATORS)}."
            )
        return FieldError(f"Unsupported lookup or unknown property {part!r} in {name!r} of {label}.")

    # -- values ----------------------------------------------------------------------------------------------------

    def _of_key(self, operator: str, value: Any) -> Condition:
        if operator == "isnull":
            return Not(ALL) if value else ALL
        if operator not in {"exact", "in"}:
            raise UnsupportedQuery(
                f"Primary keys don't support the lookup {operator!r}: filter by the hash key and the range key."
            )
        keys = map(self._key, [value] if operator == "exact" else value)
        return KeyIn(tuple(key for key in keys if key is not None))

    def _key(self, pk: Any) -> AttributeMap | None:
        try:
            return self._persistence.key_from_pk(getattr(pk, "pk", pk))
        except (ValueError, TypeError):
            return None  # text that isn't a valid key can't identify an item

    def _lookup(self, name: str, target: Target, operator: str, value: Any) -> Condition:
        if isinstance(value, F | BaseExpression):
            raise UnsupportedQuery(f"A filter on items needs a value, not an expression ({name}).")
        if operator == "isnull" or (operator == "exact" and value is None):
            return self._null(name, target, operator, value)
        if operator == "in":
            given = [one for one in value if one is not None]
            return Lookup(target.path, "in", tuple(self.encode(target, one) for one in given))
        if value is None:
            raise ValueError(f"Cannot use None as a query value ({name}).")
        if operator == "range":
            lower, upper = value
            return Lookup(target.path, "range", (self.encode(target, lower), self.encode(target, upper)))
        if operator == "startswith":
            return Lookup(target.path, "startswith", (_part(value),))
        encoded = self._encode_member(target, value) if operator == "contains" else self.encode(target, value)
        return Lookup(target.path, operator, (encoded,))

    @staticmethod
    def _null(name: str, target: Target, operator: str, value: Any) -> Condition:
        if operator == "isnull" and not isinstance(value, bool):
            raise ValueError(f"The value of {name} must be True or False.")
        null = Lookup(target.path, "isnull")
        return null if value is None or value else Not(null)

    def encode(self, target: Target, value: Any) -> AttributeValue:
        """Encodes ``value`` for a comparison with ``target``. A number can also be a string, as in a URL."""
        schema = target.schema
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone, so it can't be compared with items: make it aware.")
        if schema is None:
            return ANYTHING.encode(_json(json_value, value, target))
        value = _coerced(schema, _json(converter(schema, self._persistence.classes).to_json, value, target))
        if len(target.path) == 1:
            attribute = self._persistence.attributes[str(target.path[0])]
            if not attribute.role.in_table_key:
                _check_time(schema, value)
            return attribute.encode_json(value)
        _check_time(schema, value)
        return codec_of(schema).encode(value)

    def _encode_member(self, target: Target, value: Any) -> AttributeValue:
        """Does what ``encode`` does, for an element of an array or a set."""
        schema = target.schema
        if schema is None or "array" not in schema.types:
            return _part(value)
        return self.encode(Target((*target.path, 0), schema.items), value)


def filters_of(persistence: Persistence) -> Filters:
    """Returns the filters of a persisted schema. They are cached for the schema's current row model."""
    return persistence.derived(Filters, persistence.model)


def _depth(q: Q) -> int:
    """Returns the number of levels of nested Q objects, counted only up to one more than the limit."""
    depth, level = 0, [q]
    while level and depth <= _MAX_DEPTH:
        depth, level = depth + 1, [child for one in level for child in one.children if isinstance(child, Q)]
    return depth


#: Lookups that Django has and DynamoDB doesn't.
_DJANGO_ONLY = frozenset(
    {"iexact", "icontains", "istartswith", "endswith", "iendswith", "regex", "iregex", "search"}
    | {"date", "year", "iso_year", "quarter", "month", "week", "week_day", "day", "time", "hour", "minute", "second"}
)


def _json(to_json: Callable[[Any], Any], value: Any, target: Target) -> Any:
    try:
        return to_json(value)
    except RecursionError:
        place = "".join(f"/{step}" for step in target.path)
        raise UnstorableValue("nested deeper than DynamoDB's 32 levels, or nested in itself", place) from None


def _part(value: Any) -> AttributeValue:
    """Encodes ``value``, which is only a part of a string or of bytes, so the property's schema doesn't apply to it."""
    return {"B": bytes(value)} if isinstance(value, bytes | bytearray) else ANYTHING.encode(str(value))


def _step(target: Target, name: str) -> Target | None:
    """Returns the target of a name inside ``target``: a property name, a field name or a position in an array. Returns
    None if there is no such target.
    """
    schema = target.schema
    if schema is None or target.is_key:
        return None
    properties = schema.properties
    if name not in properties:
        fields = {field: prop for prop, field in field_names(properties).items()}
        name = fields.get(name, name)
    if name in properties:
        return Target((*target.path, name), properties[name].schema)
    if name.isascii() and name.isdigit() and "array" in schema.types:
        return Target((*target.path, int(name)), schema.items)
    if name in OPERATORS or name in _DJANGO_ONLY or (schema.types and "object" not in schema.types):
        return None
    additional = schema.additional_properties
    # Free-form objects may have any property.
    return None if additional is False or properties else Target((*target.path, name), _schema_or_none(additional))


def _schema_or_none(additional: Schema | bool) -> Schema | None:
    return None if isinstance(additional, bool) else additional


def _coerced(schema: Schema, value: Any) -> Any:
    """Returns ``value`` in its schema's type: converts text from a URL to a number or boolean, and a number to text.
    Returns any other value unchanged.
    """
    types = set(schema.types)
    if isinstance(value, str):
        if types and types <= {"integer", "number"}:
            return _number(value)
        if types == {"boolean"}:
            return _boolean(value)
    elif types == {"string"} and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    return value


def _check_time(schema: Schema, value: Any) -> None:
    """Raises ValueError for text that isn't in the property's format, because DynamoDB would compare it as plain text.

    A year, a month or a day is accepted for a date-time, because a date-time's text begins with it.
    """
    name = schema.format or ""
    if name not in _TIMES or schema.types != ("string",) or not isinstance(value, str):
        return
    if _of_format(name).is_valid(value):
        return
    begins = name.startswith("date") and len(value) in (4, 7, 10)
    if not (begins and _of_format("date").is_valid(f"{value}{'-01-01'[len(value) - 4 :]}")):
        raise ValueError(f"Expected a {name}, not {value!r}.")


_TIMES: Final = frozenset({"date-time", "date", "time", "duration"})


@lru_cache(maxsize=64)
def _of_format(name: str) -> Validator:
    return compile_schema({"format": name})


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"Expected a number, not {text!r}.") from error


def _boolean(text: str) -> bool:
    if text.lower() in {"true", "1", "t"}:
        return True
    if text.lower() in {"false", "0", "f"}:
        return False
    raise ValueError(f"Expected true or false, not {text!r}.")
