"""What a terminal may do to a command that only prints: lack letters, hang up, send Ctrl-C. None is a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from django.core.management.base import BaseCommand

__all__ = ["aligned", "printing"]


@contextlib.contextmanager
def printing(command: BaseCommand) -> Iterator[None]:
    """Print inside: what the encoding lacks as escapes; Ctrl-C exits with 130, a closed pipe (``| head``) with 1."""
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
        with contextlib.suppress(OSError, ValueError):  # Python's own flush at exit mustn't fail on it once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def aligned(rows: Iterable[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Lines of a table whose columns are as wide as their widest cell.

    >>> list(aligned([("PATH", "IS"), ("/", "home")]))
    ['  PATH  IS', '  /     home']
    """
    table = [tuple(row) for row in rows]
    widths = [max(map(_columns, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True))
        yield (indent + "  ".join(cells)).rstrip()


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes: Chinese and Japanese letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
