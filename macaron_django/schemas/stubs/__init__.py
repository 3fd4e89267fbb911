"""Writes a stub: a ``.pyi`` file that describes the APIs' classes to editors and type checkers.

Open ``stub_types`` for the types of properties (``schemas.formats`` for string formats), and ``stub_files`` for the
rest of the file.
"""
