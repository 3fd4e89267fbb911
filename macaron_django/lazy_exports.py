"""Lets a package export names from modules that are imported only when one of their names is used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_exports"]


def lazy_exports(package: str, modules: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Returns the ``__getattr__`` (PEP 562) of a package that exports names from its modules.

    ``modules`` maps the name of each module, relative to the package, to the names that the module defines. A name is
    imported when it is first used, so ``import macaron_django`` imports neither DRF nor PynamoDB. The returned function
    raises ``AttributeError`` for a name that isn't in ``modules``.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def export(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return export
