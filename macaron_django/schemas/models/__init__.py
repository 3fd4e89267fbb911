"""Models: the Django model of a persisted schema, and how serializers store objects in any model.

It takes a schema, and makes a row model, or a binding between the schema's properties and a model's fields. To change
rows and their ``save()`` open ``row_models``; the Django field of a property, ``model_fields``; the primary key of
items with two keys, ``item_keys``; how serializers store rows, ``row_bindings``; how they store other models,
``orm_bindings``.
"""
