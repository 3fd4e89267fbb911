"""Reads the JSON value of a parameter or form field from name=value pairs, according to its style and schema."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from macaron_django.conf import settings
from macaron_django.openapi import Parameter, Schema
from macaron_django.openapi.operations.media_types import is_json
from macaron_django.schemas.styles import parameter_styles as styles
from macaron_django.schemas.validation.validators import SchemaValidator, validator_for
from macaron_django.schemas.values.json_text import JSONTextError, exact_json
from macaron_django.schemas.values.text_values import array_items, property_schema, schema_types, value_of_text

__all__ = ["ABSENT", "FieldReader"]

#: The value of a parameter or field that wasn't sent.
ABSENT: Any = object()


class FieldReader:
    """Reads one parameter or field.

    ``others`` has the names of other parameters. An exploded object doesn't include pairs with these names.
    """

    def __init__(self, parameter: Parameter, others: frozenset[str] = frozenset()) -> None:
        self.parameter, self.others = parameter, others
        self.name, self.schema = parameter.name, parameter.schema
        self.types = schema_types(self.schema)
        self.is_document = parameter.content_type is not None
        self.is_text = not self.is_document and self.types == {"string"}
        self.shape: styles.Shape = "primitive"
        if not self.is_document:
            self.shape = "array" if "array" in self.types else "object" if "object" in self.types else "primitive"
        # The properties of an exploded object are sent under their own names.
        self.is_exploded_object = styles.is_spread(self.shape, parameter.style, parameter.explode)

    @cached_property
    def validator(self) -> SchemaValidator:
        """Validates the value."""
        return validator_for(self.schema, "request")

    def claims(self, name: str) -> bool:
        """Returns whether a pair with this name belongs to the parameter."""
        if self.parameter.style == "deepObject" and self.shape == "object":
            return name.startswith(f"{self.name}[")
        return self._is_own_property(name) if self.is_exploded_object else name == self.name

    def _is_own_property(self, name: str) -> bool:
        if name in self.schema.properties:
            return True
        free = isinstance(self.schema.additional_properties, Schema) or not self.schema.properties
        return free and self.schema.additional_properties is not False and name not in self.others

    def json_value(self, pairs: styles.Pairs, decode: Callable[[str], str]) -> Any:
        """Returns the JSON value, without validation; ABSENT if it wasn't sent.

        Raises ``StyleError`` for a wrong style.
        """
        texts = self.texts(pairs, decode)
        return ABSENT if texts is ABSENT else self.value_of(texts)

    # The texts of a value ---------------------------------------------------------------------------------------

    def texts(self, pairs: styles.Pairs, decode: Callable[[str], str]) -> Any:
        """Returns a text, or a list or dictionary of texts, according to the style; ABSENT if nothing was sent."""
        style, explode = self.parameter.style, self.parameter.explode
        if self.shape == "object" and style == "deepObject":
            own = [pair for pair in pairs if self.claims(pair[0])]
            limit = settings.MAX_BODY_DEPTH
            return styles.deep_object(self.name, own, decode, max_depth=limit) if own else ABSENT
        if self.is_exploded_object:
            own = [pair for pair in pairs if self.claims(pair[0])]
            return self._exploded(own, decode) if own else ABSENT
        sent = [raw for name, raw in pairs if name == self.name]
        if not sent:
            return ABSENT
        if self.shape == "array" and (explode or len(sent) > 1):
            # The parameter is exploded, or the client has repeated it although it isn't exploded, as many clients do.
            read = styles.elements(decode, self.parameter.item_styles)
            return [read(text) for text in sent]
        if len(sent) > 1:
            raise styles.StyleError(f"was sent {len(sent)} times; it must be sent once")
        if self.is_document:
            return decode(sent[0])
        return self._one(sent[0], style if style in styles.DELIMITERS else "form", decode)

    def _one(self, text: str, style: str, decode: Callable[[str], str]) -> Any:
        if self.shape != "primitive" and style == "form":
            lenient = styles.with_encoded_commas(text, self.shape, decode)
            # In RFC 6570, an encoded comma is part of a value. However, some clients encode every comma. If the schema
            # refuses the value according to the RFC, encoded commas count as separators.
            if lenient is not None and not self.parameter.item_styles and not self._is_valid(text, decode):
                return lenient
        return styles.delimited(text, style, self.shape, decode, self.parameter.item_styles)

    def _is_valid(self, text: str, decode: Callable[[str], str]) -> bool:
        try:
            return self.validator.is_valid(self.value_of(styles.delimited(text, "form", self.shape, decode)))
        except styles.StyleError:
            return False

    def _exploded(self, own: styles.Pairs, decode: Callable[[str], str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, raw in own:
            if name in found:
                schema = property_schema(self.schema, name)
                if schema is None or "array" not in schema_types(schema):
                    raise styles.StyleError(f"has {name!r} twice")
                if not isinstance(found[name], list):
                    found[name] = [found[name]]
                found[name].append(decode(raw))
            else:
                found[name] = decode(raw)
        return found

    # The JSON value of the texts --------------------------------------------------------------------------------

    def value_of(self, texts: Any) -> Any:
        """Converts a text, or a list or dictionary of texts, to a JSON value, according to the schema's types.

        Raises ``StyleError`` for invalid JSON.
        """
        if self.is_text and type(texts) is str:
            return texts
        if self.is_document and isinstance(texts, str):
            return self._document(texts)
        scalars = self.types - {"array", "object", "null"}
        if isinstance(texts, list) and len(texts) == 1 and scalars:
            return value_of_text(self.schema, texts[0])  # the schema allows an array or a single value
        return _value_of(self.schema, texts)

    def _document(self, text: str) -> Any:
        if not is_json(self.parameter.content_type or ""):
            return text
        try:
            return exact_json(text, max_depth=settings.MAX_BODY_DEPTH)
        except JSONTextError as error:
            raise styles.StyleError(f"is not JSON: {error}") from error


def _value_of(schema: Schema, texts: Any) -> Any:
    """Converts a text, or a list or dictionary of texts, to a JSON value. Each text is read with its own schema."""
    if isinstance(texts, str):
        types = schema_types(schema)
        if "array" in types and "string" not in types and not texts.startswith("["):
            return [_element(schema, texts)]  # an array of one element in an exploded or deep object
        return value_of_text(schema, texts)
    if isinstance(texts, list):
        return [_element(schema, element) for element in texts]
    found = {}
    for name, member in texts.items():
        inner = property_schema(schema, name)
        found[name] = member if inner is None else _value_of(inner, member)
    return found


def _element(schema: Schema, texts: Any) -> Any:
    items = array_items(schema)
    return texts if items is None else _value_of(items, texts)
