"""The DynamoDB-compatible servers, and which of them this process uses.

``current()`` returns the engine that settings and ``DEBUG`` choose; everything else gets address, region and
credentials from it at each call. Each engine has a module of its name (``aws``, ``embedded``, ``moto`` …), which
``selection`` lists; open ``shared_processes`` for how a project's processes share one server, and ``supervisor`` for
the program that runs it.
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
