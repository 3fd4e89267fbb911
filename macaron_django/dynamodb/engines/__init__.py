"""An engine is a DynamoDB-compatible server that this process can use.

``current()`` returns the engine that the settings and ``DEBUG`` choose. The address, the region and the credentials of
each call come from this engine. Each engine has a module with its name (``aws``, ``embedded``, ``moto`` …).
``selection`` lists and chooses the engines. ``shared_processes`` lets a project's processes share one server, and
``supervisor`` is the program that runs the server.
"""

from __future__ import annotations

from macaron_django.dynamodb.engines.engine import Engine
from macaron_django.dynamodb.engines.selection import (
    BY_ITSELF,
    NAMES,
    choice_warning,
    configuration_problem,
    current,
    make,
    reset,
    sample_debug,
    use,
)

__all__ = [
    "BY_ITSELF",
    "NAMES",
    "Engine",
    "choice_warning",
    "configuration_problem",
    "current",
    "make",
    "reset",
    "sample_debug",
    "use",
]
