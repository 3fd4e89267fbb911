"""`manage.py demo`: all steps from a fresh checkout to a running server, in one process.

One process is needed if moto replaces the engine, because moto has its data in this process's memory.
"""

import os

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrates, creates the DynamoDB tables, loads the sample data and serves the project."

    def add_arguments(self, parser):
        parser.add_argument("addrport", nargs="?", default="127.0.0.1:8000", help="The address (default: %(default)s).")

    def handle(self, *args, addrport, **options):
        if os.environ.get("RUN_MAIN") != "true":  # these steps aren't repeated at each reload
            call_command("migrate", verbosity=0)
            call_command("synctables", stdout=self.stdout)
            call_command("loadsample", address=addrport, stdout=self.stdout)
        call_command("runserver", addrport)
