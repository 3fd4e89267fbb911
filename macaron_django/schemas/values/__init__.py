"""Converts values between JSON and Python, and builds the classes of API objects.

Open ``conversions`` for the Python types of values (``schemas.formats`` for string formats), and ``json_text`` for
reading and writing JSON text. Open ``api_objects`` for the behaviour of API objects, ``object_specs`` for the data that
their classes derive from a schema, and ``json_options`` for the options of ``to_json``. Open ``field_names`` for the
names of properties in Python, and ``generated_values`` for values that the server generates.
"""
