"""``manage.py handlers`` writes stubs of missing handlers, and lists handlers that no operation uses."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import base_folder
from macaron_django.management.named_apis import apis_named
from macaron_django.management.terminals import printable, printing
from macaron_django.openapi import Operation
from macaron_django.openapi.reading.source import decode
from macaron_django.registry import API, registry
from macaron_django.shipping.starting.handler_modules import (
    OrphanHandler,
    UnreadableModuleError,
    bound_handlers,
    extended_module,
    module_beside,
    module_path,
    orphans_in,
    top_names,
)
from macaron_django.shipping.starting.handler_stubs import HandlerStub, function_name, stub_of
from macaron_django.shipping.starting.spec_edits import SpecAddition, SpecText

__all__ = ["Command"]


@dataclass(frozen=True)
class _Missing:
    """An operation without a handler, and the stub to write, with the stub's module and the module's file.

    ``is_bound`` says whether the spec already binds the operation to the function that is missing.
    """

    api: API
    operation: Operation
    module: str
    path: Path
    stub: HandlerStub
    is_bound: bool


class Command(BaseCommand):
    help = (
        "Writes a handler stub for each operation that no code answers, and binds the operation to the stub in the "
        "spec. If the spec names a function that doesn't exist, the command writes a stub of this function. It also "
        "lists the handlers that no operation is bound to."
    )
    requires_system_checks = []  # the checks would report the missing handlers that this command writes

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apis", nargs="*", metavar="API", help="The names of APIs (default: all).")
        parser.add_argument(
            "--module",
            metavar="DOTTED",
            help="The module for new handlers (default: the module of the API's other handlers, or else a module "
            "beside the spec).",
        )
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--dry-run", action="store_true", help="Show what would be written, and write nothing.")
        instead.add_argument(
            "--check",
            action="store_true",
            help="Show what would be written, and write nothing. Exit with 1 if a handler is missing, or if there is a "
            "handler that no operation is bound to.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            try:
                self._work(options)
            except UnreadableModuleError as error:
                raise CommandError(printable(str(error))) from error

    def _work(self, options: dict[str, Any]) -> None:
        apis = [api for api in apis_named(options["apis"]) if not api.builtin]
        missing = [each for api in apis for each in self._missing(api, options["module"])]
        orphans = sorted(set(_orphans(apis)), key=lambda each: (each.path, each.line))
        if not (options["dry_run"] or options["check"]):
            self._write(missing)
        self._show(missing, orphans, is_written=not (options["dry_run"] or options["check"]))
        if options["check"] and (missing or orphans):
            sys.exit(1)

    def _missing(self, api: API, module: str | None) -> Iterator[_Missing]:
        base, bound = base_folder().absolute(), bound_handlers(api.document.operations)
        for dotted, operation in bound.items():
            owner, _, name = dotted.rpartition(".")
            path = module_path(owner, base)
            if path is not None and _is_function_name(name) and name not in top_names(path):
                yield _Missing(api, operation, owner, path, stub_of(operation, api.name, name), is_bound=True)
        unanswered = [served.operation for _, served in api.viewsets.served() if _is_unanswered(served)]
        if not unanswered:
            return
        module = module or module_beside(api.document.files[0], api.name, bound, base)
        path = module_path(module, base) if module else None
        if module is None or path is None:
            raise CommandError(f"The handlers of {api.name} need a module below {base}: choose one with --module.")
        taken = {*top_names(path), *(dotted.rpartition(".")[2] for dotted in bound)}
        for operation in unanswered:
            name = function_name(operation, taken)
            taken.add(name)
            yield _Missing(api, operation, module, path, stub_of(operation, api.name, name), is_bound=False)

    def _write(self, missing: list[_Missing]) -> None:
        by_path: dict[Path, list[_Missing]] = defaultdict(list)
        by_spec: dict[Path, list[_Missing]] = defaultdict(list)
        for each in missing:
            by_path[each.path].append(each)
            if not each.is_bound and each.operation.node.file.path is not None:
                by_spec[each.operation.node.file.path].append(each)
        texts = {}
        for path, found in by_path.items():
            api = found[0].api
            texts[path] = extended_module(path, [each.stub for each in found], api.name, api.document.title)
        for path, found in by_spec.items():
            additions = [_binding(each) for each in found]
            texts[path] = SpecText(decode(path.read_bytes(), str(path))).with_additions(additions)
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")

    def _show(self, missing: list[_Missing], orphans: list[OrphanHandler], *, is_written: bool) -> None:
        verb = "Wrote" if is_written else "Missing:"
        for each in missing:
            called = f"{each.operation.method.upper()} {each.operation.path}"
            place = _shown(each.path)
            bound = "" if each.is_bound else f", bound in {_shown(each.operation.node.file.path)}"
            self.stdout.write(printable(f"{verb} {each.module}.{each.stub.name} for {called} ({place}{bound})"))
        for orphan in orphans:
            self.stdout.write(
                self.style.WARNING(
                    printable(f"{_shown(orphan.path)}:{orphan.line}: no operation is bound to {orphan.name}.")
                )
            )
        if not missing and not orphans:
            self.stdout.write("No handler is missing.")


def _is_function_name(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


def _is_unanswered(served: Any) -> bool:
    from macaron_django.api.viewsets import in_use  # imported here: viewsets need the project's settings

    if served.handler is not None or served.generated is not None:
        return False
    viewset = next(v for api in registry for v, each in api.viewsets.served() if each is served)
    return getattr(in_use(viewset), served.action, None) is getattr(viewset, served.action, None)


def _orphans(apis: list[API]) -> Iterator[OrphanHandler]:
    """Yields the functions that no API uses as handlers. Only the modules for the handlers of ``apis`` are searched."""
    base = base_folder().absolute()
    bound = {dotted for api in registry for dotted in bound_handlers(api.document.operations)}
    bound |= {each for api in registry for one in api.document.operations for each in one.extensions.decorate_server}
    for api in apis:
        own = bound_handlers(api.document.operations)
        beside = module_beside(api.document.files[0], api.name, own, base)
        for module in dict.fromkeys([*(dotted.rpartition(".")[0] for dotted in own), *([beside] if beside else [])]):
            path = module_path(module, base)
            if path is not None and path.is_file():
                yield from orphans_in(module, path, dict.fromkeys(bound))


def _binding(missing: _Missing) -> SpecAddition:
    return SpecAddition(missing.operation.node.pointer, "x-bind-server", f"{missing.module}.{missing.stub.name}")


def _shown(path: Path | None) -> str:
    if path is None:
        return "?"
    base = base_folder().absolute()
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
