"""``manage.py macaronconfig`` shows each setting in force, and the place where it was set."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.management.effective_settings import DEFAULT, EffectiveSetting, effective_settings, own_keys
from macaron_django.management.terminals import aligned, printable, printing

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Shows the settings in force, each with its source: the project's settings, pym-config.yaml or the "
        "defaults. Secrets are masked."
    )
    requires_system_checks = []  # this command helps to find settings with errors

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--changed", action="store_true", help="Leave out settings whose values are the defaults.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        try:
            found = [each for each in effective_settings() if each.source != DEFAULT or not options["changed"]]
            own = list(own_keys())
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        with printing(self):
            self._table(("SETTING", "VALUE", "FROM"), found)
            if own:
                self.stdout.write("")
                self._table(("KEY OF get_config()", "VALUE", "FROM"), own)

    def _table(self, headings: tuple[str, str, str], rows: Iterable[EffectiveSetting]) -> None:
        cells = [(each.name, each.value, each.source) for each in rows]
        for line in aligned([[printable(cell) for cell in row] for row in (headings, *cells)]):
            self.stdout.write(line)
