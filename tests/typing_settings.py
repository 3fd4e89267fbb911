"""Settings that mypy's Django plugin loads: without the example's apps and APIs, which mypy isn't to read."""

from tests.settings import *  # noqa: F403

MACARON = {"APIS": {}}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in ("myserver", "library")]  # noqa: F405
