"""What a service may do in AWS: the least IAM policy for its tables and indexes.

Accesses to tables come in, from the operations' plans and from recorded test runs; a policy goes out. Open
``recorded_calls`` for the file of a test run, and ``policies`` for the policy. Which permissions a call to DynamoDB
needs is in ``dynamodb/tables/table_accesses``.
"""
