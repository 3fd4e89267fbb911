"""Models: the Django model of a persisted schema, and how serializers store objects in any model.

It takes a schema, and makes a row model, or a binding between the schema's properties and a model's fields. Open
``row_models`` for rows and their ``save()``, ``model_fields`` for the Django field of a property, ``item_keys`` for the
primary key of items with two keys, ``row_bindings`` for how serializers store rows, and ``orm_bindings`` for how they
store other models.
"""
