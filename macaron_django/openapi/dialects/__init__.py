"""Translates Swagger 2.0 and OpenAPI 3.x into OpenAPI 3.1's terms where the versions differ.

Open ``schema_dialects`` for the keywords of schemas, ``swagger2`` or ``openapi3`` for parameters, bodies and responses,
and ``grammar`` for the fields that each kind of object has in each version.
"""
