"""Items → what ``values()`` and ``values_list()`` give: dictionaries, tuples or single values instead of rows.

In go the names that were asked for; out come the attributes to read and a function that makes one value of one
item. Apart from the query set because a row is never built here, which is what makes it fast.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from macaron_django.dynamodb.comparisons import AttributeMap
from macaron_django.exceptions import UnsupportedQuery
from macaron_django.schemas.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.filters import Filters, Target
    from macaron_django.dynamodb.persistence import Persistence
    from macaron_django.dynamodb.typed_items import TypedItems

__all__ = ["Shape", "ValueRows"]

Shape: TypeAlias = Literal["dict", "tuple", "flat", "named", "json"]


@dataclass(frozen=True)
class ValueRows:
    """``attributes``: what must be read, None for all; ``make``: one item → one value; ``typed``: what may read it."""

    attributes: frozenset[str] | None
    make: Callable[[AttributeMap], Any]
    typed: TypedItems | None = None

    @classmethod
    def of(cls, persistence: Persistence, filters: Filters, names: Sequence[Any], shape: Shape = "dict") -> ValueRows:
        """The values of these names, nested ones (``address__zip``) among them; of all fields if there are none."""
        if any(not isinstance(name, str) for name in names):
            raise UnsupportedQuery("DynamoDB computes no values: name properties, and compute in Python.")
        if shape == "json":
            typed = persistence.typed_items
            return cls(None, persistence.json_of) if typed is None else cls(None, typed.json_of, typed)
        if not names and shape == "dict":
            return _of_all_fields(persistence, filters)
        names = names or _fields(persistence)
        targets = [filters.resolve(name, lookups=False)[0] for name in names]
        getters = [_getter(persistence, target) for target in targets]
        attributes = frozenset(str(target.path[0]) for target in targets if target.path)
        texts = [_text_attribute(persistence, target) for target in targets]
        return cls(attributes, _maker(names, getters, shape, texts))


def _fields(persistence: Persistence) -> list[str]:
    return [field.attname for field in persistence.model._meta.concrete_fields]


def _of_all_fields(persistence: Persistence, filters: Filters) -> ValueRows:
    """``values()``, which is made once for the model that the schema has."""
    known: tuple[Any, ValueRows] | None = persistence.__dict__.get("_values_of_all_fields")
    if known is None or known[0] is not persistence.model:
        targets = {name: filters.resolve(name, lookups=False)[0] for name in _fields(persistence)}
        attributes = frozenset(str(target.path[0]) for target in targets.values() if target.path)
        made = ValueRows(attributes, _written_out(persistence, targets))
        known = persistence.__dict__["_values_of_all_fields"] = (persistence.model, made)
    return known[1]


def _written_out(persistence: Persistence, targets: Mapping[str, Target]) -> Callable[[AttributeMap], dict[str, Any]]:
    """The function from item to dictionary, as a person would write it for these fields: a loop costs a third more."""
    makers: dict[str, Any] = {}
    parts = []
    for place, (name, target) in enumerate(targets.items()):
        attribute = None if target.is_key else persistence.table.attribute(str(target.path[0]))
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
    exec(source, makers)  # noqa: S102 (written above: of names in quotes, and of places)
    written: Callable[[AttributeMap], dict[str, Any]] = makers["make"]
    return written


def _getter(persistence: Persistence, target: Target) -> Callable[[AttributeMap], Any]:
    if target.is_key:
        return persistence.pk_of
    name = str(target.path[0])
    attribute = persistence.table.attribute(name)
    inwards = target.path[1:]
    unset = persistence.model._spec.defaults.get(name)  # as a row's attribute reads
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


def _text_attribute(persistence: Persistence, target: Target) -> str | None:
    """The attribute whose "S" is the value, if that is all there is to it."""
    name = str(target.path[0]) if len(target.path) == 1 else None
    attribute = persistence.table.attribute(name) if name is not None else None
    return name if attribute is not None and attribute.is_text and not attribute.has_twin else None


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _maker(
    names: Sequence[str],
    getters: Sequence[Callable[[AttributeMap], Any]],
    shape: Shape,
    texts: Sequence[str | None],
) -> Any:
    if shape == "flat":
        return getters[0]
    if shape == "tuple":
        return lambda item: tuple(get(item) for get in getters)
    if shape == "named":
        row = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 (its names are known at run time)
        return lambda item: row(*(get(item) for get in getters))
    parts = list(zip(names, getters, texts, strict=True))

    def make(item: AttributeMap) -> dict[str, Any]:
        made = {}
        for name, get, text in parts:
            held = item.get(text) if text is not None else None
            made[name] = held["S"] if held is not None and "S" in held else get(item)
        return made

    return make
