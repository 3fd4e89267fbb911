"""Finds what is wrong with a document. Each check reads a ``Document`` and yields ``Finding``s with their locations.

``document_checks`` decides which checks run at each start, and which checks run only in commands. Open
``operation_checks`` for paths, parameters and security, ``structure_checks`` for references, fields and keywords, and
``extension_checks`` and ``persist_checks`` for x- attributes. Open ``circle_checks`` for schemas that contain
themselves through ``allOf``, and ``text_checks`` for the text itself.
"""
