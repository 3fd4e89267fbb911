"""Sends item operations over open connections, without botocore's own code for each call.

An answer is what botocore would have returned, or None if botocore must make the call. ``lane`` makes the requests of a
botocore client, ``early`` those of a process without one, and ``lane_calls`` sends both. ``signing`` has Signature
Version 4 and ``http`` HTTP/1.1; ``blocking_exchange`` and ``idle_connections`` do a thread's input and output,
``loop_protocol`` and ``loop_connections`` an event loop's. Open ``botocore_hooks`` for what makes the lane step aside,
and ``traced_calls`` for what tracers see.
"""
