"""Defines assertions that call a server over HTTP. They have the same names as in PyMacaron's test case.

``host`` and ``port`` identify the server. The message of a failure quotes the call and the response.
"""

from __future__ import annotations

import json
import os
import unittest
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ImproperlyConfigured

from macaron_django.testing.server_targets import HTTPS_PORT, ServerTarget

if TYPE_CHECKING:
    from requests import Response

__all__ = ["HTTPAssertions"]

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
#: The number of attempts of a GET that gets no response in time. Requests with other methods are sent once.
ATTEMPTS = 3
#: The test case's timeouts are multiplied by this number, as in PyMacaron, so that tests pass on a busy machine, too.
PATIENCE = 5
#: The maximum number of characters of a response that a failure quotes.
LONGEST_QUOTE = 4000


class HTTPAssertions(unittest.TestCase):
    """Each assertion calls an endpoint, checks the response, and returns its parsed JSON or its text.

    ``path`` is the path below the server's URL, with or without a leading slash. ``data`` is sent as JSON, or unchanged
    if it is text. ``auth`` is the Authorization header.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    #: Whether every call uses HTTPS. Calls to port 443 always do.
    secure = False
    timeout_connect: float = 10
    timeout_read: float = 10
    maxDiff = None

    # ---------------------------------------------------------------- JSON

    def assertCallReturnJson(
        self,
        method: str,
        path: str,
        data: Any = None,
        auth: str | None = None,
        status: int = 200,
        allow_error: bool = False,
        verify_ssl: bool = True,
    ) -> Any:
        """Requires a JSON response with this status. With ``allow_error``, every status other than 200 is accepted,
        too.
        """
        return self._assertMethodReturnJson(
            path, method, data, status, auth, verify_ssl=verify_ssl, allow_error=allow_error
        )

    def assertCallReturnDict(
        self,
        method: str,
        path: str,
        kv: Mapping[str, Any],
        data: Any = None,
        auth: str | None = None,
        status: int = 200,
        verify_ssl: bool = True,
    ) -> Any:
        """Requires a JSON object that has at least these members."""
        return self._assertMethodReturnDict(path, method, data, kv, status, auth, verify_ssl=verify_ssl)

    def assertCallReturnOk(self, method: str, path: str, data: Any = None, auth: str | None = None) -> None:
        """Requires the status 200 and ``{}``."""
        self.assertEqual(self.assertCallReturnJson(method, path, data, auth, 200), {})

    def assertCallReturnError(
        self, method: str, path: str, status: int, error: str, data: Any = None, auth: str | None = None
    ) -> Any:
        """Requires a response with this status, and a JSON object that contains both ``status`` and ``error``."""
        return self._assert_error(path, method, data, status, error, auth)

    def assertGetReturnJson(
        self, path: str, status: int = 200, auth: str | None = None, verify_ssl: bool = True
    ) -> Any:
        return self._assertMethodReturnJson(path, "get", None, status, auth, verify_ssl=verify_ssl)

    def assertDeleteReturnJson(self, path: str, status: int = 200, auth: str | None = None) -> Any:
        return self._assertMethodReturnJson(path, "delete", None, status, auth)

    def assertPostReturnJson(
        self, path: str, data: Any, status: int = 200, auth: str | None = None, verify_ssl: bool = True
    ) -> Any:
        return self._assertMethodReturnJson(path, "post", data, status, auth, verify_ssl=verify_ssl)

    def assertGetReturnDict(
        self, path: str, kv: Mapping[str, Any], status: int = 200, auth: str | None = None, verify_ssl: bool = True
    ) -> Any:
        return self._assertMethodReturnDict(path, "get", None, kv, status, auth, verify_ssl=verify_ssl)

    def assertPostReturnDict(
        self,
        path: str,
        data: Any,
        kv: Mapping[str, Any],
        status: int = 200,
        auth: str | None = None,
        verify_ssl: bool = True,
    ) -> Any:
        return self._assertMethodReturnDict(path, "post", data, kv, status, auth, verify_ssl=verify_ssl)

    def assertGetReturnOk(self, path: str, auth: str | None = None) -> None:
        self.assertEqual(self.assertGetReturnJson(path, 200, auth), {})

    def assertPostReturnOk(self, path: str, data: Any, auth: str | None = None) -> None:
        self.assertEqual(self.assertPostReturnJson(path, data, 200, auth), {})

    def assertGetReturnError(
        self, path: str, status: int, error: str, auth: str | None = None, verify_ssl: bool = True
    ) -> Any:
        return self._assert_error(path, "get", None, status, error, auth, verify_ssl=verify_ssl)

    def assertPostReturnError(
        self, path: str, data: Any, status: int, error: str, auth: str | None = None, verify_ssl: bool = True
    ) -> Any:
        return self._assert_error(path, "post", data, status, error, auth, verify_ssl=verify_ssl)

    # ---------------------------------------------------------------- pages, texts, redirects

    def assertCallReturnHtml(
        self,
        method: str,
        path: str,
        data: Any = None,
        auth: str | None = None,
        status: int = 200,
        allow_redirects: bool = True,
        verify_ssl: bool = True,
        quiet: bool = False,
    ) -> str:
        """Requires HTML in UTF-8. If ``quiet`` is true, the failure message doesn't quote the page."""
        return self._assert_text(
            path, method, data, status, auth, "text/html", allow_redirects, verify_ssl=verify_ssl, quiet=quiet
        )

    def assertCallReturnText(
        self,
        method: str,
        path: str,
        data: Any = None,
        auth: str | None = None,
        status: int = 200,
        allow_redirects: bool = True,
        verify_ssl: bool = True,
        quiet: bool = False,
    ) -> str:
        """Requires plain text in UTF-8. If ``quiet`` is true, the failure message doesn't quote the text."""
        return self._assert_text(
            path, method, data, status, auth, "text/plain", allow_redirects, verify_ssl=verify_ssl, quiet=quiet
        )

    def assertCallReturnRedirect(
        self,
        method: str,
        path: str,
        data: Any = None,
        auth: str | None = None,
        status: int = 302,
        allow_redirects: bool = False,
        verify_ssl: bool = True,
        quiet: bool = False,
    ) -> str:
        """Requires a redirect, and returns its target URL."""
        answer = self._assertMethodReturnContent(
            path, method, data, status, auth, None, allow_redirects, verify_ssl=verify_ssl, quiet=quiet
        )
        if answer.next is None or answer.next.url is None:
            self.fail(f"{method.upper()} {answer.url} answered {answer.status_code}, which isn't a redirect")
        return answer.next.url

    # ---------------------------------------------------------------- the calls

    def _assert_error(
        self, path: str, method: str, data: Any, status: int, error: str, auth: str | None, *, verify_ssl: bool = True
    ) -> Any:
        self.assertIsInstance(error, str, "the error's code must be text")
        expected = {"status": status, "error": error}
        return self._assertMethodReturnDict(path, method, data, expected, status, auth, verify_ssl=verify_ssl)

    def _assert_text(
        self,
        path: str,
        method: str,
        data: Any,
        status: int,
        auth: str | None,
        media_type: str,
        allow_redirects: bool,
        *,
        verify_ssl: bool,
        quiet: bool,
    ) -> str:
        answer = self._assertMethodReturnContent(
            path, method, data, status, auth, None, allow_redirects, verify_ssl=verify_ssl, quiet=quiet
        )
        sent = answer.headers.get("Content-Type", "").lower()
        self.assertEqual(sent, f"{media_type}; charset=utf-8", f"{method.upper()} {answer.url}")
        return answer.text

    def _assertMethodReturnDict(
        self,
        path: str,
        method: str,
        data: Any,
        kv: Mapping[str, Any],
        status: int,
        auth: str | None,
        verify_ssl: bool = True,
    ) -> Any:
        self.assertIsInstance(kv, Mapping, "the expected members must be a dictionary")
        found = self._assertMethodReturnJson(path, method, data, status, auth, verify_ssl=verify_ssl)
        self.assertIsInstance(found, dict, f"{method.upper()} {path} returned JSON that isn't an object")
        for name, value in kv.items():
            self.assertIn(name, found, f"{method.upper()} {path} returned {json.dumps(found)}")
            self.assertEqual(found[name], value, f"{method.upper()} {path}: member {name}")
        return found

    def _assertMethodReturnJson(
        self,
        path: str,
        method: str,
        data: Any,
        status: int,
        auth: str | None,
        verify_ssl: bool = True,
        allow_error: bool = False,
    ) -> Any:
        answer = self._assertMethodReturnContent(
            path, method, data, status, auth, "application/json", verify_ssl=verify_ssl, allow_error=allow_error
        )
        try:
            return answer.json()
        except ValueError:
            self.fail(f"{_described(answer)}, which isn't JSON")

    def _assertMethodReturnContent(
        self,
        path: str,
        method: str,
        data: Any,
        status: int,
        auth: str | None,
        contenttype: str | None,
        allow_redirects: bool = True,
        verify_ssl: bool = True,
        port: int | str | None = None,
        quiet: bool = False,
        allow_error: bool = False,
    ) -> Response:
        """Calls the endpoint, checks the status, and returns the ``Response`` of the library requests."""
        self.assertIn(method.lower(), METHODS, "the method must be an HTTP method")
        self.assertIsInstance(path, str, "the path must be text")
        self.assertIsInstance(status, int, "the status must be a number")
        headers = {}
        if contenttype:
            headers["Content-Type"] = contenttype
        if auth:
            headers["Authorization"] = auth
        answer = self._try(method.lower(), self._url(path, port), headers, data, allow_redirects, verify_ssl)
        if not (allow_error and answer.status_code != 200):
            self.assertEqual(answer.status_code, status, _described(answer, quiet=quiet))
        return answer

    def _url(self, path: str, port: int | str | None) -> str:
        number = int(port or self.port)
        target = ServerTarget(self.host, number, secure=self.secure or number == HTTPS_PORT)
        return f"{target.base_url}/{path.lstrip('/')}"

    def _try(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        data: Any,
        allow_redirects: bool = True,
        verify_ssl: bool = True,
    ) -> Response:
        """Sends a request and returns the response. If a GET gets no response in time, it is sent again."""
        requests = _requests()

        if data is not None and not isinstance(data, (str, bytes)):
            data = json.dumps(data)
            headers = {**headers, "Content-Type": "application/json"}
        verify = verify_ssl and not os.environ.get("NO_SSL_CHECK")
        attempts = ATTEMPTS if method == "get" else 1
        for attempt in range(attempts):
            try:
                with warnings.catch_warnings():
                    if not verify:
                        warnings.filterwarnings("ignore", message="Unverified HTTPS request")
                    answer = requests.request(
                        method,
                        url,
                        headers=headers,
                        data=data.encode() if isinstance(data, str) else data,
                        timeout=(PATIENCE * self.timeout_connect, PATIENCE * self.timeout_read),
                        verify=verify,
                        allow_redirects=allow_redirects,
                    )
                return cast("Response", answer)
            except requests.ReadTimeout:  # noqa: PERF203 (at most three times)
                if attempt == attempts - 1:
                    raise
        raise AssertionError  # not reached: the last attempt returns or raises


def _requests() -> Any:
    try:
        import requests
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            "Acceptance tests need the package 'requests': pip install 'macaron_django[acceptance]'."
        ) from error
    return requests


def _described(answer: Response, *, quiet: bool = False) -> str:
    """Returns a sentence that describes a wrong response and its call, without the request's credentials."""
    described = f"{answer.request.method} {answer.url} answered {answer.status_code}"
    if quiet:
        return described
    text = answer.text
    return f"{described}: {text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + '…'}"
