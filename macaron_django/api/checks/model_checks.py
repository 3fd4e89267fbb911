"""Finds schemas with ``x-model`` that don't fit their Django model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import Field, IntegerField, Model

from macaron_django.api.rules.resources import GeneratedOperation, described
from macaron_django.openapi import Finding, Property, Schema
from macaron_django.schemas.models.orm_bindings import needs_value
from macaron_django.schemas.models.orm_lookups import has_lookup
from macaron_django.schemas.models.stores import Store, related_model

__all__ = ["fieldless_properties", "missing_model", "stricter_fields", "unknown_lookups"]


def missing_model(name: str, schema: Schema, error: Exception) -> Finding:
    """Returns the error for an ``x-model`` that isn't a model."""
    return Finding(
        id="E304",
        level="error",
        message=f"The x-model of the schema {name} is {schema.extensions.model!r}, which isn't a model ({error}).",
        hint="Write it as app_label.ModelName, and add the app to INSTALLED_APPS.",
        location=schema.location,
    )


def fieldless_properties(
    name: str, schema: Schema, model: type[Model], seen: frozenset[Schema] = frozenset()
) -> Iterator[Finding]:
    """Yields an error for each property that the model lacks, and for each property with ``x-writable`` that can't be
    written.
    """
    for prop in schema.properties.values():
        target = prop.extensions.field or prop.name
        if target == "pk":
            continue
        if not _has_attribute(model, target.split("__")):
            yield Finding(
                id="E305",
                level="error",
                message=f"The property {prop.name!r} of {name} needs a field or an attribute {target!r}, which "
                f"{model._meta.label} doesn't have.",
                hint="Name another field with x-field, add the field to the model, or remove the property.",
                location=prop.schema.location,
            )
            continue
        if prop.extensions.writable and not _is_written(model, target):
            yield Finding(
                id="E306",
                level="error",
                message=f"x-writable has no effect on the property {prop.name!r} of {name}. It stays read-only, "
                f"because {target!r} isn't a column or a many-to-many field of {model._meta.label}.",
                hint="Remove x-writable. To write related rows, give them a separate resource, or use a handler.",
                location=prop.schema.location,
            )
        shown = prop.schema.resolved
        shown = shown.items.resolved if shown.items is not None else shown
        related = related_model(model, target)
        if related is not None and shown.is_object and shown not in seen:
            yield from fieldless_properties(shown.name or f"{name}.{prop.name}", shown, related, seen | {shown})


def unknown_lookups(generated: GeneratedOperation, store: Store) -> Iterator[Finding]:
    """Yields a warning for each filter parameter whose lookup the model doesn't support.

    Checks only list operations.
    """
    if generated.action != "list":
        return
    for narrowing in generated.filters:
        if not has_lookup(store.model, store.lookup(narrowing.path), narrowing.lookup):
            yield Finding(
                "W310",
                "warning",
                f"{described(generated.operation)} filters by {'__'.join(narrowing.path)!r} with the parameter "
                f"{narrowing.parameter!r}, but {_database(store)} doesn't support the lookup {narrowing.lookup!r} for "
                "this property. A request that sends the parameter gets a 501.",
                "Set x-lookup to a field and a supported lookup, or apply the parameter in a filter backend.",
                generated.operation.location,
            )


def _database(store: Store) -> str:
    return "DynamoDB" if store.is_row else store.model._meta.label


def stricter_fields(store: Store) -> Iterator[Finding]:
    """Yields a warning for each property whose schema accepts values that the model's field refuses."""
    for prop in store.schema.properties.values():
        field = store.field(prop.name)
        if store.is_row or field is None or prop.read_only or prop.schema.resolved.is_object:
            continue
        differences = list(_differences(prop, field))
        if differences:
            yield Finding(
                "W306",
                "warning",
                f"The schema of {prop.name!r} of {store.schema.name} accepts values that the field {field.name!r} of "
                f"{store.model._meta.label} refuses. The field {', and '.join(differences)}.",
                "Add the limit to the schema, where clients can see it, or change the field. Until then, requests "
                "with such values get a 400.",
                prop.schema.location,
            )


def _differences(prop: Property, field: Field[Any, Any]) -> Iterator[str]:
    schema = prop.schema.resolved
    listed = [schema.keyword("const")] if schema.keyword("const") is not None else schema.keyword("enum")
    if schema.nullable and not field.null and not field.primary_key:
        yield "can't be null"
    if not prop.required and schema.keyword("default") is None and not prop.extensions.generated and needs_value(field):
        yield "requires a value (`required`)"
    if field.choices:
        choices = [value for value, _ in field.flatchoices]
        if listed is None or not all(value in choices for value in listed if value is not None):
            yield f"accepts only its choices (`enum: {choices}`)"
    elif listed is None and not field.is_relation:
        yield from _differing_bounds(schema, field)


def _differing_bounds(schema: Schema, field: Field[Any, Any]) -> Iterator[str]:
    longest = field.max_length
    is_short = schema.keyword("format") in _SHORT_FORMATS or _is_bounded(str(schema.keyword("pattern", "")))
    if (
        longest is not None
        and "string" in schema.types
        and not is_short
        and schema.keyword("maxLength", longest + 1) > longest
    ):
        yield f"accepts at most {longest} characters (`maxLength: {longest}`)"
    if not isinstance(field, IntegerField):
        return
    least, greatest = connection.ops.integer_field_range(field.get_internal_type())
    # The column's range is reported only if the schema's range is wider.
    if greatest is not None and schema.keyword("maximum", greatest) > greatest:
        yield f"accepts numbers up to {greatest} (`maximum`)"
    if least is not None and schema.keyword("minimum", least) < least:
        yield f"accepts numbers down to {least} (`minimum`)"


def _is_bounded(pattern: str) -> bool:
    """Returns whether a pattern seems to limit a string's length: it ends with "$", and each repetition has a limit."""
    return pattern.endswith("$") and not _ENDLESS.search(pattern)


_ENDLESS = re.compile(r"[*+]|\{\d*,\}")
#: The formats whose values fit into every text column.
_SHORT_FORMATS = frozenset({"uuid", "date", "time", "date-time", "ipv4", "ipv6"})


def _is_written(model: type[Model], target: str) -> bool:
    """Returns whether ``target`` is a column or a many-to-many field of the model, and so can be written."""
    try:
        field = model._meta.get_field(target)
    except FieldDoesNotExist:
        return False
    return bool(field.many_to_many or field.concrete)


def _has_attribute(model: type[Model], steps: Sequence[str]) -> bool:
    owner: Any = model
    for step in steps:
        try:
            field = owner._meta.get_field(step)
        except FieldDoesNotExist:
            return hasattr(owner, step)  # such as author_id, or a property of the class
        owner = getattr(field, "related_model", None) or owner
    return True
