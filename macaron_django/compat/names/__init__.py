"""Contains the table of old names, with a module for each of PyMacaron's distributions.

Each module has ``MODULES``: old module → old name → row. A row is the dotted path of the new name, or ``without`` or
``Constant`` of ``macaron_django.compat.rows``.
"""
