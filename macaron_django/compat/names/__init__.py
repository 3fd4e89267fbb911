"""Contains the table of old names, with a module for each of PyMacaron's distributions.

In each module, ``MODULES`` maps the old modules to their names, and each name to a row. A row is the dotted path of the
new name, an ``Absent`` from ``without()``, or a ``Constant``. ``macaron_django.compat.rows`` defines these classes.
"""
