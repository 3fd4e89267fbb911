"""String formats: the meaning of ``format`` for validation, Python values, DRF and Django fields, forms and stubs.

Each value of ``format`` has a :class:`StringFormat`, which the rest of ``schemas`` uses. To change a format, open its
module. To add a format, write a class like the one in ``uuid_format``, and list it in ``known_formats``.
``format_checks`` has the checks that projects register.
"""
