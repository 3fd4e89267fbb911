"""Writes tables, progress bars and untrusted texts to a terminal. Ends commands quietly on Ctrl-C or a closed pipe."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand

if TYPE_CHECKING:
    from typing import NoReturn

    from tqdm import tqdm

__all__ = ["aligned", "printable", "printing", "progress_bar"]

#: C0 and C1 controls, line and paragraph separators, bidirectional overrides, lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@contextlib.contextmanager
def printing(command: BaseCommand) -> Iterator[None]:
    """Runs a command. If the output's encoding lacks a character, an escape is printed instead.

    Exits with 130 on Ctrl-C, and with 1 if the output is a closed pipe.
    """
    reconfigure = getattr(getattr(command.stdout, "_out", None), "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    try:
        yield
        command.stdout.flush()
    except KeyboardInterrupt:
        command.stderr.write("\nInterrupted.")
        sys.exit(130)
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):  # otherwise, Python's own flush at exit would fail, too
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def progress_bar(total: float | None, unit: str, *, done: int = 0) -> tqdm[NoReturn]:
    """Returns a progress bar on standard error. Closing the bar removes it.

    If standard error isn't a terminal, the bar is invisible.

    ``total`` is the expected number of ``unit``\\ s, or None if it isn't known. ``done`` is the number that an earlier
    run completed.
    """
    from tqdm import tqdm  # imported here: few commands show a bar

    return tqdm(
        total=total, initial=done, unit=unit, unit_scale=True, dynamic_ncols=True, file=sys.stderr, disable=None,
        leave=False, delay=0.5,
    )  # fmt: skip


def printable(text: str) -> str:
    r"""Returns the text with its control characters escaped, so that a terminal doesn't obey them.

    >>> printable("\x1b[2Jgone")
    '\\x1b[2Jgone'
    """
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def aligned(rows: Iterable[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Yields the lines of a table. Each column is as wide as its widest cell.

    >>> list(aligned([("PATH", "IS"), ("/", "home")]))
    ['  PATH  IS', '  /     home']
    """
    table = [tuple(row) for row in rows]
    widths = [max(map(_columns, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True))
        yield (indent + "  ".join(cells)).rstrip()


def _columns(text: str) -> int:
    """Returns the width of the text in a terminal's columns. Chinese and Japanese characters are two columns wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
