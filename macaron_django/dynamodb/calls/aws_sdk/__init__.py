"""Makes objects of botocore, boto3 and PynamoDB for calls. No module in this folder is imported before a call needs it.

``botocore_sessions`` and ``botocore_clients`` make the process's client. ``boto3_resources`` makes boto3's resource.
``shown_refusals`` makes the exceptions that PynamoDB raises for refused calls.
"""
