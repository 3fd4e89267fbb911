"""The lane of a process that hasn't imported botocore yet. It opens its own connections, and handles only the plainest
cases.

Open ``early_places`` for which cases those are, ``early_lane`` for the requests, and ``opened_connections`` for the
connections of threads.
"""
