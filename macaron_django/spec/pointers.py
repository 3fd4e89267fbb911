"""JSON pointers (RFC 6901): a pointer goes in, the keys that it names, or what is behind one of them, comes out."""

from __future__ import annotations

from typing import Any

__all__ = ["MISSING", "pointer_token", "step", "tokens"]

#: What ``step`` finds where nothing is; null is something.
MISSING: Any = object()


def tokens(pointer: str) -> list[str]:
    """The keys that a pointer names (RFC 6901, section 4).

    >>> tokens("#/paths/~1pets~1{id}/get")
    ['paths', '/pets/{id}', 'get']
    """
    parts = pointer.removeprefix("#").split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts] if "~" in pointer else parts


def pointer_token(key: str) -> str:
    """Escape a key for a JSON pointer (RFC 6901, section 3).

    >>> pointer_token("/pets/{id}~")
    '~1pets~1{id}~0'
    """
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def step(value: Any, token: str) -> Any:
    """What a value has at one key or index, or ``MISSING``."""
    if isinstance(value, dict):
        return value.get(token, MISSING)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return MISSING
