"""Extends Django's ``manage.py runserver``. If a schema is persisted, the command starts the DynamoDB engine first.

Both the autoreloader's parent process and its child processes start the engine, so that the engine survives a reload.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.exceptions import PersistenceError

if TYPE_CHECKING or not apps.is_installed("django.contrib.staticfiles"):
    from django.core.management.commands.runserver import Command as RunserverCommand
else:
    from django.contrib.staticfiles.management.commands.runserver import Command as RunserverCommand

__all__ = ["Command"]


class Command(RunserverCommand):
    help = "Starts a lightweight web server for development, and the DynamoDB engine if a schema is persisted."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--mock",
            action="store_true",
            help="If no code answers an operation, answer with the spec's example or a generated value.",
        )

    def run(self, **options: Any) -> None:
        if options["mock"]:
            # The autoreloader starts its child with the same arguments.
            settings.change(MOCK=True)
        # A system check reports a wrong configuration, and the server runs the checks when it starts.
        if _has_persisted_schemas() and engines.configuration_problem() is None:
            self.start_engine(reloads=options["use_reloader"])
        super().run(**options)

    def start_engine(self, *, reloads: bool) -> None:
        try:
            engine = engines.current()
            engine.start()
            if engine.name == "moto":
                _make_tables()
        except (ImproperlyConfigured, PersistenceError) as error:
            raise CommandError(str(error)) from error
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            return  # the parent process has already printed this
        if reloads and engine.name == "moto" and engine.endpoint_url:
            from macaron_django.dynamodb.engines.moto import PARENT_URL

            os.environ[PARENT_URL] = engine.endpoint_url
        self.stdout.write(f"DynamoDB: {engine.status()}")
        self.stdout.flush()


def _make_tables() -> None:
    """Creates the tables of an engine that starts empty.

    ``synctables`` can't create them, because it runs in another process and can't reach this engine.
    """
    from macaron_django.dynamodb.tables.syncing import create_table  # imported here: few servers need it
    from macaron_django.registry import registry
    from macaron_django.tasks.item_tables import own_tables

    kept = [one for api in registry for one in api.persistences.values()]
    for persistence in (*kept, *(own_tables() if settings.TASKS.OUTBOX else ())):
        create_table(persistence.table, safeguards=False)


def _has_persisted_schemas() -> bool:
    from macaron_django.registry import registry

    return any(api.persistences for api in registry)
