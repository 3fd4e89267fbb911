"""``manage.py prebuild`` parses and checks the specs in advance, so that servers start faster."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import base_folder, settings
from macaron_django.management.spec_errors import read_or_refused
from macaron_django.shipping.prebuilt_files import PrebuiltFolder, prebuilt_files

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        'Writes the folder that MACARON["PREBUILT"] names. Each start then reads the parsed YAML specs from this '
        "folder, instead of parsing and checking them again. A file is ignored, with a warning, if its spec, "
        "this package's version or Python's version has changed. So run this command again after each such "
        "change."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing, and exit with 1 if the folder is out of date."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would be written and removed, and change nothing."
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        if settings.PREBUILT is None:
            raise CommandError('MACARON["PREBUILT"] is None: set it to the name of a folder.')
        files = read_or_refused(prebuilt_files, None)
        folder = PrebuiltFolder(base_folder() / settings.PREBUILT, files)
        try:
            missing, surplus = folder.missing(), folder.surplus()
        except OSError as error:
            raise CommandError(f"{folder.folder} can't be read: {error}.") from error
        if options["check"]:
            is_current = not (missing or surplus)
            state = "up to date" if is_current else "out of date: run manage.py prebuild"
            self.stdout.write(f"{folder.folder} is {state}.")
            if not is_current:
                sys.exit(1)
        elif options["dry_run"]:
            for verb, names in (("write", missing), ("remove", surplus)):
                for name in names:
                    self.stdout.write(f"Would {verb} {folder.folder / name}")
        else:
            try:
                folder.update()
            except OSError as error:
                raise CommandError(f"{folder.folder} can't be written: {error}.") from error
            self.stdout.write(
                f"{folder.folder} has {len(files)} files: {len(missing)} written, {len(surplus)} old ones removed."
            )
