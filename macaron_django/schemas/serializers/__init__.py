"""Serializers: the DRF serializer class and fields of a schema.

It takes a schema and the API's classes, and makes a serializer class. Open ``schema_serializers`` for how a serializer
validates, saves and represents, ``fields`` for which field a type has (``schemas.formats`` for a string format),
``error_details`` for the shape of ``serializer.errors``, ``html_forms`` for the browsable API's forms, ``uploads`` for
uploaded files, and ``introspection`` for what drf-spectacular says.
"""
