"""The tree of a long YAML text, kept from one start to the next: text goes in, its tree comes out, sooner.

A YAML giant takes a parser a third of a second, and the same tree as JSON a hundredth. Entries are named by a hash
of the text and hold JSON, so that reading one can build nothing but plain values; a folder that others may write
to isn't used. JSON and short texts are read directly: there is nothing to be gained.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import orjson

from .source import DuplicateKey, Limits, Parsed, collector_paused, is_json, parse

__all__ = ["cache_folder", "parse_cached"]

#: Part of each name: an entry written by other code than this isn't found.
_FORM = b"macaron_django 2"
_SHORTEST = 64 * 1024
_MOST_ENTRIES = 32


def cache_folder() -> Path | None:
    """The user's folder for what can be made again: ``~/.cache/macaron_django`` or as the platform has it."""
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return None
    return base / "macaron_django" if base.is_absolute() else None


def parse_cached(raw: bytes, name: str, limits: Limits, folder: str | Path | None) -> Parsed:
    """What ``parse`` gives, from ``folder`` if it is there. Whatever is wrong with the folder, this goes without it."""
    if folder is None or len(raw) < _SHORTEST or is_json(raw):
        return parse(raw, name, limits)
    entry = Path(folder, f"{_key(raw, limits)}.json")
    parsed = _recalled(entry)
    if parsed is None:
        parsed = parse(raw, name, limits)
        if not parsed.is_shared:  # an alias would be written out at each of its places
            with suppress(OSError):
                _remember(entry, parsed)
    return parsed


def _key(raw: bytes, limits: Limits) -> str:
    from hashlib import sha256  # long YAML only; processors have instructions for this one

    digest = sha256(_FORM + repr(limits).encode())
    digest.update(raw)
    return digest.hexdigest()


def _recalled(entry: Path) -> Parsed | None:
    try:
        if not _is_private(entry.parent):
            return None
        text = entry.read_bytes()
        with collector_paused(len(text)):
            kept = orjson.loads(text)
        duplicates = tuple(DuplicateKey(*duplicate) for duplicate in kept["duplicates"])
        parsed = Parsed(kept["tree"], duplicates, tuple(kept["notes"]))
        with suppress(OSError):  # an image's file system may be there to be read only
            os.utime(entry)  # the entries that were used last are kept
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return parsed


def _remember(entry: Path, parsed: Parsed) -> None:
    duplicates = [(duplicate.key, duplicate.line, duplicate.column) for duplicate in parsed.duplicates]
    try:
        text = orjson.dumps({"tree": parsed.tree, "duplicates": duplicates, "notes": parsed.notes})
    except TypeError:  # an integer beyond 64 bits
        return
    if orjson.loads(text)["tree"] != parsed.tree:  # NaN and infinity
        return
    from tempfile import NamedTemporaryFile  # at a cold start only

    folder = entry.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_private(folder):
        return
    with NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as stream:
        try:
            stream.write(text)
            stream.close()
            Path(stream.name).replace(entry)
        except OSError:
            Path(stream.name).unlink(missing_ok=True)
            raise
    newest_first = sorted(folder.glob("*.json"), key=_last_used, reverse=True)
    for old in islice(newest_first, _MOST_ENTRIES, None):
        old.unlink(missing_ok=True)


def _last_used(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:  # another process has removed it
        return 0.0


def _is_private(folder: Path) -> bool:
    """Whether nobody else could have written there."""
    if sys.platform == "win32":
        return True  # the user's profile is its owner's
    status = folder.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
