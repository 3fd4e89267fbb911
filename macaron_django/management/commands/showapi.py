"""``manage.py showapi [API …]`` shows the code that answers each operation, with its serializer and its model."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Any

from django.core.management.base import BaseCommand

from macaron_django.management.named_apis import apis_named
from macaron_django.management.showapi_rows import field_names_of, kept_names, operation_rows, options_of
from macaron_django.management.terminals import aligned, printable, printing
from macaron_django.registry import API

__all__ = ["Command"]

_HEADINGS = ("PATH", "METHOD", "OPERATION", "ANSWERED BY", "SERIALIZER", "MODEL", "MANAGER")


class Command(BaseCommand):
    help = (
        "For each operation of an API, shows the code that answers it, and the serializer, model and manager of the "
        "operation. Also shows the properties whose fields have a different name, and the effective options of "
        "x-persist."
    )
    requires_system_checks = []  # this command helps to look at an API with errors

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apis", nargs="*", metavar="API", help="The names of APIs (default: all).")

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            for number, api in enumerate(apis_named(options["apis"])):
                if number:
                    self.stdout.write("")
                for line in self._lines(api):
                    self.stdout.write(line)

    def _lines(self, api: API) -> Iterator[str]:
        document = api.document
        dialect = "Swagger" if document.version == "2.0" else "OpenAPI"
        title = f"{api.name}: {printable(document.title or 'untitled')} ({dialect} {printable(document.version)})"
        yield self.style.MIGRATE_HEADING(title)
        rows = [tuple(cell or "-" for cell in astuple(row)) for row in operation_rows(api)]
        yield from _table([_HEADINGS, *rows] if rows else [("no operations",)])
        if fields := list(field_names_of(api)):
            yield from self._headed("Fields whose name differs from the property's name", _table(map(astuple, fields)))
        for name, persistence in api.persistences.items():
            yield from self._headed(f"{name}: x-persist", _table(options_of(persistence)))
        if kept := list(kept_names(api)):
            yield from self._headed("In the document, but not served", _table(kept))

    def _headed(self, heading: str, lines: Iterable[str]) -> Iterator[str]:
        yield ""
        yield self.style.MIGRATE_LABEL(printable(heading))
        yield from lines


def _table(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    return aligned([[printable(cell) for cell in row] for row in rows])
