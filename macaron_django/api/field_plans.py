"""A parameter or a form's field, written as name=value pairs → its JSON value, by style and schema.

In: pairs of decoded names and raw values. Out: the JSON value that one declared name has among them, or ABSENT.
Apart from ``parameters`` because the fields of forms (``form_bodies``) are written in the same styles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from macaron_django.api import parameter_styles as styles
from macaron_django.conf import settings
from macaron_django.schemas.json_text import JSONTextError, exact_json
from macaron_django.schemas.text_values import array_items, property_schema, schema_types, value_of_text
from macaron_django.schemas.validators import SchemaValidator, validator_for
from macaron_django.spec import Parameter, Schema

__all__ = ["ABSENT", "FieldPlan"]

#: What was not sent.
ABSENT: Any = object()


class FieldPlan:
    """How one name is read. ``others`` are the names that belong to somebody else."""

    def __init__(self, parameter: Parameter, others: frozenset[str] = frozenset()) -> None:
        self.parameter, self.others = parameter, others
        self.name, self.schema = parameter.name, parameter.schema
        self.types = schema_types(self.schema)
        self.is_document = parameter.content_type is not None
        self.shape: styles.Shape = "primitive"
        if not self.is_document:
            self.shape = "array" if "array" in self.types else "object" if "object" in self.types else "primitive"
        # An object that is exploded has its properties as names of their own.
        self.is_spread = self.shape == "object" and parameter.explode and parameter.style in ("form", "cookie")

    @cached_property
    def validator(self) -> SchemaValidator:
        return validator_for(self.schema, "request")

    def claims(self, name: str) -> bool:
        """Whether the pair called ``name`` is (a part of) this one."""
        if self.parameter.style == "deepObject" and self.shape == "object":
            return name.startswith(f"{self.name}[")
        return self._is_own_property(name) if self.is_spread else name == self.name

    def _is_own_property(self, name: str) -> bool:
        if name in self.schema.properties:
            return True
        free = isinstance(self.schema.additional_properties, Schema) or not self.schema.properties
        return free and self.schema.additional_properties is not False and name not in self.others

    def json_value(self, pairs: styles.Pairs, decode: Callable[[str], str]) -> Any:
        """The JSON value, unjudged, or ABSENT. ``StyleError`` where it isn't written in its style."""
        spelled = self.spelled(pairs, decode)
        return ABSENT if spelled is ABSENT else self.meant(spelled)

    # Spelling: what was sent, as text ---------------------------------------------------------------------------

    def spelled(self, pairs: styles.Pairs, decode: Callable[[str], str]) -> Any:
        style, explode = self.parameter.style, self.parameter.explode
        if self.shape == "object" and style == "deepObject":
            own = [pair for pair in pairs if self.claims(pair[0])]
            return styles.deep_object(self.name, own, decode) if own else ABSENT
        if self.is_spread:
            own = [pair for pair in pairs if self.claims(pair[0])]
            return self._spread(own, decode) if own else ABSENT
        texts = [raw for name, raw in pairs if name == self.name]
        if not texts:
            return ABSENT
        if self.shape == "array" and (explode or len(texts) > 1):
            # Exploded or, as many clients send it, repeated anyway.
            return [decode(text) for text in texts]
        if len(texts) > 1:
            raise styles.StyleError(f"is given {len(texts)} times, and takes one value")
        if self.is_document:
            return decode(texts[0])
        return self._one(texts[0], style if style in styles.DELIMITERS else "form", decode)

    def _one(self, text: str, style: str, decode: Callable[[str], str]) -> Any:
        if self.shape != "primitive" and style == "form":
            lenient = styles.with_encoded_commas(text, self.shape, decode)
            # RFC 6570 makes an encoded comma part of a value. Clients that encode every comma are understood
            # where that reading can't be meant, because the schema refuses it.
            if lenient is not None and not self._may_be_meant(text, decode):
                return lenient
        return styles.delimited(text, style, self.shape, decode)

    def _may_be_meant(self, text: str, decode: Callable[[str], str]) -> bool:
        try:
            return self.validator.is_valid(self.meant(styles.delimited(text, "form", self.shape, decode)))
        except styles.StyleError:
            return False

    def _spread(self, own: styles.Pairs, decode: Callable[[str], str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, raw in own:
            if name in found:
                schema = property_schema(self.schema, name)
                if schema is None or "array" not in schema_types(schema):
                    raise styles.StyleError(f"has {name!r} twice")
                before = found[name] if isinstance(found[name], list) else [found[name]]
                found[name] = [*before, decode(raw)]
            else:
                found[name] = decode(raw)
        return found

    # Meaning: text as the schema's types ------------------------------------------------------------------------

    def meant(self, spelled: Any) -> Any:
        if self.is_document and isinstance(spelled, str):
            return self._document(spelled)
        scalars = self.types - {"array", "object", "null"}
        if isinstance(spelled, list) and len(spelled) == 1 and scalars:
            return value_of_text(self.schema, spelled[0])  # one value where several, or a bare one, may stand
        return _meant(self.schema, spelled)

    def _document(self, text: str) -> Any:
        media_type = (self.parameter.content_type or "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            return text
        try:
            return exact_json(text, max_depth=settings.MAX_BODY_DEPTH)
        except JSONTextError as error:
            raise styles.StyleError(f"is not JSON: {error}") from error


def _meant(schema: Schema, spelled: Any) -> Any:
    """Text, lists and dictionaries of text → JSON values, by what the schema says of each."""
    if isinstance(spelled, str):
        types = schema_types(schema)
        if "array" in types and "string" not in types and not spelled.startswith("["):
            return [_meant_element(schema, spelled)]  # inside an exploded or deep object: one element
        return value_of_text(schema, spelled)
    if isinstance(spelled, list):
        return [_meant_element(schema, element) for element in spelled]
    found = {}
    for name, member in spelled.items():
        inner = property_schema(schema, name)
        found[name] = member if inner is None else _meant(inner, member)
    return found


def _meant_element(schema: Schema, spelled: Any) -> Any:
    items = array_items(schema)
    return spelled if items is None else _meant(items, spelled)
