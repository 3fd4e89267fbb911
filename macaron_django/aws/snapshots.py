"""Prepares a process for SnapStart. Lambda takes one snapshot of the process, and starts many processes from it, even
days later.
"""

from __future__ import annotations

import gc
import random
import sys

from django.db import connections

from macaron_django.registry import registry

__all__ = ["drop_connections", "import_botocore", "register_hooks", "renew_random_state"]


def register_hooks() -> bool:
    """Registers the functions below. Lambda calls them before it takes a snapshot, or after it restores one.

    Returns False outside of Lambda.
    """
    try:
        from snapshot_restore_py import register_after_restore, register_before_snapshot
    except ImportError:  # only Lambda's own runtimes have it
        return False
    register_before_snapshot(drop_connections)
    register_before_snapshot(import_botocore)
    register_after_restore(renew_random_state)
    return True


def import_botocore() -> None:
    """Imports botocore if DynamoDB is used.

    A restored process has no access keys in its environment, so it needs botocore to fetch them.
    """
    if "macaron_django.dynamodb.calls.clients" in sys.modules:
        from macaron_django.dynamodb.calls import connection  # noqa: F401 (for the snapshot)
        from macaron_django.dynamodb.calls.aws_sdk import botocore_clients  # noqa: F401
        from macaron_django.dynamodb.calls.fast_lane import lane  # noqa: F401


def drop_connections() -> None:
    """Closes all connections, because a restored process couldn't use them. They are opened again when needed."""
    connections.close_all()
    if "macaron_django.dynamodb.calls.clients" in sys.modules:
        from macaron_django.dynamodb.calls.clients import reset

        reset()
    if "clients" in vars(registry):
        registry.clients.close()
    gc.collect()


def renew_random_state() -> None:
    """Reseeds Python's random number generator. Otherwise all processes from one snapshot would create the same ids."""
    random.seed()
