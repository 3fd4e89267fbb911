"""Translates Swagger 2.0 and OpenAPI 3.x into OpenAPI 3.1's terms where the versions differ.

- ``schema_dialects`` converts the keywords of schemas.
- ``swagger2`` and ``openapi3`` read parameters, bodies and responses.
- ``grammar`` has the fields of each kind of object in each version.
"""
