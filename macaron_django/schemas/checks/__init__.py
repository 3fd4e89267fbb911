"""Checks: what is wrong with a document that only shows when its schemas are compiled.

It takes a document and returns findings. To change what is compiled for a check open ``compilation_checks``; what is
said about examples, defaults and formats, ``annotation_checks``; which schemas are visited, ``schema_traversal``.
"""
