"""Writes values as parameters, in each of OpenAPI's styles (3.2, section 4.12.6, "Style Examples").

The functions accept JSON values and return the texts to send: percent-encoded in paths, queries and cookies, and
unchanged in headers. A separator inside a value is percent-encoded. In a header, such a separator causes an error
instead. ``parameter_styles`` does the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from macaron_django.openapi import Header, Parameter
from macaron_django.openapi.operations.media_types import is_json
from macaron_django.schemas.styles.parameter_styles import StyleError, is_spread
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["cookie_pairs", "encoded", "header_text", "path_text", "query_pairs", "scalar_text"]

Encode = Callable[[str], str]

#: The separators of values that aren't exploded, by style: in paths, queries and forms, and in headers.
_SEPARATORS: Mapping[str, tuple[str, str]] = {
    "form": (",", ","),
    "simple": (",", ","),
    "spaceDelimited": ("%20", " "),
    "pipeDelimited": ("%7C", "|"),
    "tabDelimited": ("%09", "\t"),
}
#: The reserved characters that ``allowReserved`` leaves unencoded. They can't end a value in a query.
_RESERVED = ":/?@!$'()*,;"
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")  # RFC 6265, section 4.1.1


def scalar_text(value: Any) -> str:
    """Returns a string unchanged, and any other value as JSON.

    >>> [scalar_text(each) for each in ("a", True, 1.5, None, {"a": 1})]
    ['a', 'true', '1.5', 'null', '{"a":1}']
    """
    return value if isinstance(value, str) else dump_json(value).decode()


def encoded(text: str) -> str:
    """Percent-encodes all characters except letters, digits, "-", ".", "_" and "~"."""
    return quote(text, safe="")


def _encoded_but_reserved(text: str) -> str:
    return quote(text, safe=_RESERVED)


def _encoded_in_label(text: str) -> str:
    return encoded(text).replace(".", "%2E")


def path_text(parameter: Parameter, value: Any, *, dots: bool = False) -> str:
    """Returns the text of a parameter in a path.

    Raises ``StyleError`` if this text would change the rest of the path.

    ``dots`` is true for the versions of OpenAPI that separate values by dots even if a label isn't exploded.

    >>> from macaron_django.openapi import Parameter
    >>> path_text(Parameter("color", "path", True, None, "matrix", True), ["a/b", "c;d"])
    ';color=a%2Fb;color=c%3Bd'
    """
    explode, style = parameter.explode, parameter.style
    if parameter.content_type is not None:
        text = encoded(_document(parameter, value))
    elif style == "label":
        encode = _encoded_in_label if isinstance(value, (list, dict)) else encoded
        separator = "." if explode or dots else ","
        text = "." + separator.join(_parts(value, explode, encode, ()))
    elif style == "matrix":
        text = _matrix(parameter.name, value, explode)
    else:
        encode = _encoded_segments if parameter.greedy else encoded
        text = _joined(parameter, value, explode, encode)
    if not text or any(segment in ("", ".", "..") for segment in text.split("/")):
        raise StyleError("can't be empty, and can't have a path segment that is empty, '.' or '..'")
    return text


def _encoded_segments(text: str) -> str:
    return quote(text, safe="/")


def _matrix(name: str, value: Any, explode: bool) -> str:
    own = encoded(name)
    if isinstance(value, dict) and explode:
        return "".join(f";{part}" for part in _parts(value, True, encoded, ()))
    if isinstance(value, list) and explode:
        return "".join(f";{own}={part}" for part in _parts(value, True, encoded, ()))
    return f";{own}={','.join(_parts(value, explode, encoded, ()))}"


def query_pairs(parameter: Parameter, value: Any, encode: Encode | None = None) -> list[tuple[str, str]]:
    """Encodes a query parameter or a form field. Returns pairs of a name and a value.

    >>> from macaron_django.openapi import Parameter
    >>> query_pairs(Parameter("a", "query", False, None, "deepObject", True), {"b": 1, "c": {"d": ["x&y", 2]}})
    [('a%5Bb%5D', '1'), ('a%5Bc%5D%5Bd%5D', 'x%26y'), ('a%5Bc%5D%5Bd%5D', '2')]
    """
    encode = encode or (_encoded_but_reserved if parameter.allow_reserved else encoded)
    name = encoded(parameter.name)
    if parameter.content_type is not None:
        return [(name, encode(_document(parameter, value)))]
    if parameter.style == "deepObject" and isinstance(value, dict):
        return [(encoded(path), encode(scalar_text(each))) for path, each in _deep(parameter.name, value)]
    if isinstance(value, dict) and is_spread("object", parameter.style, parameter.explode):
        pairs = ((key, each) for key, member in value.items() for each in _listed(member))
        return [(encoded(key), encode(scalar_text(each))) for key, each in pairs]
    if isinstance(value, list) and parameter.explode:
        return [(name, part) for part in _parts(value, True, encode, parameter.item_styles)]
    return [(name, _joined(parameter, value, False, encode))]


def _joined(parameter: Parameter, value: Any, explode: bool, encode: Encode) -> str:
    """Returns values joined by their separator. Raises ``StyleError`` if a value contains the separator."""
    separator, plain = _SEPARATORS.get(parameter.style, _SEPARATORS["form"])
    if plain != separator and isinstance(value, (list, dict)):  # the separator counts with and without encoding
        texts = _parts(value, False, str, parameter.item_styles)
        if any(plain in text for text in texts):
            raise StyleError(f"has a value that contains {plain!r}, the separator of the style {parameter.style}")
    return separator.join(_parts(value, explode, encode, parameter.item_styles))


def _deep(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _deep(f"{path}[{key}]", member)
    else:
        yield from ((path, each) for each in _listed(value))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def header_text(parameter: Parameter | Header, value: Any) -> str:
    """Returns the value of a header. Raises ``StyleError`` for text that a header can't contain.

    >>> from macaron_django.openapi import Parameter
    >>> header_text(Parameter("X-Ids", "header", False, None, "simple", False), [1, 2])
    '1,2'
    """
    if parameter.content_type is not None:
        text = _document(parameter, value)
    else:
        separator = _SEPARATORS.get(parameter.style, _SEPARATORS["simple"])[1]
        parts = list(_parts(value, parameter.explode, str, parameter.item_styles, of_header=True))
        if isinstance(value, (list, dict)) and any(separator in part for part in parts):
            raise StyleError(f"has a value that contains {separator!r}, the separator of values in a header")
        text = separator.join(parts)
    if _UNSENDABLE.search(text):
        raise StyleError("has a character that isn't allowed in headers")
    return text


def cookie_pairs(parameter: Parameter, value: Any) -> list[str]:
    """Returns the cookies of a parameter as ``name=value``.

    Raises ``StyleError`` for text that cookies can't contain.
    """
    if parameter.style != "cookie":
        return [f"{name}={text}" for name, text in query_pairs(parameter, value, encoded)]
    pairs = query_pairs(parameter, value, str)
    if not all(_COOKIE_VALUE.fullmatch(text) for _, text in pairs):
        raise StyleError("has a character that isn't allowed in cookies")
    return [f"{name}={text}" for name, text in pairs]


def _document(parameter: Parameter | Header, value: Any) -> str:
    """Returns the text of a value in the media type of the parameter's ``content``."""
    return dump_json(value).decode() if is_json(parameter.content_type or "") else scalar_text(value)


def _parts(
    value: Any, explode: bool, encode: Encode, item_styles: Sequence[str], *, of_header: bool = False
) -> Iterable[str]:
    """Yields the texts to write between separators."""
    if isinstance(value, list):
        return [_element(each, encode, item_styles, of_header) for each in value]
    if isinstance(value, dict):
        pairs = [(encode(name), encode(scalar_text(each))) for name, each in value.items()]
        if of_header and explode and any("=" in name for name, _ in pairs):
            raise StyleError("has a name that contains '=', which would end the name in a header")
        return [f"{name}={text}" for name, text in pairs] if explode else [part for pair in pairs for part in pair]
    return [encode(scalar_text(value))]


def _element(value: Any, encode: Encode, styles: Sequence[str], of_header: bool) -> str:
    if isinstance(value, list) and styles:
        separator = _SEPARATORS.get(styles[0], _SEPARATORS["form"])[of_header]
        return separator.join(_element(each, encode, styles[1:], of_header) for each in value)
    return encode(scalar_text(value))
