"""The package of a Lambda function: a project and what it requires, for a machine other than this one.

A folder and a file of requirements come in, a zip file goes out. Open ``installed_requirements`` for pip's arguments,
``packaged_files`` for which of the project's files are packed, ``service_models`` for the AWS services whose
descriptions stay in the package, and ``lambda_packages`` for the zip file and its limits.
"""
