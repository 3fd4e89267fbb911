"""Validation: decides whether an instance is valid, and reports every violation.

It takes a schema and an instance, and returns violations, or the instance without readOnly properties and with
defaults. To change what is valid open ``schema_compiler`` and ``compilable_schemas``; what violations say,
``violations``; how they are found, and how long that may take, ``violation_search``; from which branch of a failed
``oneOf`` they come, ``unions``; which branch of a valid ``oneOf`` applies, ``branches``; what is changed in a valid
instance, ``defaults``.
"""
