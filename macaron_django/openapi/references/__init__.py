"""Follows references: a ``$ref``, an anchor, a discriminator's value or a ``$dynamicRef`` leads to a node or a schema.

Open ``resolution`` for what a reference may read and how it is spelled, ``discriminators`` for the schema that a value
names, ``bundling`` for the JSON Schema that validators compile, and ``dynamic_scopes`` for its ``$dynamicRef``s.
"""
