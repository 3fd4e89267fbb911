"""``manage.py token USER`` prints a signed JWT for trying out an API."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from macaron_django.auth.tokens import generate_token

__all__ = ["Command"]

#: Seconds in each unit of ``--expire``.
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Command(BaseCommand):
    help = "Prints a JSON Web Token for a user, signed as MACARON['JWT'] says."
    requires_system_checks: list[str] = []  # a token can be made even if a spec has errors

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="The user's ID, which becomes the claim `sub`.")
        parser.add_argument(
            "--expire",
            metavar="TIME",
            help="How long the token is valid: seconds, or 15m, 12h, 30d (default: EXPIRE_IN).",
        )
        parser.add_argument(
            "--claim",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="Another claim. This option can be repeated. If VALUE is valid JSON, the claim gets this JSON "
            "value. Otherwise, the claim gets VALUE as a string.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["user"]:
            raise CommandError("USER is empty: give the user's ID, which becomes the claim `sub`.")
        claims = dict(_claim(text) for text in options["claim"])
        try:
            token = generate_token(options["user"], expire_in=_seconds(options["expire"]), data=claims)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"(-?\d{1,10})([smhd]?)", str(text))
    if match is None:
        raise CommandError(f"--expire {text} isn't a time: give seconds, or a number with s, m, h or d.")
    return int(match[1]) * UNITS[match[2]]


def _claim(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandError(f"--claim {text} isn't of the form NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
