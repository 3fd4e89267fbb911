"""Creates projects, builds and runs their containers, and deploys them.

Open ``starting`` for new projects and APIs. Open ``templates/`` for the texts of new files, and ``file_templates`` for
how these templates are rendered. Open ``container_files`` for the files of a container. Open ``worker_counts`` for the
number of processes, and ``cpu_limits`` and ``ecs_metadata`` for the CPUs that they have. Open ``gunicorn_config`` for
gunicorn's settings, and ``server_start`` for what a process does before its first request. Open ``permissions`` for
the service's permissions in AWS, and ``infrastructure`` for CloudFormation and Terraform. Open ``packages`` for
Lambda's zip files, ``prebuilt_files`` for ``manage.py prebuild``, and ``deploying`` for ``manage.py deploy``. Open
``child_processes`` for how commands end their child processes.
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
