"""Defines the test case of acceptance tests.

The tests start their own server, or call a server that is already running.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from django.test import LiveServerTestCase
from django.utils.functional import classproperty

from macaron_django.testing.http_assertions import HTTPAssertions
from macaron_django.testing.isolation import isolated
from macaron_django.testing.served_projects import (
    HOST,
    ServedTestCase,
    databases,
    engine_for_tables,
    token_for_tests,
)
from macaron_django.testing.server_targets import ServerTarget, target_in_environment

if TYPE_CHECKING:
    from macaron_django.dynamodb.engines import Engine

__all__ = ["MacaronTestCase"]

#: Values of the Authorization header that no endpoint accepts, with the codes of their errors.
REFUSED = (
    ("", "AUTHORIZATION_HEADER_MISSING"),
    ("Bearer1234567890", "TOKEN_INVALID"),
    ("bearer foo bar", "TOKEN_INVALID"),
    ("Bearer 1234567890", "TOKEN_INVALID"),
)


class MacaronTestCase(HTTPAssertions, ServedTestCase):
    """A test case whose assertions call the project over HTTP.

    The class attributes ``host`` and ``port`` name the server. If they aren't set, the environment variables
    ``PYM_SERVER_HOST`` and ``PYM_SERVER_PORT`` name the server. If none of these are set, each class starts the
    project's own server, and each test begins with empty databases and tables. After ``setUp``, ``host``, ``port`` and
    ``base_url`` have the server's address. ``token`` is ``PYM_JWT_TOKEN``, or a token that the project signs.

    >>> class ProfileTests(MacaronTestCase):
    ...     def test_nobody_is_there(self):
    ...         self.assertGetReturnError("profiles/ada", 404, "NOT_FOUND")
    """

    #: The URL of the server that the tests call.
    host: str
    port: int = 0
    secure: bool = False
    token: str | None = None
    base_url: str

    #: The running server that the class calls, or None if the class starts its own server.
    target: ClassVar[ServerTarget | None] = None
    _engine: ClassVar[Engine | None] = None

    @classmethod
    def _named_target(cls) -> ServerTarget | None:
        if cls.port or cls.host != HOST:
            return ServerTarget.parse(cls.host, cls.port or None, cls.token)
        return target_in_environment()

    @classproperty
    def databases(cls) -> set[str]:  # noqa: N805 (a property of the class)
        """Returns the databases that Django allows the tests to use, or an empty set if the server runs elsewhere."""
        return set() if cls._named_target() else databases()

    @classmethod
    def setUpClass(cls) -> None:
        cls.target = cls._named_target()
        if cls.target is not None:
            super(LiveServerTestCase, cls).setUpClass()  # starts no server
            return
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls._engine = stack.enter_context(engine_for_tables())
        super().setUpClass()

    def setUp(self) -> None:
        super().setUp()
        target = self.target
        if target is None:
            if self._engine is not None:
                stack = ExitStack()
                self.addCleanup(stack.close)
                stack.enter_context(isolated(self._engine))
            target = ServerTarget(HOST, self.server_thread.port, self.token or token_for_tests())
        self.host, self.port, self.secure = target.host, target.port, target.secure
        self.base_url = target.base_url
        self.token = target.token or self.token

    # ---------------------------------------------------------------- the endpoints that every project has

    def assertIsVersion(self, j: Any) -> None:
        """Requires that ``j`` has the form of a response from /version."""
        for name in ("name", "version"):
            self.assertIsInstance(j[name], str, name)
        self.assertIsInstance(j["apis"], (dict, list), "apis")
        self.assertIsInstance(j.get("pym_env", ""), str, "pym_env")

    def assertHasPing(self) -> None:
        """Requires that the response from /ping is ``{}``."""
        self.assertGetReturnOk("ping")

    def assertHasVersion(self, verify_ssl: bool = True) -> Any:
        """Requires a correct response from /version, and returns the response."""
        answer = self.assertGetReturnJson("version", 200, verify_ssl=verify_ssl)
        self.assertIsVersion(answer)
        return answer

    def assertHasAuthVersion(self, verify_ssl: bool = True) -> Any:
        """Requires that /auth/version refuses requests without a valid token, and accepts ``token``.

        Returns the response to the request with ``token``.
        """
        for header, code in REFUSED:
            self.assertGetReturnError("auth/version", 401, code, header, verify_ssl=verify_ssl)
        answer = self.assertGetReturnJson("auth/version", 200, f"Bearer {self.token}", verify_ssl=verify_ssl)
        self.assertIsVersion(answer)
        return answer
