"""The fast lane of a process that hasn't imported botocore yet. The lane opens its own connections, and works only with
the simplest configurations.

``early_places`` decides whether a configuration is simple enough. ``early_lane`` makes the requests, and
``opened_connections`` opens the connections that threads use.
"""
