"""Leaves out botocore's descriptions of AWS services that a project doesn't call.

Otherwise, these descriptions would take up a third of a Lambda function's package.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

__all__ = ["ALL", "CALLED", "leave_out_services"]

#: The services that macaron_django calls: DynamoDB, and the services from which botocore gets its credentials.
CALLED: Final = frozenset({"dynamodb", "signin", "sso", "sso-oidc", "sts"})
#: The name that means all services.
ALL: Final = "all"


def leave_out_services(folder: Path, named: Collection[str] | None) -> frozenset[str] | None:
    """Removes botocore's descriptions of AWS services from ``folder``, except for services in ``CALLED`` and ``named``.

    If ``named`` is None and boto3 is in ``folder``, removes nothing, because the project may call any service. Returns
    the services that weren't removed, or None if no service was removed. Raises ValueError for a service that botocore
    doesn't have.
    """
    data = folder / "botocore" / "data"
    if not data.is_dir() or ALL in (named or ()) or (named is None and (folder / "boto3").is_dir()):
        return None
    known = {path.name for path in data.iterdir() if path.is_dir()}
    if unknown := sorted(set(named or ()) - known):
        raise ValueError(f"botocore has no service {', '.join(unknown)}: use botocore's names, such as s3 or sqs.")
    kept = known & (CALLED | set(named or ()))
    for name in known - kept:
        shutil.rmtree(data / name)
    return frozenset(kept)
