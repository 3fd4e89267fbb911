"""The specs that this package brings, and the modules that the classes of each API name as theirs.

``macaron_django.apis.<api>`` is made when an API is loaded, so that its classes can be pickled.
"""
