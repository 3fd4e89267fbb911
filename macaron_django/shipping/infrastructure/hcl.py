"""Writes HashiCorp's configuration language (HCL), formatted like the output of ``terraform fmt``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Block", "Expression", "hcl_text"]


class Expression(str):
    """A reference, a condition or a type. HCL writes such a text without quotes."""

    __slots__ = ()


@dataclass(frozen=True)
class Block:
    """A block: its type and labels, its arguments by name, and its inner blocks.

    Arguments that are None are left out.
    """

    kind: str
    labels: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()


def hcl_text(blocks: tuple[Block, ...]) -> str:
    """Returns the text of a file with these blocks.

    >>> print(hcl_text((Block("variable", ("topic",), {"type": Expression("string"), "default": "${x}"}),)), end="")
    variable "topic" {
      type    = string
      default = "$${x}"
    }
    """
    return "\n".join("".join(f"{line}\n" for line in _block(block)) for block in blocks)


def _block(block: Block) -> Iterator[str]:
    yield " ".join([block.kind, *(_value(label) for label in block.labels), "{"])
    given = {name: value for name, value in block.arguments.items() if value is not None}
    yield from ("  " + line for line in _arguments(given))
    for number, inner in enumerate(block.blocks):
        if given or number:
            yield ""
        yield from ("  " + line if line else "" for line in _block(inner))
    yield "}"


def _arguments(given: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines of arguments. The values of successive one-line arguments are aligned."""
    run: list[tuple[str, str]] = []
    for name, value in given.items():
        text = _value(value)
        run.append((name, text))
        if "\n" in text:
            yield from _aligned(run[:-1])
            yield from f"{name} = {text}".split("\n")
            run = []
    yield from _aligned(run)


def _aligned(run: list[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in run), default=0)
    yield from (f"{name:{width}} = {text}" for name, text in run)


def _value(value: Any) -> str:
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        # If the first key of an object were `for` without quotes, the object would be a `for` expression.
        inner = {name if name.isidentifier() and name != "for" else _value(name): each for name, each in value.items()}
        return "\n".join(["{", *("  " + line for line in _arguments(inner)), "}"])
    if isinstance(value, (list, tuple)):
        if len(value) < 2:
            return f"[{', '.join(map(_value, value))}]"
        return "\n".join(["[", *(f"  {_value(each)},".replace("\n", "\n  ") for each in value), "]"])
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return json.dumps(value)
