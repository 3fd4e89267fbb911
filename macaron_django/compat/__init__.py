"""Makes PyMacaron's modules importable. The names in these modules are aliases of names elsewhere in this package.

Importing this package makes ``pymacaron``, ``pymacaron_core``, ``pymacaron_dynamodb``, ``pymacaron_async`` and
``pymacaron_unit`` importable. There are three ways to import it: ``"macaron_django.compat"`` in ``INSTALLED_APPS``,
``import macaron_django.compat`` as a program's first line, or ``python -m macaron_django.compat PROGRAM``. Open
``names`` to add or change a name, ``rows`` to change what a name can mean, and ``old_modules`` to change how modules
are found and how names are resolved.
"""

from __future__ import annotations

from macaron_django.compat import original_checks  # noqa: F401 (importing registers them)
from macaron_django.compat.old_modules import install, uninstall

__all__ = ["install", "uninstall"]

install()
