"""Validation: decides whether an instance is valid, and reports every violation.

It takes a schema and an instance, and returns violations, or the instance without readOnly properties and with
defaults. To change what is valid open ``schema_compiler`` and ``compilable_schemas``; what violations say,
``violations``; how they are found, and how much that may cost, ``violation_search``; which branch of a failed ``oneOf``
they are of, ``unions``; which branch of a valid one applies, ``branches``; what is done to a valid instance,
``defaults``.
"""
