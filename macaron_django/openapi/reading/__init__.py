"""Reads the files of a spec, within limits: bytes become a tree whose nodes know their file, line and pointer.

Open ``source`` and ``limits`` for what may be read and how JSON is parsed, ``yaml_text`` for YAML and ``yaml_events``
for its details and line numbers, ``versions`` for the versions of OpenAPI that are read, ``parse_cache`` for the trees
that are kept from one start to the next, and ``source_files`` for nodes, anchors and locations.
"""
