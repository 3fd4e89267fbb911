"""Finds what is wrong with a document. Each check reads a ``Document`` and yields ``Finding``s with their locations.

``document_checks`` decides which checks run at each start, and which checks run only in commands.
These modules have the checks:

- ``operation_checks`` checks paths, parameters and security.
- ``structure_checks`` checks references, fields and keywords.
- ``extension_checks`` and ``persist_checks`` check x- attributes.
- ``circle_checks`` finds schemas that contain themselves through ``allOf``.
- ``text_checks`` checks the text itself.
"""
