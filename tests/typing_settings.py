"""Settings that mypy's Django plugin loads: without APIs, whose models stand in no module that mypy can read."""

from tests.settings import *  # noqa: F403

MACARON = {"APIS": {}}
