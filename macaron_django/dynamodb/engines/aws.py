"""The engine ``aws``: Amazon DynamoDB in one region, with the standard credential chain."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb.engines.remote_engine import RemoteEngine

__all__ = ["AWSEngine"]


class AWSEngine(RemoteEngine):
    """Amazon DynamoDB in ``region``."""

    name = "aws"
    returns_refused_items = True
    keeps_tokens = True
    endpoint_url = None
    credentials = None
    region = ""

    def __init__(self, region: str) -> None:
        self.region = region

    @classmethod
    def from_settings(cls) -> AWSEngine:
        region = (
            settings.DYNAMODB.REGION
            or os.environ.get("AWS_REGION")  # botocore doesn't read this one
            or os.environ.get("AWS_DEFAULT_REGION")
            or _region_of_profile()
        )
        if not region:
            raise ImproperlyConfigured(
                "The engine 'aws' needs a region: set MACARON['DYNAMODB']['REGION'], AWS_REGION, or the region of "
                "the AWS profile in use."
            )
        return cls(str(region))

    @property
    def address(self) -> str:
        """The service's URL, only for ``status()``. Clients get their URL from botocore, which also supports AWS's
        partitions and FIPS.
        """
        return f"https://dynamodb.{self.region}.amazonaws.com"


def _region_of_profile() -> str | None:
    from botocore.session import Session  # imported here, because AWS's own machines don't need it

    region: str | None = Session().get_config_variable("region")
    return region
