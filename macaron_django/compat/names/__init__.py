"""The table of old names: a module for each distribution of PyMacaron's.

Each has ``MODULES``: old module → old name → row. A row is the dotted path of what the name is now, or one of those in
``macaron_django.compat.rows``: ``without`` or ``Constant``.
"""
