"""Maps the keys of ``pym-config.yaml`` to settings.

Keys that aren't in the tables of this module belong to the project. The project's keys are attributes of the object
that ``get_config()`` returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from macaron_django.conf.pym_config_files import PymConfig
from macaron_django.conf.setting_defaults import SECTIONS

__all__ = ["OWN_SETTINGS", "PRESETS", "SETTINGS", "host_of", "misspelt", "sources_of"]

#: Key → the setting that it sets. If two keys set the same setting, the first key in this table counts.
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "jwt_secret": "JWT.SECRET",
        "jwt_audience": "JWT.AUDIENCE",
        "jwt_issuer": "JWT.ISSUER",
        "jwt_token_timeout": "JWT.EXPIRE_IN",
        "default_user_id": "JWT.DEFAULT_USER_ID",
        "aws_region": "DYNAMODB.REGION",
        "aws_default_region": "DYNAMODB.REGION",
        "report_call_exceeding_ms": "OBSERVABILITY.REPORT_CALL_EXCEEDING_MS",
    }
)
#: The value of this key is a mapping of settings, with the same names as in ``MACARON``.
OWN_SETTINGS = "macaron"
#: PyMacaron's defaults for keys that the file leaves out and that have no setting.
PRESETS: Mapping[str, Any] = MappingProxyType({"jwt_token_renew_after": 10800, "report_call_exceeding_ms": 1000})

_RUNTIME = (
    *("name", "live_url", "live_host", "env_secrets", "with_async", "worker_count", "cpu_count", "app_name_live"),
    *("app_name_dev", "scout_key", "scout_app_name", OWN_SETTINGS, *SETTINGS, *PRESETS),
)
_DEPLOYMENT = (
    *("deploy_target", "docker_repo", "docker_bucket", "docker_base", "include_links", "aws_user", "aws_keypair"),
    *("aws_instance_type", "aws_cert_arn", "aws_zone_id", "aws_hosts_min", "aws_hosts_max", "aws_access_key_id"),
    *("aws_secret_access_key", "gcp_region", "gcp_memory", "gcp_request_concurrency", "env_jwt_secret"),
    "env_jwt_audience",
)
_LIKENESS = 0.8


def sources_of(config: PymConfig) -> dict[str, tuple[str, Any]]:
    """Returns the settings that a file contains, as ``{dotted setting: (key of the file, value)}``.

    Keys without a value are left out.
    """
    found: dict[str, tuple[str, Any]] = {}
    for key, setting in SETTINGS.items():
        value = config.values.get(key)
        if value is not None:
            found.setdefault(setting, (key, value))
    if config.values.get("with_async"):
        found["TASKS.BACKEND"] = ("with_async", "celery")
    for key, value in _flat(config.values.get(OWN_SETTINGS)):
        found[key] = (f"{OWN_SETTINGS}.{key}", value)
    return found


def _flat(values: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(values, Mapping):
        return
    for key, value in values.items():
        if isinstance(value, Mapping) and key in SECTIONS:
            yield from ((f"{key}.{own}", each) for own, each in value.items() if each is not None)
        elif value is not None:
            yield str(key), value


def host_of(config: PymConfig) -> str | None:
    """Returns the service's host in production: the host of ``live_url``, else ``live_host``."""
    url = config.values.get("live_url")
    return (urlsplit(str(url)).hostname if url else None) or config.values.get("live_host")


def misspelt(config: PymConfig) -> Iterator[tuple[str, str]]:
    """Yields (key, documented key) for each key in the file that is probably a misspelt documented key."""
    import difflib  # few projects have such a file

    known = [*_RUNTIME, *_DEPLOYMENT]
    for key in config.values.keys() - set(known):
        yield from ((key, close) for close in difflib.get_close_matches(key, known, n=1, cutoff=_LIKENESS))
