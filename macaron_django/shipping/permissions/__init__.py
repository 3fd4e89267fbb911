"""Writes the least-privilege IAM policy for a service's tables and indexes.

The policy allows the accesses that are found in the operations' query plans and in recorded test runs.

``recorded_calls`` records the accesses of a test run in a file, and ``policies`` writes the policy. The module
``dynamodb/tables/table_accesses`` finds the permissions that a call to DynamoDB needs.
"""
