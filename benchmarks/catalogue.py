"""Lists the stacks that are measured, by name, with the file of each stack in stacks/ and its options.

A stack is a framework with a client for DynamoDB, and serves the Profile API. Other modules run the stacks, so that a
reader of the results can look up here what a row measures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["FLOORS", "PACKAGES", "PLAIN", "SERVERS", "STACKS", "Server", "Stack"]

#: A secret that only the benchmark uses, as long as HS256 requires.
JWT_SECRET = "benchmark-benchmark-benchmark-benchmark"


#: Interface → the server on which its stacks cost least (bench.py's part `servers`). It must keep connections.
BEST = {"wsgi": "granian-wsgi", "asgi": "uvicorn", "bolt": "runbolt"}


@dataclass(frozen=True)
class Stack:
    """A framework with a client for DynamoDB, which serves the Profile API."""

    name: str
    module: str  # of stacks/
    interface: str = "wsgi"  # or "asgi", or "bolt" for django-bolt's own server: the application's interface
    spec: str = "trimmed"  # of specs.py
    environment: Mapping[str, str] = field(default_factory=dict)
    database: bool = False  # profiles are in SQLite, through Django's ORM
    token: bool = False  # each request carries a JWT
    open: bool = False  # its spec allows properties that it doesn't name, as most specs do
    own_server: str | None = None  # the cheapest server for this stack, if it isn't the usual server for the interface
    variant: bool = False  # whether it is a variant of another stack, and is compared with that stack

    @property
    def server(self) -> str:
        """Returns the name of the server on which the stack costs least."""
        return self.own_server or BEST[self.interface]


_MIDDLEWARE = {"STACK_MIDDLEWARE": "1"}
_DYNAMOXY, _PYDYNOX = {"STACK_CLIENT": "dynamoxy"}, {"STACK_CLIENT": "pydynox"}
_BOLT = {"DJANGO_SETTINGS_MODULE": "bolt_settings"}
_RAW = {"STACK_CALL": "raw_socket"}

STACKS = {
    stack.name: stack
    for stack in (
        Stack("macaron", "macaron", spec="plain", open=True),
        Stack("macaron-handler", "macaron", spec="plain", environment={"STACK_FRONT": ""}, open=True, variant=True),
        Stack("macaron-asgi", "macaron_asgi", "asgi", spec="plain", open=True, variant=True),
        Stack("drf", "drf"),
        Stack("ninja", "ninja_stack"),
        Stack("connexion", "connexion_stack", "asgi"),
        Stack("fastapi-threads", "fastapi_threads", "asgi", own_server="granian-asgi"),
        Stack("fastapi-async", "fastapi_async", "asgi"),
        Stack("flask-boto3", "flask_boto3"),
        Stack("blacksheep-dynamoxy", "blacksheep_stack", "asgi", environment=_DYNAMOXY),
        Stack("litestar-dynamoxy", "litestar_stack", "asgi", environment=_DYNAMOXY),
        Stack("fastapi-dynamoxy", "fastapi_rust", "asgi", environment=_DYNAMOXY),
        Stack("bolt-dynamoxy", "bolt_stack", "bolt", environment={**_DYNAMOXY, **_BOLT}),
        Stack("blacksheep-pydynox", "blacksheep_stack", "asgi", environment=_PYDYNOX),
        Stack("litestar-pydynox", "litestar_stack", "asgi", environment=_PYDYNOX),
        Stack("fastapi-pydynox", "fastapi_rust", "asgi", environment=_PYDYNOX),
        Stack("django-raw", "django_raw", environment=_RAW),
        Stack("asgi-raw", "asgi_raw", "asgi"),
        Stack("wsgi-raw", "wsgi_floor", environment=_RAW),
        Stack("django-floor", "django_floor"),
        Stack("wsgi-floor", "wsgi_floor"),
        # Variants, each after the stack that it is compared with
        Stack("macaron-trimmed", "macaron", variant=True),
        Stack(
            *("macaron-jwt", "macaron"),
            spec="jwt",
            environment={"STACK_JWT_SECRET": JWT_SECRET},
            token=True,
            open=True,
            variant=True,
        ),
        Stack("macaron-startproject", "macaron", spec="plain", environment=_MIDDLEWARE, open=True, variant=True),
        Stack("drf-startproject", "drf", environment=_MIDDLEWARE, variant=True),
        Stack("macaron-orm", "macaron", spec="orm", database=True, open=True, variant=True),
        Stack("drf-orm", "drf_orm", database=True, variant=True),
    )
}

#: Stacks that validate nothing, and therefore get no wrong requests.
FLOORS = {"django-floor", "wsgi-floor", "wsgi-raw"}
#: Stacks that need only a table. The sweeps choose from these.
PLAIN = [name for name, stack in STACKS.items() if not stack.variant]


@dataclass(frozen=True)
class Server:
    """A program that serves stacks. Words in braces in its arguments are replaced by values."""

    interface: str
    command: tuple[str, ...]


_GUNICORN = ("gunicorn", "--workers", "{workers}", "--bind", "127.0.0.1:{port}", "--log-level", "warning")
_GRANIAN = (
    *("granian", "--workers", "{workers}", "--host", "127.0.0.1", "--port", "{port}", "--http", "1"),
    *("--log-level", "warning", "--no-access-log"),
)

SERVERS = {
    "gthread": Server(
        "wsgi", (*_GUNICORN, "--worker-class", "gthread", "--threads", "{threads}", "--keep-alive", "75", "{target}")
    ),
    "sync": Server("wsgi", (*_GUNICORN, "--worker-class", "sync", "{target}")),
    "granian-wsgi": Server("wsgi", (*_GRANIAN, "--interface", "wsgi", "--blocking-threads", "{threads}", "{target}")),
    "granian-asgi": Server("asgi", (*_GRANIAN, "--interface", "asgi", "--loop", "uvloop", "{target}")),
    "uvicorn": Server(
        "asgi",
        (
            *("uvicorn", "--port", "{port}", "--workers", "{workers}", "--log-level", "warning"),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "{target}"),
        ),
    ),
    "runbolt": Server(
        "bolt",
        (
            *("django-admin", "runbolt", "--host", "127.0.0.1", "--port", "{port}", "--processes", "{workers}"),
            *("--no-admin", "--skip-checks"),
        ),
    ),
}

PACKAGES = (
    *("macaron_django", "Django", "djangorestframework", "pynamodb", "botocore", "boto3", "aiobotocore"),
    *("django-ninja", "connexion", "fastapi", "pydantic", "Flask", "gunicorn", "granian", "uvicorn", "uvloop"),
    *("blacksheep", "litestar", "django-bolt", "dynamoxy", "pydynox", "msgspec"),
    *("httptools", "orjson", "jsonschema_rs"),
)


def own_python(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a stack: this process's environment, and the stack's own variables."""
    return {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **environment}
