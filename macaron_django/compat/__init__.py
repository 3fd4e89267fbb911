"""PyMacaron's modules by their old names: only aliases of what is elsewhere in this package.

Importing this package makes ``pymacaron``, ``pymacaron_core``, ``pymacaron_dynamodb``, ``pymacaron_async`` and
``pymacaron_unit`` importable: by ``"macaron_django.compat"`` in ``INSTALLED_APPS``, by ``import macaron_django.compat``
as a program's first line, or by ``python -m macaron_django.compat PROGRAM``. Open ``names`` to add or change a name,
``rows`` for what a row may say, and ``old_modules`` for how a module is found and a name resolved.
"""

from __future__ import annotations

from macaron_django.compat import original_checks  # noqa: F401 (importing registers them)
from macaron_django.compat.old_modules import install, uninstall

__all__ = ["install", "uninstall"]

install()
