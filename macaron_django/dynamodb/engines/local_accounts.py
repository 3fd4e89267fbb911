"""What servers are told that speak DynamoDB's protocol and know no accounts of AWS's: credentials, a region.

Separate so that an engine which somebody else runs imports nothing of what starts, and watches over, processes.
"""

from __future__ import annotations

import os

from macaron_django.conf import settings

__all__ = ["LOCAL_CREDENTIALS", "local_region"]

#: Local engines ask for credentials and take any; DynamoDB Local wants letters and digits only.
LOCAL_CREDENTIALS = ("local", "local")


def local_region() -> str:
    """Return the region that a local engine is told: the one in the settings or the environment, if any."""
    return str(
        settings.DYNAMODB.REGION or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
    )
