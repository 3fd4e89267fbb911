"""Builds the DRF serializer class of a schema, and its fields.

The modules:

- ``schema_serializers``: validation and representation
- ``saving_mixin``: ``save()``
- ``fields``: the field for a schema's type (``schemas.formats`` defines the fields of string formats)
- ``error_details``: ``serializer.errors``
- ``html_forms``: the forms of the browsable API
- ``uploads``: uploaded files
- ``introspection``: the descriptions that drf-spectacular gets
"""
