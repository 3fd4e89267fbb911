"""``manage.py macaronworker`` runs the tasks that requests have sent."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from importlib.util import find_spec
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import settings
from macaron_django.tasks.worker_processes import celery_command, start_relay

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Runs the tasks that requests have sent. Starts Celery, by default with two processes for each CPU. If "
        "MACARON['TASKS']['OUTBOX'] is True, also starts macaronrelay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-c", "--concurrency", type=int, help="How many processes (default: two for each CPU).")
        parser.add_argument("-Q", "--queues", help="The queues to read, separated by commas (default: QUEUE of TASKS).")
        parser.add_argument("-l", "--loglevel", default="INFO", help="The level of Celery's log (default: INFO).")
        parser.add_argument(
            "--memory",
            type=int,
            metavar="MB",
            help="After a task, replace a process that uses more memory than this.",
        )
        parser.add_argument("--no-relay", action="store_true", help="Don't start macaronrelay.")
        parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="Arguments for Celery, after --.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        backend = settings.TASKS.BACKEND
        if backend == "django":
            raise CommandError(
                "For Django's own tasks, run their backend's worker, such as `manage.py db_worker` of django-tasks-db."
            )
        if backend != "celery":
            raise CommandError(f"MACARON['TASKS']['BACKEND'] is {backend!r}: only 'celery' sends tasks to this worker.")
        if find_spec("celery") is None:
            raise CommandError("Celery isn't installed: pip install 'macaron_django[celery]'.")
        command = celery_command(
            concurrency=options["concurrency"],
            queues=options["queues"],
            level=options["loglevel"],
            memory=options["memory"],
            arguments=options["arguments"],
        )
        if settings.TASKS.OUTBOX and not options["no_relay"]:
            start_relay()
        self.stdout.flush()
        # Celery replaces this process, so that Celery gets the process's signals.
        os.execv(command[0], command)  # noqa: S606 (this package's own command)
