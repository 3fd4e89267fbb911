"""Reads the files of a spec, within limits, into trees. Each node has its file, line and JSON pointer.

Open ``source`` for reading files and parsing JSON, and ``limits`` for the limits. Open ``yaml_text`` for parsing YAML,
and ``yaml_events`` for its details and line numbers. Open ``versions`` for the supported versions of OpenAPI, and
``parse_cache`` for the trees that are cached for the next start. Open ``source_files`` for nodes, anchors and
locations.
"""
