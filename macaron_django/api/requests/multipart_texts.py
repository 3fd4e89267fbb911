"""Reads the text parts of multipart bodies. Decodes each part with its charset, and keeps its media type.

This module exists because Django's parser ignores the media types and charsets of text parts. Django's parser still
reads the files, and enforces the limits for all parts.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import encodings
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from encodings import normalize_encoding
from encodings.aliases import aliases
from pkgutil import iter_modules
from typing import IO, TYPE_CHECKING, Any, cast

from django.http import QueryDict
from django.http.multipartparser import FIELD, ChunkIter, LazyStream, MultiPartParserError, Parser
from django.utils.http import parse_header_parameters

from macaron_django.api.requests.body_bytes import MalformedBody
from macaron_django.openapi.operations.media_types import essence

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PartText", "charset_of", "read_texts", "with_texts"]

_CHUNK = 64 * 1024
#: The names of Python's own codecs. Clients may name only these codecs, because Python's cache stores each name.
_CODECS = frozenset({*aliases, *aliases.values(), *(module.name for module in iter_modules(encodings.__path__))})
#: The greatest number of characters in the name of a charset (RFC 2978, section 2.3).
_LONGEST = 40
#: Codecs of Python that aren't charsets, because they encode text as other text. Some of them take quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})


class PartText(str):
    """The text of a part that has a media type. ``content_type`` is the media type."""

    __slots__ = ("content_type",)
    content_type: str

    def __new__(cls, text: str, content_type: str) -> Self:
        made = super().__new__(cls, text)
        made.content_type = content_type
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # copies keep the media type
        return str(self), self.content_type


@dataclass(frozen=True)
class _Part:
    name: str
    content_type: str
    charset: str | None
    octets: bytes


def read_texts(stream: IO[bytes], content_type: str) -> dict[str, list[str]]:
    """Returns the text parts of a multipart body by name, in their order.

    If a part doesn't specify a charset, the part ``_charset_`` contains the charset's name (RFC 7578, section 4.6). If
    there is no such part, the charset is UTF-8. Raises ``MalformedBody`` for a part that isn't text in its charset, or
    whose charset is unknown.
    """
    parts = list(_parts(stream, content_type))
    default = next((part.octets.decode("ascii", "replace") for part in parts if part.name == "_charset_"), "utf-8")
    texts: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        text = _decoded(part, part.charset or default)
        texts[part.name].append(PartText(text, part.content_type) if part.content_type else text)
    return texts


def with_texts(form: QueryDict, texts: dict[str, list[str]]) -> QueryDict:
    """Returns a copy of ``form`` with the values in ``texts``.

    A field keeps the values that Django has read if ``texts`` has a different number of values for it.
    """
    made = QueryDict(mutable=True, encoding=form.encoding)
    for name, values in form.lists():
        found = texts.get(name, [])
        made.setlist(name, found if len(found) == len(values) else values)
    made._mutable = False
    return made


def charset_of(name: str) -> str | None:
    """Returns Python's name for a charset; None if the name is unknown or isn't the name of a charset."""
    known = normalize_encoding(name[:_LONGEST]).lower()
    if len(name) > _LONGEST or known not in _CODECS:
        return None
    try:
        charset = codecs.lookup(known).name
        b" ".decode(charset, "ignore")  # raises LookupError for codecs that aren't charsets: base64, zlib, rot13
    except (LookupError, ValueError):
        return None
    return None if charset in _NO_CHARSETS else charset


def _parts(stream: IO[bytes], content_type: str) -> Iterator[_Part]:
    """Yields the parts that Django's parser doesn't treat as files."""
    boundary = parse_header_parameters(content_type)[1].get("boundary", "").encode("ascii", "replace")
    try:
        for kind, headers, content in Parser(LazyStream(ChunkIter(cast("Any", stream), _CHUNK)), boundary):
            parameters = headers.get("content-disposition", ("", {}))[1]
            if kind != FIELD or "name" not in parameters:
                deque(content, maxlen=0)  # the next part begins where this one ends
                continue
            media_type, said = headers.get("content-type", ("", {}))
            octets = content.read()
            if _stripped(headers.get("content-transfer-encoding", ("", {}))[0]) == "base64":
                octets = _without_base64(octets)
            name, charset = _stripped(parameters["name"]), _stripped(said["charset"]) if "charset" in said else None
            yield _Part(name, essence(_stripped(media_type)), charset, octets)
    except MultiPartParserError as error:
        raise MalformedBody(f"The form can't be read: {error}") from error


def _stripped(value: str | bytes) -> str:
    return (value if isinstance(value, str) else value.decode("utf-8", "replace")).strip()


def _without_base64(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets)
    except binascii.Error:
        return octets


def _decoded(part: _Part, name: str) -> str:
    charset = charset_of(name)
    if charset is None:
        raise MalformedBody(f"The part {part.name!r} names the charset {name!r}, which is unknown.")
    try:
        return part.octets.decode(charset)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The part {part.name!r} isn't valid {charset} at byte {error.start}.") from None
