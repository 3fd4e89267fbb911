"""The parts of an operation: its parameters, bodies and responses, their media types, and its security.

``dialects`` creates these objects from a file, and ``Operation`` returns them. The modules:

- ``messages``: parameters, headers, bodies and responses
- ``media_types``: the kinds of content, such as JSON and forms
- ``security``: security schemes and requirements
"""
