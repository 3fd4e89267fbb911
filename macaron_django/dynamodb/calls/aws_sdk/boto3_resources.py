"""Makes boto3's DynamoDB resource for the engine in use. Projects need it for features that only boto3 has."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any

import botocore.config
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.aws_sdk.botocore_sessions import new_session
from macaron_django.dynamodb.calls.client_configurations import Configuration

__all__ = ["get_dynamodb"]


def get_dynamodb() -> Any:
    """Returns ``boto3.resource("dynamodb")`` for the engine, region and credentials in the settings.

    Its calls don't join a transaction, and a request's deadline doesn't apply to them. Each thread has its own
    resource, as boto3 requires. Raises ``ImproperlyConfigured`` if boto3 isn't installed.
    """
    configuration = Configuration.of(engines.current(), settings.DYNAMODB)
    return _resource(configuration, os.getpid(), threading.get_ident())


@lru_cache(maxsize=64)
def _resource(configuration: Configuration, _process: int, _thread: int) -> Any:
    try:
        import boto3
    except ImportError as error:
        raise ImproperlyConfigured("get_dynamodb() needs boto3: pip install 'macaron_django[aws]'.") from error
    access_key, secret_key = configuration.credentials or (None, None)
    session = boto3.Session(botocore_session=new_session(isolated=configuration.is_local))
    return session.resource(
        "dynamodb",
        configuration.region,
        endpoint_url=configuration.endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=botocore.config.Config(
            connect_timeout=configuration.connect_timeout,
            read_timeout=configuration.read_timeout,
            proxies={} if configuration.is_local else None,
        ),
    )
