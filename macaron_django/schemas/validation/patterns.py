"""Rewrites regular expressions that the engines of jsonschema-rs refuse, or that need too much memory.

An engine expands ``[class]{1,4096}`` to four thousand copies of the class. Each validator with such a pattern can
therefore need several MiB of memory. Public documents (such as AWS's) have hundreds of such patterns, nearly all in
this form.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["BoundedPattern", "bounded_pattern", "strict_pattern"]

#: How many repetitions an engine may expand.
_AFFORDABLE = 64
_REPEATED = re.compile(
    r"(\^?)(\.|\\[dDwWsS]|\\[pP]\{\w+\}|\[(?:[^\[\]\\]|\\.)+\])\{(\d+)(,?)(\d*)\}(\$?)", re.ASCII | re.DOTALL
)


class BoundedPattern(NamedTuple):
    """A pattern from which large bounds were removed.

    Instead of these bounds, the length is checked: it must be from ``least`` to ``most``. None means no limit.
    """

    pattern: str
    least: int | None = None
    most: int | None = None


def bounded_pattern(pattern: str) -> BoundedPattern | None:
    r"""Returns the equivalent of ``pattern`` if the pattern is a single character class, repeated with large bounds.
    Returns None for any other pattern.

    The bounds in a pattern count characters, like ``minLength`` and ``maxLength`` in JSON Schema.

    >>> bounded_pattern(r"^[^\r\n]{1,900}$")
    BoundedPattern(pattern='^[^\\r\\n]*$', least=1, most=900)
    >>> bounded_pattern(r"[a-z]{3,900}")  # not anchored, so three characters are enough
    BoundedPattern(pattern='[a-z]{3}', least=None, most=None)
    """
    if "{" not in pattern or (found := _REPEATED.fullmatch(pattern)) is None:
        return None
    start, character, low, comma, high, end = found.groups()
    least = int(low)
    most = None if comma and not high else int(high or low)
    if max(least, most or 0) <= _AFFORDABLE or (most is not None and most < least):
        return None
    if start and end:
        return BoundedPattern(f"^{character}*$", least, most)
    if least > _AFFORDABLE or most is None or most == least:
        return None
    return BoundedPattern(f"{start}{character}{{{least}}}{end}")


def strict_pattern(pattern: str) -> str:
    r"""Returns ``pattern`` in ECMA-262's strict grammar. ``pattern`` may use the wider grammar that browsers accept.

    A ``-`` next to a class such as ``\w`` is escaped. ``[^]`` becomes a class of all characters.

    >>> strict_pattern(r"^[\w-.]+@[^]$")
    '^[\\w\\-.]+@[\\s\\S]$'
    """
    pattern = pattern.replace("[^]", r"[\s\S]")
    spelled, inside, after_class, position = "", False, False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            token = pattern[position : position + 2]
            if (
                inside
                and spelled.endswith("-")
                and token[1:] in tuple("dDwWsS")
                and not spelled.endswith(("\\-", "[-", "[^-"))
            ):
                spelled = f"{spelled[:-1]}\\-"
            after_class = inside and token[1:] in tuple("dDwWsS")
        elif inside and char == "-" and after_class and pattern[position + 1 : position + 2] != "]":
            token, after_class = r"\-", False
            spelled += token
            position += 1
            continue
        else:
            token, after_class = char, False
            inside = char == "[" or (inside and char != "]")
        spelled += token
        position += len(token)
    return spelled
