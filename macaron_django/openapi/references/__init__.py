"""Finds the node or schema that a ``$ref``, an anchor, a discriminator's value or a ``$dynamicRef`` refers to.

Open ``resolution`` to see how references are resolved, and which files a reference can lead to. Open
``discriminators`` to find the schema that a discriminator's value refers to. Open ``bundling`` for the JSON Schema that
validators compile, and ``dynamic_scopes`` for ``$dynamicRef`` in bundles.
"""
