"""Decides whether a process can call DynamoDB before it imports botocore. Finds the URL and the keys for the call.

Such a call is possible if only three things determine its URL and its signature: the engine, a region, and the access
keys in the environment. AWS Lambda is an example. Only botocore understands profiles, files in ``~/.aws``, roles,
proxies, custom certificates and the AWS variables that aren't listed here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

__all__ = ["EarlyPlace", "early_place", "is_imported", "is_untouched"]

#: Environment variables that don't change DynamoDB's client, or that this module reads.
_KNOWN: Final = re.compile(
    "AWS_(?:REGION|DEFAULT_REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|EXECUTION_ENV|EC2_METADATA_DISABLED"
    "|LAMBDA_[A-Z0-9_]+|XRAY_[A-Z0-9_]+)"
)
_AWS: Final = re.compile("AWS_|BOTO")
#: The modules with the methods that tracers wrap.
_WRAPPED: Final = ("botocore.client", "botocore.endpoint", "botocore.parsers")
#: Environment variables that name other certificate authorities for botocore to trust.
_AUTHORITIES: Final = frozenset({"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"})
#: The regions of the partition ``aws`` in botocore's ``partitions.json``. The hosts of this partition have the same
#: form.
_REGION: Final = re.compile(r"(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
#: The classes of usual import finders: Python's, installed packages', macaron_django's and pytest's.
_FINDERS: Final = re.compile(
    r"_frozen_importlib\.(?:BuiltinImporter|FrozenImporter)|_frozen_importlib_external\.PathFinder"
    r"|__editable___\w+_finder\.\w+|_distutils_hack\.\w+|_virtualenv\.\w+|(?:pkg_resources|setuptools)\.extern\.\w+"
    r"|(?:[\w.]+\.)?six\.\w+|_pytest\.assertion\.rewrite\.\w+|macaron_django\.[\w.]+"
)


class EarlyPlace(NamedTuple):
    """The URL that calls are sent to, and the credentials that sign them. ``repr()`` leaves out secrets, because error
    reports show local variables.
    """

    url: str
    region: str
    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"EarlyPlace({self.url!r}, {self.region!r}, {self.access_key!r}, ...)"


def early_place(
    endpoint_url: str | None,
    region: str,
    credentials: tuple[str, str] | None,
    *,
    is_local: bool,
    environment: Mapping[str, str] = os.environ,
) -> EarlyPlace | None:
    """Returns the URL and the credentials that an engine's botocore client would use. Returns None if only botocore can
    find the URL and the credentials.
    """
    if not is_local and not _is_plain(environment):
        return None
    if endpoint_url is None:
        if not _REGION.fullmatch(region) or not _AUTHORITIES.isdisjoint(environment):
            return None
        url = f"https://dynamodb.{region}.amazonaws.com"
    else:
        parts = urlsplit(endpoint_url)
        # For HTTPS hosts other than Amazon's, botocore's settings decide how certificates are verified.
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
            return None
        url = endpoint_url
    if credentials is not None:
        return EarlyPlace(url, region, *credentials)
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if is_local or not access_key or not secret_key:
        return None
    return EarlyPlace(url, region, access_key, secret_key, environment.get("AWS_SESSION_TOKEN") or None)


def _is_plain(environment: Mapping[str, str]) -> bool:
    """Returns False if an environment variable or a file may change a client's calls in a way that only botocore
    supports. Returns True otherwise.
    """
    if sys.platform in ("win32", "darwin"):  # the system's settings may have proxies
        return False
    for name in environment:
        if _AWS.match(name) and name not in _AUTHORITIES and not _KNOWN.fullmatch(name):
            return False
        if name.lower().endswith("_proxy"):
            return False
    try:
        files = Path("~/.aws").expanduser()
    except RuntimeError:  # the user has no home directory
        return False
    return not os.path.exists(files)  # noqa: PTH110 (as in botocore: False for an unreadable home)


def is_imported() -> bool:
    """Returns whether a module of botocore that makes calls has been imported."""
    return not sys.modules.keys().isdisjoint(_WRAPPED)


def is_untouched() -> bool:
    """Returns True if it is certain that no code has hooked into botocore's calls.

    This is certain if the modules that make calls haven't been imported, and no unknown import hook is installed. A
    tracer that wraps botocore either imports it, or installs an import hook that wraps botocore later.
    """
    return not is_imported() and all(map(_is_known, sys.meta_path))


def _is_known(finder: object) -> bool:
    kind = finder if isinstance(finder, type) else type(finder)
    return _FINDERS.fullmatch(f"{kind.__module__}.{kind.__qualname__}") is not None
