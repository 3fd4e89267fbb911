"""Validates bodies with uploaded files, although validators accept only JSON.

The presence and length of a file are checked, but its content isn't read. The validator gets a string instead of the
file. The string's length satisfies ``minLength`` if the file's length does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import Schema, json_pointers
from macaron_django.schemas.validation.json_instances import is_plain
from macaron_django.schemas.validation.validators import SchemaValidator
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.text_values import array_items, property_schema

__all__ = ["clean_with_uploads", "is_binary"]

_Path = tuple["str | int", ...]
_CONTAINERS = (dict, list, UploadedFile)


def is_binary(schema: Schema) -> bool:
    """Returns whether a value of the schema is a sequence of octets, as files are.

    This is true if the schema has ``format: binary``, if it has a ``contentMediaType`` and no ``contentEncoding``
    (OpenAPI 3.1, section 4.8.14.2), or if it restricts nothing. For a schema with branches, one
    branch must meet one of these conditions.
    """
    return schema.format == "binary" or any(
        each.format == "binary"
        or (each.keyword("contentMediaType") and not each.keyword("contentEncoding"))
        or not _says_something(each)
        for each in _with_branches(schema)
    )


def _says_something(schema: Schema) -> bool:
    json = schema.json
    return json is False or (isinstance(json, dict) and not _ANNOTATIONS.issuperset(json))


#: Keywords that restrict nothing.
_ANNOTATIONS = frozenset({"$comment", "default", "deprecated", "description", "example", "examples", "title"})


def _clean_octets(validator: SchemaValidator, octets: bytes) -> bytes:
    validator.clean(_placeholder(validator.source, len(octets)))
    if found := list(_too_long(validator.source, len(octets), ())):
        raise ValidationFailed(violations=found)
    return octets


def clean_with_uploads(validator: SchemaValidator, value: Any, *, defaults: bool = True) -> Any:
    """Returns ``validator.clean(value, defaults=defaults)`` for a file, or for a value that contains files."""
    if isinstance(value, bytes):
        return _clean_octets(validator, value)
    if is_plain(value):
        return validator.clean_plain(value, defaults=defaults)
    files = dict(_files(value))
    if not files:
        return validator.clean(value, defaults=defaults)
    schemas = {path: _schema_at(validator.source, path) for path in files}
    placeholders = {path: _placeholder(schemas[path], file.size or 0) for path, file in files.items()}
    cleaned = validator.clean(_with_placeholders(value, placeholders), defaults=defaults)
    too_long = [found for path, file in files.items() for found in _too_long(schemas[path], file.size or 0, path)]
    if too_long:
        raise ValidationFailed(violations=too_long)
    if () in files:
        return files[()]
    for path, file in files.items():
        _put_back(cleaned, path, file)
    return cleaned


def _schema_at(schema: Schema | None, path: _Path) -> Schema | None:
    for step in path:
        if schema is None:
            break
        schema = array_items(schema) if isinstance(step, int) else property_schema(schema, step)
    return schema


def _placeholder(schema: Schema | None, size: int) -> str:
    shortest = max((each.keyword("minLength", 0) for each in _with_branches(schema)), default=0)
    return " " * min(size, int(shortest))


def _too_long(schema: Schema | None, size: int, path: _Path) -> Iterator[Violation]:
    """Yields a violation if a file is longer than the ``maxLength`` of each branch that describes files."""
    bounds = [each.keyword("maxLength") for each in _with_branches(schema) if is_binary(each)]
    if bounds and all(bound is not None and size > bound for bound in bounds):
        message = f"must not be longer than {max(bounds)} bytes"
        yield Violation(message, json_pointers.join(path), "/maxLength", "maxLength")


def _with_branches(schema: Schema | None) -> Iterator[Schema]:
    """Yields the branches of a schema, at any depth. For a schema without branches, yields the schema itself."""
    seen: set[Schema] = set()
    pending = [] if schema is None else [schema]
    while pending:
        each = pending.pop().resolved
        if each not in seen:
            seen.add(each)
            branches = (*each.one_of, *each.any_of)
            pending += branches
            if not branches:
                yield each


def _files(value: Any) -> Iterator[tuple[_Path, UploadedFile[Any]]]:
    pending: list[tuple[_Path, Any]] = [((), value)]  # not recursive, because the depth isn't limited yet
    while pending:
        path, value = pending.pop()
        if isinstance(value, UploadedFile):
            yield path, value
        elif isinstance(value, dict):
            pending += [((*path, name), member) for name, member in value.items() if isinstance(member, _CONTAINERS)]
        elif isinstance(value, list):
            pending += [((*path, index), one) for index, one in enumerate(value) if isinstance(one, _CONTAINERS)]


def _with_placeholders(value: Any, placeholders: Mapping[_Path, str], path: _Path = ()) -> Any:
    if isinstance(value, UploadedFile):
        return placeholders[path]
    if isinstance(value, Mapping):
        return {name: _with_placeholders(member, placeholders, (*path, name)) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_placeholders(each, placeholders, (*path, index)) for index, each in enumerate(value)]
    return value


def _put_back(cleaned: Any, path: tuple[Any, ...], file: UploadedFile[Any]) -> None:
    for step in path[:-1]:
        if isinstance(cleaned, Mapping) and step not in cleaned:  # dropped, because it is readOnly
            return
        cleaned = cleaned[step]
    if isinstance(cleaned, list) or path[-1] in cleaned:
        cleaned[path[-1]] = file
