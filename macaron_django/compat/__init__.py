"""Makes PyMacaron's modules importable. The names in these modules are aliases of names elsewhere in this package.

Importing this package makes ``pymacaron``, ``pymacaron_core``, ``pymacaron_dynamodb``, ``pymacaron_async`` and
``pymacaron_unit`` importable. There are three ways to import it:

- Add ``"macaron_django.compat"`` to ``INSTALLED_APPS``.
- Write ``import macaron_django.compat`` as a program's first line.
- Run the program with ``python -m macaron_django.compat PROGRAM``.

To add or change a name, edit ``names``. To change what a name can mean, edit ``rows``. To change how modules are found
and how names are resolved, edit ``old_modules``.
"""

from __future__ import annotations

from macaron_django.compat import original_checks  # noqa: F401 (importing registers them)
from macaron_django.compat.old_modules import install, uninstall

__all__ = ["install", "uninstall"]

install()
