"""What is made of botocore, boto3 and PynamoDB's connection; nothing here is imported before a call needs it.

Open ``botocore_sessions`` and ``botocore_clients`` for the process's client, ``boto3_resources`` for boto3's, and
``shown_refusals`` for the exceptions that PynamoDB makes of refused calls.
"""
