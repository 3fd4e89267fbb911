"""The fast lane sends item operations over open connections, without botocore's own code for each call.

The result of a call is the dict that botocore would have returned, or None if botocore must make the call. ``lane``
makes requests with a botocore client's settings, and ``early`` makes requests without a client. ``lane_calls`` sends
the requests that ``lane`` and ``early`` make. ``signing`` implements Signature Version 4. ``http`` implements HTTP/1.1.
Threads use ``blocking_exchange`` and ``idle_connections`` for input and output; event loops use ``loop_protocol`` and
``loop_connections``. ``botocore_hooks`` decides which calls the lane leaves to botocore, and ``traced_calls`` reports
calls to tracers.
"""
