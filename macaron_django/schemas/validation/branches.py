"""Finds the branch of a ``oneOf`` or ``anyOf`` that applies to an instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from macaron_django.openapi import Schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.validation.schema_compiler import compiled_bundle

__all__ = ["branch_for", "branches_beside_null"]


def branch_for(schema: Schema, value: Any, *, is_known_valid: bool = False) -> Schema | None:
    """Returns the branch of ``oneOf`` or ``anyOf`` that applies to ``value``; None if that isn't certain.

    If there is a discriminator, it decides. If exactly one branch isn't ``null``, it applies. Otherwise, the only
    valid branch of a ``oneOf`` applies, or the first valid branch of an ``anyOf``. ``value`` must be JSON of limited
    depth. This isn't checked again.

    ``is_known_valid`` means that at least one branch is valid. With this argument, the types, required properties and
    fixed values of the branches are compared with ``value`` first. If only one branch fits, it is returned, and
    ``value`` isn't validated again. Without this argument, a tree would be validated again at each level.
    """
    if schema.discriminator is not None and isinstance(value, Mapping):
        name = value.get(schema.discriminator.property_name)
        return schema.discriminator.mapping.get(name) if isinstance(name, str) else None
    branches = branches_beside_null(schema)
    if len(branches) <= 1:
        return branches[0] if branches else None
    if is_known_valid:
        branches = [branch for branch in branches if _shape_of(branch).fits(value)]
        if len(branches) == 1:
            return branches[0]
    valid = [branch for branch in branches if compiled_bundle(branch).is_valid_json(value)]
    return valid[0] if len(valid) == 1 or (valid and schema.any_of) else None


def branches_beside_null(schema: Schema) -> list[Schema]:
    """Returns the branches of the schema's ``oneOf`` (or ``anyOf`` if it has none), except ``type: "null"``."""
    return [branch for branch in schema.one_of or schema.any_of if not _is_null(branch)]


def _is_null(branch: Schema) -> bool:
    return isinstance(branch.json, Mapping) and branch.json.get("type") in ("null", ["null"])


@dataclass(frozen=True)
class _Shape:
    """A branch's simplest requirements for a value. ``required`` lacks readOnly and writeOnly properties."""

    types: frozenset[str]
    required: frozenset[str]
    fixed: Mapping[str, frozenset[str]]

    def fits(self, value: Any) -> bool:
        if isinstance(value, dict):
            if (self.types and "object" not in self.types) or not self.required <= value.keys():
                return False
            members = ((value.get(name), texts) for name, texts in self.fixed.items())
            return all(not isinstance(member, str) or member in texts for member, texts in members)
        return not isinstance(value, list) or not self.types or "array" in self.types


_SHAPES: DocumentMemo[Schema, _Shape] = DocumentMemo()


def _shape_of(branch: Schema) -> _Shape:
    def shape() -> _Shape:
        properties = branch.resolved.properties
        one_way = {name for name, prop in properties.items() if prop.read_only or prop.write_only}
        listed = {name: prop.schema.enum for name, prop in properties.items()}
        return _Shape(
            types=frozenset(branch.resolved.types),
            required=branch.resolved.required - one_way,
            fixed={
                name: frozenset(value for value in values if isinstance(value, str))
                for name, values in listed.items()
                if values is not None
            },
        )

    return _SHAPES.get(branch.document, branch, shape)
