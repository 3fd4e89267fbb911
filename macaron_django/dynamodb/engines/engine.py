"""The interface of every engine. The defaults suit most engines for development."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

from macaron_django.conf import settings

__all__ = ["LOCAL_CREDENTIALS", "Engine", "local_region"]

#: Local engines require credentials, but don't check them. DynamoDB Local allows only letters and digits in
#: credentials.
LOCAL_CREDENTIALS = ("local", "local")


def local_region() -> str:
    """Returns the region to use with a server outside AWS: from the settings or the environment, or a default."""
    return str(
        settings.DYNAMODB.REGION or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
    )


class Engine(ABC):
    """A DynamoDB-compatible server.

    ``endpoint_url`` is ``None`` for Amazon's own address. If a local server isn't running, reading ``endpoint_url``
    starts it. ``credentials`` are (access key, secret key), or ``None`` for the standard credential chain. ``local``
    engines run on this machine, and have no production data.

    If ``returns_refused_items`` is True, the engine is known to honour ReturnValuesOnConditionCheckFailure. If such an
    engine refuses a conditional write and returns no item, the item doesn't exist. If ``keeps_tokens`` is True, the
    engine remembers the token of a transaction even after a restart. Amazon remembers a token for ten minutes.
    """

    name: str
    local: bool = True
    keeps_data_in: str | None = None
    returns_refused_items: bool = False
    keeps_tokens: bool = False

    @classmethod
    def is_here(cls) -> bool:
        """Returns whether this machine has the programs that the engine needs. If some are missing, the engine isn't
        chosen by default.
        """
        return False

    @property
    @abstractmethod
    def endpoint_url(self) -> str | None: ...

    @property
    def region(self) -> str:
        return local_region()

    @property
    def credentials(self) -> tuple[str, str] | None:
        return LOCAL_CREDENTIALS

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether the engine answers. Any process may have started it. Reading this property starts nothing."""

    def check(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Raises ``ImproperlyConfigured`` if the engine can't be started with its configuration. Starts nothing."""

    def start(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Starts the engine if it isn't running. The engine then runs at least as long as this process uses it."""

    def look_again(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Updates ``endpoint_url`` after a call that got no answer, because the server may have moved to
        another port.
        """

    def stop(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Stops using the engine. A local server ends when no process uses it any more."""

    @abstractmethod
    def status(self) -> str:
        """Describes the engine in one line. Starts nothing."""

    def shut_down(self) -> bool:
        """Ends the engine for all processes that use it. Returns whether the engine was running."""
        return False

    def wait_for_end(self, timeout: float) -> bool:
        """Waits for the engine to end after ``stop()``. Returns False if this takes more than ``timeout`` seconds."""
        return False
