"""Keys of every kind, made once; a JWKS server on a real socket; views made of a spec's operations."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rest_framework.response import Response
from rest_framework.views import APIView

from macaron_django.auth import caller as current
from macaron_django.auth import security_for
from macaron_django.auth.keys import jwks
from macaron_django.openapi import load

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."


class KeyPair:
    """A private key with its PEM forms and its public JWK."""

    def __init__(self, private: Any) -> None:
        self.key = private
        public = private.public_key()
        self.private = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self, algorithm: str, **members: Any) -> dict[str, Any]:
        return {**jwt.get_algorithm_by_name(algorithm).to_jwk(self.key.public_key(), as_dict=True), **members}


@pytest.fixture(scope="session")
def pairs() -> Mapping[str, KeyPair]:
    return {
        "RSA": KeyPair(rsa.generate_private_key(65537, 2048)),
        "other RSA": KeyPair(rsa.generate_private_key(65537, 2048)),
        "short RSA": KeyPair(rsa.generate_private_key(65537, 1024)),  # noqa: S505 (to be refused)
        "P-256": KeyPair(ec.generate_private_key(ec.SECP256R1())),
        "P-384": KeyPair(ec.generate_private_key(ec.SECP384R1())),
        "P-521": KeyPair(ec.generate_private_key(ec.SECP521R1())),
        "secp256k1": KeyPair(ec.generate_private_key(ec.SECP256K1())),
        "Ed25519": KeyPair(ed25519.Ed25519PrivateKey.generate()),
        "Ed448": KeyPair(ed448.Ed448PrivateKey.generate()),
    }


@pytest.fixture
def jwt_settings(settings: Any) -> Callable[..., None]:
    """Set ``MACARON["JWT"]``; the suite's secret unless something else is given."""

    def configure(**options: Any) -> None:
        macaron = {key: options.pop(key) for key in ("SECURITY_VERIFIERS",) if key in options}
        settings.MACARON = {**getattr(settings, "MACARON", {}), "JWT": options or {"SECRET": SECRET}, **macaron}

    configure()
    return configure


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Each test starts and ends with nobody signed in and no key set fetched."""
    current.forget()
    jwks.jwks_at.cache_clear()
    yield
    current.forget()
    jwks.jwks_at.cache_clear()


class KeyServer:
    """An HTTP server that publishes a key set, counts what it is asked, and can be told to misbehave."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.requests: list[str] = []
        self.status = 200
        self.body: bytes | None = None
        self.headers: dict[str, str] = {}
        self.hold = threading.Event()  # while clear, answers wait
        self.hold.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                server.hold.wait(300)
                body = server.body if server.body is not None else json.dumps({"keys": server.keys}).encode()
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


class Who(APIView):
    """Answers who is asking."""

    def get(self, request: Any) -> Response:
        return Response(
            {
                "user": getattr(request.user, "pk", None),
                "kind": type(request.user).__name__,
                "userid": current.get_userid(),
                "token": current.get_user_token(),
            }
        )

    post = get


@pytest.fixture
def view_of() -> Callable[..., Callable[..., Any]]:
    """Make a DRF view of an operation's security; ``attributes`` are set on the view's class."""

    def make(
        security: Any, schemes: Mapping[str, Any], *, everywhere: Any = None, **attributes: Any
    ) -> Callable[..., Any]:
        operation: dict[str, Any] = {"responses": {"200": {"description": "who"}}}
        document: dict[str, Any] = {
            "openapi": "3.1.0",
            "info": {"title": "Test", "version": "1"},
            "components": {"securitySchemes": dict(schemes)},
            "paths": {"/who": {"get": operation}},
        }
        if security is not None:
            operation["security"] = security
        if everywhere is not None:
            document["security"] = everywhere
        policy = security_for(load(document).operations[0])
        classes = {
            "authentication_classes": policy.authentication_classes,
            "permission_classes": policy.permission_classes,
        }
        return type("Who", (Who,), {**classes, **attributes}).as_view()

    return make
