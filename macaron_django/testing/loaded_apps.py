"""The pytest plugin of ``manage.py acceptance``: loads the project's apps before any test module is imported.

pytest-django also loads the apps, but acceptance tests don't need pytest-django.
"""

from __future__ import annotations

import os

import django
from django.conf import ENVIRONMENT_VARIABLE

__all__: list[str] = []

if os.environ.get(ENVIRONMENT_VARIABLE):
    django.setup()
