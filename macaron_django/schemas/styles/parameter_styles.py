"""Splits serialized parameters into texts, in each of OpenAPI's styles (3.2, section 4.12.6, "Style Examples").

The functions accept a parameter's raw text, ``explode`` and a shape: primitive, array or object. The schema determines
the shape. The functions return a text, a list of texts or a dictionary of texts. For deepObject, the dictionary can be
nested.

A delimiter separates values. A percent-encoded delimiter belongs to a value (RFC 6570). But the delimiters of
spaceDelimited, pipeDelimited and tabDelimited are always sent encoded. So these delimiters separate values whether they
are encoded or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import quote_plus, unquote, unquote_to_bytes

from macaron_django.schemas.values.json_text import MAX_DEPTH

__all__ = [
    "PIECE",
    "Pairs",
    "Shape",
    "StyleError",
    "deep_object",
    "delimited",
    "elements",
    "has_dotted_labels",
    "is_spread",
    "label",
    "matrix",
    "object_of",
    "octets_of",
    "pairs_of",
    "simple",
]

Shape: TypeAlias = Literal["primitive", "array", "object"]
Texts: TypeAlias = "str | list[str] | dict[str, str]"
Decode: TypeAlias = Callable[[str], str]
#: Decoded names with raw values, in order.
Pairs: TypeAlias = "Sequence[tuple[str, str]]"

#: How many characters are percent-encoded or decoded at a time.
PIECE = 16 * 1024
#: The delimiters of the styles of query parameters and forms.
DELIMITERS: Mapping[str, re.Pattern[str]] = {
    "form": re.compile(","),
    "spaceDelimited": re.compile(r"%20|\+| "),
    "pipeDelimited": re.compile(r"\||%7C", re.IGNORECASE),
    "tabDelimited": re.compile(r"%09|\t"),
}
#: A space outside of queries and forms, where "+" isn't a space.
_SPACES = re.compile("%20| ")
_ENCODED_COMMA = re.compile("%2C", re.IGNORECASE)
#: The versions of OpenAPI that separate a label's values by dots even if the label isn't exploded.
_DOTTED_LABELS = re.compile(r"3\.0\.[0-3](-.*)?|3\.1\.0(-.*)?")


class StyleError(ValueError):
    """The text of a parameter doesn't follow the parameter's style. The message describes the expected form."""


def has_dotted_labels(version: str) -> bool:
    """Returns whether a version of OpenAPI separates a label's values by dots even if the label isn't exploded."""
    return bool(_DOTTED_LABELS.fullmatch(version))


def is_spread(shape: Shape, style: str, explode: bool) -> bool:
    """Returns whether a value is an object whose properties are sent as separate parameters: ``R=100&G=200``."""
    return shape == "object" and explode and style in ("form", "cookie")


def decoded(text: str) -> str:
    """Percent-decodes a path segment or cookie. Raises ``UnicodeDecodeError`` if it isn't UTF-8."""
    return unquote(text, errors="strict") if len(text) <= PIECE else octets_of(text).decode()


def decoded_query(text: str) -> str:
    """Percent-decodes a value in a query or form, where "+" is a space.

    Raises ``UnicodeDecodeError`` if it isn't UTF-8.
    """
    return decoded(text.replace("+", " "))


def encoded_query(text: str) -> str:
    """Percent-encodes a value in a form, except the characters that separate values."""
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    return "".join([quote_plus(piece, safe=",|") for piece in pieces])


def octets_of(text: str) -> bytes:
    """Percent-decodes text of any length, piece by piece.

    This saves memory, because Python needs about 100 bytes for each escape in the text that it decodes.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    pieces, start = [], 0
    while start < len(encoded):
        end = start + PIECE
        escape = encoded.rfind(b"%", end - 2, end)  # an escape sequence that the end of the piece would cut
        if escape >= 0 and end < len(encoded):
            end = escape
        pieces.append(unquote_to_bytes(encoded[start:end]))
        start = end
    return b"".join(pieces)


def verbatim(text: str) -> str:
    """Returns the text unchanged, because headers aren't percent-encoded (OpenAPI 3.2, appendix D)."""
    return text


def elements(decode: Decode, styles: Sequence[str]) -> Callable[[str], Any]:
    """Returns the function that reads an array's element. If ``styles`` isn't empty, the returned
    function also splits the element.

    >>> elements(decoded, ["form"])("a%2Cb,c")
    ['a,b', 'c']
    """
    if not styles:
        return decode
    separator, inner = _separator(styles[0], decode), elements(decode, styles[1:])
    return lambda text: [inner(part) for part in separator.split(text)] if text else []


def simple(text: str, explode: bool, shape: Shape, decode: Decode = decoded, item_styles: Sequence[str] = ()) -> Texts:
    """Splits text in the style "simple" (paths, headers).

    An array is ``blue,black``, an object is ``R,100,G,200``, and an exploded object is ``R=100,G=200``.

    >>> simple("R=100,G=200", True, "object")
    {'R': '100', 'G': '200'}
    """
    if shape == "primitive":
        return decode(text)
    parts = text.split(",") if text else []
    if decode is verbatim:
        parts = [part.strip(" \t") for part in parts]  # optional white space in a header's list (RFC 9110, 5.6.1)
    return _texts(parts, explode, shape, elements(decode, item_styles))


def label(text: str, explode: bool, shape: Shape, decode: Decode = decoded, *, dots: bool = False) -> Texts:
    """Splits text in the style "label" (paths): ``.blue,black``, or exploded ``.blue.black``.

    ``dots`` is true for the versions of OpenAPI that separate values by dots even if the label isn't exploded: 3.0.0 to
    3.0.3, and 3.1.0.

    >>> label(".R=100.G=200", True, "object")
    {'R': '100', 'G': '200'}
    """
    if not text.startswith("."):
        raise StyleError('must begin with "." (style label)')
    text = text[1:]
    if shape == "primitive":
        return decode(text)
    separator = "." if explode or (dots and "," not in text) else ","
    return _texts(text.split(separator) if text else [], explode, shape, decode)


def matrix(text: str, name: str, explode: bool, shape: Shape, decode: Decode = decoded) -> Texts:
    """Splits text in the style "matrix" (paths): ``;color=blue,black``, or exploded ``;color=blue;color=black``.

    >>> matrix(";color=blue;color=black", "color", True, "array")
    ['blue', 'black']
    """
    if not text.startswith(";"):
        raise StyleError(f'must begin with ";{name}" (style matrix)')
    pairs = [(decode(key), value) for key, _, value in (part.partition("=") for part in text[1:].split(";"))]
    if shape == "object" and explode:
        return {key: decode(value) for key, value in pairs}
    if any(key != name for key, _ in pairs) or (len(pairs) > 1 and not explode):
        raise StyleError(f'must be written as ";{name}=…" (style matrix)')
    if shape == "array" and explode:
        return [decode(value) for _, value in pairs]
    value = pairs[0][1]
    if shape == "primitive":
        if len(pairs) > 1:
            raise StyleError(f"is given {len(pairs)} times, but can have only one value")
        return decode(value)
    return _texts(value.split(",") if value else [], False, shape, decode)


def delimited(
    text: str, style: str, shape: Shape, decode: Decode = decoded_query, item_styles: Sequence[str] = ()
) -> Texts:
    """Splits a query parameter that isn't exploded: ``blue,black``, ``blue%20black`` or ``blue%7Cblack``.

    In Swagger 2, paths and headers may have these delimiters (ssv, tsv, pipes), too.

    >>> delimited("R%20100%20G%20200", "spaceDelimited", "object")
    {'R': '100', 'G': '200'}
    """
    if shape == "primitive":
        return decode(text)
    parts = _separator(style, decode).split(text) if text else []
    return _texts(parts, False, shape, elements(decode, item_styles))


def _separator(style: str, decode: Decode) -> re.Pattern[str]:
    return _SPACES if style == "spaceDelimited" and decode is not decoded_query else DELIMITERS[style]


def with_encoded_commas(text: str, shape: Shape, decode: Decode = decoded_query) -> Texts | None:
    """Splits text at encoded commas, which many clients send as delimiters.

    Returns None if the text has no encoded comma.
    """
    if shape == "primitive" or "," in text or not _ENCODED_COMMA.search(text):
        return None
    return delimited(_ENCODED_COMMA.sub(",", text), "form", shape, decode)


def object_of(pairs: Pairs, decode: Decode = decoded_query) -> dict[str, str]:
    """Returns an exploded object from its properties, which are sent as separate parameters: ``R=100&G=200``."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise StyleError(f"has {name!r} twice")
        found[name] = decode(value)
    return found


def deep_object(
    name: str, pairs: Pairs, decode: Decode = decoded_query, *, max_depth: int = MAX_DEPTH
) -> dict[str, Any]:
    """Returns an object from parameters in the style "deepObject": ``color[R]=100&color[G]=200``.

    Further brackets mean nested objects. The value of a repeated name, or of a name that ends with ``[]``, is a list.

    >>> deep_object("a", [("a[b]", "1"), ("a[c][d]", "2"), ("a[e]", "3"), ("a[e]", "4")])
    {'b': '1', 'c': {'d': '2'}, 'e': ['3', '4']}
    """
    found: dict[str, Any] = {}
    for key, raw in pairs:
        path = re.findall(r"\[([^\[\]]*)\]", key[len(name) :])
        is_list = len(path) > 1 and path[-1] == ""
        steps = path[:-1] if is_list else path
        if not steps or "".join(f"[{step}]" for step in path) != key[len(name) :]:
            raise StyleError(f"must be written as {name}[property]=… (style deepObject)")
        if len(steps) > max_depth:
            raise StyleError(f"is nested more than {max_depth} levels deep")
        owner = found
        for step in steps[:-1]:
            owner = owner.setdefault(step, {})
            if not isinstance(owner, dict):
                raise StyleError(f"has both a value and properties at {step!r}")
        _add(owner, steps[-1], decode(raw), is_list)
    return found


def _add(owner: dict[str, Any], name: str, value: str, is_list: bool) -> None:
    if name not in owner:
        owner[name] = [value] if is_list else value
    elif isinstance(owner[name], dict):
        raise StyleError(f"has both a value and properties at {name!r}")
    elif isinstance(owner[name], list):
        owner[name].append(value)
    else:
        owner[name] = [owner[name], value]


def pairs_of(query: str, separators: str = "&") -> list[tuple[str, str]]:
    """Splits a query string into decoded names and raw values. Raises ``UnicodeDecodeError`` if a name isn't UTF-8.

    >>> pairs_of("color=blue%2Cgreen,black&empty=")
    [('color', 'blue%2Cgreen,black'), ('empty', '')]
    """
    parts: Iterable[str] = query.split(separators) if len(separators) == 1 else re.split(f"[{separators}]", query)
    split = (part.strip().partition("=") for part in parts if part.strip())
    return [(decoded_query(name), value) for name, _, value in split]


def _texts(parts: list[str], explode: bool, shape: Shape, decode: Decode) -> Texts:
    if shape == "array":
        return [decode(part) for part in parts]
    if explode:
        if not all("=" in part for part in parts):
            raise StyleError("must be written as property=value")
        return object_of([(decode(name), value) for name, _, value in (part.partition("=") for part in parts)], decode)
    if len(parts) % 2:
        raise StyleError("must be written as property,value,property,value")
    return object_of([(decode(name), value) for name, value in zip(parts[::2], parts[1::2], strict=True)], decode)
