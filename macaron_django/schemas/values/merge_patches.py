"""Applies JSON merge patches (RFC 7386), and removes writeOnly properties from responses.

Functions return new JSON values and don't change their arguments.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from macaron_django.openapi import Schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.values.applied_schemas import AppliedSchemas, applied_schemas

__all__ = ["hides_write_only", "merge_patch", "with_defaults_for_nulls", "without_write_only"]


def merge_patch(target: Any, patch: Any) -> Any:
    """Returns ``target`` with ``patch`` merged into it.

    Null removes a property, an object is merged, and any other value replaces the old value. In the result, the patch's
    properties come last, in the patch's order. So errors have the same order in every store.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
    {'b': {'d': 3, 'c': 4}}
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        kept = merged.pop(name, None)
        if value is not None:
            merged[name] = merge_patch(kept, value)
    return merged


def with_defaults_for_nulls(schema: Schema, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a copy of ``patch`` in which each null is replaced with the property's default, if there is one.

    So null resets an ORM column.
    """
    properties = schema.properties
    return {
        name: copy.deepcopy(properties[name].schema.default)
        if value is None and name in properties and properties[name].schema.has_default
        else value
        for name, value in patch.items()
    }


def without_write_only(schema: Schema, value: Any) -> Any:
    """Returns ``value`` without its writeOnly properties, at any depth. A property is writeOnly if any schema that may
    apply to it (such as a branch of ``oneOf``) says so.
    """
    return _without(applied_schemas(schema), value) if hides_write_only(schema) else value


_HIDES: DocumentMemo[Schema, bool] = DocumentMemo()


def hides_write_only(schema: Schema) -> bool:
    """Returns whether a property of ``schema`` is writeOnly, at any depth. The result is computed only once."""
    return _HIDES.get(
        schema.document, schema, lambda: any(each.is_write_only for each in applied_schemas(schema).inside())
    )


def _without(applied: AppliedSchemas, value: Any) -> Any:
    # The recursion follows the value, not the schema, because a recursive schema never ends.
    if isinstance(value, list):
        return [_without(applied.element, element) for element in value]
    if not isinstance(value, Mapping):
        return value
    shown = {}
    for name, member in value.items():
        inner = applied.member(name)
        if not inner.is_write_only:
            shown[name] = _without(inner, member) if isinstance(member, (dict, list)) else member
    return shown
