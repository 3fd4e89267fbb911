"""Infrastructure as code, written for the project's owners: tables, their alarms, the policy and the service.

Persisted schemas, accesses to tables and a described service come in; a CloudFormation template or a Terraform
file goes out, which doesn't need this package afterwards. Open ``described_tables`` and ``described_services`` for
what is made, ``cloudformation`` and ``terraform`` for the two languages, ``fargate_template`` and ``fargate_terraform``
for containers in them, ``template_parts`` and ``terraform_parts`` for what several of these need, and ``hcl`` for how
Terraform's language is written.
"""
