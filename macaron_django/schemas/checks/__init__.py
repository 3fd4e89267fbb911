"""Finds the faults of a document that appear only when its schemas are compiled.

Each check accepts a document and returns findings. ``compilation_checks`` compiles validators, serializers and
classes. ``annotation_checks`` checks examples, defaults and formats. ``schema_traversal`` finds the schemas that the
checks visit.
"""
