"""Stubs: a ``.pyi`` file from which editors and type checkers learn the classes of the APIs.

It takes the classes of the APIs and returns the text of the stub. Open ``stub_types`` for the type of a property
(``schemas.formats`` for one with a format), and ``stub_files`` for anything else in the file.
"""
