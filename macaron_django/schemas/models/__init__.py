"""Builds the Django models of persisted schemas, and stores the objects of a schema in any Django model.

A schema with ``x-persist`` gets a row model: an unmanaged model whose instances, the rows, are items in DynamoDB. A
binding connects a schema's properties with the fields of a row model or of any other model.

Open ``row_models`` for rows and their ``save()``, ``model_fields`` for the Django field of a property, and
``item_keys`` for the primary key of items with two keys. Open ``row_bindings`` to see how a schema is bound to
its row model, and ``orm_bindings`` to see how it is bound to any other model.
"""
