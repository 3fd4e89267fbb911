"""Describes the service in an infrastructure file: a Lambda function, or containers on ECS Fargate.

The file also has the tables.
"""

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

#: The function's alias that the API calls. A release by `manage.py deploy` moves this alias.
ALIAS: Final = "current"
#: The port that the image of ``dockerize`` listens on, and the user that it runs as (user id and group id).
PORT: Final = 8000
USER: Final = "10001:10001"
HEALTH_COMMAND: Final = (
    *("CMD", "python", "-c"),
    f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/ready', timeout=3)",
)
WORKER_COMMAND: Final = ("python", "manage.py", "macaronworker")
#: Environment variables that the service has in addition to ``environment``. Their values are known only when the file
#: is applied.
LATER_VARIABLES: Final = ("AWS_REGION", "ALLOWED_HOSTS")
#: The permissions on a private repository that ECS needs to fetch its image. ECS also needs ``GetAuthorizationToken``,
#: which has no resource.
PULL_ACTIONS: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
#: Times in seconds. "grace": until a new task must be healthy. "draining": for the last requests of an ending task.
#: "stop": until an ending task is killed. "stop" must be longer than 35 s: start.sh goes on serving for 5 s, and
#: granian waits for 30 s.
DEPLOYMENT: Final[Mapping[str, int]] = {"grace": 90, "draining": 30, "stop": 40}

#: The alarms about the containers. Each has a metric of AWS/ApplicationELB, its statistic, the comparison, the
#: threshold, the meaning of missing values, and a description.
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
    """A Lambda function behind an HTTP API. The API calls the function's alias ``ALIAS``.

    ``secrets`` has the names of environment variables. Their values must be in Secrets Manager when the file is
    applied. The file has a parameter for the ARN of each secret.

    Raises ValueError if ``secrets`` contains a name that isn't a variable name in capitals, or contains a name twice.
    Also raises ValueError if the service already has a value for one of these variables.
    """

    settings_module: str
    secrets: tuple[str, ...] = ()
    table_prefix: str = ""

    def __post_init__(self) -> None:
        _require_secrets(self.secrets, self.environment())

    def environment(self) -> dict[str, str]:
        """Returns the environment variables for a new project's settings, except variables with unknown values."""
        return _settings_variables(self.settings_module, self.table_prefix)


@dataclass(frozen=True)
class FargateService:
    """An ECS service behind an Application Load Balancer. Its containers run the image that ``dockerize`` describes.

    ``secrets`` has the names of the environment variables that get their values from Secrets Manager. The file has a
    parameter for the ARN of each secret. With ``worker``, a second ECS service with the same image runs the project's
    tasks. Without ``own_load_balancer``, a rule is added to an existing listener.

    Raises ValueError if ``secrets`` contains a name that isn't a variable name in capitals, or contains a name twice.
    Also raises ValueError if the service already has a value for one of these variables, because ECS refuses a task
    definition that has the same variable twice.
    """

    settings_module: str
    secrets: tuple[str, ...]
    worker: bool = False
    own_load_balancer: bool = False
    table_prefix: str = ""

    def __post_init__(self) -> None:
        _require_secrets(self.secrets, self.environment())

    def environment(self) -> dict[str, str]:
        """Returns the environment variables for a new project's settings, except variables with unknown values."""
        known = _settings_variables(self.settings_module, self.table_prefix)
        return {**known, "BEHIND_PROXY": "on", "PORT": str(PORT)}


def _settings_variables(settings_module: str, table_prefix: str) -> dict[str, str]:
    prefix = {"DYNAMODB_TABLE_PREFIX": table_prefix} if table_prefix else {}
    return {"DJANGO_SETTINGS_MODULE": settings_module, "DYNAMODB_ENGINE": "aws", **prefix}


def _require_secrets(secrets: tuple[str, ...], known: Mapping[str, str]) -> None:
    for number, name in enumerate(secrets):
        if not _VARIABLE.fullmatch(name):
            raise ValueError(
                f"{name!r} can't be a secret: use the name of an environment variable in capitals, such as "
                "DATABASE_URL. The name, and each part after a '_', must begin with a letter."
            )
        if name in secrets[:number]:
            raise ValueError(f"The secret {name} is given twice.")
        if name in (*known, *LATER_VARIABLES):
            raise ValueError(f"{name} can't be a secret: the service already has a value for it.")
