"""Sends one operation to DynamoDB and returns the response, or raises an exception.

``connection`` has PynamoDB's connection, and ``clients`` has the process's client. ``aws_sdk`` makes objects of
botocore and boto3. ``fast_lane`` sends most calls faster than botocore does.

``item_calls`` sends item operations. It uses PynamoDB's connection only if other code observes that connection.
``call_attempts`` decides which calls are sent again, and ``retries`` has the number of attempts and the pauses between
them. ``deadlines`` limits the total time that a request waits. If DynamoDB doesn't answer, ``clients`` decides whether
further calls are refused at once. ``call_failures`` chooses the exception for a failure, and ``observed_calls`` sends
events to subscribers.
"""
