"""Stubs: a ``.pyi`` file by which editors and type checkers know the classes of the APIs.

The classes of the APIs come in, the text of the stub goes out. To change the type of a property open ``stub_types``
(formats: ``schemas.formats``); what else the file says, ``stub_files``.
"""
