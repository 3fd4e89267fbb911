"""``manage.py dynamodb`` runs the configured DynamoDB engine in the foreground, shows its status, or stops it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import engines
from macaron_django.exceptions import EngineUnavailable

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Starts the DynamoDB engine that MACARON['DYNAMODB'] configures, and prints its URL. Press Ctrl-C to end the "
        "command. If the engine is already running, the command shares it. The engine stops when no process uses it "
        "any more."
    )
    requires_system_checks = []  # the engine runs even if a spec has errors

    def add_arguments(self, parser: ArgumentParser) -> None:
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            "--status",
            action="store_true",
            help=(
                "Print the engine's name, its URL and the location of its data. "
                "Exit with 1 if the engine isn't running."
            ),
        )
        instead.add_argument(
            "--stop",
            action="store_true",
            help="Stop the engine, even if other processes, such as runserver, use it.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        try:
            engine = engines.current()
            if options["status"]:
                self.show_status(engine)
            elif options["stop"]:
                self.end(engine)
            else:
                self.run(engine)
        except (ImproperlyConfigured, EngineUnavailable) as error:
            raise CommandError(str(error)) from error

    def show_status(self, engine: engines.Engine) -> None:
        self.stdout.write(engine.status())
        if not engine.running:
            sys.exit(1)

    def end(self, engine: engines.Engine) -> None:
        if not engine.local:
            raise CommandError(f"The engine {engine.name!r} runs elsewhere: it can't be stopped from here.")
        self.stdout.write("Stopped." if engine.shut_down() else f"Nothing to stop. {engine.status()}")

    def run(self, engine: engines.Engine) -> None:
        if not engine.local:
            raise CommandError(
                f"The engine {engine.name!r} runs elsewhere: there is nothing to run here. "
                "`manage.py dynamodb --status` shows whether it can be reached."
            )
        try:
            engine.start()
            self.stdout.write(engine.status())
            self.stdout.write("Quit with Control-C.")
            self.stdout.flush()
            while not engine.wait_for_end(timeout=60):
                pass
        except KeyboardInterrupt:
            self.stdout.write("")
        else:
            raise CommandError(
                "Another process stopped the engine, or the engine failed. See the log beside the engine's data."
            )
        engine.stop()
        ended = engine.wait_for_end(timeout=3)
        self.stdout.write(
            "Stopped." if ended else "Other processes still use the engine. It stops when all of them have ended."
        )
