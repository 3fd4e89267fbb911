"""Every setting and its default.

The system checks (``macaron_django.checks``) report any other key as an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["DEFAULTS", "SECTIONS"]

#: Every setting and its default. Nested dictionaries are sections; ``None`` means "decided at use".
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        # The paths of the specs: {"myserver": "apis/myserver.yaml"}. None finds every apis/*.yaml|yml|json.
        "APIS": None,
        "BASE_PATHS": {},  # {API: "/v2"}: instead of what its spec's servers or basePath say
        "IGNORE_BASE_PATH": None,  # of Swagger 2.0; None: as COMPAT
        "ON_BROKEN_SPEC": "refuse",  # with DEBUG off: nothing is served; "leave_out": APIs without errors are served
        "VIEWSETS": (),  # dotted paths of classes that are served instead of the generated viewsets they subclass
        "ERROR_FORMAT": "pymacaron",  # "pymacaron", "problem" (RFC 9457) or "drf"
        "RESPONSE_VALIDATION": None,  # "off", "log" or "raise"; None: "raise" while tests run, else "off"
        "MOCK": False,  # answer unbound operations with the spec's examples
        "KEEP_SERVER_EXTENSIONS": False,  # leave server-side x- attributes in the served document
        "UNKNOWN_PARAMETERS": "ignore",  # or "refuse": 400
        "UNKNOWN_PROPERTIES": "keep",  # "drop" or "refuse" (400); or {API: …, "API.Schema": …}
        "REQUIRE_IF_MATCH": False,  # on resources with a version: 428 to writes without If-Match
        "PAGE_SIZE": 100,
        "MAX_PAGE_SIZE": 1000,
        "MAX_BODY_SIZE": 10 * 1024 * 1024,  # bytes
        "MAX_BODY_DEPTH": 100,  # nested arrays and objects
        "MAX_BODY_CONTAINERS": 40_000,  # arrays and objects; in a large body one in 20 bytes, if those are more
        "MAX_SPEC_SIZE": 64 * 1024 * 1024,  # bytes of one file
        "SPEC_ROOTS": {},  # {API: folder}: below which its $refs may read files
        "PREBUILT": "macaron_prebuilt",  # the folder that `manage.py prebuild` writes; None: not read
        "SPEC_HOSTS": (),  # host names that http(s) $refs may lead to
        "BUILTIN_ENDPOINTS": True,  # /ping, /ready, /version, /auth/version
        "READY_CHECKS": (),  # dotted paths of functions that GET /ready calls, too
        "READY_TIMEOUT": 2.0,  # seconds that GET /ready takes at most
        "FRONT": True,  # answer operations before Django's handler if all middleware is supported
        "DOCS": True,  # Swagger UI, Redoc and the document itself
        "DOCS_PERMISSION_CLASSES": None,  # of these; None: drf-spectacular's SERVE_PERMISSIONS, AllowAny by default
        "DYNAMODB": {
            "ENGINE": None,  # "embedded", "dynamodb-local", "container", "moto", "endpoint" or "aws"; None: see below
            "ENDPOINT": None,  # URL, for the engine "endpoint"
            "REGION": None,  # None: AWS_REGION, AWS_DEFAULT_REGION; "eu-west-1" for local engines
            "BINARY": None,  # path of the embedded engine's binary, or of DynamoDBLocal.jar
            "IMAGE": "ghcr.io/nubo-db/dynoxide:1.2.1",  # the image of the engine "container"
            "PATH": None,  # the embedded engine's data; None: dynamodb.sqlite3 beside Django's db.sqlite3
            "TABLE_PREFIX": "",
            "CONNECT_TIMEOUT": 2.0,  # seconds
            "READ_TIMEOUT": 6.0,
            "REQUEST_DEADLINE": 10.0,  # seconds that a request waits for DynamoDB in all; None: no bound
            "CIRCUIT_FAILURES": 10,  # attempts in a row without an answer, after which requests are 503; or None
            "MAX_ATTEMPTS": 4,  # of calls that can be sent twice
            "MAX_CONNECTIONS": 50,
            "FAST_LANE": True,  # item operations past botocore's serialiser, signer and parser, with the same answers
            "SCAN_LIMIT": 1000,  # items read at most by a filtered scan where a schema says `scan: capped`
            "READ_LIMIT": 1000,  # items read at most for a page of a generated list, as x-read-limit says
            "MAX_PAGE_BYTES": 6 * 1024 * 1024,  # of the items of such a page, as JSON
            "CURSOR_MAX_AGE": 7 * 24 * 3600,  # seconds
        },
        "JWT": {
            "ALGORITHMS": ("HS256",),
            "SECRET": None,  # for HS*; at least as long as the hash (RFC 7518, section 3.2)
            "ALLOW_SHORT_SECRET": False,  # accept a shorter SECRET, which attackers can guess from a token
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
            "SCOPE_CLAIMS": ("scope", "scp"),  # claims that grant scopes; no other claim does
            "COOKIE": "token",  # name of the cookie that is read if there is no header; None: header only
            "DEFAULT_USER_ID": None,  # the user that `backend_token` makes tokens for
            "USER": "none",  # "none", "lookup" or "create": how `sub` maps to a Django user
            "REVOKED": None,  # dotted path of a function: payload -> True when the token was revoked
            "MAX_TOKEN_SIZE": 16 * 1024,  # bytes
        },
        # The APIs of other services to call: {API: path of the spec}, or {API: {"SPEC": …, "BASE_URL": …}}, with
        # CREDENTIALS and any key of CLIENT_OPTIONS. An API that is served needs no SPEC.
        "CLIENTS": {},
        "CLIENT_OPTIONS": {  # of all calls, unless CLIENTS has another value
            "IN_PROCESS": False,  # the API is served by this process: call it without a socket
            "CONNECT_TIMEOUT": 2.0,  # seconds
            "READ_TIMEOUT": 10.0,
            "DEADLINE": 30.0,  # seconds for a call with its retries and its answer; None: no bound
            "MAX_ATTEMPTS": 3,  # of calls that can be sent twice
            "BACKOFF": 0.1,  # seconds before the first retry at most; doubled before each further one
            "MAX_BACKOFF": 5.0,  # seconds
            "RETRY_BUDGET": 0.2,  # retries for each call to a host, in the long run
            "CIRCUIT_FAILURES": 10,  # failed calls to a host in a row, after which no call is sent; None: no limit
            "CIRCUIT_SECONDS": 10.0,  # until a trial call is sent
            "MAX_CONNECTIONS": 100,
            "MAX_ANSWER_SIZE": 10 * 1024 * 1024,  # bytes, once unpacked
            "HTTP2": False,  # needs httpx[http2]
            "VERIFY": True,  # certificates; or the path of the authorities' certificates
            "PROXY": None,  # URL; None: as the environment says
            "FOLLOW_REDIRECTS": False,  # of GET and HEAD, to the same scheme, host and port only
            "VALIDATE_REQUESTS": True,  # nothing that breaks the spec is sent
            "VALIDATE_ANSWERS": "raise",  # "log" or "off"
            "ERRORS": None,  # "raise" or "return" error answers; None: as COMPAT
        },
        "ADMIN": {
            "READ_ONLY": False,  # no user can write items in the admin, whatever their permissions
            "PRODUCTION": None,  # mark its pages as production's; None: decided by engine and DEBUG
        },
        "TASKS": {
            "BACKEND": "immediate",  # "celery", "django", or the dotted path of a class
            "BROKER_URL": None,  # of Celery; None: CELERY_BROKER_URL, or Redis on this host
            "RESULT_URL": None,  # where Celery stores the results of tasks; None: nowhere
            "CELERY_APP": None,  # dotted path of the project's own Celery application
            "QUEUE": "macaron",  # of Celery, for tasks that name none
            "VISIBILITY_TIMEOUT": 3600,  # seconds until another worker gets a killed one's tasks; longer than any task
            "DJANGO_ALIAS": "default",  # the backend of Django's setting TASKS, for "django"
            "OUTSIDE_REQUESTS": "run",  # a call outside of a request: "run" the function, or "send" the task
            "TOKEN_EXPIRE_IN": 900,  # seconds: of the token that a worker issues anew for the caller
            "MAX_MESSAGE_SIZE": 256 * 1024,  # bytes
            "OUTBOX": False,  # keep tables for outbox=True and once=True in DynamoDB
            "KEEP_FAILURES_DAYS": 0,  # keep tasks that failed, with their reports, in DynamoDB for the admin; 0: don't
        },
        "OBSERVABILITY": {
            "BACKENDS": (),  # "emf", "json_logs", "opentelemetry", "prometheus", "sentry"; or paths of subscribers
            "METRICS_TOKEN": None,  # the bearer token that GET /metrics requires; None: see METRICS_ACCESS
            "METRICS_ACCESS": None,  # dotted path of a function: request → whether it may read /metrics
            "PRICES": {},  # AS_OF, REGION, READ_MILLION, WRITE_MILLION: instead of Amazon's price list
            "EMF_NAMESPACE": "macaron_django",  # CloudWatch's namespace of the metrics in EMF lines
            "REPORT_CALL_EXCEEDING_MS": None,  # report slower operations; None: as COMPAT, PyMacaron's 1000 or none
        },
        "DEPLOY": {  # of `manage.py deploy`
            "ENVIRONMENTS": {},  # {name: {"DRIVER": "ecs", "BASE_URL": …}}, in the order of their releases
            "REPOSITORY": None,  # of images: a registry's host and a path, without a tag
            "PLATFORM": None,  # of images, such as "linux/arm64"; None: this machine's
            "CONTAINER_ENGINE": None,  # "docker" or "podman"; None: the first that works
            "UNIT_TESTS": (),  # the command, as a list; (): pytest if it is installed, else `manage.py test`
            "ACCEPTANCE_TESTS": (),  # paths for `manage.py acceptance`; (): its default
        },
        "SECURITY_VERIFIERS": {},  # {security scheme: dotted path of a function that verifies its credentials}
        "ERROR_REPORTER": None,  # dotted path of a function: title, data, exception
        "ERROR_CALLBACK": None,  # dotted path of a function: exception → the body of its answer
        "ERROR_DECORATOR": None,  # dotted path of a function: the body of an error's answer → the one sent
        "DATETIME_ENCODER": None,  # dotted path of a function: datetime → what handlers' answers have instead
        "CRASH_ENDPOINTS": False,  # /crash/*: endpoints that fail, to try reports
        "SERVE": None,  # names of the APIs whose operations get URLs; None: all
        "PUBLISH_PATH": None,  # path below which each API's document is published for pages of other origins
        "PUBLISH_TOC": None,  # Markdown put at the head of those documents' descriptions
        "COMPAT": None,  # behave as PyMacaron where the two differ; None: where macaron_django.compat is in use
    }
)

#: The keys whose values are sections.
SECTIONS = frozenset(key for key, value in DEFAULTS.items() if isinstance(value, dict) and value)
