"""Stubs: a ``.pyi`` file from which editors and type checkers learn the classes of the APIs.

It takes the classes of the APIs and returns the text of the stub. To change the type of a property open ``stub_types``
(formats: ``schemas.formats``); anything else in the file, ``stub_files``.
"""
