"""A regular expression, as JSON Schema has them → texts that match it.

Written in ECMAScript's dialect (ECMA-262, section 22.2.1), which Python's own parser doesn't read. What stands in
look-aheads is written out or left out in turn; look-behinds and ``\\b`` are left out. So a text is only likely to
match, and whoever asks has to look. Apart from ``samples`` because it is a language of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["texts_for"]

#: Characters to choose from where a class excludes some: what reads well first.
_PALETTE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ .,:;/@+=#!?*%&$'\"()[]{}<>|~^`\\\t\nä日"
_CLASSES = {
    "d": "0123456789",
    "w": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
    "s": " \t\n",
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
#: Unicode's general categories and scripts → characters that are of them.
_PROPERTIES = {"Lu": "ABC", "Ll": "abc", "L": "abcABC", "N": "012", "P": "-.,!", "S": "+$", "Z": " ", "Latin": "abc"}
_MOST = 200  # repetitions at most


@dataclass(frozen=True)
class _Chars:
    choices: str


@dataclass(frozen=True)
class _Repeat:
    node: _Node
    least: int
    most: int


@dataclass(frozen=True)
class _Sequence:
    nodes: tuple[_Node, ...]


@dataclass(frozen=True)
class _Choice:
    branches: tuple[_Node, ...]


@dataclass(frozen=True)
class _Ahead:
    node: _Node


_Node = _Chars | _Repeat | _Sequence | _Choice | _Ahead
_NOTHING = _Sequence(())


def texts_for(pattern: str, shortest: int = 0) -> Iterator[str]:
    """Yield texts that probably match, the plainest first; none if the pattern can't be read.

    >>> next(texts_for("^[A-Z]{2}-[0-9]{3,}$"))
    'AA-000'
    """
    try:
        tree = _Parser(pattern).alternatives()
    except (IndexError, ValueError, RecursionError):
        return
    for more in (0, 1, 2, 3, 5, 8, max(shortest, 13)):
        for ahead in (False, True):
            for turn in range(3):
                yield _Writer(more, turn, ahead).write(tree)


@dataclass
class _Writer:
    more: int  # repetitions beyond the fewest
    turn: int  # which of several choices
    ahead: bool  # write look-aheads out
    written: int = field(default=0)

    def write(self, node: _Node) -> str:
        if isinstance(node, _Chars):
            self.written += 1
            return node.choices[self.turn % len(node.choices)] if node.choices else ""
        if isinstance(node, _Repeat):
            count = min(node.most, node.least + self.more, max(node.least, _MOST))
            return "".join(self.write(node.node) for _ in range(count) if self.written < 10_000)
        if isinstance(node, _Choice):
            return self.write(node.branches[self.turn % len(node.branches)])
        if isinstance(node, _Ahead):
            return self.write(node.node) if self.ahead else ""
        return "".join(self.write(each) for each in node.nodes)


class _Parser:
    """Recursive descent over the pattern's text."""

    def __init__(self, pattern: str) -> None:
        self.text, self.at = pattern, 0

    def alternatives(self) -> _Node:
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self.peek() not in ("", "|", ")"):
            nodes.append(self.repeated(self.atom()))
        return nodes[0] if len(nodes) == 1 else _Sequence(tuple(nodes))

    def repeated(self, node: _Node) -> _Node:
        found = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})[?+]?").match(self.text, self.at)
        if found is None:
            return node
        self.at = found.end()
        sign, least, comma, most = found.groups()
        if sign:
            bounds = {"*": (0, _MOST), "+": (1, _MOST), "?": (0, 1)}[sign]
        else:
            bounds = int(least), int(most) if most else _MOST + int(least) if comma else int(least)
        return _Repeat(node, *bounds)

    def atom(self) -> _Node:
        char = self.text[self.at]
        self.at += 1
        if char == "(":
            return self.group()
        if char == "[":
            return self.character_class()
        if char == "\\":
            return self.escape()
        if char in "^$":
            return _NOTHING
        return _Chars(_PALETTE if char == "." else char)

    def group(self) -> _Node:
        head = re.compile(r"\?(?:<?[=!]|P?<\w+>|[\w-]*:|[a-z]+\))").match(self.text, self.at)
        kind = head[0] if head else ""
        self.at += len(kind)
        if kind.endswith(")"):  # flags for the whole pattern: (?i)
            return _NOTHING
        inner = self.alternatives()
        if self.peek() != ")":
            raise ValueError("a group isn't closed")
        self.at += 1
        if kind == "?=":
            return _Ahead(inner)
        return _NOTHING if kind in {"?!", "?<=", "?<!"} else inner

    def escape(self) -> _Node:
        chars = self.escaped()
        return _NOTHING if chars is None else _Chars(chars)

    def escaped(self) -> str | None:
        """The characters that the escape at this place stands for; None for one that stands for a position."""
        char = self.text[self.at]
        self.at += 1
        if char in "bBAzZ":
            return None
        if char.lower() in _CLASSES:
            inside = _CLASSES[char.lower()]
            return inside if char.islower() else _outside(inside)
        if char in "pP":
            found = re.compile(r"\{(?:\w+=)?(\w+)\}|\w").match(self.text, self.at)
            if found is None:
                raise ValueError("a property without a name")
            self.at = found.end()
            name = found[1] or found[0]
            inside = _PROPERTIES.get(name) or _PROPERTIES.get(name[:1], _PALETTE)
            return inside if char == "p" else _outside(inside)
        if char in "ux":
            found = re.compile(r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{4})|([0-9a-fA-F]{2})").match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return chr(int(found[1] or found[2] or found[3], 16))
        return _CONTROLS.get(char, char)

    def character_class(self) -> _Node:
        negated = self.peek() == "^"
        self.at += negated
        chosen: list[str] = []
        while self.peek() != "]":
            low = self.class_atom()
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", "") and len(low) == 1:
                self.at += 1
                high = self.class_atom()
                chosen.append("".join(map(chr, range(ord(low), min(ord(high[0]), ord(low) + 300) + 1))))
            else:
                chosen.append(low)
        self.at += 1
        inside = "".join(chosen)
        return _Chars(_outside(inside) if negated else _readable(inside))

    def class_atom(self) -> str:
        found = re.compile(r"\[:(\w+):\]").match(self.text, self.at)
        if found is not None:
            self.at = found.end()
            return {"alpha": "abcABC", "digit": "0123456789", "space": " "}.get(found[1], "abc012")
        char = self.text[self.at]
        self.at += 1
        return (self.escaped() or "\b") if char == "\\" else char


def _outside(chars: str) -> str:
    return "".join(char for char in _PALETTE if char not in chars)


def _readable(chars: str) -> str:
    """Letters and digits before signs, signs before what can't be seen."""
    return "".join(sorted(chars, key=lambda char: (not char.isalnum(), not char.isprintable())))
