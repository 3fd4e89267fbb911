"""Every setting and its default.

The system checks (``macaron_django.checks``) report any other key as an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["DEFAULTS", "SECTIONS"]

#: Every setting and its default. Nested dictionaries are sections. ``None`` usually means "decided when it is used".
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        # The paths of the specs: {"myserver": "apis/myserver.yaml"}. None finds every apis/*.yaml|yml|json.
        "APIS": None,
        "BASE_PATHS": {},  # {API: "/v2"}: the path, instead of the path in the spec's servers or basePath
        "IGNORE_BASE_PATH": None,  # serve Swagger 2.0 without its basePath; None: the value of COMPAT
        "ON_BROKEN_SPEC": "refuse",  # without DEBUG, nothing is served; "leave_out": APIs without errors are served
        "VIEWSETS": (),  # dotted paths of subclasses that replace the generated viewsets
        "ERROR_FORMAT": "pymacaron",  # "pymacaron", "problem" (RFC 9457) or "drf"
        "RESPONSE_VALIDATION": None,  # "off", "log" or "raise"; None: "raise" while tests run, else "off"
        "MOCK": False,  # answer operations without code with the spec's examples
        "KEEP_SERVER_EXTENSIONS": False,  # leave server-side x- attributes in the served document
        "UNKNOWN_PARAMETERS": "ignore",  # or "refuse": 400
        "UNKNOWN_PROPERTIES": "keep",  # "drop" or "refuse" (400); or {API: …, "API.Schema": …}
        "REQUIRE_IF_MATCH": False,  # writes without If-Match to resources with a version get a 428
        "PAGE_SIZE": 100,
        "MAX_PAGE_SIZE": 1000,
        "MAX_BODY_SIZE": 10 * 1024 * 1024,  # bytes
        "MAX_BODY_DEPTH": 100,  # nested arrays and objects
        "MAX_BODY_CONTAINERS": 40_000,  # arrays and objects; in a large body, one for every 20 bytes if that is more
        "MAX_SPEC_SIZE": 64 * 1024 * 1024,  # bytes of one file
        "SPEC_ROOTS": {},  # {API: folder}: the API's $refs may read only files in this folder
        "PREBUILT": "macaron_prebuilt",  # the folder that `manage.py prebuild` writes; None: the folder isn't read
        "SPEC_HOSTS": (),  # host names that $refs with http(s) URLs may name
        "BUILTIN_ENDPOINTS": True,  # /ping, /ready, /version, /auth/version
        "READY_CHECKS": (),  # dotted paths of further functions that GET /ready calls
        "READY_TIMEOUT": 2.0,  # the most seconds that GET /ready takes
        "FRONT": True,  # answer operations before Django's handler if all middleware is supported
        "DOCS": True,  # Swagger UI, Redoc and the document itself
        "DOCS_PERMISSION_CLASSES": None,  # for DOCS; None: drf-spectacular's SERVE_PERMISSIONS, by default AllowAny
        "DYNAMODB": {
            "ENGINE": None,  # "embedded", "dynamodb-local", "container", "moto", "endpoint" or "aws"; None: by DEBUG
            "ENDPOINT": None,  # URL, for the engine "endpoint"
            "REGION": None,  # None: AWS_REGION, AWS_DEFAULT_REGION; "eu-west-1" for local engines
            "BINARY": None,  # path of the embedded engine's binary, or of DynamoDBLocal.jar
            "IMAGE": "ghcr.io/nubo-db/dynoxide:1.2.1",  # the image of the engine "container"
            "PATH": None,  # the embedded engine's data; None: dynamodb.sqlite3 beside Django's db.sqlite3
            "TABLE_PREFIX": "",
            "CONNECT_TIMEOUT": 2.0,  # seconds
            "READ_TIMEOUT": 6.0,
            "REQUEST_DEADLINE": 10.0,  # seconds that a request waits for DynamoDB in total; None: no limit
            "CIRCUIT_FAILURES": 10,  # failed attempts in a row until requests get a 503; None: no limit
            "MAX_ATTEMPTS": 4,  # of calls that can be sent twice
            "MAX_CONNECTIONS": 50,
            "FAST_LANE": True,  # send item operations without botocore's serialiser, signer and parser
            "SCAN_LIMIT": 1000,  # the most items that a filtered scan reads, for schemas with `scan: capped`
            "READ_LIMIT": 1000,  # the most items read for a page of a generated list, unless x-read-limit is set
            "MAX_PAGE_BYTES": 6 * 1024 * 1024,  # the most bytes of such a page's items, as JSON
            "CURSOR_MAX_AGE": 7 * 24 * 3600,  # seconds
        },
        "JWT": {
            "ALGORITHMS": ("HS256",),
            "SECRET": None,  # for HS*; at least as long as the hash (RFC 7518, section 3.2)
            "ALLOW_SHORT_SECRET": False,  # accept a shorter SECRET, which attackers can guess from a token
            "KEYS": {},  # {kid: secret or PEM}: all keys verify tokens, and the key SIGNING_KID signs
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
            "COOKIE": "token",  # the cookie that is read if there is no header; None: only the header is read
            "DEFAULT_USER_ID": None,  # the user for whom `backend_token` creates tokens
            "USER": "none",  # "none", "lookup" or "create": how `sub` maps to a Django user
            "REVOKED": None,  # dotted path of a function: payload → True if the token was revoked
            "MAX_TOKEN_SIZE": 16 * 1024,  # bytes
        },
        # The APIs of other services to call: {API: path of the spec}, or {API: {"SPEC": …, "BASE_URL": …}}, with
        # CREDENTIALS and any key of CLIENT_OPTIONS. An API that is served needs no SPEC.
        "CLIENTS": {},
        "CLIENT_OPTIONS": {  # options of all calls, unless CLIENTS has other values
            "IN_PROCESS": False,  # call an API that this process serves without a socket
            "CONNECT_TIMEOUT": 2.0,  # seconds
            "READ_TIMEOUT": 10.0,
            "DEADLINE": 30.0,  # seconds for a call, with its retries and its response; None: no limit
            "MAX_ATTEMPTS": 3,  # of calls that can be sent twice
            "BACKOFF": 0.1,  # the most seconds before the first retry; doubled for each further retry
            "MAX_BACKOFF": 5.0,  # seconds
            "RETRY_BUDGET": 0.2,  # retries for each call to a host, on average
            "CIRCUIT_FAILURES": 10,  # failed calls to a host in a row until calls are paused; None: no limit
            "CIRCUIT_SECONDS": 10.0,  # seconds until a trial call is sent
            "MAX_CONNECTIONS": 100,
            "MAX_ANSWER_SIZE": 10 * 1024 * 1024,  # bytes, after decompression
            "HTTP2": False,  # needs httpx[http2]
            "VERIFY": True,  # verify certificates; or the path of the authorities' certificates
            "PROXY": None,  # URL; None: the environment's proxy
            "FOLLOW_REDIRECTS": False,  # for GET and HEAD, to the same scheme, host and port only
            "VALIDATE_REQUESTS": True,  # refuse calls that break the spec
            "VALIDATE_ANSWERS": "raise",  # "log" or "off"
            "ERRORS": None,  # "raise" or "return" error responses; None: as COMPAT says
        },
        "ADMIN": {
            "READ_ONLY": False,  # no user can write items in the admin, whatever their permissions
            "PRODUCTION": None,  # mark the admin's pages as production; None: the engine and DEBUG decide
        },
        "TASKS": {
            "BACKEND": "immediate",  # "celery", "django", or the dotted path of a class
            "BROKER_URL": None,  # Celery's broker; None: CELERY_BROKER_URL, or Redis on this host
            "RESULT_URL": None,  # where Celery stores the results of tasks; None: nowhere
            "CELERY_APP": None,  # dotted path of the project's own Celery application
            "QUEUE": "macaron",  # Celery's queue for tasks that don't name a queue
            "VISIBILITY_TIMEOUT": 3600,  # seconds until other workers get a killed worker's tasks; longer than any task
            "DJANGO_ALIAS": "default",  # the backend of Django's setting TASKS, for "django"
            "OUTSIDE_REQUESTS": "run",  # a call outside of a request: "run" the function, or "send" the task
            "TOKEN_EXPIRE_IN": 900,  # seconds until the token expires that a worker issues for the caller
            "MAX_MESSAGE_SIZE": 256 * 1024,  # bytes
            "OUTBOX": False,  # create DynamoDB tables for outbox=True and once=True
            "KEEP_FAILURES_DAYS": 0,  # days that DynamoDB stores failed tasks with their reports; 0: they aren't stored
        },
        "OBSERVABILITY": {
            "BACKENDS": (),  # "emf", "json_logs", "opentelemetry", "prometheus", "sentry"; or paths of subscribers
            "METRICS_TOKEN": None,  # the bearer token that GET /metrics requires; None: see METRICS_ACCESS
            "METRICS_ACCESS": None,  # dotted path of a function: request → whether the client may read /metrics
            "PRICES": {},  # AS_OF, REGION, READ_MILLION, WRITE_MILLION: these replace Amazon's prices
            "EMF_NAMESPACE": "macaron_django",  # CloudWatch's namespace of the metrics in EMF lines
            "REPORT_CALL_EXCEEDING_MS": None,  # report slower operations; None: 1000 with COMPAT, else no reports
        },
        "DEPLOY": {  # of `manage.py deploy`
            "ENVIRONMENTS": {},  # {name: {"DRIVER": "ecs", "BASE_URL": …}}, in the order of their releases
            "REPOSITORY": None,  # the repository of images: a registry's host and a path, without a tag
            "PLATFORM": None,  # the platform of images, such as "linux/arm64"; None: this machine's platform
            "CONTAINER_ENGINE": None,  # "docker" or "podman"; None: the first of these that works
            "UNIT_TESTS": (),  # the command, as a list; (): pytest if it is installed, else `manage.py test`
            "ACCEPTANCE_TESTS": (),  # paths for `manage.py acceptance`; (): the command's default
        },
        "SECURITY_VERIFIERS": {},  # {security scheme: dotted path of a function that verifies its credentials}
        "ERROR_REPORTER": None,  # dotted path of a function: title, data, exception
        "ERROR_CALLBACK": None,  # dotted path of a function: exception → the body of its response
        "ERROR_DECORATOR": None,  # dotted path of a function: the body of an error response → the body to send
        "DATETIME_ENCODER": None,  # dotted path of a function: datetime → its value in handlers' responses
        "CRASH_ENDPOINTS": False,  # /crash/*: endpoints that fail, to try reports
        "SERVE": None,  # names of the APIs whose operations get URLs; None: all
        "PUBLISH_PATH": None,  # path below which each API's document is published for pages of other origins
        "PUBLISH_TOC": None,  # Markdown at the beginning of the published documents' descriptions
        "COMPAT": None,  # behave like PyMacaron; None: if macaron_django.compat is in use
    }
)

#: The keys whose values are sections.
SECTIONS = frozenset(key for key, value in DEFAULTS.items() if isinstance(value, dict) and value)
