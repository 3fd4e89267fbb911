"""Finds the faults of a document that appear only when its schemas are compiled.

Each check accepts a document and returns findings. Open ``compilation_checks`` for compiling validators, serializers
and classes. Open ``annotation_checks`` for examples, defaults and formats, and ``schema_traversal`` for the schemas
that are visited.
"""
