"""Reads the bytes of a YAML or JSON file and parses them to a tree.

Hostile text does no harm: size, nesting and alias expansion are limited, and YAML tags create no objects. Every fault
becomes a ``SpecError``, with line and column if the parser reports them. Nothing here depends on OpenAPI. JSON is
parsed here, YAML in ``yaml_text``.
"""

from __future__ import annotations

import gc
import json
import os
import re
import stat
from functools import cache
from typing import Any

import orjson

from macaron_django.openapi.findings import SpecError, spec_error
from macaron_django.openapi.reading.limits import Limits, depth_error
from macaron_django.openapi.reading.trees import Parsed, plain, syntax_error

__all__ = [
    "collector_paused",
    "decode",
    "looks_like_json",
    "parse",
    "read_bytes",
]


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DIGITS = bytes(0x30 if chr(byte).isdecimal() else 0x20 for byte in range(256))
_SMALL, _LARGE = 65_536, 262_144
# With these flags, opening a pipe doesn't wait for its writer, and Windows doesn't translate line ends.
_READ_AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_INTEGER = re.compile(rb"\d+(?![\d.eE])")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_bytes(path: str | os.PathLike[str], name: str, limits: Limits) -> bytes:
    """Returns the content of a regular file.

    Raises ``SpecError``. The error's ID is E001 if the file can't be read, and E002 if the file has more than
    ``limits.max_bytes`` bytes.
    """
    try:
        descriptor = os.open(path, _READ_AT_ONCE)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise spec_error("E001", name, f"{name} is not a regular file.", "Use the path of a YAML or JSON file.")
            if status.st_size > limits.max_bytes:
                raise _too_large(name, status.st_size, limits)
            raw = os.read(descriptor, status.st_size + 1)
            if len(raw) != status.st_size:
                raw += _rest(descriptor, limits.max_bytes + 1 - len(raw))
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "Check the path and its permissions."
        raise spec_error("E001", name, f"{name} can't be read: {reason}.", hint) from error
    if len(raw) > limits.max_bytes:
        raise _too_large(name, len(raw), limits)
    return raw


def _rest(descriptor: int, most: int) -> bytes:
    """Returns the bytes that the first read didn't return.

    There are such bytes if the file grows, reports no size, or is too large for one call.
    """
    parts: list[bytes] = []
    while most > 0 and (part := os.read(descriptor, min(most, 2**20))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def _too_large(name: str, size: int, limits: Limits) -> SpecError:
    return spec_error(
        "E002",
        name,
        f"{name} has {size} bytes; the limit is {limits.max_bytes}.",
        "Split the document, or raise the limit (setting MAX_SPEC_SIZE).",
    )


def decode(raw: bytes, name: str) -> str:
    """Decodes UTF-8. Also decodes UTF-16 and UTF-32, if the text begins with a byte order mark.

    Raises ``SpecError`` (E003) for any other bytes.
    """
    encoding = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise spec_error(
            "E003", name, f"{name} is not {encoding.upper()} text.", "Save the file as UTF-8.", line, column
        ) from error


def parse(raw: bytes, name: str, limits: Limits) -> Parsed:
    """Parses JSON or YAML to a tree with string keys. The first character shows whether the text could be JSON.

    Raises ``SpecError``. The error's ID is E003 if ``raw`` isn't text, E004 if the syntax is wrong, and E005 if the
    text exceeds a limit.
    """
    if len(raw) < _SMALL and raw[:1] == b"{":  # too small to start a garbage collection
        return _parse_json(raw, name, limits)
    with collector_paused(len(raw)):
        return _parse(raw, name, limits)


class collector_paused:  # noqa: N801 (used like a function; a class is faster than a generator)
    """Pauses the garbage collector while a tree is built: each collection would visit the whole tree for nothing.

    ``size`` is the length of the text in bytes. If the text is long, the tree that is built from it is moved
    immediately to the oldest generation. So the next three collections don't visit this tree either.
    """

    __slots__ = ("_is_collecting", "_size")

    def __init__(self, size: float = float("inf")) -> None:
        self._size = size

    def __enter__(self) -> None:
        self._is_collecting = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._size > _LARGE and hasattr(gc, "freeze") and gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        if self._is_collecting:
            gc.enable()


def looks_like_json(raw: bytes) -> bool:
    """Returns whether a text begins like JSON. YAML in flow style begins the same way."""
    return raw[:64].lstrip()[:1] in (b"{", b"[")


def _parse(raw: bytes, name: str, limits: Limits) -> Parsed:
    if looks_like_json(raw):
        return _parse_json(raw, name, limits)
    text = decode(raw, name)
    if text.lstrip()[:1] in ("{", "["):
        return _parse_json(text.encode(), name, limits)
    return _parse_yaml(text, name, limits)


def _parse_yaml(text: str, name: str, limits: Limits) -> Parsed:
    from macaron_django.openapi.reading.yaml_text import parse_yaml  # neither JSON nor a warm start needs it

    return parse_yaml(text, name, limits)


def _parse_json(raw: bytes, name: str, limits: Limits) -> Parsed:
    # orjson turns integers that don't fit into 64 bits into floats. The standard library doesn't.
    if not _has_long_integer(raw):
        try:
            return Parsed(_loads(raw, limits.max_depth))
        except ValueError as error:
            if _is_depth(error):
                raise depth_error(name, limits) from error
    text = decode(raw, name)
    try:
        tree = json.loads(text, strict=False)
    except RecursionError as error:
        raise depth_error(name, limits) from error
    except ValueError as error:
        return _parse_almost_json(text, error, name, limits)
    return Parsed(plain(tree, name, limits), notes=("control-character",) if _CONTROL.search(text) else ())


def _loads(raw: bytes, max_depth: int) -> Any:
    """Returns the tree that orjson reads. Raises ``ValueError`` if it has more than ``max_depth`` levels."""
    if len(raw) < _SMALL:
        tree = orjson.loads(raw)
        if _is_deeper(tree, max_depth):
            raise ValueError("depth limit")
        return tree
    # orjson has a fixed depth limit. Brackets around the text use up all but max_depth of its levels.
    surplus = _read_depth() - max_depth
    if surplus <= 0:
        return orjson.loads(raw)
    tree = orjson.loads(b"".join((b"[" * surplus, raw, b"]" * surplus)))
    for _ in range(surplus):
        if len(tree) != 1:  # the text had more than one value
            raise ValueError("several values")
        tree = tree[0]
    return tree


def _is_deeper(tree: Any, max_depth: int) -> bool:
    """Returns whether mappings and lists nest more than ``max_depth`` levels deep.

    ``gc.get_referents`` returns the values that other values contain. For the whole tree, this takes a sixth of the
    time that parsing takes.
    """
    level = [tree]
    for _ in range(max_depth):
        level = gc.get_referents(*level)
        if not level:
            return False
    return any(type(value) is dict or type(value) is list for value in level)


@cache
def _read_depth() -> int:
    """Returns the greatest depth that orjson reads: 1024 in its version 3.11."""
    low, high = 1, 4096
    while low < high:
        depth = (low + high + 1) // 2
        try:
            orjson.loads(b"[" * depth + b"]" * depth)
        except ValueError:
            high = depth - 1
        else:
            low = depth
    return low


def _is_depth(error: ValueError) -> bool:
    return "depth limit" in str(error) or "ecursion" in str(error)  # the wording depends on the version of orjson


def _has_long_integer(raw: bytes) -> bool:
    """Returns whether the JSON text has an integer that doesn't fit into 64 bits. Ignores the content of strings.

    If this can't be decided, returns True.
    """
    # The sample has every ninth byte, so it has at least two of any nineteen consecutive digits.
    sample = raw[::9].translate(_DIGITS)
    pair = sample.find(b"00")
    while pair >= 0:
        if raw[pair * 9 : pair * 9 + 10].isdigit() and _is_long_integer(raw, pair * 9):
            return True
        pair = sample.find(b"00", pair + 1)
    return False


def _is_long_integer(raw: bytes, place: int) -> bool:
    """Returns whether the digit at ``place`` belongs to an integer that doesn't fit into 64 bits.

    If this can't be decided, returns True.
    """
    head = raw[max(0, place - 64) : place]
    before = head.rstrip(b"0123456789")
    introduced = before.rstrip(b"- \t\r\n")
    if not introduced:  # undecided: too many digits, or too much space before them
        return True
    if introduced[-1:] not in (b":", b"[", b","):  # in a string
        return False
    digits = _INTEGER.match(raw, place - len(head) + len(before))
    if digits is None:  # a fraction or an exponent follows
        return False
    return len(digits[0]) > 20 or int(digits[0]) > (2**63 if before.endswith(b"-") else 2**64 - 1)


def _parse_almost_json(text: str, problem: ValueError, name: str, limits: Limits) -> Parsed:
    """Parses YAML in flow style, which begins like JSON.

    If the text is neither YAML nor JSON, the error describes its fault as JSON.
    """
    try:
        return _parse_yaml(text, name, limits)
    except SpecError as error:
        if error.findings[0].id != "E004" or not isinstance(problem, json.JSONDecodeError):
            raise
        raise syntax_error(name, problem.msg, problem.lineno, problem.colno) from problem
