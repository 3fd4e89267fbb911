"""The specs that come with this package, and a module for the classes of each API.

``macaron_django.apis.<api>`` is made when an API is loaded. The API's classes name it as their module, so that they can
be pickled.
"""
