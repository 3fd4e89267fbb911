"""Writes the source of Django models for a spec's schemas, as ``inspectdb`` does for the tables of a database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from macaron_django.openapi import Document, Property, Schema, implied_hash_key
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.values.classes import class_name
from macaron_django.schemas.values.field_names import field_names

__all__ = ["identified", "models_source"]

#: Longer strings become TextFields. MySQL's keys can't be longer, and forms need a text area.
_LONGEST = 255
#: Field classes whose values JSON represents without conversion.
_PLAIN = frozenset({"BigIntegerField", "BooleanField", "CharField", "EmailField", "IntegerField", "TextField"})
#: Field classes for formats whose values are plain text in a row.
_TEXT_FIELDS = {
    "email": "EmailField",
    "uri": "URLField",
    "ipv4": "GenericIPAddressField",
    "ipv6": "GenericIPAddressField",
}
#: The arguments of a key's field, by the key's format, if clients don't send the key. Python then generates the key.
_MADE = {"uuid": "default=uuid.uuid4, editable=False"}


def identified(document: Document) -> dict[str, str]:
    """Returns the components that have an identifying property, with this property's name."""
    found = {}
    for name, schema in document.schemas.items():
        key = implied_hash_key(name, schema.properties) if schema.is_object and schema.properties else None
        if key is not None and schema.properties[key].schema.types in {("string",), ("integer",)}:
            found[name] = key
    return found


def models_source(document: Document, keys: Mapping[str, str | None], title: str) -> str:
    """Returns the source of a module with a model for each schema in ``keys``.

    ``keys`` maps each schema to the property that identifies its objects. If the value is None, the model gets Django's
    field ``id``.
    """
    written = _Models(document, keys)
    models = "\n\n\n".join("\n".join(written.model(name)) for name in written.order())
    imports = ["import uuid\n"] * ("uuid.uuid4" in models)
    return "\n".join([f'"""{title}"""', "", *imports, "from django.db import models", "", "", models, ""])


class _Models:
    def __init__(self, document: Document, keys: Mapping[str, str | None]) -> None:
        self.document, self.keys = document, keys
        self.names = {name: class_name(document.schemas[name].resolved, name) for name in keys}

    def order(self) -> Sequence[str]:
        return [name for name in self.document.schemas if name in self.keys]

    def model(self, name: str) -> Iterator[str]:
        schema = self.document.schemas[name]
        yield f"class {self.names[name]}(models.Model):"
        fields = field_names(schema.properties)
        for prop in schema.properties.values():
            yield from self._field(prop, fields[prop.name], is_key=prop.name == self.keys[name])
        shown = next((n for n in ("name", "title", "username", "email") if fields.get(n) == n), None)
        yield ""
        if shown is not None and schema.properties[shown].schema.types == ("string",):
            yield "    def __str__(self) -> str:"
            yield f"        return self.{shown} or str(self.pk)"
        else:
            yield "    def __str__(self) -> str:"
            yield "        return str(self.pk)"

    def _field(self, prop: Property, field: str, *, is_key: bool) -> Iterator[str]:
        comments: list[str] = []
        if field != prop.name:
            comments.append(f"the property {prop.name!r}: add `x-field: {field}` to it in the spec")
        kind, arguments = self._kind(prop, field, comments, is_key=is_key)
        if is_key:
            arguments.append("primary_key=True")
            if prop.read_only and (prop.schema.format or "") in _MADE:
                arguments.append(_MADE[prop.schema.format or ""])
        elif kind != "ManyToManyField" and (not prop.required or prop.schema.nullable or prop.read_only):
            arguments += ["null=True", "blank=True"]
        has_plain_default = prop.schema.has_default and isinstance(prop.schema.default, (bool, int, str))
        if has_plain_default and not is_key and kind in _PLAIN:
            arguments.append(f"default={_literal(prop.schema.default)}")
        line = f"    {field} = models.{kind}({', '.join(arguments)})"
        if len(line) > 88 and arguments:
            line = "\n".join([f"    {field} = models.{kind}(", *(f"        {each}," for each in arguments), "    )"])
        # A name with a line break must not end the comment.
        yield from ("    # " + "".join(c if c.isprintable() else " " for c in comment) for comment in comments)
        yield line

    def _kind(self, prop: Property, field: str, comments: list[str], *, is_key: bool) -> tuple[str, list[str]]:
        schema = prop.schema.resolved
        related = schema.name if schema.name in self.keys and not is_key else None
        if related is not None and schema.is_object:
            review = "check that this is a relation, and that on_delete is right"
            comments.append(f"a $ref to {related}, which has a key: {review}")
            # Without this, two relations to the same model would have the same reverse accessor.
            return "ForeignKey", [_literal(self.names[related]), "on_delete=models.PROTECT", 'related_name="+"']
        types = tuple(kind for kind in prop.schema.types if kind != "null")
        if types == ("string",) or (not types and _are_texts(schema.enum)):
            return self._text(schema, comments, is_key=is_key)
        if types == ("integer",):
            if is_key and (prop.read_only or not prop.required):
                return "BigAutoField", []
            kind = "IntegerField" if schema.format == "int32" else "BigIntegerField"
            return kind, _choices(schema.enum, int)
        if types == ("number",):
            return _number(schema, comments)
        if types == ("boolean",):
            return "BooleanField", []
        items = schema.items.resolved if schema.items is not None else None
        if items is not None and items.name in self.keys:
            comments.append(f"an array of {items.name}, which has a key: use a ManyToManyField if this is a relation")
        return "JSONField", []

    def _text(self, schema: Schema, comments: list[str], *, is_key: bool) -> tuple[str, list[str]]:
        string_format = STRING_FORMATS.get(schema.format or "")
        kind = _TEXT_FIELDS.get(schema.format or "") or (string_format.model_field_class if string_format else "")
        longest = schema.keyword("maxLength")
        if kind == "DecimalField":
            comments.append("the spec doesn't say how many digits this number has")
            return kind, ["max_digits=19", "decimal_places=4"]
        if kind and kind not in {"CharField", "EmailField", "URLField", "SlugField", "TextField"}:
            return kind, []
        if schema.enum and _are_texts(schema.enum):
            texts = [value for value in schema.enum if value is not None]
            return "CharField", [f"max_length={max(map(len, texts), default=1) or 1}", *_choices(schema.enum, str)]
        if isinstance(longest, int) and longest <= _LONGEST:
            return kind if kind in {"EmailField", "URLField"} else "CharField", [f"max_length={max(longest, 1)}"]
        if is_key:
            comments.append(f"the spec allows keys that are longer than {_LONGEST} characters")
            return "CharField", [f"max_length={_LONGEST}"]
        if kind in {"EmailField", "URLField"}:
            return kind, [f"max_length={_LONGEST}"] if kind == "URLField" else []
        return "TextField", []


def _number(schema: Schema, comments: list[str]) -> tuple[str, list[str]]:
    step = schema.keyword("multipleOf")
    places = re.fullmatch(r"0?\.(0*1)", str(step)) if step is not None else None
    if places is not None:
        return "DecimalField", ["max_digits=19", f"decimal_places={len(places[1])}"]
    return "FloatField", []


def _choices(values: Sequence[object] | None, kind: type) -> list[str]:
    chosen = [value for value in values or () if isinstance(value, kind) and not isinstance(value, bool)]
    if not chosen:
        return []
    pairs = ", ".join(f"({_literal(value)}, {_literal(str(value))})" for value in chosen)
    return [f"choices=[{pairs}]"]


def _are_texts(values: Iterable[object] | None) -> bool:
    return values is not None and all(isinstance(value, str) for value in values if value is not None)


def _literal(value: object) -> str:
    """Returns a value as a Python literal. Texts are in double quotes.

    >>> _literal("it's"), _literal(3)
    ('"it\\'s"', '3')
    """
    if not isinstance(value, str):
        return repr(value)
    text = repr(value)
    return text if text[0] == '"' or '"' in value else '"' + text[1:-1].replace("\\'", "'") + '"'
