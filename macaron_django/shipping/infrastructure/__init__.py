"""Infrastructure as code, written for the project's owners: tables, their alarms, the policy and the Lambda function.

Persisted schemas and accesses to tables come in; a CloudFormation template or a Terraform file goes out, which needs
nothing of this package afterwards. Open ``described_tables`` for what a table is made with, ``cloudformation`` and
``terraform`` for the two languages, and ``hcl`` for how Terraform's is written.
"""
