"""Defines drivers. A driver uploads and releases versions on one platform, for ``manage.py deploy``.

The known drivers are ``ecs`` and ``lambda``. A project can have its own driver: then the setting contains the
driver's dotted path.
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
#: The allowed tags of an image.
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class ReleaseFiles:
    """The files that were built for a version.

    ``image`` is the name of the image, with the tag. ``packages`` maps each architecture to its package.
    """

    version: str
    image: str | None = None
    packages: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A version that is served.

    ``places`` says where the version is served: for example, it maps each ECS service to its task definition. Only the
    driver reads ``places``.

    ``version`` is "" if the release wasn't made by ``manage.py deploy``.
    """

    version: str
    places: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """One environment of a project, where versions are released.

    A driver makes all changes through ``actions``, so that a dry run shows them and changes nothing. If a method can't
    do its work, it raises DeployError with the remedy.
    """

    #: The kind of file that must be built for the driver: ``"image"``, ``"package"`` (of Lambda) or ``"nothing"``.
    makes: str
    #: The required and the optional keys of an environment in the setting, in addition to the keys of all drivers.
    required: frozenset[str]
    optional: frozenset[str]

    def __init__(self, options: Mapping[str, Any], actions: DeployActions) -> None:
        """Creates the driver. ``options`` is the environment's dictionary in the setting."""

    def upload(self, files: ReleaseFiles) -> None:
        """Uploads the built files to the place where ``release`` finds them. Drivers for images upload nothing: the
        image has already been pushed to its registry.

        Doesn't change the code that serves requests, and doesn't upload a version twice.
        """

    def current(self) -> Release:
        """Returns the release that is served, or that is being rolled out."""

    def release(self, files: ReleaseFiles) -> Release:
        """Begins to serve a version that was uploaded, and records the release that was served before."""

    def wait(self, release: Release) -> None:
        """Waits until no other release is served."""

    def back(self) -> Release:
        """Begins to serve the release that ``release()`` recorded as the previous one."""


class DriverClass(Protocol):
    """The attributes that every driver class must have. Calling the class creates a driver."""

    makes: str
    required: frozenset[str]
    optional: frozenset[str]

    def __call__(self, options: Mapping[str, Any], actions: DeployActions) -> Driver: ...


def is_version(text: str) -> bool:
    """Returns whether a text is allowed as the name of a version.

    >>> is_version("261130-1200-94ea2bc"), is_version("../latest")
    (True, False)
    """
    return _VERSION.fullmatch(text) is not None


def driver_class(name: str) -> DriverClass:
    """Returns the class of the driver with this name or dotted path.

    Raises ImportError if there is no such class, and TypeError if the class isn't a driver.
    """
    found = import_string(DRIVERS.get(name, name))
    if missing := [each for each in ("makes", "required", "optional") if not hasattr(found, each)]:
        raise TypeError(f"{name} isn't a driver: it has no {missing[0]}.")
    return cast(DriverClass, found)
