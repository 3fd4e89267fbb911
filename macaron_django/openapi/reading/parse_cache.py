"""Caches the trees of long YAML texts on disk, so that later processes don't parse the texts again.

Parsing the largest YAML specs takes a third of a second. Reading the same tree as JSON takes a hundredth of a second.
An entry's name is a hash of the text. Entries contain JSON, so reading an entry creates only plain values. A folder
that other users can write to isn't used. JSON and short texts aren't cached, because caching them would save no time.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import orjson

from macaron_django.openapi.reading.limits import Limits
from macaron_django.openapi.reading.source import collector_paused, looks_like_json, parse
from macaron_django.openapi.reading.trees import DuplicateKey, Parsed

__all__ = ["cache_folder", "entry_name", "entry_text", "parse_cached"]

#: A part of the hashed text. It changes with the form of the entries, so that entries in an old form aren't used.
_FORM = b"macaron_django 2"
_SHORTEST = 64 * 1024
_MOST_ENTRIES = 32


def cache_folder() -> Path | None:
    """Returns ``~/.cache/macaron_django`` or the platform's equivalent; None if the user has no home folder."""
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # the user has no home folder
        return None
    return base / "macaron_django" if base.is_absolute() else None


def parse_cached(
    raw: bytes, name: str, limits: Limits, folder: str | Path | None, prebuilt: str | Path | None = None
) -> Parsed:
    """Returns the result of ``parse``, from the cache in ``folder`` if possible.

    If the folder can't be used, it is ignored. ``prebuilt`` is another folder with entries. Unlike ``folder``,
    ``prebuilt`` can have entries for short texts. Nothing is written to ``prebuilt``. Raises ``SpecError``, like
    ``parse``.
    """
    if looks_like_json(raw):
        return parse(raw, name, limits)
    if prebuilt is not None:
        with suppress(OSError, ValueError, TypeError, KeyError):
            return _read(Path(prebuilt, entry_name(raw, limits)))
    if folder is None or len(raw) < _SHORTEST:
        return parse(raw, name, limits)
    entry = Path(folder, entry_name(raw, limits))
    parsed = _recalled(entry)
    if parsed is None:
        parsed = parse(raw, name, limits)
        with suppress(OSError):
            _remember(entry, parsed)
    return parsed


def entry_name(raw: bytes, limits: Limits) -> str:
    """Returns the file name of a text's entry."""
    from hashlib import sha256  # not needed for JSON and short YAML; fast, because processors have instructions for it

    digest = sha256(_FORM + repr(limits).encode())
    digest.update(raw)
    return f"{digest.hexdigest()}.json"


def entry_text(parsed: Parsed) -> bytes | None:
    """Returns the content of an entry; None if JSON can't represent the parsed tree."""
    if parsed.is_shared:  # an alias would be written out at each of its places
        return None
    duplicates = [(duplicate.key, duplicate.line, duplicate.column) for duplicate in parsed.duplicates]
    try:
        text = orjson.dumps({"tree": parsed.tree, "duplicates": duplicates, "notes": parsed.notes})
    except TypeError:  # an integer beyond 64 bits
        return None
    return text if orjson.loads(text)["tree"] == parsed.tree else None  # NaN and infinity become null


def _read(entry: Path) -> Parsed:
    text = entry.read_bytes()
    with collector_paused(len(text)):
        kept = orjson.loads(text)
    duplicates = tuple(DuplicateKey(*duplicate) for duplicate in kept["duplicates"])
    return Parsed(kept["tree"], duplicates, tuple(kept["notes"]))


def _recalled(entry: Path) -> Parsed | None:
    try:
        if not _is_private(entry.parent):
            return None
        parsed = _read(entry)
        with suppress(OSError):  # the file system may be read-only, as in an image
            os.utime(entry)  # the least recently used entries are removed first
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return parsed


def _remember(entry: Path, parsed: Parsed) -> None:
    text = entry_text(parsed)
    if text is None:
        return
    from tempfile import NamedTemporaryFile  # only for a new entry

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
    """Returns whether only this user can write to the folder."""
    if sys.platform == "win32":
        return True  # the folder is in the user's profile
    status = folder.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
