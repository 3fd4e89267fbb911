"""Describes the service that a file makes besides its tables: a Lambda function, or containers on ECS Fargate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ALIAS",
    "DEPLOYMENT",
    "FARGATE_ALARMS",
    "HEALTH_COMMAND",
    "LATER_VARIABLES",
    "PORT",
    "PULL_ACTIONS",
    "USER",
    "WORKER_COMMAND",
    "FargateService",
    "LambdaService",
]

#: The function's alias that is served: a release of `manage.py deploy` moves it.
ALIAS: Final = "current"
#: The port that the image of ``dockerize`` listens on, and the user that it runs as.
PORT: Final = 8000
USER: Final = "10001:10001"
HEALTH_COMMAND: Final = (
    *("CMD", "python", "-c"),
    f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/ready', timeout=3)",
)
WORKER_COMMAND: Final = ("python", "manage.py", "macaronworker")
#: Variables whose values are known only where the file is used, besides those of ``environment``.
LATER_VARIABLES: Final = ("AWS_REGION", "ALLOWED_HOSTS")
#: What ECS needs to fetch a private repository's image, besides ``GetAuthorizationToken``, which isn't about one.
PULL_ACTIONS: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
#: Seconds: until a new task must be healthy; for the requests of a task that ends; until a task that ends is killed.
#: The last is longer than the 5 s for which start.sh goes on serving plus the 30 s for which granian waits.
DEPLOYMENT: Final[Mapping[str, int]] = {"grace": 90, "draining": 30, "stop": 40}

#: What alarms about the containers look at: the metric of AWS/ApplicationELB and its statistic, the comparison and
#: threshold, what missing values mean, and a description.
FARGATE_ALARMS: Final[Mapping[str, tuple[str, str, str, int, str, str]]] = {
    "errors": (
        *("HTTPCode_Target_5XX_Count", "Sum", "GreaterThanThreshold", 5, "notBreaching"),
        "The service answers more than five requests a minute with 5xx.",
    ),
    "unhealthy": (
        *("UnHealthyHostCount", "Maximum", "GreaterThanThreshold", 0, "notBreaching"),
        "A task of the service doesn't answer /ready with 200.",
    ),
    "absent": (
        *("HealthyHostCount", "Maximum", "LessThanThreshold", 1, "breaching"),
        "No task of the service is healthy.",
    ),
}

_VARIABLE: Final = re.compile("[A-Z][A-Z0-9]*(_[A-Z][A-Z0-9]*)*")


@dataclass(frozen=True)
class LambdaService:
    """A function behind an HTTP API, which calls the alias ``ALIAS``.

    ``secrets`` are environment variables whose values are in Secrets Manager when the file is applied; each is a
    parameter with an ARN. Raises ValueError as FargateService does.
    """

    settings_module: str
    secrets: tuple[str, ...] = ()
    table_prefix: str = ""

    def __post_init__(self) -> None:
        _require_secrets(self.secrets, self.environment())

    def environment(self) -> dict[str, str]:
        """Returns the environment variables that a new project's settings read and whose values are already known."""
        return _settings_variables(self.settings_module, self.table_prefix)


@dataclass(frozen=True)
class FargateService:
    """Containers of the image that ``dockerize`` describes, behind an Application Load Balancer.

    ``secrets`` are the environment variables that come from Secrets Manager; each is a parameter with an ARN. With
    ``worker``, other containers of the same image run tasks. Without ``own_load_balancer``, a rule is added to a
    listener that exists. Raises ValueError for a secret that isn't the name of a variable in capitals, that is given
    twice, or whose variable has a value already: ECS refuses such a task definition.
    """

    settings_module: str
    secrets: tuple[str, ...]
    worker: bool = False
    own_load_balancer: bool = False
    table_prefix: str = ""

    def __post_init__(self) -> None:
        _require_secrets(self.secrets, self.environment())

    def environment(self) -> dict[str, str]:
        """Returns the environment variables that a new project's settings read and whose values are already known."""
        known = _settings_variables(self.settings_module, self.table_prefix)
        return {**known, "BEHIND_PROXY": "on", "PORT": str(PORT)}


def _settings_variables(settings_module: str, table_prefix: str) -> dict[str, str]:
    prefix = {"DYNAMODB_TABLE_PREFIX": table_prefix} if table_prefix else {}
    return {"DJANGO_SETTINGS_MODULE": settings_module, "DYNAMODB_ENGINE": "aws", **prefix}


def _require_secrets(secrets: tuple[str, ...], known: Mapping[str, str]) -> None:
    for number, name in enumerate(secrets):
        if not _VARIABLE.fullmatch(name):
            raise ValueError(
                f"{name!r} can't be a secret: write an environment variable in capitals, with a letter first and "
                "after each '_': DATABASE_URL."
            )
        if name in secrets[:number]:
            raise ValueError(f"The secret {name} is given twice.")
        if name in (*known, *LATER_VARIABLES):
            raise ValueError(f"{name} can't be a secret: the service has its value already.")
