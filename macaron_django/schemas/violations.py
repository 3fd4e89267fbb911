"""What jsonschema-rs reports → :class:`Violation`: what is wrong, where, in a sentence that a client may read.

No message quotes the instance: a value may be a secret, or a megabyte. What the schema says (a limit, a pattern,
the allowed values) is quoted, cut at :data:`MAX_QUOTE` characters, and so are names of properties.

Of a failed ``oneOf`` or ``anyOf`` only the branch that was meant is shown: the one that the discriminator picks,
else the only one of the right type; where none stands out, one sentence for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from macaron_django.spec.dialects import NUMBER_FORMATS

from .discriminators import Discriminate, Picked

__all__ = ["MAX_QUOTE", "Violation", "pointer_to", "violations_of"]

#: Characters of a schema's value or a property's name that a message quotes at most.
MAX_QUOTE = 80

_Kind = jsonschema_rs.ValidationErrorKind
_Path = Sequence[str | int]


@dataclass(frozen=True)
class Violation:
    """One way in which an instance breaks its schema.

    ``pointer`` and ``schema_pointer`` are JSON pointers into the instance and into the schema; ``pointer`` names
    a missing property itself, not the object that lacks it. ``location`` is the part of the request: "body",
    "query", "path", "header" or "cookie".
    """

    message: str
    pointer: str
    schema_pointer: str
    keyword: str
    location: str = "body"


def pointer_to(path: Iterable[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a path.

    >>> pointer_to(["a/b", 0])
    '/a~1b/0'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def violations_of(error: jsonschema_rs.ValidationError, schema: Any, discriminate: Discriminate) -> Iterator[Violation]:
    """Yield what ``error`` amounts to.

    ``schema`` is the one that was compiled; ``discriminate`` says which branch of a failed union was meant.
    """
    kind = error.kind
    if isinstance(kind, _Kind.OneOfNotValid | _Kind.AnyOf):
        yield from _of_branches(error, kind.context, schema, discriminate)
    elif isinstance(kind, _Kind.Required):
        yield _violation(error, "is required", extra=[kind.property])
    elif isinstance(kind, _Kind.AdditionalProperties | _Kind.UnevaluatedProperties):
        for name in kind.unexpected:
            yield _violation(error, "is not a property that is known here", extra=[name])
    elif isinstance(kind, _Kind.PropertyNames):
        for nested in violations_of(kind.error, schema, discriminate):
            yield replace(nested, message=f"has a property name that {nested.message}", keyword="propertyNames")
    elif isinstance(kind, _Kind.FalseSchema):
        yield from _of_false(error)
    else:
        number_format = _number_format(error, schema)
        if number_format:
            yield replace(
                _violation(error, f"does not fit {number_format}"),
                schema_pointer=pointer_to([*error.schema_path[:-1], "format"]),
                keyword="format",
            )
        else:
            yield _violation(error, _message(error))


def _violation(error: jsonschema_rs.ValidationError, message: str, extra: _Path = ()) -> Violation:
    keyword = error.schema_path[-1] if error.schema_path else ""
    return Violation(
        message=message,
        pointer=pointer_to([*error.instance_path, *extra]),
        schema_pointer=pointer_to(error.schema_path),
        keyword=keyword if isinstance(keyword, str) else str(error.kind.name),
    )


def _of_false(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    if error.schema_path and error.schema_path[-1] == "additionalProperties" and isinstance(error.instance, Mapping):
        names: Iterable[str] = error.instance
    elif error.schema_path[-1:] == ["additionalProperties"]:
        yield _violation(error, "holds a property that is not known here")
        return
    else:
        yield replace(_violation(error, "is not allowed here"), keyword="false")
        return
    for name in names:
        yield _violation(error, "is not a property that is known here", extra=[name])


# Branches of oneOf and anyOf


def _of_branches(
    error: jsonschema_rs.ValidationError, branches: _Branches, schema: Any, discriminate: Discriminate
) -> Iterator[Violation]:
    picked = discriminate(error)
    if picked is not None:
        yield from _of_picked(error, branches, schema, picked, discriminate)
        return
    here = error.instance_path
    of_wrong_type = [_types_wanted(errors, here) for errors in branches]
    candidates = [errors for errors, wanted in zip(branches, of_wrong_type, strict=True) if wanted is None]
    if len(candidates) == 1 and candidates[0]:
        for nested in candidates[0]:
            yield from violations_of(nested, schema, discriminate)
    elif not candidates:
        wanted = dict.fromkeys(name for names in of_wrong_type for name in names or ())
        yield _violation(error, _wrong_type(list(wanted), error.instance))
    else:
        yield _violation(error, f"matches none of the {len(branches)} schemas allowed here")


_Branches = list[list[jsonschema_rs.ValidationError]]


def _types_wanted(errors: Iterable[jsonschema_rs.ValidationError], here: _Path) -> list[str] | None:
    for error in errors:
        if isinstance(error.kind, _Kind.Type) and error.instance_path == here:
            return error.kind.types
    return None


def _of_picked(
    error: jsonschema_rs.ValidationError, branches: _Branches, schema: Any, picked: Picked, discriminate: Discriminate
) -> Iterator[Violation]:
    """The violations of the branch that the discriminator picks."""
    if picked.index is not None:
        for nested in branches[picked.index]:
            yield from violations_of(nested, schema, discriminate)
    elif isinstance(error.instance, Mapping) and picked.property_name not in error.instance:
        message = "is required: it says which schema applies"
        yield _discriminator_violation(error, message, picked.property_name)
    else:
        yield _discriminator_violation(error, f"must be {_one_of(picked.allowed)}", picked.property_name)


def _discriminator_violation(error: jsonschema_rs.ValidationError, message: str, name: str) -> Violation:
    return Violation(
        message=message,
        pointer=pointer_to([*error.instance_path, name]),
        schema_pointer=pointer_to([*error.schema_path[:-1], "discriminator"]),
        keyword="discriminator",
    )


def _at(schema: Any, path: _Path) -> Any:
    for step in path:
        try:
            schema = schema[step]
        except (KeyError, IndexError, TypeError):  # noqa: PERF203 (the path of a schema with an $id of its own starts there)
            return None
    return schema


# Sentences


def _message(error: jsonschema_rs.ValidationError) -> str:
    writer = _SENTENCES.get(type(error.kind))
    return writer(error.kind, error) if writer else "is not valid"


def _quoted(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:
        text = str(value)
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1]}…"


def _one_of(values: Sequence[Any]) -> str:
    if len(values) == 1:
        return _quoted(values[0])
    text = ", ".join(_quoted(value) for value in values[:20])
    cut = len(values) > 20 or len(text) > MAX_QUOTE
    return f"one of {text[:MAX_QUOTE].rstrip(', ')}{'…' if cut else ''}"


_ARTICLED = MappingProxyType(
    {
        "array": "an array",
        "boolean": "a boolean",
        "integer": "an integer",
        "null": "null",
        "number": "a number",
        "object": "an object",
        "string": "a string",
    }
)


def _wrong_type(types: Sequence[str], value: Any) -> str:
    wanted = " or ".join(_ARTICLED.get(name, name) for name in types)
    return f"must be {wanted}, not {_type_of(value)}"


def _type_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    for kind, name in ((str, "string"), (int, "integer"), (Mapping, "object"), ((list, tuple), "array")):
        if isinstance(value, kind):
            return _ARTICLED[name]
    return "a number"


def _plural(limit: Any, one: str, many: str) -> str:
    return f"{limit} {one if limit == 1 else many}"


#: What a string of each format looks like.
_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "byte": "base64 (RFC 4648, padded)",
        "binary": "a string of octets",
        "date": "a date such as 2026-01-31",
        "date-time": "a date and time with its offset, such as 2026-01-31T12:00:00Z",
        "duration": "an ISO 8601 duration such as P1DT12H",
        "email": "an e-mail address",
        "hostname": "a host name",
        "idn-email": "an e-mail address",
        "idn-hostname": "a host name",
        "ipv4": "an IPv4 address",
        "ipv6": "an IPv6 address",
        "iri": "an IRI",
        "json-pointer": "a JSON pointer",
        "regex": "a regular expression",
        "time": "a time with its offset, such as 12:00:00Z",
        "uri": "a URI",
        "uri-reference": "a URI or a relative reference",
        "uuid": "a UUID",
    }
)


def _number_format(error: jsonschema_rs.ValidationError, schema: Any) -> str | None:
    """The format whose bound was broken, where ``minimum`` or ``maximum`` stands for one."""
    if not isinstance(error.kind, _Kind.Minimum | _Kind.Maximum):
        return None
    place = _at(schema, error.schema_path[:-1])
    name = place.get("format") if isinstance(place, Mapping) else None
    bounds = NUMBER_FORMATS.get(name) if isinstance(name, str) else None
    return name if bounds and error.kind.limit in bounds else None


_Sentence = Callable[[Any, jsonschema_rs.ValidationError], str]
_SENTENCES: Mapping[type, _Sentence] = MappingProxyType(
    {
        _Kind.AdditionalItems: lambda kind, error: f"must not have more than {_plural(kind.limit, 'item', 'items')}",
        _Kind.BacktrackLimitExceeded: lambda kind, error: "takes too long to compare with the pattern",
        _Kind.RegexEngineFailure: lambda kind, error: "takes too long to compare with the pattern",
        _Kind.Constant: lambda kind, error: f"must be {_quoted(kind.expected_value)}",
        _Kind.Contains: lambda kind, error: (
            "holds too many items of the kind that is limited here"
            if error.schema_path[-1:] == ["maxContains"]
            else "lacks an item of the kind that must be among them"
        ),
        _Kind.ContentEncoding: lambda kind, error: f"must be encoded in {_quoted(kind.content_encoding)}",
        _Kind.ContentMediaType: lambda kind, error: f"must hold {_quoted(kind.content_media_type)}",
        _Kind.Custom: lambda kind, error: f"breaks {_quoted(kind.keyword)}",
        _Kind.Enum: lambda kind, error: f"must be {_one_of(kind.options)}",
        _Kind.ExclusiveMaximum: lambda kind, error: f"must be less than {kind.limit}",
        _Kind.ExclusiveMinimum: lambda kind, error: f"must be more than {kind.limit}",
        _Kind.Format: lambda kind, error: (
            f"must be {_FORMATS.get(kind.format, f'in the format {_quoted(kind.format)}')}"
        ),
        _Kind.MaxItems: lambda kind, error: f"must not have more than {_plural(kind.limit, 'item', 'items')}",
        _Kind.Maximum: lambda kind, error: f"must be at most {kind.limit}",
        _Kind.MaxLength: lambda kind, error: (
            f"must not be longer than {_plural(kind.limit, 'character', 'characters')}"
        ),
        _Kind.MaxProperties: lambda kind, error: (
            f"must not have more than {_plural(kind.limit, 'property', 'properties')}"
        ),
        _Kind.MinItems: lambda kind, error: f"must have at least {_plural(kind.limit, 'item', 'items')}",
        _Kind.Minimum: lambda kind, error: f"must be at least {kind.limit}",
        _Kind.MinLength: lambda kind, error: (
            "must not be empty"
            if kind.limit == 1
            else f"must have at least {_plural(kind.limit, 'character', 'characters')}"
        ),
        _Kind.MinProperties: lambda kind, error: f"must have at least {_plural(kind.limit, 'property', 'properties')}",
        _Kind.MultipleOf: lambda kind, error: f"must be a multiple of {kind.multiple_of}",
        _Kind.Not: lambda kind, error: "matches a schema that it must not match",
        _Kind.OneOfMultipleValid: lambda kind, error: (
            "matches more than one of the schemas, and must match exactly one"
        ),
        _Kind.Pattern: lambda kind, error: f"does not match the pattern {_cut(kind.pattern)}",
        _Kind.Referencing: lambda kind, error: "refers to a schema that can't be found",
        _Kind.Type: lambda kind, error: _wrong_type(kind.types, error.instance),
        _Kind.UnevaluatedItems: lambda kind, error: "holds items that are not allowed here",
        _Kind.UniqueItems: lambda kind, error: "must not hold the same item twice",
    }
)
