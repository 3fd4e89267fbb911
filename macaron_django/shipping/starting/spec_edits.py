"""Adds keys to the text of a spec, in YAML or JSON. The rest of the text stays the same, including comments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from macaron_django.openapi import json_pointers

__all__ = ["SpecAddition", "SpecText"]

_AFTER_BRACE = re.compile(r"\s*")
#: Characters that JSON allows but PyYAML refuses: tabs between tokens, and halves of a surrogate pair.
_NOT_YAML = re.compile(r"\t|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass(frozen=True)
class SpecAddition:
    """A key to add to the mapping at ``pointer``.

    In YAML, ``comment`` follows the key. JSON has no comments, so the text becomes the value of ``x-comment``. If
    ``is_proposed`` is true, the whole line is a comment. A mapping that can't have comments doesn't get the proposed
    key.
    """

    pointer: str
    key: str
    value: Any
    comment: str = ""
    is_proposed: bool = False


class SpecText:
    """A text in YAML or JSON, and the places where its mappings begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        readable = _NOT_YAML.sub(lambda found: " " * len(found[0]), text) if text.lstrip()[:1] == "{" else text
        self._root = yaml.compose(readable, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self._lines = _line_starts(text)

    def with_additions(self, additions: Iterable[SpecAddition]) -> str:
        """Returns the text with the keys added. Each becomes the first key of its mapping.

        Skips mappings that don't exist. If several YAML aliases refer to the same mapping, adds a key to that mapping
        only once.
        """
        places: dict[tuple[int, str], Callable[[str], str]] = {}
        for each in additions:
            node = self._found(each.pointer)
            if node is None or not isinstance(node, yaml.MappingNode):
                continue
            start = self._offset((node if node.flow_style or not node.value else node.value[0][0]).start_mark)
            places.setdefault((start, each.key), _insertion(each, start, flow=bool(node.flow_style or not node.value)))
        text = self._text
        for _, insert in sorted(places.items(), key=lambda place: place[0], reverse=True):
            text = insert(text)
        return text

    def _found(self, pointer: str) -> Any:
        node = self._root
        for token in json_pointers.split(pointer):
            if isinstance(node, yaml.MappingNode):
                node = next((value for key, value in node.value if key.value == token), None)
            elif isinstance(node, yaml.SequenceNode) and token.isdecimal() and int(token) < len(node.value):
                node = node.value[int(token)]
            else:
                return None
        return node

    def _offset(self, mark: Any) -> int:
        line, column = int(mark.line), int(mark.column)
        return self._lines[line] + column


def _line_starts(text: str) -> list[int]:
    """Returns the offset at which each line begins. The line breaks are those that PyYAML counts."""
    return [0, *(match.end() for match in re.finditer("\r\n|[\r\n\x85\u2028\u2029]", text))]


def _insertion(each: SpecAddition, start: int, *, flow: bool) -> Callable[[str], str]:
    return _flow_insertion(each, start) if flow else _block_insertion(each, start)


def _block_insertion(each: SpecAddition, start: int) -> Callable[[str], str]:
    def insert(text: str) -> str:
        indent = " " * (start - max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) - 1)
        comment = f"  # {each.comment}" if each.comment else ""
        line = f"{'# ' if each.is_proposed else ''}{each.key}: {_flow(each.value)}{comment}"
        return f"{text[:start]}{line}\n{indent}{text[start:]}"

    return insert


def _flow_insertion(each: SpecAddition, start: int) -> Callable[[str], str]:
    def insert(text: str) -> str:
        if each.is_proposed or text[start] != "{":
            return text
        space = _AFTER_BRACE.match(text, start + 1)
        gap = space[0] if space is not None and "\n" in space[0] else ""
        added = [(each.key, each.value), *([("x-comment", each.comment)] if each.comment else [])]
        pairs = "".join(f"{gap}{json.dumps(key)}: {json.dumps(value)}, " for key, value in added)
        pairs = pairs if not gap else "".join(f"{gap}{json.dumps(key)}: {json.dumps(value)}," for key, value in added)
        is_empty = text[start + 1 + len(space[0] if space else "")] == "}"
        return f"{text[: start + 1]}{pairs.rstrip(', ') if is_empty else pairs}{text[start + 1 :]}"

    return insert


def _flow(value: Any) -> str:
    """Returns a value as one line of YAML.

    >>> _flow({"table": "pets", "hash_key": "id"})
    '{table: pets, hash_key: id}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
