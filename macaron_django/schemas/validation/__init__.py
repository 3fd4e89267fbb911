"""Validation: decides whether an instance is valid, and reports every violation.

It takes a schema and an instance, and returns violations, or the instance without readOnly properties and with
defaults. Open ``schema_compiler`` and ``compilable_schemas`` for what is valid, ``violations`` for what violations say,
``violation_search`` for how they are found and how long that may take, ``unions`` for which branch of a failed
``oneOf`` they come from, ``branches`` for which branch of a valid ``oneOf`` applies, and ``defaults`` for what is
changed in a valid instance.
"""
