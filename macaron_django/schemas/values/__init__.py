"""Converts values between JSON and Python, and builds the classes of API objects.

``conversions`` defines the Python type of each value, except for string formats, which ``schemas.formats`` defines.
``json_text`` reads and writes JSON text. ``api_objects`` defines the behaviour of API objects, ``object_specs`` derives
the data for their classes from a schema, and ``json_options`` implements the options of ``to_json``. ``field_names``
finds a Python name for each property. ``generated_values`` generates the values that the server sets.
"""
