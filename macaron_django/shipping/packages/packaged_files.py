"""Chooses which files of a project are packed: those that it serves with, and no secrets or leftovers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["packaged_files"]

_LEFT_OUT: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "tests"})
_SUFFIXES_LEFT_OUT: Final = frozenset({".db", ".key", ".log", ".pem", ".pyc", ".sqlite3", ".zip"})


def packaged_files(folder: Path) -> Iterator[Path]:
    """Yields the files below a project's folder, in order.

    Hidden ones are left out, such as ``.env`` and ``.git``; and tests, databases, keys, logs, virtual environments and
    what tools have built. A link is packed as the file that it leads to; one that leads out of the project isn't.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _LEFT_OUT:
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            continue
        if path.is_dir():
            if not path.is_symlink() and not (path / "pyvenv.cfg").exists():
                yield from packaged_files(path)
        elif path.is_file() and path.suffix not in _SUFFIXES_LEFT_OUT:
            yield path
