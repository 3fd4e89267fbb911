"""Decides whether an instance is valid, and reports every violation of its schema.

For an invalid instance, ``ValidationFailed`` is raised with the violations. A valid instance is returned with defaults
added. If it comes from a request, its readOnly properties are left out.

Open ``schema_compiler`` and ``compilable_schemas`` for compiling schemas. Open ``violations`` for the messages,
``violation_search`` for finding violations within time limits, and ``unions`` for choosing the branch to report if a
``oneOf`` fails. Open ``branches`` to find which branch of a ``oneOf`` applies to a valid instance. Open
``defaults`` for the changes to valid instances.
"""
