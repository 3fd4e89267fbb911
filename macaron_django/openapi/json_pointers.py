"""Splits, joins, escapes and follows JSON pointers (RFC 6901).

A pointer is plain (``/a~1b/0``), or it is the fragment of a URI (``#/a~1b/0``), but without percent-encoding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["MISSING", "child", "escape", "join", "split", "step", "unescape"]

#: ``step`` returns this if there is no value. Null is a value.
MISSING: Any = object()


def escape(token: str) -> str:
    """Escapes a key for a pointer (RFC 6901, section 3).

    >>> escape("/pets/{id}~")
    '~1pets~1{id}~0'
    """
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def unescape(token: str) -> str:
    """Returns the key for a reference token of a pointer (RFC 6901, section 4).

    >>> unescape("~1pets~1{id}~0")
    '/pets/{id}~'
    """
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def child(pointer: str, token: str) -> str:
    """Returns the pointer to a key directly below ``pointer``.

    >>> child("#/paths", "/pets")
    '#/paths/~1pets'
    """
    return f"{pointer}/{escape(token)}"


def join(tokens: Iterable[str | int]) -> str:
    """Returns the pointer for ``tokens``, which are keys and indexes.

    >>> join(["a/b", 0]), join([])
    ('/a~1b/0', '')
    """
    return "".join(["/" + escape(str(token)) for token in tokens])


def split(pointer: str) -> list[str]:
    """Returns the keys in a pointer.

    >>> split("#/paths/~1pets~1{id}/get"), split("")
    (['paths', '/pets/{id}', 'get'], [])
    """
    tokens = pointer.removeprefix("#").split("/")[1:]
    return [unescape(token) for token in tokens] if "~" in pointer else tokens


def step(value: Any, token: str) -> Any:
    """Returns the value at a key of a mapping or at an index of a list; ``MISSING`` if there is none."""
    if isinstance(value, dict):
        return value.get(token, MISSING)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return MISSING
