"""Writes and reads the messages that a task's caller sends to a worker: signed JSON with the arguments and the caller.

The modules:

- ``argument_json``: the types of arguments and results
- ``callers``: the data about the caller
- ``served_requests``: the request that is being served
- ``task_messages``: the message itself
"""
