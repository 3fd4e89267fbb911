"""The engine ``aws``: Amazon DynamoDB in a region, with the standard credential chain and nothing else.

In goes the region (settings, environment or AWS profile); nothing is started, and no key is ever read here.
"""

from __future__ import annotations

import os

from botocore.session import Session
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb.engines.remote import RemoteEngine

__all__ = ["AWSEngine"]


class AWSEngine(RemoteEngine):
    """Amazon DynamoDB in ``region``."""

    name = "aws"
    endpoint_url: str | None = None
    credentials: tuple[str, str] | None = None

    def __init__(self, region: str) -> None:
        self.region = region

    @classmethod
    def from_settings(cls) -> AWSEngine:
        region = (
            settings.DYNAMODB.REGION
            or os.environ.get("AWS_REGION")  # which botocore doesn't read
            or Session().get_config_variable("region")
        )
        if not region:
            raise ImproperlyConfigured(
                "The engine 'aws' needs a region: set MACARON['DYNAMODB']['REGION'], AWS_REGION, or the region of "
                "the AWS profile in use."
            )
        return cls(str(region))

    @property
    def address(self) -> str:
        """Return the service's URL, for status only: clients ask botocore, which knows partitions and FIPS."""
        return f"https://dynamodb.{self.region}.amazonaws.com"
