"""Contains the specs of this package's own APIs, and a module for the classes of each API.

When an API is loaded, the module ``macaron_django.apis.<api>`` is created. It is the ``__module__`` of the API's
classes, so that instances of these classes can be pickled.
"""
