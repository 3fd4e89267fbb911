"""Makes the results of ``values()`` and ``values_list()`` without building rows.

The results are dictionaries, tuples or single values.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.querysets.field_lookups import Filters, Target, filters_of
from macaron_django.exceptions import UnsupportedQuery
from macaron_django.schemas.values.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.typed_items import TypedItems
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["NO_EXPRESSIONS", "Shape", "ValueRows"]

NO_EXPRESSIONS: Final = "DynamoDB can't compute values: pass property names, and compute the values in Python."

Shape: TypeAlias = Literal["dict", "tuple", "flat", "named", "json"]


@dataclass(frozen=True)
class ValueRows:
    """Describes how the results of ``values()`` are made.

    ``attributes`` contains the names of the attributes to read; None means all attributes. ``make`` returns the result
    for an item. ``typed`` reads items as ``TypedItem`` objects. It is None if ``make`` doesn't accept such objects.
    """

    attributes: frozenset[str] | None
    make: Callable[[AttributeMap], Any]
    typed: TypedItems | None = None

    @classmethod
    def of(cls, persistence: Persistence, filters: Filters, names: Sequence[Any], shape: Shape = "dict") -> ValueRows:
        """Returns the ValueRows for ``names``, which can be nested (``address__zip``). If there are no names, all
        fields are included.
        """
        if any(not isinstance(name, str) for name in names):
            raise UnsupportedQuery(NO_EXPRESSIONS)
        if shape == "json":
            typed = persistence.typed_items
            return cls(None, persistence.json_of) if typed is None else cls(None, typed.json_of, typed)
        if shape == "dict":
            return persistence.derived(_dictionaries, persistence.model)(tuple(names))
        names = names or _fields(persistence)
        targets = {name: filters.resolve(name, lookups=False)[0] for name in names}
        return cls(_attributes(targets), _maker(names, [_getter(persistence, targets[name]) for name in names], shape))


def _fields(persistence: Persistence) -> list[str]:
    return [field.attname for field in persistence.model._meta.concrete_fields]


def _attributes(targets: Mapping[str, Target]) -> frozenset[str]:
    return frozenset(str(target.path[0]) for target in targets.values() if target.path)


def _dictionaries(persistence: Persistence, model: Any) -> Callable[[tuple[str, ...]], ValueRows]:
    """Returns a function that accepts names of fields, and returns the ValueRows for dictionaries of these fields.
    If there are no names, all fields are included. Recent results are cached.
    """
    filters = filters_of(persistence)

    @lru_cache(maxsize=128)
    def of_names(names: tuple[str, ...]) -> ValueRows:
        targets = {name: filters.resolve(name, lookups=False)[0] for name in names or _fields(persistence)}
        return ValueRows(_attributes(targets), _written_out(persistence, targets))

    return of_names


def _written_out(persistence: Persistence, targets: Mapping[str, Target]) -> Callable[[AttributeMap], dict[str, Any]]:
    """Returns a function that converts an item to a dictionary. Its source is generated for these fields, because a
    loop would take a third longer.
    """
    makers: dict[str, Any] = {}
    parts = []
    for place, (name, target) in enumerate(targets.items()):
        attribute = persistence.attributes[str(target.path[0])] if len(target.path) == 1 else None
        if attribute is None or attribute.has_twin:
            makers[f"make_{place}"] = _getter(persistence, target)
            value = f"make_{place}(item)"
        else:
            makers[f"make_{place}"] = attribute.decode
            makers[f"unset_{place}"] = persistence.model._spec.defaults.get(attribute.attr_name)
            text = "held['S'] if 'S' in held else " if attribute.is_text else ""
            value = f"unset_{place} if (held := find({attribute.attr_name!r})) is None else {text}make_{place}(held)"
        parts.append(f"{name!r}: {value}")
    source = f"def make(item):\n find = item.get\n return {{{', '.join(parts)}}}"
    exec(source, makers)  # noqa: S102 (made above from quoted names and places)
    written: Callable[[AttributeMap], dict[str, Any]] = makers["make"]
    return written


def _getter(persistence: Persistence, target: Target) -> Callable[[AttributeMap], Any]:
    if target.is_key:
        return persistence.pk_of
    name = str(target.path[0])
    attribute = persistence.attributes[name]
    inwards = target.path[1:]
    unset = persistence.model._spec.defaults.get(name)  # a row has the same default
    if not inwards and not attribute.has_twin:
        decode, is_text = attribute.decode, attribute.is_text

        def get_plain(item: AttributeMap) -> Any:
            held = item.get(name)
            if held is None:
                return unset
            return held["S"] if is_text and "S" in held else decode(held)

        return get_plain

    def get(item: AttributeMap) -> Any:
        value = attribute.value_in(item)
        value = unset if value is UNSET else value
        for step in inwards:
            value = _inside(value, step)
        return value

    return get


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _maker(names: Sequence[str], getters: Sequence[Callable[[AttributeMap], Any]], shape: Shape) -> Any:
    if shape == "flat":
        return getters[0]
    if shape == "tuple":
        return lambda item: tuple(get(item) for get in getters)
    row = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 (its names are known at run time)
    return lambda item: row(*(get(item) for get in getters))
