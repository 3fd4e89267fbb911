"""``manage.py synctables``: tables in DynamoDB as the schemas describe them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.tables import Difference, compare_table, sync_table
from macaron_django.exceptions import PersistenceError

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Makes the tables that persisted schemas need, and adds missing indexes, time to live, tags and protection to "
        "those that are there, showing first what differs. Nothing is ever dropped, replaced or emptied."
    )
    requires_system_checks = []  # a faulty spec of one API is no reason to leave the tables of another alone

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apis", nargs="*", metavar="API", help="Names of APIs; all of them where none is named.")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--dry-run", action="store_true", help="Show what differs and change nothing.")
        instead.add_argument(
            "--check",
            action="store_true",
            help="Show what differs, change nothing, and exit with 1 if anything would have to be changed.",
        )
        waiting = parser.add_mutually_exclusive_group()
        waiting.add_argument(
            "--wait",
            action="store_true",
            dest="wait",
            default=True,
            help="Return when all tables and indexes can be used (the default).",
        )
        waiting.add_argument(
            "--no-wait",
            action="store_false",
            dest="wait",
            help="Return when DynamoDB has begun. It adds one index at a time: run again for the next one.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        only_look = options["dry_run"] or options["check"]
        try:
            persistences = list(_persistences(options["apis"]))
            if not persistences:
                self.stdout.write("No schema has x-persist: there are no tables to make.")
                return
            engine = engines.current()
            if options["verbosity"] > 0:
                self.stdout.write(f"On {engine.endpoint_url or 'Amazon DynamoDB'} ({engine.name}, {engine.region}):")
            differences = [
                difference
                for persistence in persistences
                for difference in self._sync(persistence, only_look=only_look, wait=options["wait"])
            ]
        except (ImproperlyConfigured, PersistenceError) as error:
            raise CommandError(str(error)) from error
        self._conclude(differences, only_look=only_look, check=options["check"])

    def _sync(self, persistence: Persistence, *, only_look: bool, wait: bool) -> list[Difference]:
        label = f"{persistence.api}.{persistence.schema.name}: {persistence.table_name}"
        differences = compare_table(persistence.table)
        if not differences:
            self.stdout.write(f"  {label}: up to date")
            return []
        self.stdout.write(f"  {label}")
        for difference in differences:
            self.stdout.write(f"    {self._styled(difference)}")
        if not only_look and any(difference.is_applied for difference in differences):
            sync_table(persistence.table, wait=wait, progress=self._progress)
            self.stdout.write("    done" if wait else "    begun")
        return differences

    def _progress(self, text: str) -> None:
        self.stdout.write(f"    … {text}")
        self.stdout.flush()

    def _styled(self, difference: Difference) -> str:
        style = self.style.ERROR if difference.kind == "conflict" else self.style.SUCCESS
        return str(difference) if difference.kind in {"extra", "unsupported"} else style(str(difference))

    def _conclude(self, differences: list[Difference], *, only_look: bool, check: bool) -> None:
        conflicts = sum(difference.kind == "conflict" for difference in differences)
        pending = sum(difference.is_applied for difference in differences) if only_look else 0
        if check and pending + conflicts:
            self.stdout.write(f"{pending + conflicts} difference(s).")
            sys.exit(1)
        if conflicts:
            raise CommandError(
                f"{conflicts} difference(s) marked ! can't be made in a table that exists. Make a table of another "
                "name, copy the items, and name it in x-persist; or change the schema back."
            )


def _persistences(names: list[str]) -> Iterator[Persistence]:
    from macaron_django.registry import registry  # the composition root imports nothing of this at its own import

    apis = {api.name: api for api in registry}
    for name in names:
        if name not in apis:
            known = ", ".join(sorted(apis)) or "none"
            raise CommandError(f"There is no API named {name!r}; there are: {known}.")
    for name, api in apis.items():
        if not names or name in names:
            yield from api.persistences.values()
