"""``manage.py iampolicy`` prints the least-privilege IAM policy that the service needs for its tables."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import settings
from macaron_django.management.named_apis import refuse_left_out
from macaron_django.management.needed_accesses import Needs, add_access_arguments, needed_accesses
from macaron_django.shipping.permissions.policies import LONGEST_POLICY, AWSAccount, policy_for, policy_size

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Prints the least-privilege IAM policy for DynamoDB. For each table and index, it allows exactly the calls "
        "that the generated operations and tasks can make. To add the calls of handlers and hooks, record a test run "
        "with `pytest --dynamodb-record FILE`, and pass --recorded FILE."
    )
    requires_system_checks = []  # the command works even if handlers can't be imported

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_access_arguments(parser)
        parser.add_argument("--account", metavar="ID", help="The AWS account of the tables: twelve digits.")
        parser.add_argument("--region", metavar="REGION", help="The region (default: REGION of MACARON['DYNAMODB']).")
        parser.add_argument(
            "--partition", default="aws", metavar="NAME", help="aws (the default), aws-cn or aws-us-gov."
        )
        parser.add_argument(
            "--format",
            choices=("json", "text"),
            default="json",
            help="json (the default) prints the policy. text prints the reasons for each action.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        refuse_left_out("The policy would lack the permissions for the operations of APIs that aren't served.")
        try:
            needs = needed_accesses(options["recorded"], admin=options["admin"])
        except (ImproperlyConfigured, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        if not needs:
            raise CommandError(
                "There is nothing to allow: no operation of a persisted schema is generated, and no calls were "
                "recorded."
            )
        if options["format"] == "text":
            self._explain(needs)
            return
        account = AWSAccount(_account(options["account"]), _region(options["region"]), options["partition"])
        document = json.dumps(policy_for(needs, account), indent=2)
        self.stdout.write(document)
        if (size := policy_size(document)) > LONGEST_POLICY:
            self.stderr.write(
                f"The policy has {size:,} characters, but IAM accepts at most {LONGEST_POLICY:,} in one managed "
                "policy. Split its statements into several policies."
            )

    def _explain(self, needs: Needs) -> None:
        place = None
        for access, needed_for in needs.items():
            here = f"index {access.index} of {access.table}" if access.index else f"table {access.table}"
            if here != place:
                self.stdout.write(self.style.MIGRATE_HEADING(here))
                place = here
            self.stdout.write(f"  {access.action}: {', '.join(dict.fromkeys(needed_for))}")


def _account(given: str | None) -> str:
    if given is None or not (given.isascii() and given.isdecimal() and len(given) == 12):
        raise CommandError(
            "Pass the AWS account of the tables (twelve digits) as --account. --format text doesn't need it."
        )
    return given


def _region(given: str | None) -> str:
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    region = given or settings.DYNAMODB.REGION or environment
    if not region:
        raise CommandError("The region of the tables isn't known: pass --region, or set REGION of MACARON['DYNAMODB'].")
    return str(region)
