"""Writes the stub of a handler: its signature, with types from the spec, and a body to replace."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword

from macaron_django.api.plans.form_arguments import form_arguments
from macaron_django.api.routing.argument_names import argument_name, operation_arguments
from macaron_django.openapi import MediaType, Operation, Parameter, Schema, snake_case
from macaron_django.openapi.operations.media_types import allows_json
from macaron_django.schemas.stubs.stub_types import ANY, stub_type
from macaron_django.schemas.values.classes import class_name

__all__ = ["HandlerStub", "function_name", "merged_imports", "module_of_stubs", "stub_of"]

#: The most characters of a line, like the default of ruff and black.
_WIDTH = 88
#: The most values of an enum that a stub lists. If there are more, the stub has the values' type.
_MAX_LITERALS = 4
_OBJECT = f"_builtins.dict[_builtins.str, {ANY}]"
_BODY_NAMES = ("body", "content", "payload", "request_body")


@dataclass(frozen=True)
class HandlerStub:
    """The source of a handler, and the imports that it needs."""

    name: str
    source: str
    imports: frozenset[str] = field(default_factory=frozenset)


def function_name(operation: Operation, taken: Collection[str] = ()) -> str:
    """Returns a name for an operation's handler: its operationId in snake case, or else its method and path.

    If the name is taken, adds a number.
    """
    words = operation.operation_id or f"{operation.method} {operation.path}"
    plain = re.sub(r"\W+", "_", snake_case(words), flags=re.ASCII).strip("_")
    wanted = argument_name(re.sub("__+", "_", plain) or operation.method)
    name, number = wanted, 1
    while name in taken or name in {"apipool", "datetime", "Any"}:
        number += 1
        name = f"{wanted}_{number}"
    return name


def stub_of(operation: Operation, api: str, name: str) -> HandlerStub:
    """Returns the stub of an operation's handler. Until its body is written, it answers with 501."""
    types = _SignatureTypes(api)
    parts = list(_arguments(operation, types))
    returned = types.of_answer(operation)
    head = f"def {name}({', '.join(parts)}) -> {returned}:"
    if len(head) > _WIDTH:
        head = "\n".join([f"def {name}(", *(f"    {part}," for part in parts if part != ""), f") -> {returned}:"])
        if not parts:
            head = f"def {name}() -> {returned}:"
    called = f"{operation.method.upper()} {operation.path}"
    raised = f"    raise NotImplementedYet({_quoted(called)})"
    source = "\n".join([head, *_docstring(operation, called), raised])
    imports = {"from macaron_django.exceptions import NotImplementedYet", *types.imports}
    return HandlerStub(name, f"{source}\n", frozenset(imports))


def module_of_stubs(stubs: Iterable[HandlerStub], api: str, title: str) -> str:
    """Returns the source of a new module with these handlers."""
    stubs = list(stubs)
    about = _plain(title, 80).rstrip(".")
    head = [f'"""The handlers of the API {api}{f": {about}" if about and about != api else ""}."""', ""]
    imports = merged_imports(line for stub in stubs for line in stub.imports)
    standard = [line for line in imports if "macaron_django" not in line]
    own = [line for line in imports if "macaron_django" in line]
    blocks = ["from __future__ import annotations", *("\n".join(block) for block in (standard, own) if block)]
    text = "\n".join(head) + ("\n" + "\n\n".join(blocks) if stubs else "")
    return "\n\n\n".join([text.rstrip("\n"), *(stub.source.rstrip("\n") for stub in stubs)]) + "\n"


def merged_imports(lines: Iterable[str]) -> list[str]:
    """Merges import statements: one statement for each module, in isort's order.

    >>> merged_imports(["from typing import Literal", "import datetime", "from typing import Any"])
    ['import datetime', 'from typing import Any, Literal']
    """
    names: dict[str, set[str]] = {}
    plain = set()
    for line in lines:
        module, _, name = line.removeprefix("from ").partition(" import ")
        if name:
            names.setdefault(module, set()).add(name)
        else:
            plain.add(line)
    return [*sorted(plain), *(f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names))]


def _arguments(operation: Operation, types: _SignatureTypes) -> Iterator[str]:
    names = operation_arguments(operation)
    if operation.request_body is not None:
        form = form_arguments(operation, frozenset({*names.values(), "request"}))
        taken = {*names.values(), *(form.names if form else ())}
        body = next(each for each in (*_BODY_NAMES, *(f"body_{n}" for n in range(99))) if each not in taken)
        hint = types.of_content(operation.request_body.content)
        optional = operation.request_body.required or hint in {"Any", "object"}
        yield f"{body}: {hint}" if optional else f"{body}: {_or_none(hint)}"
    parameters = {(each.location, each.name): each for each in operation.parameters}
    path = [key for key in names if key[0] == "path"]
    for key in path:
        known = parameters.get(key)
        yield f"{names[key]}: {types.of_parameter(known) if known else 'str'}"
    others = [each for key, each in parameters.items() if key[0] == "query" or (key[0] != "path" and each.required)]
    if others:
        yield "*"
    for parameter in others:
        hint = types.of_parameter(parameter)
        argument = names[parameter.location, parameter.name]
        if parameter.required or parameter.schema.has_default:
            yield f"{argument}: {hint}"
        else:
            yield f"{argument}: {_or_none(hint)} = None"


def _or_none(hint: str) -> str:
    return hint if hint in {"Any", "None"} or hint.endswith("| None") else f"{hint} | None"


class _SignatureTypes:
    """Returns the types of an API's values as annotations for handlers, and collects the imports that they need."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.imports: set[str] = set()

    def of_parameter(self, parameter: Parameter) -> str:
        return self._written(stub_type(parameter.schema, lambda _: _OBJECT).read)

    def of_content(self, content: Mapping[str, MediaType]) -> str:
        found = {self._of_media(name, media) for name, media in content.items()}
        return found.pop() if len(found) == 1 else self._written(ANY)

    def of_answer(self, operation: Operation) -> str:
        answer = operation.success
        if answer is None or not answer.content:
            return "None"
        return self.of_content(answer.content)

    def _of_media(self, name: str, media: MediaType) -> str:
        is_form = name.startswith(("multipart/", "application/x-www-form-urlencoded"))
        if "*" in name or (media.schema is None and (is_form or allows_json(name))):
            return self._written(ANY)
        if media.schema is not None and (is_form or allows_json(name)):
            return self._written(stub_type(media.schema, self._class).read)
        return "str" if name.startswith("text/") else "bytes"

    def _class(self, schema: Schema) -> str:
        name = class_name(schema.resolved)
        if not name.isidentifier() or iskeyword(name) or not name.isascii():
            return _OBJECT
        return f"apipool.{self.api}.{name}"

    def _written(self, text: str) -> str:
        tree = _Readable(self.imports).visit(ast.parse(text, mode="eval"))
        return ast.unparse(tree).replace("'", '"')


class _Readable(ast.NodeTransformer):
    """Rewrites annotations: ``_typing.Any`` in a type stub becomes ``Any`` in a handler. Collects the imports."""

    def __init__(self, imports: set[str]) -> None:
        self.imports = imports

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if ast.unparse(node.value) == "_typing.Literal":
            values = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if len(values) > _MAX_LITERALS or not all(_is_plain(value) for value in values):
                kinds = {type(value.value).__name__ if isinstance(value, ast.Constant) else "int" for value in values}
                return ast.Name(" | ".join(sorted(kinds)))
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        text = ast.unparse(node)
        module, _, name = text.rpartition(".")
        if module == "_builtins":
            return ast.Name(name)
        if module == "_typing":
            self.imports.add(f"from typing import {name}")
            return ast.Name(name)
        if module in {"_decimal", "_uuid"}:
            self.imports.add(f"from {module[1:]} import {name}")
            return ast.Name(name)
        if module.startswith("_"):
            self.imports.add(f"import {module[1:]}")
            return ast.Name(f"{module[1:]}.{name}")
        self.imports.add("from macaron_django import apipool")
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id.startswith("_"):  # stub files import the names of collections.abc with a leading underscore
            self.imports.add(f"from collections.abc import {node.id[1:]}")
            return ast.Name(node.id[1:])
        return node


def _is_plain(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not (isinstance(value.value, str) and set(value.value) & set("'\"\\"))


def _docstring(operation: Operation, called: str) -> list[str]:
    said = (operation.summary, operation.description.strip().partition("\n\n")[0], called)
    plain = next(filter(None, (_plain(re.sub(r"<[^>]+>", "", each), 300) for each in said)), operation.method)
    lines = textwrap.wrap(plain, _WIDTH - 4 - 6)
    text = lines[0].rstrip(" .") + ("." if len(lines) == 1 and lines[0][-1:] not in "?!:" else "")
    if len(lines) > 1:
        text = f"{lines[0].rstrip(' .,')} …"
    return [f'    """{text}"""']


def _plain(text: str, longest: int) -> str:
    """Returns a text of the spec on one line, without characters that could end a docstring."""
    line = " ".join(text.split())[:longest]
    return "".join(c for c in line if c.isprintable()).replace("\\", "/").replace('"', "'").strip()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
