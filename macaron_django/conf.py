"""Settings: Django's ``MACARON`` dictionary over the defaults below, read at the moment of use.

``settings.PAGE_SIZE`` and ``settings.DYNAMODB.ENGINE`` follow ``override_settings``, because nothing is
copied at import. A key that isn't here is a check error (``macaron_django.checks``), not silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from django.conf import settings as django_settings

__all__ = ["DEFAULTS", "Section", "settings", "unknown_keys"]

#: Every setting and its default. Nested dictionaries are sections; ``None`` means "decided at use".
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        # Where the specs are: {"myserver": "apis/myserver.yaml"}; None finds every apis/*.yaml|yml|json.
        "APIS": None,
        "BASE_PATHS": {},  # {API: "/v2"}: instead of what its spec's servers or basePath say
        "VIEWSETS": (),  # dotted paths of classes that are served in the place of the generated viewsets they subclass
        "ERROR_FORMAT": "pymacaron",  # "pymacaron", "problem" (RFC 9457) or "drf"
        "RESPONSE_VALIDATION": None,  # "off", "log" or "raise"; None: "raise" while tests run, else "off"
        "MOCK": False,  # answer unbound operations with the spec's examples
        "KEEP_SERVER_EXTENSIONS": False,  # leave server-side x- attributes in the served document
        "UNKNOWN_PARAMETERS": "ignore",  # or "refuse": 400
        "REQUIRE_IF_MATCH": False,  # on resources with a version: 428 to writes without If-Match
        "PAGE_SIZE": 100,
        "MAX_PAGE_SIZE": 1000,
        "MAX_BODY_SIZE": 10 * 1024 * 1024,  # bytes
        "MAX_BODY_DEPTH": 100,  # nested arrays and objects
        "MAX_SPEC_SIZE": 64 * 1024 * 1024,  # bytes of one file
        "SPEC_ROOTS": {},  # {API: folder}: below which its $refs may read files
        "SPEC_HOSTS": (),  # host names that http(s) $refs may lead to
        "BUILTIN_ENDPOINTS": True,  # /ping, /version, /auth/version
        "DOCS": True,  # Swagger UI, Redoc and the document itself
        "DOCS_PERMISSION_CLASSES": None,  # of those; None: drf-spectacular's SERVE_PERMISSIONS, AllowAny by default
        "DYNAMODB": {
            "ENGINE": None,  # "embedded", "moto", "dynamodb-local", "endpoint" or "aws"; None: see below
            "ENDPOINT": None,  # URL, for the engine "endpoint"
            "REGION": None,  # None: AWS_REGION, AWS_DEFAULT_REGION; "eu-west-1" for local engines
            "BINARY": None,  # path of the embedded engine's binary, or of DynamoDBLocal.jar
            "PATH": None,  # the embedded engine's data; None: dynamodb.sqlite3 beside Django's db.sqlite3
            "TABLE_PREFIX": "",
            "CONNECT_TIMEOUT": 2.0,  # seconds; with READ_TIMEOUT and all attempts below the 30 of gunicorn
            "READ_TIMEOUT": 6.0,
            "MAX_ATTEMPTS": 4,  # of calls that can be sent twice
            "MAX_CONNECTIONS": 50,
            "FAST_LANE": True,  # item operations past botocore's serialiser, signer and parser, with the same answers
            "SCAN_LIMIT": 1000,  # items read at most by a filtered scan where a schema says `scan: capped`
            "CURSOR_MAX_AGE": 7 * 24 * 3600,  # seconds
        },
        "JWT": {
            "ALGORITHMS": ("HS256",),
            "SECRET": None,  # for HS*; at least as long as the hash (RFC 7518, section 3.2)
            "KEYS": {},  # {kid: secret or PEM}: verified against all, signed with SIGNING_KID's
            "SIGNING_KEY": None,  # private PEM
            "SIGNING_KID": None,
            "JWKS_URL": None,
            "JWKS_TIMEOUT": 5.0,  # seconds
            "JWKS_MAX_AGE": 300,  # seconds
            "ISSUER": None,
            "AUDIENCE": None,
            "LEEWAY": 10,  # seconds
            "EXPIRE_IN": 24 * 3600,  # seconds
            "REQUIRED_CLAIMS": ("exp", "sub"),
            "COOKIE": "token",  # name of the cookie read where there is no header; None: header only
            "DEFAULT_USER_ID": None,  # the user that `backend_token` makes tokens for
            "USER": "none",  # "none", "lookup" or "create": how `sub` maps to a Django user
            "REVOKED": None,  # dotted path of a function: payload -> True when the token was revoked
            "MAX_TOKEN_SIZE": 16 * 1024,  # bytes
        },
        "ADMIN": {
            "READ_ONLY": False,  # nobody writes items in the admin, whatever their permissions
            "PRODUCTION": None,  # mark its pages as production's; None: decided by engine and DEBUG
        },
        "SECURITY_VERIFIERS": {},  # {security scheme: dotted path of a function that verifies its credentials}
        "ERROR_REPORTER": None,  # dotted path of a function: title, data, exception
    }
)


class Section:
    """One dictionary of settings over its defaults, with attribute access.

    It is what the dictionary said when it was made; ``settings`` makes another where that has changed since.
    """

    def __init__(self, name: str, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        self._name, self._defaults, self._given = name, defaults, given
        self._as_made = dict(given)
        for key, default in defaults.items():
            value = given.get(key, default)
            if isinstance(default, dict) and default and isinstance(value, Mapping):
                value = Section(f"{name}[{key!r}]", default, value)
            self.__dict__[key] = value

    def __getattr__(self, key: str) -> Any:
        raise AttributeError(f"{self._name} has no setting {key!r}")


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class _Settings:
    """``settings.KEY``: the value in ``MACARON``, or the default."""

    _whole: Section | None = None

    def __getattr__(self, key: str) -> Any:
        given = getattr(django_settings, "MACARON", _NOTHING)
        whole = self._whole
        # Dictionaries can be changed in their places, too.
        if whole is None or whole._given is not given or whole._as_made != given:
            whole = self.__dict__["_whole"] = Section("MACARON", DEFAULTS, given)
        value = getattr(whole, key)
        if type(value) is Section and value._as_made != value._given:
            value = whole.__dict__[key] = Section(value._name, value._defaults, value._given)
        return value


settings = _Settings()


def unknown_keys() -> Iterator[tuple[str, list[str]]]:
    """Yield (dotted key, its known siblings) for each key of ``MACARON`` that means nothing."""
    given = getattr(django_settings, "MACARON", {})
    for key, value in given.items():
        if key not in DEFAULTS:
            yield key, list(DEFAULTS)
        elif isinstance(DEFAULTS[key], dict) and DEFAULTS[key] and isinstance(value, Mapping):
            for nested in value.keys() - DEFAULTS[key].keys():
                yield f"{key}.{nested}", list(DEFAULTS[key])
