"""Finds the node or schema that a ``$ref``, an anchor, a discriminator's value or a ``$dynamicRef`` refers to.

``resolution`` resolves references, and decides which files a reference can lead to. ``discriminators`` finds the schema
that a discriminator's value refers to. ``bundling`` creates the JSON Schema that validators compile, and
``dynamic_scopes`` resolves each ``$dynamicRef`` in it.
"""
