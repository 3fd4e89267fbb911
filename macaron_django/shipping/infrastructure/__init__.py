"""Writes infrastructure as code for a project: its tables, their alarms, the IAM policy and the service.

The result is a CloudFormation template or a Terraform file, which doesn't depend on this package. The modules:

- ``described_tables`` and ``described_services``: the described resources
- ``cloudformation`` and ``terraform``: the whole template or file
- ``fargate_template`` (CloudFormation) and ``fargate_terraform``: a service on ECS Fargate
- ``template_parts`` (CloudFormation) and ``terraform_parts``: the code that several modules share
- ``hcl``: the syntax of Terraform's language
"""
