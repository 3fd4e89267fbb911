"""Leaves out botocore's descriptions of AWS services that a project doesn't call: they are a third of a package."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

__all__ = ["ALL", "CALLED", "leave_out_services"]

#: The services that this package calls: DynamoDB, and those that give botocore its credentials.
CALLED: Final = frozenset({"dynamodb", "signin", "sso", "sso-oidc", "sts"})
#: The name that stands for every service.
ALL: Final = "all"


def leave_out_services(folder: Path, named: Collection[str] | None) -> frozenset[str] | None:
    """Removes what botocore, installed in ``folder``, knows of services besides ``CALLED`` and those that are named.

    Without names, it removes nothing if boto3 is installed beside it: then the project calls other services, too.
    Returns the services that stay, or None if nothing was removed. Raises ValueError for a service that botocore
    doesn't know.
    """
    data = folder / "botocore" / "data"
    if not data.is_dir() or ALL in (named or ()) or (named is None and (folder / "boto3").is_dir()):
        return None
    known = {path.name for path in data.iterdir() if path.is_dir()}
    if unknown := sorted(set(named or ()) - known):
        raise ValueError(f"botocore knows no service {', '.join(unknown)}: use its names, such as s3 or sqs.")
    kept = known & (CALLED | set(named or ()))
    for name in known - kept:
        shutil.rmtree(data / name)
    return frozenset(kept)
