"""Finds the modules of an API's handlers, the names in them, and handlers that no operation is bound to."""

from __future__ import annotations

import ast
import importlib.util
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from macaron_django.openapi import Operation
from macaron_django.shipping.starting.handler_stubs import HandlerStub, merged_imports, module_of_stubs

__all__ = [
    "OrphanHandler",
    "UnreadableModuleError",
    "bound_handlers",
    "extended_module",
    "module_beside",
    "module_path",
    "orphans_in",
    "top_names",
]

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class UnreadableModuleError(Exception):
    """Raised if a module of handlers isn't valid Python."""


@dataclass(frozen=True)
class OrphanHandler:
    """A function in a module of handlers. No operation is bound to this function."""

    name: str
    path: Path
    line: int


def bound_handlers(operations: Iterable[Operation]) -> dict[str, Operation]:
    """Returns the operations that have ``x-bind-server``, by the dotted paths of their handlers."""
    return {dotted: each for each in operations if (dotted := each.extensions.bind_server)}


def module_path(module: str, base: Path) -> Path | None:
    """Returns the path of a module's file, even if the file doesn't exist yet.

    Returns None if the module wouldn't be a file below ``base``.
    """
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is not None and found.origin is not None:
        path = Path(found.origin)
    elif found is not None:  # a folder without an __init__.py
        return None
    else:
        path = base.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_relative_to(base) and path.suffix == ".py" and path.name != "__init__.py" else None


def module_beside(spec: Path, api: str, bound: Iterable[str], base: Path) -> str | None:
    """Returns the dotted path of the module for an API's new handlers.

    This is the module that has most of the API's handlers. If there is no such module, returns the path of a module
    in the spec's folder. Returns None if the spec isn't below ``base``, or if the module's path would have a part that
    isn't a Python identifier.
    """
    used = Counter(dotted.rpartition(".")[0] for dotted in bound)
    for module, _ in used.most_common():
        if module_path(module, base) is not None:
            return module
    if not spec.is_relative_to(base):
        return None
    folders = spec.parent.relative_to(base).parts
    parts = (*folders, "handlers" if folders[-1:] == (api,) else f"{api}_handlers")
    return ".".join(parts) if all(part.isidentifier() for part in parts) else None


def top_names(path: Path) -> dict[str, int]:
    """Returns the names that a module defines or imports at its top level, with their lines.

    May raise UnreadableModuleError.
    """
    found: dict[str, int] = {}
    for node in _parsed(path).body if path.is_file() else ():
        if isinstance(node, (*_Function, ast.ClassDef)):
            found[node.name] = node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(each.asname or each.name).partition(".")[0]: node.lineno for each in node.names}
        else:
            found |= {each.id: node.lineno for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found


def orphans_in(module: str, path: Path, bound: Mapping[str, object]) -> Iterator[OrphanHandler]:
    """Yields the public functions of a module that are neither bound nor used elsewhere in the module."""
    tree = _parsed(path)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in tree.body:
        if not isinstance(node, _Function) or node.name.startswith("_") or node.name in used:
            continue
        if f"{module}.{node.name}" not in bound:
            yield OrphanHandler(node.name, path, node.lineno)


def extended_module(path: Path, stubs: Iterable[HandlerStub], api: str, title: str) -> str:
    """Adds the handlers of ``stubs``, and their imports, to the source at ``path``. Returns the new source."""
    stubs = list(stubs)
    if not path.is_file() or not path.read_text("utf-8").strip():
        return module_of_stubs(stubs, api, title)
    text = path.read_text("utf-8")
    lines = text.rstrip("\n").split("\n")
    wanted = merged_imports({line for stub in stubs for line in stub.imports} - set(lines))
    tree = _parsed(path)
    start = (ast.get_docstring(tree) is not None and tree.body[0].end_lineno) or 0
    last = max((node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)), default=0)
    if wanted and last:
        lines[last:last] = wanted
    elif wanted:
        lines[start:start] = ["", *wanted] if start else [*wanted, ""]
    return "\n\n\n".join(["\n".join(lines).rstrip("\n"), *(stub.source.rstrip("\n") for stub in stubs)]) + "\n"


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"), str(path))
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
        raise UnreadableModuleError(f"{path}{line} isn't valid Python: {getattr(error, 'msg', error)}.") from error
