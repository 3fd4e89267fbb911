"""``manage.py inspecttables`` prints an OpenAPI document with ``x-persist`` for existing DynamoDB tables."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.exceptions import PersistenceError
from macaron_django.management.terminals import printable, printing, progress_bar

__all__ = ["Command"]

_MOST = 10_000


def _sample(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST:
        raise ArgumentTypeError(f"{text!r} isn't a valid number of items: give a number from 0 to {_MOST}.")
    return int(text)


class Command(BaseCommand):
    help = (
        "Prints an OpenAPI document that describes existing DynamoDB tables: their keys, their indexes and their "
        "time to live. The types of attributes come from a sample of the items. Changes nothing."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "tables",
            nargs="*",
            metavar="TABLE",
            help="Names of tables, without TABLE_PREFIX (default: all tables that begin with this prefix).",
        )
        parser.add_argument(
            "--sample",
            type=_sample,
            default=100,
            metavar="N",
            help="How many items to read from each table (default: 100; 0 reads none). AWS charges for the reads.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            try:
                self._print(options["tables"], options["sample"])
            except (ImproperlyConfigured, PersistenceError) as error:
                raise CommandError(printable(str(error))) from error

    def _print(self, wanted: list[str], sample: int) -> None:
        from macaron_django.dynamodb.tables.existing_tables import existing_table, table_names  # they need PynamoDB
        from macaron_django.shipping.starting.table_specs import spec_of_tables

        engine, prefix = engines.current(), settings.DYNAMODB.TABLE_PREFIX
        names = [f"{prefix}{name}" for name in wanted] or table_names(prefix)
        where = f"{engine.endpoint_url or 'Amazon DynamoDB'} ({engine.name}, {engine.region})"
        if not names:
            raise CommandError(f"There is no table{f' beginning with {prefix}' if prefix else ''} on {where}.")
        tables = []
        with progress_bar(len(names), " tables") as bar:
            for name in names:
                found = existing_table(name, sample)
                if found is None:
                    raise CommandError(f"There is no table {printable(name)} on {where}.")
                tables.append(found)
                bar.update()
        head = (
            f"Written by `manage.py inspecttables` from tables on {engine.name} ({engine.region}), and from at most "
            f"{sample} items of each table.\nReview the types and the required properties, because other items can "
            "differ. Also review who is allowed to read the items."
        )
        self.stdout.write(spec_of_tables(tables, prefix, head), ending="")
