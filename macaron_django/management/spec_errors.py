"""Reports why a command can't use a spec: lists its errors with their files and lines."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.core.management.base import CommandError

from macaron_django.management.terminals import printable
from macaron_django.openapi import SpecError

__all__ = ["read_or_refused"]

Read = TypeVar("Read")
#: The most errors shown for one spec. The first errors often cause the later ones.
_MOST = 20


def read_or_refused(read: Callable[[], Read], spec: Path | None) -> Read:
    """Calls ``read`` and returns its result.

    Raises CommandError if the spec doesn't exist, can't be read, or has errors.
    """
    if spec is not None and not spec.is_file():
        if spec.is_dir():
            raise CommandError(f"{printable(str(spec))} is a folder, not a file.")
        beside = [path.name for path in spec.parent.iterdir()] if spec.parent.is_dir() else []
        close = difflib.get_close_matches(spec.name, beside, 1)
        hint = f" Did you mean {printable(str(spec.parent / close[0]))}?" if close else ""
        raise CommandError(f"{printable(str(spec))} isn't there.{hint}")
    try:
        return read()
    except SpecError as error:
        shown = [f"  {printable(str(each))} {printable(each.hint)}" for each in error.findings[:_MOST]]
        more = len(error.findings) - len(shown)
        rest = [f"  … and {more} more: `manage.py checkspec` shows all."] if more > 0 else []
        raise CommandError("\n".join(["The spec has errors:", *shown, *rest])) from error
    except OSError as error:
        raise CommandError(f"{printable(str(spec))} can't be read: {error.strerror or error}.") from error
