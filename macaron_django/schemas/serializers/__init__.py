"""Builds the DRF serializer class of a schema, and its fields.

Open ``schema_serializers`` for validation and representation, and ``saving_mixin`` for ``save()``. ``fields``
creates the field for a schema's type, and ``schemas.formats`` defines the fields of string formats. Open
``error_details`` for ``serializer.errors``, ``html_forms`` for the browsable API's forms, and ``uploads`` for uploaded
files. Open ``introspection`` for the descriptions that drf-spectacular gets.
"""
