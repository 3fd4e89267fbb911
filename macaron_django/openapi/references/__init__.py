"""Finds the node or schema that a ``$ref``, an anchor, a discriminator's value or a ``$dynamicRef`` refers to.

Open ``resolution`` for the resolution of references and for the rules on which files they can lead to. Open
``discriminators`` for the schema that a discriminator's value names. Open ``bundling`` for the JSON Schema that
validators compile, and ``dynamic_scopes`` for ``$dynamicRef`` in bundles.
"""
