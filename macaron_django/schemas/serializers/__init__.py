"""Serializers: the DRF serializer class and fields of a schema.

It takes a schema and the API's classes, and makes a serializer class. To change how a schema's serializer validates
or represents, open ``schema_serializers``; how it saves, ``saving_mixin``; which field a type has, ``fields`` (string
formats: ``schemas.formats``); the shape of ``serializer.errors``, ``error_details``; the browsable API's forms,
``html_forms``; uploaded files, ``uploads``; what drf-spectacular says, ``introspection``.
"""
