"""Stores results that would otherwise be computed at every start: parsed YAML, and the fact that a spec has no errors.

``prebuilt_entries`` returns the files to store in a folder, and ``is_known_sound`` reads the folder when a server
starts. The file names are hashes of the texts, so an old file isn't used for a changed text. The files contain plain
JSON, and no code.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path

import orjson

from macaron_django.openapi.document import Document, load
from macaron_django.openapi.findings import SpecError
from macaron_django.openapi.reading.parse_cache import entry_name, entry_text
from macaron_django.openapi.reading.source import looks_like_json, parse

__all__ = ["is_known_sound", "prebuilt_entries"]


def prebuilt_entries(document: Document, version: str) -> dict[str, bytes]:
    """Returns the contents of the prebuilt files by file name, for a document that was read from a file.

    ``version`` is this package's version. Raises ``SpecError`` if the document has errors. One file records that the
    document has no errors. If the document refers to other hosts, this file is left out, and the document is still
    checked at every start.
    """
    from macaron_django.openapi.checks.document_checks import check  # not needed at a start

    assert document.main.path is not None  # noqa: S101 (the caller's promise)
    # Load the document again without caches, so that the check reads the texts and not stored trees.
    document = load(document.main.path, **document.load_options)
    errors = [finding for finding in check(document) if finding.level == "error"]
    if errors:
        raise SpecError(errors)
    entries: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for file in document.sources:
        if file.path is None:
            continue
        raw = file.path.read_bytes()
        parsed = parse(raw, file.name, document.limits)
        if repr(parsed.tree) == repr(file.tree):  # otherwise the file has changed since it was checked
            digests[_beside(document, file.path)] = sha256(raw).hexdigest()
        content = None if looks_like_json(raw) else entry_text(parsed)
        if content is not None:
            entries[entry_name(raw, document.limits)] = content
    if len(digests) == len(list(document.sources)):
        sound = orjson.dumps({"files": digests}, option=orjson.OPT_SORT_KEYS)
        entries[_sound_name(document, version)] = sound
    return entries


def is_known_sound(document: Document, folder: Path, version: str) -> bool:
    """Returns True if ``folder`` records that the document has no errors, and the document's files haven't changed."""
    if document.main.path is None:
        return False
    try:
        digests = orjson.loads((folder / _sound_name(document, version)).read_bytes())["files"]
        beside = document.main.path.parent
        return all(sha256((beside / name).read_bytes()).hexdigest() == digest for name, digest in digests.items())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _sound_name(document: Document, version: str) -> str:
    """Returns the name of the file that records that a document has no errors.

    The name depends on this package's ``version``, the version of Python, and the document.
    """
    digest = sha256(repr((version, sys.version_info[:2], document.dialect, document.reading_options)).encode())
    if document.main.path is not None:
        digest.update(document.main.path.read_bytes())
    return f"{digest.hexdigest()}.sound.json"


def _beside(document: Document, path: Path) -> str:
    assert document.main.path is not None  # noqa: S101 (its other files have relative references)
    return Path(os.path.relpath(path, document.main.path.parent)).as_posix()
