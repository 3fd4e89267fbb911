"""Makes the botocore, boto3 and PynamoDB objects that calls need. No module in this folder is imported before a call
needs it.

``botocore_sessions`` and ``botocore_clients`` make the process's client. ``boto3_resources`` makes boto3's resource.
When DynamoDB refuses a call, ``shown_refusals`` turns botocore's exception into PynamoDB's exception.
"""
