"""Holds what an operation consists of: parameters, bodies and responses, their media types, and its security.

``dialects`` makes these objects from a file, and ``Operation`` returns them. Open ``messages`` for parameters, headers,
bodies and responses, ``media_types`` for what counts as JSON, lines or a form, and ``security`` for schemes and
requirements.
"""
