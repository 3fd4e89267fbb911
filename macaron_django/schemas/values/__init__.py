"""Values: JSON ↔ Python, and the classes of API objects.

It converts JSON text and JSON values to API objects and Python values, and back. Open ``conversions`` for which Python
type a value has (``schemas.formats`` for one with a format), ``api_objects`` for how API objects behave,
``object_specs`` for what their classes derive from a schema, ``json_options`` for the options of ``to_json``,
``field_names`` for how properties are named in Python, ``generated_values`` for what the server generates, and
``json_text`` for how JSON text is read and written.
"""
