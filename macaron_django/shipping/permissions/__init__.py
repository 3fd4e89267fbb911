"""Writes the least IAM policy for a service's tables and indexes.

The accesses to tables come from the operations' query plans and from recorded test runs. Open ``recorded_calls`` for
the file of a test run, and ``policies`` for the policy. Open ``dynamodb/tables/table_accesses`` for the permissions
that a call to DynamoDB needs.
"""
