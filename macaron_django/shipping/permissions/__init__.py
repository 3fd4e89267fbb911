"""Writes the least-privilege IAM policy for a service's tables and indexes.

The accesses to tables come from the operations' query plans and from recorded test runs. Open ``recorded_calls`` for
the file in which a test run records its accesses, and ``policies`` for the policy itself. Open
``dynamodb/tables/table_accesses`` for the permissions that a call to DynamoDB needs.
"""
