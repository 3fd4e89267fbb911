"""Finds what is wrong with a document: a ``Document`` goes through checks, which yield ``Finding``s with their places.

``document_checks`` says which checks run at a start and which only for commands. Open ``operation_checks`` for paths,
parameters and security, ``structure_checks`` for references, fields and keywords, ``extension_checks`` and
``persist_checks`` for x- attributes, ``circle_checks`` for circles, and ``text_checks`` for the text itself.
"""
