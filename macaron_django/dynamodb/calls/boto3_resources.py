"""Makes boto3's DynamoDB resource for the engine in use: what boto3 can do and nothing here does."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any

import botocore.config
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.botocore_sessions import new_session
from macaron_django.dynamodb.calls.clients import Configuration

__all__ = ["get_dynamodb"]


def get_dynamodb() -> Any:
    """Return ``boto3.resource("dynamodb")`` over the engine, region and credentials that the settings name.

    Its calls join no transaction, and aren't bounded by a request's deadline. Each thread has a resource of its own,
    as boto3 requires. Raises ``ImproperlyConfigured`` where boto3 isn't installed.
    """
    configuration = Configuration.of(engines.current(), settings.DYNAMODB)
    return _resource(configuration, os.getpid(), threading.get_ident())


@lru_cache(maxsize=64)
def _resource(configuration: Configuration, _process: int, _thread: int) -> Any:
    try:
        import boto3
    except ImportError as error:
        raise ImproperlyConfigured("boto3 isn't installed, which get_dynamodb() needs: pip install boto3.") from error
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
