"""``manage.py startapi FILE`` adds an API to a project. Writes a copy of the spec, and a stub of each handler."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import base_folder, settings
from macaron_django.discovery import discover
from macaron_django.management.spec_errors import read_or_refused
from macaron_django.management.storage_choices import add_storage_choice
from macaron_django.management.terminals import printable, printing
from macaron_django.openapi import Limits
from macaron_django.shipping.starting.api_files import APIFiles, Storage, api_files, api_name, name_problem

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Adds an API to the project. The folder apis/NAME/ gets a copy of the spec, and stubs of the handlers "
        "that its operations are bound to. Other files aren't changed. The command prints the line to add to the "
        "settings."
    )
    requires_system_checks = []  # another API's errors don't matter here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="An OpenAPI file, in YAML or JSON.")
        parser.add_argument("--name", metavar="API", help="The name of the API (default: the name of the file).")
        add_storage_choice(parser, "If you use neither --dynamodb nor --orm, comments in the spec mark these schemas.")
        parser.add_argument("--dry-run", action="store_true", help="List the files, and write nothing.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            self._start(options)

    def _start(self, options: dict[str, Any]) -> None:
        spec = Path(options["file"])
        storage: Storage = options["storage"] or "none"
        name = options["name"] or api_name(spec, spec.absolute().parent.name)
        self._refuse_name(name, storage)
        limits = Limits(max_bytes=settings.MAX_SPEC_SIZE)
        made = read_or_refused(lambda: api_files(spec, name, storage, limits=limits), spec)
        base = base_folder()
        files = {
            path: text for path, text in made.files.items() if path != "apis/__init__.py" or not (base / path).exists()
        }
        if not options["dry_run"]:
            for path, text in files.items():
                target = base / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8", newline="")
        for path in files:
            self.stdout.write(f"  {path}")
        self.stdout.write(f"{len(files)} files{' would be' if options['dry_run'] else ''} written.")
        self._what_next(made, storage)

    def _refuse_name(self, name: str, storage: Storage) -> None:
        problem = name_problem(name)
        if problem is not None:
            raise CommandError(f"{problem} Use --name to give the API another name.")
        if any(each.name == name for each in discover()):
            raise CommandError(f"An API named {name!r} already exists. Use --name to give the new API another name.")
        if storage == "orm" and any(config.label == name for config in apps.get_app_configs()):
            raise CommandError(f"An app labelled {name!r} already exists. Use --name to give the API another name.")
        folder = base_folder() / "apis" / name
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} already exists and isn't empty. Use --name to give the API another name.")

    def _what_next(self, made: APIFiles, storage: Storage) -> None:
        lines = ["", "What next:", f"  To serve the API, add {made.settings_line} to MACARON['APIS'] in the settings."]
        if settings.APIS is None:
            found = [each for each in discover() if not each.builtin]
            entries = [f'"{each.name}": "{_below(each.path)}",' for each in found]
            lines.append("  There is no MACARON['APIS'] yet. It must list every API that should be served:")
            lines += [f"    {entry}" for entry in (*entries, made.settings_line)]
        if made.app is not None:
            lines.append(f'  Add "{made.app}" to INSTALLED_APPS, and run `manage.py makemigrations {made.name}`.')
        for scheme, path in made.verifiers.items():
            lines.append(printable(f'  Verify callers: add "{scheme}": "{path}", to MACARON["SECURITY_VERIFIERS"].'))
        if made.kept:
            names = ", ".join(each.name for each in made.kept)
            verb = "could be persisted" if storage == "none" else "are persisted"
            lines.append(f"  Review these schemas, which {verb} and are marked in {made.spec}: {printable(names)}.")
        if made.stubs:
            lines.append(f"  Write the {len(made.stubs)} handlers in {made.handlers}: each answers 501 until then.")
        self.stdout.write("\n".join(lines))
        for each in made.foreign:
            warning = f"  The spec refers to {printable(each)}: this code must be in the project."
            self.stdout.write(self.style.WARNING(warning))


def _below(path: Path) -> str:
    base = base_folder()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
