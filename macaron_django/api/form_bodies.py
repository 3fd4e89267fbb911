"""Forms as bodies, urlencoded or multipart → JSON values, by schema and ``encoding``.

In: the names and values that a form sent, and the media type that the operation declares. Out: the JSON object
that they stand for, with uploaded files where the schema says binary. Apart from ``bodies`` because a form's
fields are spelled like query parameters, not like documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from macaron_django.api import parameter_styles as styles
from macaron_django.api.field_plans import ABSENT, FieldPlan
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.text_values import schema_types
from macaron_django.schemas.violations import Violation, pointer_to
from macaron_django.spec import Encoding, MediaType, Parameter, Schema

__all__ = ["FormPlan", "UrlencodedForm"]


class UrlencodedForm(QueryDict):
    """A QueryDict that still knows its values as sent: an encoded comma isn't a separator."""

    def __init__(
        self, query_string: bytes | str | None = None, mutable: bool = False, encoding: str | None = None
    ) -> None:
        super().__init__(query_string, mutable=mutable, encoding=encoding)
        text = query_string.decode("utf-8", "strict") if isinstance(query_string, bytes) else query_string
        #: Decoded names and raw values; empty in copies, which may have been changed.
        self.pairs = styles.pairs_of(text or "")


class FormPlan:
    """How the forms of one media type are read, made once."""

    def __init__(self, declared: MediaType) -> None:
        self.schema = declared.schema
        properties = self.schema.properties if self.schema is not None else {}
        self.fields = {
            name: FieldPlan(_as_parameter(name, prop.schema, declared.encoding.get(name)))
            for name, prop in properties.items()
        }

    def read(self, form: MultiValueDict[str, Any]) -> dict[str, Any]:
        """The object that ``form`` spells; ``ValidationFailed`` where a field isn't written in its style."""
        pairs, files = _parts(form)
        found: dict[str, Any] = {}
        violations = []
        for name, field in self.fields.items():
            if name in files:
                is_array = "array" in schema_types(field.schema)
                found[name] = files[name] if is_array else files[name][-1]
                continue
            try:
                value = field.json_value(pairs, styles.decoded_query)
            except (styles.StyleError, UnicodeDecodeError) as error:
                message = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
                violations.append(Violation(message, pointer_to([name]), "", "style"))
                continue
            if value is not ABSENT:
                found[name] = value
        if violations:
            raise ValidationFailed(violations=violations)
        return {**self._others(pairs, files), **found}

    def _others(self, pairs: styles.Pairs, files: Mapping[str, list[Any]]) -> dict[str, Any]:
        """What the schema doesn't name: text as it is, for ``additionalProperties`` to judge."""
        others: dict[str, Any] = {name: sent if len(sent) > 1 else sent[0] for name, sent in files.items()}
        for name, raw in pairs:
            if not any(field.claims(name) for field in self.fields.values()):
                text = styles.decoded_query(raw)
                others[name] = [*_listed(others[name]), text] if name in others else text
        return others


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_parameter(name: str, schema: Schema, encoding: Encoding | None) -> Parameter:
    """A field of a form is written like a query parameter; objects, where nothing is said, are JSON."""
    content_type = encoding.content_type if encoding else None
    is_json = content_type is not None and ("json" in content_type)
    if encoding is None and "object" in schema_types(schema):
        is_json = True
    return Parameter(
        name=name,
        location="query",
        required=False,
        schema=schema,
        style=encoding.style if encoding else "form",
        explode=encoding.explode if encoding else True,
        content_type="application/json" if is_json else None,
    )


def _parts(form: MultiValueDict[str, Any]) -> tuple[Sequence[tuple[str, str]], dict[str, list[UploadedFile[Any]]]]:
    """Split a form into raw text pairs and files."""
    files: dict[str, list[UploadedFile[Any]]] = {}
    texts: list[tuple[str, str]] = []
    for name, values in form.lists():
        for value in values:
            if isinstance(value, UploadedFile):
                files.setdefault(name, []).append(value)
            else:
                texts.append((name, quote_plus(value, safe=",|")))
    return getattr(form, "pairs", None) or texts, files
