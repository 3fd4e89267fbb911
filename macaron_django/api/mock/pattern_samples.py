"""Writes texts that match a regular expression of JSON Schema, with rstr.

Patterns are in ECMAScript's dialect (ECMA-262, section 22.2.1), but rstr reads Python's dialect. This module therefore
translates the pattern first. It also replaces rstr's random choices with fixed ones, so a pattern always leads to the
same texts. The plainest text comes first.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from rstr import Rstr

__all__ = ["texts_for"]

_PROPERTIES = {"Lu": "A-Z", "Ll": "a-z", "N": "0-9", "P": ".,!-", "S": "+$", "Z": " "}
_FLAGS_OR_POSITIONS = re.compile(r"\\[bB]|\(\?[a-z]+\)")
#: The exceptions that Python's parser and rstr raise for a pattern that they can't read. FutureWarning is the parser's.
_UNREADABLE = (re.error, FutureWarning, LookupError, OverflowError, RecursionError, TypeError, ValueError)
_LONGEST = 10_000  # repetitions in one text; nested repetitions multiply


def texts_for(pattern: str, shortest: int = 0) -> Iterator[str]:
    """Yields texts that probably match. The caller must check each text.

    The first texts have as few repetitions as the pattern allows. Later texts have up to ``max(13, shortest)``
    additional repetitions of each repeated part. Yields nothing if Python can't read the pattern.

    >>> next(texts_for("^[A-Z]{2}-[0-9]{3,}$"))
    'AA-000'
    """
    python_pattern = _in_python(pattern)
    with suppress(*_UNREADABLE):
        for more in (0, 1, 2, 3, 5, 8, max(shortest, 13)):
            for turn in range(3):
                yield Rstr(_Plainest(more, turn)).xeger(python_pattern)


class _Plainest(random.Random):
    """Replaces rstr's random choices with fixed ones.

    ``choice`` returns the option at index ``turn``. If the options are characters, they are sorted first, with the
    plainest at index 0. ``randint``, which rstr uses for the number of repetitions, adds ``more`` to the minimum, but
    doesn't exceed the maximum.
    """

    def __init__(self, more: int, turn: int) -> None:
        super().__init__()
        self._more, self._turn, self._repetitions = more, turn, 0

    def choice(self, seq: Any) -> Any:
        if isinstance(seq[0], str):  # rstr's sets of characters have no order
            seq = sorted(set(seq), key=_readable)
        return seq[self._turn % len(seq)]

    def randint(self, a: int, b: int) -> int:
        count = max(a, min(a + self._more, b))
        self._repetitions += count
        if self._repetitions > _LONGEST:
            raise ValueError("the text is too long")
        return count


def _readable(character: str) -> tuple[bool, bool, str]:
    return not character.isalnum(), character in string.whitespace, character


def _in_python(pattern: str) -> str:
    """Returns the pattern in Python's dialect, which has a different syntax for groups, properties and code points."""
    pattern = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    pattern = re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", pattern)
    pattern = _FLAGS_OR_POSITIONS.sub("", pattern)
    return re.sub(r"(\[[^\]]*)?\\p\{(?:\w+=)?(\w+)\}", _property, pattern)


def _property(found: re.Match[str]) -> str:
    name = found[2]
    characters = _PROPERTIES.get(name) or _PROPERTIES.get(name[:1], "a-zA-Z")
    return f"{found[1]}{characters}" if found[1] else f"[{characters}]"
