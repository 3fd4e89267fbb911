"""``manage.py dockerize`` writes the files that are needed to build and run the project as a container."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from difflib import unified_diff
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import base_folder, settings
from macaron_django.registry import registry
from macaron_django.shipping.container_files import (
    ContainedProject,
    container_files,
    differing_files,
    dockerfile_python,
    missing_requirements,
    write_files,
)

__all__ = ["Command"]

BUILD = 'docker build --build-arg VERSION="$(date +%y%m%d-%H%M)-$(git rev-parse --short HEAD)" --tag {} .'


class Command(BaseCommand):
    help = (
        "Writes Dockerfile, start.sh, compose.yaml and .dockerignore beside manage.py. The contents of "
        "Dockerfile.extra become a part of the Dockerfile. Files that you have changed are kept."
    )
    requires_system_checks = []  # the files depend on few settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Show what would be written, and write nothing.")
        parser.add_argument("--force", action="store_true", help="Overwrite files that differ.")
        parser.add_argument(
            "--python",
            metavar="X.Y",
            help="The Python version of the image (default: the Dockerfile's version, or else the version that runs "
            "this command).",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        folder = base_folder().absolute()
        requirements = folder / "requirements.txt"
        if not requirements.is_file():
            raise CommandError(
                f"{requirements} doesn't exist. The image installs the packages that this file names. To write "
                "it, run `pip freeze > requirements.txt`."
            )
        project = _project(
            folder, options["python"] or dockerfile_python(folder) or "{}.{}".format(*sys.version_info[:2])
        )
        files = container_files(project)
        differing = differing_files(folder, files)
        for path, text in files.items():
            self._show(folder, path, text, differing.get(path), force=options["force"])
        if missing := missing_requirements(requirements.read_text("utf-8")):
            self.stderr.write(
                self.style.WARNING(f"requirements.txt lacks {' and '.join(missing)}, which the image needs.")
            )
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
            return
        if differing and not options["force"]:
            raise CommandError(
                f"Nothing was written: {', '.join(differing)} would change. Keep your changes in Dockerfile.extra, or "
                "add --force to overwrite them."
            )
        write_files(folder, files)
        self.stdout.write(f"Build it: {BUILD.format(project.slug)}")

    def _show(self, folder: Path, path: str, text: str, before: str | None, *, force: bool) -> None:
        if before is not None:
            self.stdout.write(f"{path}: {'is overwritten' if force else 'differs'}")
            for line in unified_diff(before.splitlines(), text.splitlines(), f"{path} (now)", path, lineterm="", n=1):
                self.stdout.write(f"  {line}")
        else:
            self.stdout.write(f"{path}: {'up to date' if (folder / path).exists() else 'new'}")


def _project(folder: Path, python: str) -> ContainedProject:
    module, _, name = (django_settings.WSGI_APPLICATION or "config.wsgi.application").rpartition(".")
    extra = folder / "Dockerfile.extra"
    return ContainedProject(
        project=folder.name,
        python=python,
        wsgi=f"{module}:{name}",
        dynamodb=any(api.persistences for api in registry),
        worker=settings.TASKS.BACKEND == "celery",
        without_static=not django_settings.STATIC_ROOT,
        extra=extra.read_text("utf-8").strip() if extra.is_file() else "",
    )
