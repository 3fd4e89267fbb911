"""Checks: the faults of a document that show only when its schemas are compiled.

It takes a document and returns findings. Open ``compilation_checks`` for what is compiled for a check,
``annotation_checks`` for what is said about examples, defaults and formats, and ``schema_traversal`` for which schemas
are visited.
"""
