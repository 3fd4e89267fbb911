"""Creates projects, builds and runs their containers, and deploys them.

The modules and folders:

- ``starting``: new projects and APIs
- ``templates/``: the templates of new files
- ``file_templates``: how these templates are rendered
- ``container_files``: the files of a container
- ``worker_counts``: the number of worker processes
- ``cpu_limits`` and ``ecs_metadata``: how many CPUs these processes can use
- ``gunicorn_config``: gunicorn's settings
- ``server_start``: what a process does before its first request
- ``permissions``: the service's permissions in AWS
- ``infrastructure``: the files for CloudFormation and Terraform
- ``packages``: Lambda's zip files
- ``prebuilt_files``: ``manage.py prebuild``
- ``deploying``: ``manage.py deploy``
- ``child_processes``: how commands end their child processes
"""

from macaron_django.conf.container_versions import get_container_version
from macaron_django.shipping.worker_counts import (
    get_celery_worker_count,
    get_celery_worker_memory_limit,
    get_gunicorn_worker_count,
    get_memory_limit,
)

__all__ = [
    "get_celery_worker_count",
    "get_celery_worker_memory_limit",
    "get_container_version",
    "get_gunicorn_worker_count",
    "get_memory_limit",
]
