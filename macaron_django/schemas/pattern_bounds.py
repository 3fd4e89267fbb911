r"""A pattern that repeats one character many times in; the same said with less, and with bounds of length, out.

An engine unrolls ``[class]{1,4096}`` to four thousand copies of the class: up to several MiB in each validator that
holds it. Public documents have hundreds of such patterns (AWS's do), nearly all of this one form.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Bounded", "bounded"]

#: Repeats that an engine may unroll.
_AFFORDABLE = 64
_REPEATED = re.compile(
    r"(\^?)(\.|\\[dDwWsS]|\\[pP]\{\w+\}|\[(?:[^\[\]\\]|\\.)+\])\{(\d+)(,?)(\d*)\}(\$?)", re.ASCII | re.DOTALL
)


class Bounded(NamedTuple):
    """A pattern, and the lengths that it doesn't tell any more; None: any."""

    pattern: str
    least: int | None = None
    most: int | None = None


def bounded(pattern: str) -> Bounded | None:
    r"""The same as ``pattern``, where that is one character with large bounds; None where it isn't.

    Both count characters, as JSON Schema counts the length of a string.

    >>> bounded(r"^[^\r\n]{1,900}$")
    Bounded(pattern='^[^\\r\\n]*$', least=1, most=900)
    >>> bounded(r"[a-z]{3,900}")  # anywhere: three will do
    Bounded(pattern='[a-z]{3}', least=None, most=None)
    """
    if "{" not in pattern or (found := _REPEATED.fullmatch(pattern)) is None:
        return None
    start, character, low, comma, high, end = found.groups()
    least = int(low)
    most = None if comma and not high else int(high or low)
    if max(least, most or 0) <= _AFFORDABLE or (most is not None and most < least):
        return None
    if start and end:
        return Bounded(f"^{character}*$", least, most)
    if least > _AFFORDABLE or most is None or most == least:
        return None
    return Bounded(f"{start}{character}{{{least}}}{end}")
