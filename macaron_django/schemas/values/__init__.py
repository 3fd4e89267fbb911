"""Values: JSON ↔ Python, and the classes of API objects.

It converts JSON text and JSON values to API objects and Python values, and back. To change which Python type a value
has open ``conversions`` (formats: ``schemas.formats``); how API objects behave, ``api_objects``; what their classes
derive from a schema, ``object_specs``; the options of ``to_json``, ``json_options``; how properties are named in
Python, ``field_names``; what the server generates, ``generated_values``; how JSON text is read and written,
``json_text``.
"""
