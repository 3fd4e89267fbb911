"""Writes a stub: a ``.pyi`` file that describes the APIs' classes to editors and type checkers.

The modules:

- ``stub_types``: the types of properties (``schemas.formats`` has those of string formats)
- ``stub_files``: the rest of the file
"""
