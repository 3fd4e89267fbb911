"""Sends one operation to DynamoDB and returns its answer, or raises an exception.

``connection`` is PynamoDB's connection, ``clients`` the process's client, ``aws_sdk`` the objects made with botocore
and boto3, ``fast_lane`` a faster way to the same answers. Open ``item_calls`` for what watches calls, ``call_attempts``
for what is sent again, ``retries`` to change attempts and pauses, ``deadlines`` for how long a request waits in all,
``clients`` for when calls of requests are refused at once, ``call_failures`` for which exception a failure becomes, and
``observed_calls`` for the events that subscribers get.
"""
