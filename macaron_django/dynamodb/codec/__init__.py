"""Converts the items of DynamoDB to rows and to JSON, and back, without loss.

``formats/`` has a module for each format of a property. ``compiler.py`` combines the formats into functions for a
schema's items, and ``typed_items.py`` combines them into functions for a page of items.

``attributes.py`` stores a property in one attribute. Some keys of tables and indexes need a second attribute.
``additional_attributes.py`` handles properties that a schema doesn't name. ``wire.py`` reads and writes DynamoDB's
JSON. ``attribute_values.py`` compares values as DynamoDB does. ``refreshed_rows.py`` updates a row after it is saved.
``row_overrides.py`` decides whether this package must make rows and API objects.
"""
