"""Takes a service from an empty folder to its deployment: a project's files, its container, its processes.

A spec, the machine's CPUs and the environment come in; files, numbers and settings go out. Open ``starting`` for new
projects and APIs, ``templates/`` for the files that are written, ``file_templates`` for how they are written,
``container_files`` for the files of a container, ``worker_counts`` for how many processes fit, ``cpu_limits`` and
``ecs_metadata`` for the CPUs that they have, ``gunicorn_config`` for gunicorn's settings, ``server_start`` for what a
process does before its first request, ``permissions`` for what the service may do in AWS, ``infrastructure`` for
CloudFormation and Terraform, ``packages`` for Lambda's zip files, ``prebuilt_files`` for what ``manage.py prebuild``
writes, ``deploying`` for ``manage.py deploy``, and ``child_processes`` for how commands end what they have started.
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
