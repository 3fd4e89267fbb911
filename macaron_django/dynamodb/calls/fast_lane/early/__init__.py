"""The lane of a process that hasn't imported botocore yet: it opens its own connections, in the plainest cases only.

Open ``early_places`` for which cases those are, ``early_lane`` for the requests, and ``opened_connections`` for the
connections of threads.
"""
