"""Creates the SQLite file of a stack on Django's ORM."""

import django
from django.conf import settings
from django_settings import common

settings.configure(**common())
django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first

call_command("migrate", run_syncdb=True, verbosity=0)
