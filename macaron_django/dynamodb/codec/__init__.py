"""Converts the items of DynamoDB to rows and to JSON, and back, without loss.

``formats/`` has a module for each format of a property. ``compiler.py`` combines them into functions for a whole
schema, ``typed_items.py`` into functions for a page of a list. Open ``attributes.py`` for keys and their twins,
``additional_attributes.py`` for properties that a schema doesn't name, ``wire.py`` for DynamoDB's JSON,
``attribute_values.py`` for how DynamoDB compares values, ``refreshed_rows.py`` for what a row has after it is saved,
and ``row_overrides.py`` for what makes a row necessary.
"""
