"""What a service needs where it is deployed: how many processes fit, a configuration of gunicorn, the image's version.

The machine's CPUs, the environment and the persisted schemas come in; numbers, settings and files go out. Open
``worker_counts`` for the numbers, ``gunicorn_config`` for gunicorn's settings, ``container_versions`` for the version,
``server_start`` for what a process does before its first request, ``permissions`` for what the service may do in AWS,
and ``infrastructure`` for CloudFormation and Terraform.
"""

from macaron_django.shipping.container_versions import get_container_version
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
