"""Makes objects of botocore, boto3 and PynamoDB for calls; nothing here is imported before a call needs it.

Open ``botocore_sessions`` and ``botocore_clients`` for the process's client, ``boto3_resources`` for boto3's, and
``shown_refusals`` for the exceptions that PynamoDB raises for refused calls.
"""
