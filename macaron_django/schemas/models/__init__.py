"""Builds the Django models of persisted schemas, and stores the objects of a schema in any Django model.

A schema with ``x-persist`` gets a row model: an unmanaged model whose instances, the rows, are items in DynamoDB. A
binding connects a schema's properties with the fields of a row model or of any other model.

The modules:

- ``row_models``: rows and their ``save()``
- ``model_fields``: the Django field of a property
- ``item_keys``: the primary key of items that have a hash key and a range key
- ``row_bindings``: the binding of a schema to its row model
- ``orm_bindings``: the binding of a schema to any other model
"""
