"""Waits until a running server is ready, or until it serves a given version."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Final

from macaron_django.conf.container_versions import LOCAL
from macaron_django.shipping.deploying.deploy_actions import DeployError, polls

__all__ = ["wait_for_answer", "wait_for_version"]

#: Seconds to wait for one response, and seconds between two requests.
_TIMEOUT: Final = 10.0
INTERVAL: Final = 1.0
#: The most bytes of a response of ``/version``.
_MOST: Final = 64 * 1024


def wait_for_answer(url: str, seconds: float) -> None:
    """Waits until a GET request gets the status 200. Raises DeployError if that takes more than ``seconds``."""
    problem = ""
    for _ in polls(seconds, INTERVAL):
        try:
            _content(url)
        except (OSError, http.client.HTTPException) as error:  # noqa: PERF203 (each poll may fail)
            problem = str(error)
        else:
            return
    raise DeployError(f"{url} doesn't answer with 200 within {seconds:.0f} s: {problem}.")


def wait_for_version(base_url: str, version: str, seconds: float) -> str | None:
    """Waits until the given version is served, and returns it. Returns None if ``/version`` doesn't name a version.

    Raises DeployError if the version isn't served within ``seconds``. Load balancers need some time to switch.
    """
    problem = ""
    for _ in polls(seconds, INTERVAL):
        try:
            found = _served_version(base_url)
        except (OSError, http.client.HTTPException) as error:  # noqa: PERF203 (each poll may fail)
            problem = f"{base_url}/version doesn't answer: {error}."
        else:
            if found in (None, version):
                return found
            problem = f"{base_url}/version says {found}, not {version}."
    raise DeployError(f"{problem} Check that BASE_URL is the URL of the service that the driver releases.")


def _served_version(base_url: str) -> str | None:
    try:
        answer = json.loads(_content(f"{base_url}/version"))
    except ValueError:
        return None
    except urllib.error.HTTPError as error:
        if error.code < 500:  # there is no /version, or it isn't public
            return None
        raise
    version = answer.get("container") if isinstance(answer, dict) else None
    return version if isinstance(version, str) and version != LOCAL else None


def _content(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 (http or https, as the system check requires)
        content: bytes = answer.read(_MOST)
        return content
