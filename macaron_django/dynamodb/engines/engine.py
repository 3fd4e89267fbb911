"""The interface of every engine, with what most engines for development have in common."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

from macaron_django.conf import settings

__all__ = ["LOCAL_CREDENTIALS", "Engine", "local_region"]

#: Local engines require credentials and accept any; DynamoDB Local wants letters and digits only.
LOCAL_CREDENTIALS = ("local", "local")


def local_region() -> str:
    """Returns the region for a server that has none: the one in the settings or the environment, or a default."""
    return str(
        settings.DYNAMODB.REGION or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
    )


class Engine(ABC):
    """A DynamoDB-compatible server.

    ``endpoint_url`` is ``None`` for Amazon's own address; reading it starts a local server that isn't running.
    ``credentials`` are (access key, secret key), or ``None`` for the standard credential chain. ``local`` engines run
    on this machine, and hold no production data. With ``returns_refused_items``, the engine is known to honour
    ReturnValuesOnConditionCheckFailure, so that an answer without an item says that there is none. With
    ``keeps_tokens``, a transaction's token outlives the server's process: Amazon keeps it for ten minutes.
    """

    name: str
    local: bool = True
    keeps_data_in: str | None = None
    returns_refused_items: bool = False
    keeps_tokens: bool = False

    @classmethod
    def is_here(cls) -> bool:
        """Returns whether this machine has what the engine needs, so that it can be chosen without being named."""
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
        """Whether the engine answers, whichever process started it. Reading this starts nothing."""

    def check(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Raises ``ImproperlyConfigured`` if the engine can't be started with its configuration. Starts nothing."""

    def start(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Makes sure that the engine runs, and goes on running as long as this process uses it."""

    def look_again(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Finds out where the server is now, after a call without an answer, so that ``endpoint_url`` is right."""

    def stop(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Stops using the engine; a local server ends with its last user."""

    @abstractmethod
    def status(self) -> str:
        """Describes the engine in one line. Starts nothing."""

    def shut_down(self) -> bool:
        """Ends the engine for all its users, and returns whether there was anything to end."""
        return False

    def wait_for_end(self, timeout: float) -> bool:
        """Waits for the engine to end after ``stop()``. Returns False if it still runs after ``timeout`` seconds."""
        return False
