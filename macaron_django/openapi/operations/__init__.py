"""The parts of an operation: its parameters, bodies and responses, their media types, and its security.

``dialects`` creates these objects from a file, and ``Operation`` returns them. Open ``messages`` for parameters,
headers, bodies and responses. Open ``media_types`` for the kinds of content, such as JSON and forms, and ``security``
for schemes and requirements.
"""
