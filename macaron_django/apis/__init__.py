"""Contains the specs of this package's own APIs, and a module for the classes of each API.

When an API is loaded, the module ``macaron_django.apis.<api>`` is created. The API's classes have it as their module,
so that they can be pickled.
"""
