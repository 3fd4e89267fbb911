"""``manage.py inspectspec FILE`` prints Django models for a spec's schemas, as ``inspectdb`` does for tables."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django import openapi
from macaron_django.conf import settings
from macaron_django.management.spec_errors import read_or_refused
from macaron_django.management.terminals import printing
from macaron_django.shipping.starting.model_sources import identified, models_source

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Prints a module of Django models for schemas of an OpenAPI file: for the schemas that you name or, by "
        "default, for all schemas with a property that looks like a key. Doesn't write files."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="An OpenAPI file, in YAML or JSON.")
        parser.add_argument(
            "schemas", nargs="*", metavar="SCHEMA", help="Schemas (default: all schemas that have a key)."
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        spec = Path(options["file"])
        limits = openapi.Limits(max_bytes=settings.MAX_SPEC_SIZE)
        with printing(self):
            document = read_or_refused(lambda: openapi.load(spec, limits=limits), spec)
            keys = identified(document)
            chosen = options["schemas"] or list(keys)
            for name in chosen:
                if name not in document.schemas:
                    raise CommandError(f"{spec} has no schema {name!r}.")
                if not document.schemas[name].properties:
                    raise CommandError(f"{name} doesn't describe an object with properties, so it can't be a model.")
            if not chosen:
                raise CommandError(
                    f"No schema of {spec} has a property that looks like a key. Add schema names to the command."
                )
            about = f"Models of {spec.name}, made by `manage.py inspectspec`: review them."
            self.stdout.write(models_source(document, {name: keys.get(name) for name in chosen}, about), ending="")
