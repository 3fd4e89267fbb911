"""Sends one operation to DynamoDB and returns its answer, or raises an exception.

``connection`` is PynamoDB's connection, ``clients`` the process's botocore client, ``boto3_resources`` boto3's,
``fast_lane`` a faster way to the same answers, which can be deleted. Open ``call_attempts`` for what is sent
again, ``retries`` to change attempts and pauses, ``deadlines`` for how long a request waits in all, ``circuits`` for
when its calls are refused at once, ``call_failures`` for which exception a failure becomes, and ``observed_calls`` for
the events that subscribers get.
"""
