"""``manage.py explaincheck W304`` explains a finding of a check: its cause, an example and its remedy."""

from __future__ import annotations

import difflib
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.management.check_entries import CheckEntry, check_entries
from macaron_django.management.terminals import printable, printing

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Explains a problem that has an ID, such as W304: prints the cause, an example and the remedy. manage.py "
        "check, checkspec and the log show these IDs. Without an ID, lists all IDs."
    )
    requires_system_checks = []  # a project with errors needs this command most
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "ids", nargs="*", metavar="ID", help="W304, w304 or macaron_django.W304 (default: list every ID)."
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        entries = list(dict.fromkeys(map(_entry, options["ids"])))
        with printing(self):
            if entries:
                self._explain(entries)
            else:
                self._list(check_entries().values())

    def _explain(self, entries: Iterable[CheckEntry]) -> None:
        for number, entry in enumerate(entries):
            if number:
                self.stdout.write("")
            self.stdout.write(self._painted(entry, f"{entry.level} {entry.id}"))
            for line in entry.lines():
                self.stdout.write(line)

    def _list(self, entries: Iterable[CheckEntry]) -> None:
        for entry in entries:
            self.stdout.write(f"{self._painted(entry, entry.id)}  {entry.cause}")

    def _painted(self, entry: CheckEntry, text: str) -> str:
        return self.style.ERROR(text) if entry.level == "error" else self.style.WARNING(text)


def _entry(given: str) -> CheckEntry:
    """Returns the entry of an ID. If there is none, raises CommandError with a similar ID as a suggestion."""
    known = check_entries()
    id_ = given.removeprefix("macaron_django.").upper()
    if id_ in known:
        return known[id_]
    close = difflib.get_close_matches(id_, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "`manage.py explaincheck` lists all IDs."
    raise CommandError(f"No check has the ID {printable(given)!r}. {hint}")
