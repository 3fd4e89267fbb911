"""``manage.py infrastructure`` writes the service's tables, alarms and permissions for CloudFormation or Terraform."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import settings
from macaron_django.management.named_apis import refuse_left_out
from macaron_django.management.needed_accesses import add_access_arguments, needed_accesses
from macaron_django.registry import registry
from macaron_django.shipping.infrastructure.cloudformation import cloudformation_template
from macaron_django.shipping.infrastructure.described_services import FargateService, LambdaService
from macaron_django.shipping.infrastructure.described_tables import described_tables
from macaron_django.shipping.infrastructure.terraform import terraform_text
from macaron_django.tasks.item_tables import own_tables

__all__ = ["Command"]

_WRITERS = {"cloudformation": cloudformation_template, "terraform": terraform_text}


class Command(BaseCommand):
    help = (
        "Prints a CloudFormation template or a Terraform file. It has the tables of the persisted schemas, with "
        "their scaling and alarms, and the least-privilege IAM policy. With --service, it also has the function or the "
        "containers of the service. Changes nothing in AWS. You can edit the file, because it doesn't depend on this "
        "package."
    )
    requires_system_checks = []  # the command works even if handlers can't be imported

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("language", choices=sorted(_WRITERS), help="The language of the file.")
        parser.add_argument(
            "--service",
            choices=("none", "lambda", "fargate"),
            default="none",
            help=(
                "lambda: a Lambda function behind an HTTP API, with its role and log. fargate: containers on ECS "
                "Fargate behind a load balancer, and workers if tasks use Celery. none (the default): only the "
                "policy."
            ),
        )
        parser.add_argument(
            "--load-balancer",
            choices=("existing", "new"),
            default="existing",
            help=(
                "With fargate: add a rule to the listener of an existing load balancer (the default), or create a "
                "load balancer with its listeners."
            ),
        )
        parser.add_argument(
            "--secret",
            metavar="VARIABLE",
            action="append",
            help=(
                "With --service: an environment variable that gets its value from Secrets Manager. This option "
                "can be repeated. The default is SECRET_KEY. With fargate, DATABASE_URL is added, and "
                "CELERY_BROKER_URL if there are workers."
            ),
        )
        add_access_arguments(parser)
        parser.add_argument("--out", metavar="FILE", type=Path, help="Write to this new file instead of printing.")
        parser.add_argument("--overwrite", action="store_true", help="With --out: replace an existing file.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        if options["service"] != "fargate" and options["load_balancer"] != "existing":
            raise CommandError("--load-balancer is only for containers: add --service fargate.")
        if options["service"] == "none" and options["secret"]:
            raise CommandError("--secret is only for a service: add --service lambda or --service fargate.")
        refuse_left_out("The tables of APIs that aren't served would be missing.")
        persistences = [each for api in registry for each in api.persistences.values()] + own_tables()
        if not persistences:
            raise CommandError("No schema has x-persist: there are no tables to write.")
        try:
            text = _WRITERS[options["language"]](
                described_tables(persistences),
                needed_accesses(options["recorded"], admin=options["admin"]),
                prefix=settings.DYNAMODB.TABLE_PREFIX,
                service=_service(options),
            )
        except (ImproperlyConfigured, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self._write(text, options["out"], overwrite=options["overwrite"])

    def _write(self, text: str, file: Path | None, *, overwrite: bool) -> None:
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            with file.open("w" if overwrite else "x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError as error:
            raise CommandError(f"{file} already exists: give another name, or pass --overwrite.") from error
        except OSError as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write(f"Wrote {file}.")


def _service(options: Mapping[str, Any]) -> LambdaService | FargateService | None:
    if options["service"] == "none":
        return None
    prefix = settings.DYNAMODB.TABLE_PREFIX
    if options["service"] == "lambda":
        return LambdaService(_settings_module(), tuple(options["secret"] or ("SECRET_KEY",)), table_prefix=prefix)
    worker = settings.TASKS.BACKEND == "celery"
    return FargateService(
        _settings_module(),
        table_prefix=prefix,
        secrets=tuple(options["secret"] or ("SECRET_KEY", "DATABASE_URL", *(["CELERY_BROKER_URL"] if worker else []))),
        worker=worker,
        own_load_balancer=options["load_balancer"] == "new",
    )


def _settings_module() -> str:
    module = os.environ.get("DJANGO_SETTINGS_MODULE")
    if not module:
        raise ImproperlyConfigured("Set DJANGO_SETTINGS_MODULE to the settings for the service.")
    return module
