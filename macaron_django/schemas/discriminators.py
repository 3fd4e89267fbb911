"""A failed ``oneOf`` or ``anyOf`` in, the branch that its discriminator picks out.

JSON Schema knows no discriminator, so the validator doesn't either. It is found in the compiled schema itself, or,
for a document's schema (whose bundle leaves it out), by following the instance's path along the Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jsonschema_rs

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = ["Discriminate", "Picked", "discriminator_in", "discriminator_of"]


@dataclass(frozen=True)
class Picked:
    """The property that decides, the index of the branch it picks (None if its value is none), its values."""

    property_name: str
    index: int | None
    allowed: tuple[str, ...]


Discriminate = Callable[[jsonschema_rs.ValidationError], "Picked | None"]


def discriminator_in(schema: Any, error: jsonschema_rs.ValidationError) -> Picked | None:
    """What the discriminator beside the failed union in ``schema``, a JSON Schema, picks."""
    union = schema
    for step in error.schema_path[:-1]:
        try:
            union = union[step]
        except (KeyError, IndexError, TypeError):  # noqa: PERF203 (paths of a schema with an $id start there)
            return None
    discriminator = union.get("discriminator") if isinstance(union, Mapping) else None
    if not isinstance(discriminator, Mapping) or not isinstance(error.instance, Mapping):
        return None
    name = discriminator.get("propertyName")
    if not isinstance(name, str):
        return None
    names = [_name(branch) for branch in union[error.schema_path[-1]]]
    mapping: Mapping[str, Any] = discriminator.get("mapping") or {}
    value = error.instance.get(name)
    wanted = _last(mapping.get(value, value)) if isinstance(value, str) else None
    index = names.index(wanted) if wanted is not None and wanted in names else None
    return Picked(name, index, tuple(mapping) or tuple(filter(None, names)))


def _name(branch: Any) -> str | None:
    return _last(branch.get("$ref")) if isinstance(branch, Mapping) else None


def _last(reference: Any) -> str | None:
    return unquote(reference.rsplit("/", 1)[-1]) if isinstance(reference, str) else None


def discriminator_of(schema: Schema, instance: Any, error: jsonschema_rs.ValidationError) -> Picked | None:
    """What the discriminator of the Schema at the error's place in ``instance`` picks."""
    if not isinstance(error.instance, Mapping):
        return None
    for union in _schemas_at(schema, instance, error.instance_path):
        branches = union.one_of or union.any_of
        if union.discriminator is None or not _is_about(error, branches):
            continue
        name, mapping = union.discriminator.property_name, union.discriminator.mapping
        value = error.instance.get(name)
        picked = mapping.get(value) if isinstance(value, str) else None
        targets = [branch.resolved for branch in branches]
        index = targets.index(picked.resolved) if picked is not None and picked.resolved in targets else None
        return Picked(name, index, tuple(mapping))
    return None


def _is_about(error: jsonschema_rs.ValidationError, branches: Sequence[Schema]) -> bool:
    """Whether the error comes from this union: as many branches (a union may stand inside another)."""
    return len(getattr(error.kind, "context", ())) == len(branches)


def _schemas_at(schema: Schema, instance: Any, path: Sequence[str | int]) -> Iterator[Schema]:
    """The schema of the value at ``path``, and the branches of its unions that lead further."""
    todo = [(schema, instance, 0)]
    seen: set[tuple[Schema, int]] = set()
    while todo:
        place, value, depth = todo.pop()
        if (place, depth) in seen:
            continue
        seen.add((place, depth))
        if depth == len(path):
            yield place
        else:
            below = _below(place, path[depth])
            if below is not None:
                todo.append((below, value[path[depth]], depth + 1))
        todo += [(branch, value, depth) for branch in (*place.one_of, *place.any_of)]


def _below(schema: Schema, step: str | int) -> Schema | None:
    if isinstance(step, int):
        return schema.items
    if step in schema.properties:
        return schema.properties[step].schema
    return None if isinstance(schema.additional_properties, bool) else schema.additional_properties
