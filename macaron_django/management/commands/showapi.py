"""``manage.py showapi [API …]``: who answers each operation, with which serializer, on which model."""

from __future__ import annotations

import difflib
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.discovery import discover
from macaron_django.management.api_overviews import (
    field_names_of,
    kept_names,
    operation_rows,
    options_of,
)
from macaron_django.management.report_formats import printable
from macaron_django.management.terminals import aligned, printing

if TYPE_CHECKING:
    from macaron_django.registry import API

__all__ = ["Command", "chosen"]

_HEADINGS = ("PATH", "METHOD", "OPERATION", "ANSWERED BY", "SERIALIZER", "MODEL", "MANAGER")


class Command(BaseCommand):
    help = (
        "Shows what is made of each operation of an API: who answers it, its serializer, model and manager; which "
        "properties have fields of another name; and the options of x-persist in force."
    )
    requires_system_checks = []  # an API with a fault is one to be looked at

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apis", nargs="*", metavar="API", help="Names of APIs; all of them where none is named.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            for number, api in enumerate(chosen(options["apis"])):
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
            yield from self._headed("Fields with a name of their own", _table(map(astuple, fields)))
        for name, persistence in api.persistences.items():
            yield from self._headed(f"{name}: x-persist", _table(options_of(persistence)))
        if kept := list(kept_names(api)):
            yield from self._headed("In the document, not served", _table(kept))

    def _headed(self, heading: str, lines: Iterable[str]) -> Iterator[str]:
        yield ""
        yield self.style.MIGRATE_LABEL(printable(heading))
        yield from lines


def _table(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    return aligned([[printable(cell) for cell in row] for row in rows])


def chosen(names: Iterable[str]) -> list[API]:
    """The APIs of these names, all if none is given; ``CommandError`` for one that there isn't, or isn't served."""
    from macaron_django.registry import registry  # the composition root imports nothing of this at its own import

    apis = {api.name: api for api in registry}
    found = {each.name: each for each in discover()}
    for name in names:
        if name in apis:
            continue
        if name in found:
            raise CommandError(
                f"The API {name!r} isn't served, because its spec has errors: "
                f"`manage.py checkspec {found[name].path}` and `manage.py check` tell which."
            )
        close = difflib.get_close_matches(name, found, n=1)
        known = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(sorted(found)) or 'none'}."
        raise CommandError(f"There is no API named {name!r}. {known}")
    return [api for name, api in apis.items() if not names or name in names]
