"""Runs a deployment's commands and AWS calls, and shows those that change something.

A dry run doesn't change anything: it only shows these commands and calls.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from macaron_django.shipping.child_processes import wait_for

__all__ = ["DeployActions", "DeployError", "polls"]

#: Environment variables whose values are shown, because this package sets them.
SHOWN_VARIABLES = frozenset({"AWS_REGION", "PYM_ENV", "VERSION"})


class DeployError(Exception):
    """Raised if a step of a deployment fails. The message gives the reason and the remedy."""


def polls(seconds: float, interval: float) -> Iterator[None]:
    """Yields at once, and then every ``interval`` seconds, until ``seconds`` have passed."""
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() <= deadline:
        time.sleep(interval)
        yield


class DeployActions:
    """Runs commands and AWS calls for deployment steps and drivers.

    ``write`` is a function that shows a line of text to the user. Commands run in ``folder``. With ``dry_run``, nothing
    changes: calls that only read data are made, but changes are only shown. An AWS call that would change something
    then returns an invented result.
    """

    def __init__(self, write: Callable[[str], object], folder: Path, *, dry_run: bool = False) -> None:
        self.write, self.folder, self.dry_run = write, folder, dry_run

    def run(self, command: Sequence[str], *, variables: Mapping[str, str] | None = None, text: str = "") -> None:
        """Runs a command that changes something. The command inherits this process's standard output and error.

        ``variables`` are added to the command's environment, and ``text`` is its standard input. The shown command
        includes neither ``text`` nor the values of variables that aren't in ``SHOWN_VARIABLES``.

        Raises DeployError if the command can't be started, or if it fails.
        """
        self.write(f"$ {shown_command(command, variables)}")
        if self.dry_run:
            return
        try:
            process = subprocess.Popen(  # noqa: S603 (an argument list, of settings and options)
                list(command),
                cwd=self.folder,
                env={**os.environ, **(variables or {})},
                stdin=subprocess.PIPE if text else None,
            )
        except (OSError, ValueError) as error:  # ValueError: a null character
            raise DeployError(f"`{command[0]}` can't be started: {sentence(error)}") from error
        if process.stdin is not None:
            # If the command ends before it has read the text, it prints its own error.
            with contextlib.suppress(BrokenPipeError), process.stdin as given:
                given.write(text.encode())
        if code := wait_for(process):
            raise DeployError(f"`{shown_command(command)}` ended with exit code {code}. Its output above says why.")

    def output(self, command: Sequence[str]) -> str:
        """Returns the output of a command that changes nothing. The command isn't shown, and runs even in a dry run."""
        try:
            done = subprocess.run(  # noqa: S603 (an argument list, of settings and options)
                list(command), cwd=self.folder, capture_output=True, encoding="utf-8", errors="replace", check=False
            )
        except (OSError, ValueError) as error:  # ValueError: a null character
            raise DeployError(f"`{command[0]}` can't be started: {sentence(error)}") from error
        if done.returncode:
            told = sentence(done.stderr) or "It printed no error."
            raise DeployError(f"`{shown_command(command)}` ended with exit code {done.returncode}: {told}")
        return done.stdout

    def client(self, service: str, region: str | None) -> Any:
        """Returns boto3's client for an AWS service.

        Raises DeployError if boto3 isn't installed, or if no region is known.
        """
        try:
            import boto3  # imported here: a project that isn't deployed to AWS doesn't need it
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, NoRegionError
        except ImportError as error:
            raise DeployError("This driver needs boto3: `pip install 'macaron_django[aws]'`.") from error
        try:
            return boto3.client(service, region_name=region, config=Config(retries={"mode": "standard"}))  # type: ignore[call-overload]
        except NoRegionError as error:
            raise DeployError("No AWS region is known. Set the environment's REGION, such as 'eu-west-1'.") from error
        except (BotoCoreError, ValueError) as error:  # ValueError: AWS_ENDPOINT_URL isn't a URL
            raise DeployError(f"AWS {service}: {sentence(error)}") from error

    def read(self, client: Any, operation: str, **parameters: Any) -> Any:
        """Returns the response of an AWS operation that changes nothing, such as ``DescribeServices``."""
        with _failing_as_deploy_error(client, operation):
            return getattr(client, _method(client, operation))(**parameters)

    def listed(self, client: Any, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Yields the entries of a list that an AWS operation returns in pages. ``key`` is the list's key in a page."""
        with _failing_as_deploy_error(client, operation):
            for page in client.get_paginator(_method(client, operation)).paginate(**parameters):
                yield from page[key]

    def change(self, client: Any, operation: str, made_up: Mapping[str, Any], **parameters: Any) -> Any:
        """Returns the response of an AWS operation that changes something.

        In a dry run, returns ``made_up`` instead.
        """
        shown = " ".join(f"{name}={_shown(value)}" for name, value in parameters.items())
        self.write(f"AWS {client.meta.service_model.service_id} {operation} {shown}")
        return made_up if self.dry_run else self.read(client, operation, **parameters)


def _method(client: Any, operation: str) -> str:
    """Returns the name of boto3's method for an AWS operation."""
    methods: Mapping[str, str] = client.meta.method_to_api_mapping
    return next(python for python, wire in methods.items() if wire == operation)


@contextlib.contextmanager
def _failing_as_deploy_error(client: Any, operation: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError as error:
        raise DeployError(
            "No AWS credentials were found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"AWS {client.meta.service_model.service_id} {operation}: {sentence(error)}") from error


def sentence(told: object) -> str:
    """Adds a full stop to the message of a program or library, so that another sentence can follow.

    >>> sentence("fatal: Needed a single revision\\n")
    'fatal: Needed a single revision.'
    """
    text = str(told).strip()
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def shown_command(command: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
    """Returns a command in shell notation, with its environment variables.

    Shows only the values of variables in ``SHOWN_VARIABLES``, because other values might be secrets.

    >>> shown_command(["docker", "push", "notes:1"], {"PYM_ENV": "live", "TOKEN": "secret"})
    'PYM_ENV=live TOKEN=… docker push notes:1'
    """
    words = ["python" if word == sys.executable else word for word in command]
    named = [f"{name}={value if name in SHOWN_VARIABLES else '…'}" for name, value in (variables or {}).items()]
    return " ".join([*named, shlex.join(words)])


def _shown(value: Any) -> str:
    """Returns a parameter as text for the user.

    Shows only the image of a container, because its variables may be secrets.
    """
    if isinstance(value, str):
        return shlex.quote(value)
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, bytes):
        return f"<{len(value) / 1024 / 1024:.1f} MB>"
    if isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        pairs = [
            f"{each['name']}:{each['image']}" if "image" in each else f"{each['key']}={each.get('value', '')}"
            for each in value
            if "image" in each or "key" in each
        ]
        return f"[{' '.join(pairs) or '…'}]"
    return "…"
