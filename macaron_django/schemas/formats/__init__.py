"""String formats: what ``format`` means for validation, Python values, DRF and Django fields, forms and stubs.

The value of ``format`` comes in, a :class:`StringFormat` goes out, which everything else in ``schemas`` asks. To change
a format open its module; to add one, write a class like the one in ``uuid_format`` and name it in ``known_formats``;
``format_checks`` has the checks that projects register.
"""
