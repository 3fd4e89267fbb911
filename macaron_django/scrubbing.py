"""Removes secrets from the values of a request, so that the values can be sent to people and written to logs.

Secrets are recognised by name (of a header, query parameter or property), by schema (``writeOnly``, ``format:
password``) and by form (a JWT). Once a secret is found, it is removed everywhere, for example from the message of
an exception that quotes a password.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from macaron_django.openapi import Schema

__all__ = ["HIDDEN", "Scrubber", "is_secret_schema"]

#: The text that replaces each secret.
HIDDEN = "********"

_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw(or)?d|passphrase|pwd|(api|access|private|account)[-_ ]?key"
    r"|session|credential|signature|[cx]srf|jwt",
    re.IGNORECASE,
)
_JSON_OBJECT = re.compile(rb'\s*\{\s*["}]')
#: A match begins only at the start of a word. Otherwise, a search would scan a long word again from each of its
#: letters.
_DOTTED = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){1,4}")
#: Shorter secrets aren't replaced in texts, because they often are part of ordinary words.
_SHORTEST = 4
_DEEPEST = 50


class Scrubber:
    """Replaces secrets, and remembers them.

    A value is secret if its name is one of the usual names of secrets, or is in ``names``.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._secrets: set[str] = set()

    def is_secret(self, name: str) -> bool:
        """Returns whether values with this name are secret."""
        return name.lower() in self._names or _SECRET_NAME.search(name) is not None

    def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns headers or query parameters. Replaces the values whose names show that they are secret."""
        return {name: self._hide(value) if self.is_secret(name) else value for name, value in values.items()}

    def body(self, value: Any, schema: Schema | None = None) -> Any:
        """Replaces the secrets in a JSON value at any depth. Secrets are found by their names and schemas."""
        return self._part(value, list(_branches(schema)) if schema is not None else [], 0)

    def everywhere(self, value: Any) -> Any:
        """Replaces the secrets found so far, and all JWTs, in every text in ``value``."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.everywhere(name): self.everywhere(member) for name, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.everywhere(member) for member in value]
        return value

    def text(self, text: str) -> str:
        """Replaces the secrets found so far, and all JWTs, in a text."""
        # The longest secret is replaced first, because it may contain another secret.
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _DOTTED.sub(lambda found: HIDDEN if _is_jose(found[0]) else found[0], text)

    def _part(self, value: Any, schemas: list[Schema], depth: int) -> Any:
        if depth > _DEEPEST:
            return HIDDEN
        if any(map(is_secret_schema, schemas)):
            return self._hide(value)
        if isinstance(value, Mapping):
            return {str(name): self._member(str(name), each, schemas, depth) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            items = [branch for schema in schemas if schema.items is not None for branch in _branches(schema.items)]
            return [self._part(each, items, depth + 1) for each in value]
        return value

    def _member(self, name: str, value: Any, schemas: list[Schema], depth: int) -> Any:
        if self.is_secret(name):
            return self._hide(value)
        own: list[Schema] = []
        for schema in schemas:
            if name in schema.properties:
                own += _branches(schema.properties[name].schema)
            elif isinstance(schema.additional_properties, Schema):
                own += _branches(schema.additional_properties)
        return self._part(value, own, depth + 1)

    def _hide(self, value: Any) -> str:
        for text in _texts(value):
            self._secrets.update(spelling for spelling in _spellings(text) if len(spelling) >= _SHORTEST)
        return HIDDEN


def _branches(schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """Yields the schema and the subschemas in its ``oneOf``, ``anyOf`` and ``allOf``, recursively."""
    yield schema
    if depth < 8:  # alternatives may refer to each other
        for branch in (*schema.one_of, *schema.any_of, *schema.all_of):
            yield from _branches(branch, depth + 1)


def is_secret_schema(schema: Schema) -> bool:
    """Returns whether the schema itself says that its values are secret."""
    return schema.keyword("writeOnly") is True or schema.format == "password"


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        return [text for member in value.values() for text in _texts(member)]
    if isinstance(value, (list, tuple)):
        return [text for member in value for text in _texts(member)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def _spellings(text: str) -> Iterator[str]:
    """Yields the ways to write a secret: without its scheme or cookie name, decoded, percent-encoded, escaped."""
    parts = {text}
    for cookie in text.split(";"):
        value = cookie.partition("=")[2].strip()
        parts |= {value, unquote_plus(value)}
    parts |= {rest.strip() for part in list(parts) if (rest := part.partition(" ")[2])}  # Bearer token
    scheme, _, rest = text.partition(" ")
    if scheme.lower() == "basic":
        with suppress(binascii.Error, ValueError):
            parts.add(base64.b64decode(rest, validate=True).decode().partition(":")[2])
    for part in parts:
        yield from (part, quote(part), quote_plus(part), repr(part)[1:-1], json.dumps(part)[1:-1])


def _is_jose(text: str) -> bool:
    """Returns whether a text is a JWS or JWE: its first part is a JSON object in Base64 (RFC 7515, section 3.1)."""
    head = text.partition(".")[0]
    try:
        return _JSON_OBJECT.match(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) is not None
    except (binascii.Error, ValueError):
        return False
