"""What a project's tests use: the pytest plugin's parts, and a proxy that makes an engine fail on order.

Everything is imported when first asked for: pytest loads this package in every project's runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from macaron_django.testing.faults import Fault, FaultProxy, RandomFaults
    from macaron_django.testing.isolation import EngineRefusedError, engine_in_memory, isolated

__all__ = ["EngineRefusedError", "Fault", "FaultProxy", "RandomFaults", "engine_in_memory", "isolated"]

_FAULTS = ("Fault", "FaultProxy", "RandomFaults")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "faults" if name in _FAULTS else "isolation"
    return getattr(import_module(f"{__name__}.{module}"), name)
