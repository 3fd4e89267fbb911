"""Writes infrastructure as code for a project: its tables, their alarms, the IAM policy and the service.

The result is a CloudFormation template or a Terraform file, which doesn't depend on this package. Open
``described_tables`` and ``described_services`` for the described resources. Open ``cloudformation`` and ``terraform``
for the two languages. Open ``fargate_template`` (CloudFormation) and ``fargate_terraform`` for a service on ECS
Fargate. Open ``template_parts`` and ``terraform_parts`` for the code that several modules share. Open ``hcl`` for the
syntax of Terraform's language.
"""
