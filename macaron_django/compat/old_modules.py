"""Makes PyMacaron's modules importable, though they aren't on disk. A table maps their names to the new names.

The finder is the last on ``sys.meta_path``. So if an original module is installed, programs import the original.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from macaron_django.compat.name_table import PACKAGES, TABLE
from macaron_django.compat.rows import Absent, Constant, Placeholder, Row

__all__ = ["install", "installed_originals", "uninstall"]

#: Modules that have all of their names from the start, because gunicorn reads the ``__dict__`` of a configuration.
WHOLE = {"pymacaron.gunicorn"}


class OldModule(ModuleType):
    """One of PyMacaron's modules. When a program first uses a name, the module looks the name up in the table, and
    issues a ``DeprecationWarning`` that says what to use instead.
    """

    def __getattr__(self, name: str) -> Any:
        module = self.__name__
        if f"{module}.{name}" in TABLE:
            return import_module(f"{module}.{name}")
        rows = TABLE[module]
        row = rows.get(name)
        if row is None and not name.startswith("_") and "*" in rows:
            return _target(str(rows["*"]))(name)
        if row is None:
            raise AttributeError(f"module {module!r} of macaron_django.compat has no attribute {name!r}")
        found = _resolved(f"{module}.{name}", row)
        setattr(self, name, found)
        warnings.warn(_advice(f"{module}.{name}", row), DeprecationWarning, stacklevel=2)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *TABLE[self.__name__]} - {"*"})


def _resolved(old: str, row: Row) -> Any:
    if isinstance(row, Absent):
        return Placeholder(old, row)
    return row.value if isinstance(row, Constant) else _target(row)


def _target(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


def _advice(old: str, row: Row) -> str:
    if isinstance(row, Absent):
        return f"{old} {row.reason}."
    return f"{old}: {row.note}." if isinstance(row, Constant) else f"{old} is {row} now."


class OldModuleFinder(MetaPathFinder, Loader):
    """Finds the modules of the table, and creates them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent = fullname.rpartition(".")[0]
        # If an original package is installed, its missing modules stay missing, because a mixture of both packages
        # wouldn't work.
        if fullname not in TABLE or (parent and not isinstance(sys.modules.get(parent), OldModule)):
            return None
        is_package = any(other.startswith(f"{fullname}.") for other in TABLE)
        return ModuleSpec(fullname, self, origin="macaron_django.compat", is_package=is_package)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return OldModule(
            spec.name, f"PyMacaron's module {spec.name}. Each name refers to its replacement in macaron_django."
        )

    def exec_module(self, module: ModuleType) -> None:
        rows = TABLE[module.__name__]
        module.__all__ = sorted(name for name in rows if name != "*" and not name.startswith("_"))  # type: ignore[attr-defined]
        if module.__name__ in WHOLE:
            vars(module).update({name: _resolved(f"{module.__name__}.{name}", row) for name, row in rows.items()})


def install() -> None:
    """Makes the old names importable in this process."""
    if not any(isinstance(finder, OldModuleFinder) for finder in sys.meta_path):
        sys.meta_path.append(OldModuleFinder())


def uninstall() -> None:
    """Removes the old names from this process. Modules that have already imported an old name still have it."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, OldModuleFinder)]
    for name in [name for name, module in sys.modules.items() if isinstance(module, OldModule)]:
        del sys.modules[name]


def installed_originals() -> dict[str, str]:
    """Finds out which of PyMacaron's original packages are installed, and returns ``{package: path}``.

    Programs import these packages instead of the modules in the table.
    """
    found = {}
    for name in PACKAGES:
        spec = PathFinder.find_spec(name)
        if spec is not None:
            found[name] = spec.origin or ", ".join(spec.submodule_search_locations or [])
    return found
