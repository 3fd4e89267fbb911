"""Contains the table of old names, with a module for each of PyMacaron's distributions.

``MODULES`` in each of these modules is a nested mapping: old module → old name → row. A row is the dotted path of the
new name, an ``Absent`` from ``without()``, or a ``Constant``. ``macaron_django.compat.rows`` defines these classes.
"""
