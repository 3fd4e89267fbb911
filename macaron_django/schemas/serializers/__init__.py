"""Serializers: the DRF serializer class and fields of a schema.

A schema and the API's classes come in, a serializer class goes out. To change how a schema's serializer validates,
saves or answers open ``schema_serializers``; which field a type has, ``fields`` (string formats: ``schemas.formats``);
the shape of ``serializer.errors``, ``error_details``; the browsable API's forms, ``html_forms``; uploaded files,
``uploads``; what drf-spectacular says, ``introspection``.
"""
