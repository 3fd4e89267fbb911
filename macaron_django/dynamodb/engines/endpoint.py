"""The engine ``endpoint``: the URL of any server with DynamoDB's protocol, such as ScyllaDB Alternator or
LocalStack.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb.engines.engine import LOCAL_CREDENTIALS
from macaron_django.dynamodb.engines.remote_engine import RemoteEngine

__all__ = ["EndpointEngine"]


class EndpointEngine(RemoteEngine):
    """The server at ``endpoint_url``."""

    name = "endpoint"
    endpoint_url = ""

    def __init__(self, endpoint_url: str) -> None:
        parts = urlsplit(endpoint_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ImproperlyConfigured(
                f"MACARON['DYNAMODB']['ENDPOINT'] is {endpoint_url!r}; it must be a URL such as "
                "'http://localhost:8000'."
            )
        self.endpoint_url = endpoint_url.rstrip("/")

    @classmethod
    def from_settings(cls) -> EndpointEngine:
        if not settings.DYNAMODB.ENDPOINT:
            raise ImproperlyConfigured(
                "MACARON['DYNAMODB']['ENGINE'] is 'endpoint', but ENDPOINT isn't set: set it to the server's URL."
            )
        return cls(str(settings.DYNAMODB.ENDPOINT))

    @property
    def address(self) -> str:
        return self.endpoint_url

    @property
    def credentials(self) -> tuple[str, str] | None:
        """Dummy keys, or None if the environment variable ``AWS_ACCESS_KEY_ID`` is set. Alternator can be configured to
        check the keys.
        """
        return None if "AWS_ACCESS_KEY_ID" in os.environ else LOCAL_CREDENTIALS
