"""``manage.py macaronrelay`` sends the tasks that are waiting in the outbox."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import settings
from macaron_django.exceptions import PersistenceError
from macaron_django.tasks.backends.chosen_backend import chosen_backend
from macaron_django.tasks.worker_processes import die_with_parent

__all__ = ["Command"]

logger = logging.getLogger("macaron_django")


class Command(BaseCommand):
    help = (
        "Sends the tasks that are still in the outbox because their process died or the broker didn't answer. "
        "The command runs until it is stopped. Several of these processes can run at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Send the tasks that are due now, then exit.")
        parser.add_argument(
            "--interval",
            type=float,
            default=5.0,
            metavar="SECONDS",
            help="Seconds between two checks of the outbox (default: 5).",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        if not settings.TASKS.OUTBOX:
            raise CommandError("There is no outbox: set MACARON['TASKS']['OUTBOX'] to True, and run synctables.")
        from macaron_django.tasks.outbox import relay  # imported here: it needs PynamoDB

        die_with_parent()
        try:
            backend = chosen_backend()
            if options["once"]:
                self.stdout.write(f"{relay(backend)} sent.")
                return
        except (ImproperlyConfigured, PersistenceError) as error:
            raise CommandError(str(error)) from error
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        while not ended.is_set():
            try:
                if sent := relay(backend):
                    logger.info("%d tasks of the outbox were sent.", sent)
            except PersistenceError as error:
                logger.warning("The outbox can't be read: %s", error)
            ended.wait(options["interval"])
