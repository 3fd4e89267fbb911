"""The table of old names: a module for each of PyMacaron's distributions.

Each has ``MODULES``: old module → old name → row. A row is the dotted path of what the name is now, or one of those in
``macaron_django.compat.rows``: ``without`` or ``Constant``.
"""
