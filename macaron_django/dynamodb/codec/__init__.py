"""Converts the items of DynamoDB to rows and to JSON, and back, without loss.

``formats/`` has a module for each format of a property. ``compiler.py`` combines them into functions for a whole
schema, ``typed_items.py`` into functions for a page of a list. Keys and their twins are in ``attributes.py``,
properties that a schema doesn't name in ``additional_attributes.py``, DynamoDB's JSON in ``wire.py``, how DynamoDB
compares values in ``attribute_values.py``, what a row has after it is saved in ``refreshed_rows.py``, and what makes a
row necessary in ``row_overrides.py``.
"""
