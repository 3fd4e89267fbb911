"""Writes and reads the messages that a task's caller sends to a worker: signed JSON with the arguments and the caller.

Open ``argument_json`` for the types of arguments and results, ``callers`` for the data about the caller,
``served_requests`` for the request that is being served, and ``task_messages`` for the message itself.
"""
