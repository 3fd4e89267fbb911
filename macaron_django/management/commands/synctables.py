"""``manage.py synctables`` creates and updates the tables that persisted schemas need."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.tables.syncing import compare_table, sync_table
from macaron_django.dynamodb.tables.table_differences import TableDifference
from macaron_django.exceptions import PersistenceError
from macaron_django.management.named_apis import apis_named, reasons
from macaron_django.registry import registry
from macaron_django.tasks.item_tables import own_tables

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Shows how the tables differ from the persisted schemas. Then creates missing tables, and adds missing "
        "indexes, time to live, tags and protection to existing tables. Never drops, replaces or empties "
        "anything."
    )
    requires_system_checks = []  # the tables of an API are synced even if another API has errors

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apis", nargs="*", metavar="API", help="The names of APIs (default: all).")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--dry-run", action="store_true", help="Show the differences and change nothing.")
        instead.add_argument(
            "--check",
            action="store_true",
            help="Show the differences, change nothing, and exit with 1 if there are any.",
        )
        waiting = parser.add_mutually_exclusive_group()
        waiting.add_argument(
            "--wait",
            action="store_true",
            dest="wait",
            default=True,
            help="Return when all tables and indexes are ready (the default).",
        )
        waiting.add_argument(
            "--no-wait",
            action="store_false",
            dest="wait",
            help="Return as soon as DynamoDB has begun the changes. DynamoDB adds one index at a time, so run the "
            "command again for the next index.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        only_look = options["dry_run"] or options["check"]
        left_out = [] if options["apis"] else list(registry.left_out)
        try:
            persistences = [one for api in apis_named(options["apis"]) for one in api.persistences.values()]
            if not options["apis"]:
                persistences += own_tables()
            if not persistences:
                others = " of the APIs that are served" if left_out else ""
                self.stdout.write(f"No schema{others} has x-persist: there are no tables to create.")
                self._tell_of(left_out)
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
        self._tell_of(left_out)

    def _tell_of(self, left_out: list[str]) -> None:
        if left_out:
            told = [line for name in left_out for line in reasons(name)]
            raise CommandError("\n".join([*told, "The command didn't check the tables of APIs that aren't served."]))

    def _sync(self, persistence: Persistence, *, only_look: bool, wait: bool) -> list[TableDifference]:
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

    def _styled(self, difference: TableDifference) -> str:
        style = self.style.ERROR if difference.kind == "conflict" else self.style.SUCCESS
        return str(difference) if difference.kind in {"extra", "unsupported"} else style(str(difference))

    def _conclude(self, differences: list[TableDifference], *, only_look: bool, check: bool) -> None:
        conflicts = sum(difference.kind == "conflict" for difference in differences)
        pending = sum(difference.is_applied for difference in differences) if only_look else 0
        if check and pending + conflicts:
            self.stdout.write(f"{pending + conflicts} difference(s).")
            sys.exit(1)
        if conflicts:
            raise CommandError(
                f"{conflicts} difference(s) marked ! can't be applied to an existing table. Create a table with "
                "another name, copy the items to it, and write the new name into x-persist. Or undo the change to the "
                "schema."
            )
