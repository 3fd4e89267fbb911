"""Checks the text of a spec for faults that the parsed tree doesn't show, such as duplicate keys and YAML tags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from macaron_django.openapi.findings import Finding, Location, SpecError, finding
from macaron_django.openapi.json_pointers import escape
from macaron_django.openapi.reading.source_files import SourceFile

__all__ = ["noted", "reread"]

#: The tags of JSON's own types. For any other tag, a YAML loader might build an object.
_CORE_TAGS = frozenset(
    {"!", *(f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "map", "null", "seq", "str"))}
)
#: Unquoted numbers that are too large: integers of more than 128 bits, and exponents beyond IEEE 754's doubles.
_HUGE = r"(?<![\w.'\"])[-+]?(?:\d{40,}|\d+(?:\.\d*)?[eE]\+?(?:[4-9]\d\d|\d{4,})|0x[\da-fA-F]{33,})(?![\w.'\"])"
_TAG = r"(?:^|[\s\[{,:-])!\S"


def noted(file: SourceFile) -> Iterator[Finding]:
    """Yields findings about the oddities that the parser noted while it read the file."""
    for duplicate in file.parsed.duplicates:
        yield _duplicate(file.name, duplicate.key, duplicate.line, duplicate.column)
    if "merge-key" in file.parsed.notes:
        message = "The merge key << isn't part of YAML 1.2; its content was merged."
        yield finding("W001", file.location("#"), message, "Use $ref and allOf, which every OpenAPI tool understands.")
    if "control-character" in file.parsed.notes:
        message = "A string holds control characters, which must be escaped in JSON."
        yield finding("W002", file.location("#"), message, "Write them as \\u0000 escapes.")


def reread(file: SourceFile) -> Iterator[Finding]:
    """Reads the text again, and yields findings about the faults that the parser didn't note."""
    yield from _not_json_numbers(file)
    try:
        text = file.text()
    except (OSError, SpecError):
        return
    if text.lstrip()[:1] in ("{", "["):
        yield from _duplicates_in_json(file, text)
    elif re.search(_TAG, text, re.MULTILINE) or re.search(_HUGE, text):
        yield from _scalars(file, text)


def _duplicate(name: str, key: str, line: int | None, column: int | None) -> Finding:
    message = f"The key {key!r} occurs twice in one mapping; the later one counts."
    return finding("E031", Location(name, "#", line, column), message, "Remove one of them.")


def _duplicates_in_json(file: SourceFile, text: str) -> Iterator[Finding]:
    found: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> int:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)
        return len(pairs)

    try:
        json.loads(text, strict=False, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        return
    for key in found:
        lines = [mark.start() for mark in re.finditer(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", text)]
        # The line is certain only if the key occurs nowhere else; otherwise the finding has no line.
        start = lines[1] if len(lines) == 2 else None
        line = None if start is None else text.count("\n", 0, start) + 1
        yield _duplicate(file.name, key, line, None if start is None else start - text.rfind("\n", 0, start))


def _scalars(file: SourceFile, text: str) -> Iterator[Finding]:
    """Yields findings about tags, and about numbers that the reader left as text."""
    import yaml

    from macaron_django.openapi.reading.yaml_events import events

    try:
        for event in events(text):
            mark: Any = event.start_mark
            location = Location(file.name, "#", mark.line + 1, mark.column + 1)
            tag = getattr(event, "tag", None)
            if isinstance(tag, str) and tag not in _CORE_TAGS:
                yield finding(
                    "W005", location, f"The YAML tag {tag} means nothing in an OpenAPI document.", "Remove it."
                )
            elif isinstance(event, yaml.ScalarEvent) and not event.style and re.fullmatch(_HUGE, event.value):
                message = f"The number {event.value[:20]}… is too large, so it is read as text."
                yield finding(
                    "W006", location, message, "Write a smaller number, or put it in quotes if text is intended."
                )
    except yaml.YAMLError:
        return


def _not_json_numbers(file: SourceFile) -> Iterator[Finding]:
    todo: list[tuple[str, Any]] = [("#", file.tree)]
    while todo:
        pointer, value = todo.pop()
        if isinstance(value, dict):
            todo += [
                (f"{pointer}/{escape(key)}", item)
                for key, item in value.items()
                if isinstance(item, dict | list | float)
            ]
        elif isinstance(value, list):
            todo += [(f"{pointer}/{i}", item) for i, item in enumerate(value) if isinstance(item, dict | list | float)]
        elif isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            yield finding(
                "W004", file.location(pointer), f"{value} isn't a JSON number.", "Write a finite number, or null."
            )
