"""Makes the botocore, boto3 and PynamoDB objects that calls need. No module in this folder is imported before a call
needs it.

``botocore_sessions`` and ``botocore_clients`` make the process's client. ``boto3_resources`` makes boto3's resource.
``shown_refusals`` converts botocore's exceptions for refused calls to PynamoDB's exceptions.
"""
