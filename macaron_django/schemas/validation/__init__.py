"""Decides whether an instance is valid, and reports every violation of its schema.

For an invalid instance, ``ValidationFailed`` is raised with the violations. A valid instance is returned with defaults
added. If it comes from a request, its readOnly properties are left out.

``compilable_schemas`` prepares schemas, and ``schema_compiler`` compiles them. ``violation_search`` finds violations
within time limits, ``unions`` chooses the branch to report if a ``oneOf`` fails, and ``violations`` writes the
messages. ``branches`` finds the branch of a ``oneOf`` that applies to a valid instance. ``defaults`` changes valid
instances.
"""
