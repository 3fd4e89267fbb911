"""Contains the table of old names, with a module for each of PyMacaron's distributions.

Each module has ``MODULES``: old module → old name → row. A row is the dotted path of the new name, a result of
``without``, or a ``Constant``. ``macaron_django.compat.rows`` defines the last two.
"""
