"""Sends one operation to DynamoDB and returns the response, or raises an exception.

``connection`` provides PynamoDB's connection, and ``clients`` keeps the process's client. ``aws_sdk`` makes the
botocore and boto3 objects. ``fast_lane`` sends most calls faster than botocore does.

``item_calls`` sends item operations. The module uses PynamoDB's connection only if other code observes that connection.
``call_attempts`` decides which calls are sent again. ``retries`` decides how often a call is sent, and how long the
pauses are. ``deadlines`` limits the total time that a request waits. If DynamoDB doesn't answer, ``clients`` decides
whether further calls are refused at once. ``call_failures`` chooses the exception for a failure, and ``observed_calls``
sends events to subscribers.
"""
