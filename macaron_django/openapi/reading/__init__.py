"""Reads the files of a spec, within limits, into trees. Each node has its file, line and JSON pointer.

The modules:

- ``source``: reading files and parsing JSON
- ``limits``: the limits
- ``yaml_text``: parsing YAML
- ``yaml_events``: the details and line numbers of YAML
- ``versions``: the supported versions of OpenAPI
- ``parse_cache``: the trees that are cached for the next start
- ``source_files``: nodes, anchors and locations
"""
