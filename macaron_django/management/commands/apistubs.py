"""``manage.py apistubs`` writes type stubs of the APIs' classes, for editors and type checkers."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.clients import client_specs
from macaron_django.conf import base_folder, settings
from macaron_django.management.terminals import printing
from macaron_django.openapi import Schema
from macaron_django.registry import registry
from macaron_django.schemas import Classes
from macaron_django.schemas.stubs.stub_files import stub

__all__ = ["Command"]

_PATH = Path("macaron_django", "__init__.pyi")


def _stub_of_all() -> str:
    """Returns the stub of all served APIs, and of the APIs that have clients."""
    called = settings.CLIENTS
    apis = [*registry, *(registry[name] for name in registry.names() if name in client_specs())]
    if not called:
        return stub(api.classes for api in apis)
    from macaron_django.clients.client_stubs import CLIENT_TYPES, client_lines

    def members(classes: Classes, name_of: Callable[[Schema], str]) -> Iterable[str]:
        return client_lines(classes.document, name_of) if classes.api in called else ()

    return stub({api.name: api.classes for api in apis}.values(), members, CLIENT_TYPES)


class Command(BaseCommand):
    help = (
        "Writes a type stub of macaron_django with the classes of this project's APIs. With it, editors can "
        "complete apipool.myserver.Profile, and type checkers can check it. Pyright and Pylance read typings/ by "
        "default; mypy needs `mypy_path = typings`."
    )
    requires_system_checks = []  # served APIs get their stubs even if another API has errors

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output",
            metavar="FOLDER",
            help=(
                f"The folder for {_PATH.as_posix()} (default: typings in the project's folder). "
                "Use - to print the stub instead."
            ),
        )
        parser.add_argument(
            "--check", action="store_true", help="Write nothing, and exit with 1 if the stub is out of date."
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            self._write_stub(options["output"], only_check=options["check"])

    def _write_stub(self, output: str | None, *, only_check: bool) -> None:
        text = _stub_of_all()
        if output == "-":
            self.stdout.write(text, ending="")
            return
        path = (base_folder() / "typings" if output is None else Path(output)) / _PATH
        try:
            is_current = path.is_file() and path.read_text("utf-8") == text
            if only_check:
                self.stdout.write(f"{path} is {'up to date' if is_current else 'out of date: run manage.py apistubs'}.")
                if not is_current:
                    sys.exit(1)
            elif is_current:
                self.stdout.write(f"{path} is up to date.")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                self.stdout.write(f"Wrote {path}.")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}") from error
