"""Creates the package of a Lambda function: a project with its requirements, for x86-64 or arm64 processors.

The modules:

- ``installed_requirements``: pip's arguments
- ``packaged_files``: the choice of the project's files
- ``service_models``: the AWS services whose descriptions stay in the package
- ``lambda_packages``: the zip file and its limits
"""
