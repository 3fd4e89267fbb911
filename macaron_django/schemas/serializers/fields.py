"""Creates the DRF field for a schema: its label, help text, choices, bounds, default and form control.

Fields don't validate values: the compiled schema does. Projects register their own fields by type and format:

    from rest_framework import serializers
    from macaron_django.schemas import register_field

    register_field("string", "color", lambda schema, **options: serializers.RegexField("^#[0-9a-f]{6}$", **options))
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Any, TypeAlias, cast

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils.html import is_html_input

from macaron_django.openapi import Schema
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.formats.string_format import FieldFactory
from macaron_django.schemas.validation.validators import SchemaError, Validator, compile_schema
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

__all__ = [
    "ComposedField",
    "EnumField",
    "FormJSON",
    "JSONDictField",
    "JSONListField",
    "field_for",
    "is_nested",
    "register_field",
]

Field: TypeAlias = "serializers.Field[Any, Any, Any, Any]"
Nested: TypeAlias = "Callable[[Schema], type[serializers.BaseSerializer[Any]]]"

_TYPES = ("string", "integer", "number", "boolean", "object", "array")


def register_field(type: str, format: str | None, factory: FieldFactory) -> None:  # noqa: A002 (the schema's words)
    """Registers ``factory(schema, **options)``, which creates the fields for schemas with this type and format.

    If ``format`` is None, the factory creates the fields for schemas of this type that have no format, or whose
    format has no field. A later registration replaces an earlier one. Call this function while Django loads (in
    ``AppConfig.ready``), because fields are created when they are first used. Raises ValueError for an unknown type,
    and TypeError if the factory can't be called.
    """
    if type not in _TYPES:
        near = difflib.get_close_matches(str(type), _TYPES, 1)
        hint = f"did you mean {near[0]!r}" if near else f"the types are {', '.join(_TYPES)}"
        raise ValueError(f"register_field({type!r}, {format!r}, …): {type!r} is not a type of a schema; {hint}.")
    if not callable(factory):
        raise TypeError(
            f"register_field({type!r}, {format!r}, {factory!r}): the factory must be callable. Write "
            f"register_field({type!r}, {format!r}, lambda schema, **options: serializers.CharField(**options))."
        )
    _FACTORIES[type, format] = factory


def field_for(
    schema: Schema,
    *,
    required: bool = False,
    read_only: bool = False,
    write_only: bool = False,
    nested: Nested | None = None,
) -> Field:
    """Returns the field that describes ``schema``.

    ``nested`` returns the serializer class of an object schema with properties. If ``nested`` is None, the function
    returns a JSON field for such a schema. If a property is both readOnly and writeOnly, readOnly takes precedence,
    because DRF doesn't allow both.
    """
    options: dict[str, Any] = {}
    if read_only:
        options["read_only"] = True
    else:
        options["write_only"] = write_only
        default = schema.default
        if schema.has_default:
            options["initial"] = default
        if required or not schema.has_default:  # DRF doesn't allow a default for a required field
            options["required"] = required
        else:
            options["default"] = (lambda: deepcopy(default)) if isinstance(default, (dict, list)) else default
    return _field(schema, options, nested, frozenset())


def is_nested(schema: Schema) -> bool:
    """Returns whether a schema has its own serializer.

    That is the case if the schema describes objects with properties, and no branch of the schema has properties.
    """
    if not schema.is_object or not schema.properties:
        return False
    # For example, the branches in anyOf: [{required: [a]}, {required: [b]}] have no properties.
    return not any(branch.properties for branch in (*schema.one_of, *schema.any_of))


def _field(schema: Schema, options: dict[str, Any], nested: Nested | None, inside: frozenset[Schema]) -> Field:
    if schema.nullable:
        options["allow_null"] = True
    title = schema.json.get("title") if isinstance(schema.json, Mapping) else None
    if isinstance(title, str) and title:  # not the title of a referenced schema, because several fields may refer to it
        options["label"] = title
    if schema.description:
        options["help_text"] = schema.description
    target = schema.resolved
    if target in inside:  # an array or map that contains itself gets a field for any JSON
        return ComposedField(**options)
    members = [member for member in schema.enum or () if member is not None]
    if members:
        return _enum_field(members, options)
    if len(schema.types) > 1 or not (schema.types or schema.is_object):
        return ComposedField(**options)
    return _typed_field(schema, options, nested, inside | {target})


def _typed_field(schema: Schema, options: dict[str, Any], nested: Nested | None, inside: frozenset[Schema]) -> Field:
    type_ = "object" if schema.is_object else schema.types[0]
    registered = _FACTORIES.get((type_, schema.format)) if schema.format else None
    string_format = STRING_FORMATS.get(schema.format or "") if type_ == "string" else None
    if registered is None and string_format is not None:
        return string_format.serializer_field(schema, _plain_string, **options)
    registered = registered or _FACTORIES.get((type_, None))
    if registered is not None:
        return _made_by(registered, schema, options)
    if type_ == "array":
        return _array_field(schema, options, nested, inside)
    if type_ == "object":
        return _object_field(schema, options, nested, inside)
    return ComposedField(**options)


def _made_by(factory: FieldFactory, schema: Schema, options: dict[str, Any]) -> Field:
    field = factory(schema, **options)
    if not isinstance(field, serializers.Field):
        raise TypeError(
            f"{schema.location}: the factory registered for type {schema.types[0]!r} and format {schema.format!r} "
            f"returned {field!r}. Return a rest_framework field, such as serializers.CharField(**options)."
        )
    return field


def _enum_field(members: list[Any], options: dict[str, Any]) -> Field:
    try:
        distinct = len(set(members)) == len(members)
    except TypeError:
        distinct = False
    if not distinct:  # arrays, objects, or both 1 and true, which HTML and a dictionary can't distinguish
        return ComposedField(**options)
    choices = [(member, member if isinstance(member, str) else json.dumps(member, default=str)) for member in members]
    return EnumField(choices=choices, **options)


def _array_field(schema: Schema, options: dict[str, Any], nested: Nested | None, inside: frozenset[Schema]) -> Field:
    options |= _bounds(schema, minItems="min_length", maxItems="max_length")
    if schema.items is None:
        return JSONListField(**options)
    if nested is not None and is_nested(schema.items):
        return nested(schema.items.resolved)(many=True, **options)
    return JSONListField(child=_field(schema.items, {}, nested, inside), **options)


def _object_field(schema: Schema, options: dict[str, Any], nested: Nested | None, inside: frozenset[Schema]) -> Field:
    if nested is not None and is_nested(schema):
        return nested(schema)(**options)
    if schema.properties or schema.one_of or schema.any_of or isinstance(schema.additional_properties, bool):
        return ComposedField(**options)
    return JSONDictField(child=_field(schema.additional_properties, {}, nested, inside), **options)


def _bounds(schema: Schema, **names: str) -> dict[str, int]:
    bounds = {option: schema.keyword(keyword) for keyword, option in names.items()}
    return {option: int(bound) for option, bound in bounds.items() if bound}


class FormJSON:
    """A field without a matching HTML control. In the browsable API's forms, it is a text area with JSON."""

    field_name: str | None
    required: bool
    _is_jsonfield = True  # makes DRF's nested forms show the value as JSON

    def __init__(self, *args: Any, **options: Any) -> None:
        options["style"] = {"base_template": "textarea.html", "rows": 4, **options.get("style", {})}
        options.setdefault("initial", None)  # DRF's default is [], which is invalid if the schema has minItems
        super().__init__(*args, **options)

    def get_value(self, dictionary: Any) -> Any:
        if not is_html_input(dictionary) or self.field_name not in dictionary:
            return super().get_value(dictionary)  # type: ignore[misc]
        texts = dictionary.getlist(self.field_name)
        if len(texts) > 1:
            return texts  # field=a&field=b, as in DRF
        text = texts[0]
        if not isinstance(text, str):
            return text
        if not text.strip():
            return empty
        try:
            return exact_json(text)
        except JSONTextError:
            return _FormText(text)


class _FormText(str):
    """A form's text that isn't valid JSON. The form shows the same text again."""

    __slots__ = ()
    is_json_string = True


class ComposedField(FormJSON, serializers.JSONField):
    """A field that accepts any JSON, for example because the schema has several types or branches."""


class JSONListField(FormJSON, serializers.ListField):
    """A field for an array, except an array of objects with properties."""

    def get_value(self, dictionary: Any) -> Any:
        value = super().get_value(dictionary)
        # Forms outside the browsable API may send tags=a, which means an array with one element.
        return [str(value)] if isinstance(value, _FormText) and not value.lstrip().startswith("[") else value


class JSONDictField(FormJSON, serializers.DictField):
    """A field for an object whose property names aren't listed in the schema."""


class EnumField(serializers.ChoiceField):
    """A field whose value must be in a fixed list. The values in the list can have different types."""

    def iter_options(self) -> Iterator[Any]:
        if not self.required and not self.allow_null:  # without this, DRF's form sends the first option by default
            yield _NoChoice()
        yield from super().iter_options()


class _NoChoice:
    start_option_group = end_option_group = disabled = False
    value, display_text = "", "--------"


def _string(schema: Schema, **options: Any) -> Field:
    options |= _bounds(schema, minLength="min_length", maxLength="max_length")
    # With allow_blank, drf-spectacular adds "or empty" to the pattern. The pattern alone decides whether "" is valid.
    allow_blank = "min_length" not in options and not schema.pattern
    if schema.pattern:
        options["validators"] = [RegexValidator(cast("re.Pattern[str]", _Pattern(schema.pattern)))]
    return serializers.CharField(trim_whitespace=False, allow_blank=allow_blank, **options)


class _Pattern:
    """A compiled regular expression in ECMA 262's syntax. Some patterns have another meaning in Python's ``re``."""

    flags = 0

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    @cached_property
    def _validator(self) -> Validator | None:
        try:
            return compile_schema({"pattern": self.pattern})
        except SchemaError:  # reported as W202; the schema's validator ignores the pattern, too
            return None

    def search(self, text: str) -> bool:
        return self._validator is None or self._validator.is_valid(text)


def _plain_string(schema: Schema, **options: Any) -> Field:
    """Returns the field for a string without a format. If a factory is registered for it, the factory creates it."""
    return _made_by(_FACTORIES["string", None], schema, options)


def _integer(schema: Schema, **options: Any) -> Field:
    for bound, exclusive, option, step, tightest in (
        ("minimum", "exclusiveMinimum", "min_value", 1, max),
        ("maximum", "exclusiveMaximum", "max_value", -1, min),
    ):
        bounds = []
        if _is_number(schema.keyword(bound)):
            bounds.append(math.ceil(schema.keyword(bound)) if step > 0 else math.floor(schema.keyword(bound)))
        if _is_number(schema.keyword(exclusive)):
            whole = math.floor if step > 0 else math.ceil
            bounds.append(whole(schema.keyword(exclusive)) + step)
        if bounds:
            options[option] = tightest(bounds)
    return serializers.IntegerField(**options)


def _number(schema: Schema, **options: Any) -> Field:
    for keyword, option in (("minimum", "min_value"), ("maximum", "max_value")):
        if _is_number(schema.keyword(keyword)):
            options[option] = float(schema.keyword(keyword))
    return serializers.FloatField(**options)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


#: The factories by type and format. For other schemas, string formats create their fields (``formats``), and ``_field``
#: creates the fields of arrays, objects, enums and composed schemas.
_FACTORIES: dict[tuple[str, str | None], FieldFactory] = {
    ("string", None): _string,
    ("integer", None): _integer,
    ("number", None): _number,
    ("boolean", None): lambda schema, **options: serializers.BooleanField(**options),
}
