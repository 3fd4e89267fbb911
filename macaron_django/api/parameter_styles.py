"""OpenAPI's parameter styles: serialized text → what it spells, still as text.

In: the raw text of a parameter (percent-encoding intact where the style counts on it), a style, ``explode`` and
the shape that the schema wants. Out: a string, a list of strings, or a dictionary of strings; for deepObject
a nested one. Nothing here knows requests or schemas: each function can be held against the specification's
own table (OpenAPI 3.2, section 4.12.6, "Style Examples").

A delimiter counts where it is written as itself; percent-encoded it belongs to a value (RFC 6570). Only
spaceDelimited, pipeDelimited and tabDelimited are written encoded, so there both spellings separate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, unquote_plus

__all__ = [
    "Pairs",
    "Shape",
    "StyleError",
    "deep_object",
    "delimited",
    "label",
    "matrix",
    "object_of",
    "pairs_of",
    "simple",
]

Shape: TypeAlias = Literal["primitive", "array", "object"]
Spelled: TypeAlias = "str | list[str] | dict[str, str]"
Decode: TypeAlias = Callable[[str], str]
#: Decoded names with raw values, in order.
Pairs: TypeAlias = "Sequence[tuple[str, str]]"

#: What separates values in the styles of query parameters and forms.
DELIMITERS: Mapping[str, re.Pattern[str]] = {
    "form": re.compile(","),
    "spaceDelimited": re.compile(r"%20|\+| "),
    "pipeDelimited": re.compile(r"\||%7C", re.IGNORECASE),
    "tabDelimited": re.compile(r"%09|\t"),
}
#: A plus is a space in queries and forms only.
_SPACES = re.compile("%20| ")
_ENCODED_COMMA = re.compile("%2C", re.IGNORECASE)


class StyleError(ValueError):
    """Text that isn't written in its style; the message says what is expected."""


def decoded(text: str) -> str:
    """Percent-decode a path segment or cookie; raises ``UnicodeDecodeError`` unless it is UTF-8."""
    return unquote(text, errors="strict")


def decoded_query(text: str) -> str:
    """Percent-decode a query's or form's value, where "+" is a space."""
    return unquote_plus(text, errors="strict")


def verbatim(text: str) -> str:
    """Headers aren't percent-encoded (OpenAPI 3.2, appendix D)."""
    return text


def simple(text: str, explode: bool, shape: Shape, decode: Decode = decoded) -> Spelled:
    """Style "simple", of paths and headers: ``blue,black`` and ``R,100,G,200`` or exploded ``R=100,G=200``.

    >>> simple("R=100,G=200", True, "object")
    {'R': '100', 'G': '200'}
    """
    if shape == "primitive":
        return decode(text)
    parts = text.split(",") if text else []
    if decode is verbatim:
        parts = [part.strip(" \t") for part in parts]  # optional white space of a header's list (RFC 9110, 5.6.1)
    return _spelled(parts, explode, shape, decode)


def label(text: str, explode: bool, shape: Shape, decode: Decode = decoded, *, dots: bool = False) -> Spelled:
    """Style "label", of paths: ``.blue,black``, exploded ``.blue.black``.

    ``dots``: the document is of a version (3.0.0 to 3.0.3, 3.1.0) whose table separates by dots either way.

    >>> label(".R=100.G=200", True, "object")
    {'R': '100', 'G': '200'}
    """
    if not text.startswith("."):
        raise StyleError('must begin with "." (style label)')
    text = text[1:]
    if shape == "primitive":
        return decode(text)
    separator = "." if explode or (dots and "," not in text) else ","
    return _spelled(text.split(separator) if text else [], explode, shape, decode)


def matrix(text: str, name: str, explode: bool, shape: Shape, decode: Decode = decoded) -> Spelled:
    """Style "matrix", of paths: ``;color=blue,black``, exploded ``;color=blue;color=black``.

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
            raise StyleError(f"is given {len(pairs)} times, and takes one value")
        return decode(value)
    return _spelled(value.split(",") if value else [], False, shape, decode)


def delimited(text: str, style: str, shape: Shape, decode: Decode = decoded_query) -> Spelled:
    """The styles of query parameters that aren't exploded: ``blue,black``, ``blue%20black``, ``blue%7Cblack``.

    Swagger 2's ssv, tsv and pipes write paths and headers so, too.

    >>> delimited("R%20100%20G%20200", "spaceDelimited", "object")
    {'R': '100', 'G': '200'}
    """
    if shape == "primitive":
        return decode(text)
    separator = _SPACES if style == "spaceDelimited" and decode is not decoded_query else DELIMITERS[style]
    return _spelled(separator.split(text) if text else [], False, shape, decode)


def with_encoded_commas(text: str, shape: Shape, decode: Decode = decoded_query) -> Spelled | None:
    """The reading of text whose commas a client has encoded too (many do); None where it has no such comma."""
    if shape == "primitive" or "," in text or not _ENCODED_COMMA.search(text):
        return None
    return delimited(_ENCODED_COMMA.sub(",", text), "form", shape, decode)


def object_of(pairs: Pairs, decode: Decode = decoded_query) -> dict[str, str]:
    """An exploded object: its properties stand as parameters of their own, ``R=100&G=200``."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise StyleError(f"has {name!r} twice")
        found[name] = decode(value)
    return found


def deep_object(name: str, pairs: Pairs, decode: Decode = decoded_query) -> dict[str, Any]:
    """Style "deepObject": ``color[R]=100&color[G]=200``; further brackets nest, a name repeated or with ``[]`` lists.

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
    else:
        before = owner[name]
        owner[name] = [*before, value] if isinstance(before, list) else [before, value]


def pairs_of(query: str, separators: str = "&") -> list[tuple[str, str]]:
    """Split a query string into decoded names and raw values; raises ``UnicodeDecodeError`` unless it is UTF-8.

    >>> pairs_of("color=blue%2Cgreen,black&empty=")
    [('color', 'blue%2Cgreen,black'), ('empty', '')]
    """
    parts: Iterable[str] = query.split(separators) if len(separators) == 1 else re.split(f"[{separators}]", query)
    split = (part.strip().partition("=") for part in parts if part.strip())
    return [(decoded_query(name), value) for name, _, value in split]


def _spelled(parts: list[str], explode: bool, shape: Shape, decode: Decode) -> Spelled:
    if shape == "array":
        return [decode(part) for part in parts]
    if explode:
        if not all("=" in part for part in parts):
            raise StyleError("must be written as property=value")
        return object_of([(decode(name), value) for name, _, value in (part.partition("=") for part in parts)], decode)
    if len(parts) % 2:
        raise StyleError("must be written as property,value,property,value")
    return object_of([(decode(name), value) for name, value in zip(parts[::2], parts[1::2], strict=True)], decode)
