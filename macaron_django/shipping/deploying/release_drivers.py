"""Defines drivers: each does for ``manage.py deploy`` what one platform needs.

The known ones are ``ecs`` and ``lambda``. The setting names a project's own driver by its dotted path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from django.utils.module_loading import import_string

from macaron_django.shipping.deploying.deploy_actions import DeployActions

__all__ = ["DRIVERS", "Driver", "DriverClass", "Release", "ReleaseFiles", "driver_class", "is_version"]

DRIVERS: Mapping[str, str] = {
    "ecs": "macaron_django.shipping.deploying.ecs_driver.EcsDriver",
    "lambda": "macaron_django.shipping.deploying.lambda_driver.LambdaDriver",
}
#: What a tag of an image may be.
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class ReleaseFiles:
    """What was built for a version: an image with its tag, and packages by the architecture that they are for."""

    version: str
    image: str | None = None
    packages: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A version that is served.

    ``places``, which only the driver reads, says where it is served, such as task definitions by service.

    ``version`` is empty if it wasn't released by ``manage.py deploy``.
    """

    version: str
    places: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """One environment of a project, where versions are released.

    A driver changes things only through ``actions``, so that a dry run shows them and changes nothing. Its methods
    raise DeployError, with the remedy, if they can't do what they say.
    """

    #: What must be built for it: ``"image"``, ``"package"`` (of Lambda) or ``"nothing"``.
    makes: str
    #: The keys that an environment must and may have in the setting, besides those of all drivers.
    required: frozenset[str]
    optional: frozenset[str]

    def __init__(self, options: Mapping[str, Any], actions: DeployActions) -> None:
        """Takes ``options``, the environment's part of the setting."""

    def upload(self, files: ReleaseFiles) -> None:
        """Brings what was built to where ``release`` finds it. An image needs no upload: it is already in its registry.

        Changes nothing that serves requests, and doesn't upload a version twice.
        """

    def current(self) -> Release:
        """Returns the release that is served, or that is being rolled out."""

    def release(self, files: ReleaseFiles) -> Release:
        """Begins to serve a version that was uploaded, and records what was served before."""

    def wait(self, release: Release) -> None:
        """Returns as soon as no other release is served."""

    def back(self) -> Release:
        """Begins to serve what was served before the current release, as recorded by ``release``."""


class DriverClass(Protocol):
    """What the class of a driver must have: these attributes, and a way to make a driver."""

    makes: str
    required: frozenset[str]
    optional: frozenset[str]

    def __call__(self, options: Mapping[str, Any], actions: DeployActions) -> Driver: ...


def is_version(text: str) -> bool:
    """Returns whether a text can be the name of a version.

    >>> is_version("261130-1200-94ea2bc"), is_version("../latest")
    (True, False)
    """
    return _VERSION.fullmatch(text) is not None


def driver_class(name: str) -> DriverClass:
    """Returns the class of the driver that has this name or dotted path.

    Raises ImportError if there is no such class, and TypeError if it isn't a driver.
    """
    found = import_string(DRIVERS.get(name, name))
    if missing := [each for each in ("makes", "required", "optional") if not hasattr(found, each)]:
        raise TypeError(f"{name} has no {missing[0]}: it isn't a driver.")
    return cast(DriverClass, found)
