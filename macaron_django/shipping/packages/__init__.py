"""Creates the package of a Lambda function: a project with its requirements, for x86-64 or arm64 processors.

Open ``installed_requirements`` for pip's arguments, and ``packaged_files`` for the choice of the project's files. Open
``service_models`` for the AWS services whose descriptions stay in the package. Open ``lambda_packages`` for the zip
file and its limits.
"""
