"""Reads the setting ``DEPLOY``, and finds its errors."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from macaron_django.conf import settings
from macaron_django.shipping.deploying.release_drivers import DRIVERS, DriverClass, driver_class
from macaron_django.shipping.packages.installed_requirements import ARCHITECTURES

__all__ = ["STEPS_BEFORE", "DeployEnvironment", "DeployProblem", "deploy_environments", "deploy_problems"]

#: The names of the steps that come before the environments. No environment may have such a name.
STEPS_BEFORE: Final = ("check", "unittest", "build", "local-acceptance", "push", "tables")
#: Names that would conflict with options, including Django's `--no-color`.
_RESERVED: Final = {*STEPS_BEFORE, "acceptance", "color", "deploy", "local", "test"}
_REQUIRED: Final = frozenset({"BASE_URL", "DRIVER"})
_OPTIONAL: Final = frozenset({"ACCEPTANCE_TESTS", "REGION", "TABLES", "TIMEOUT", "VARIABLES"})
_TIMEOUT: Final = 900
#: The most services that one call to ECS describes.
MOST_SERVICES: Final = 10
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_REPOSITORY: Final = re.compile(r"[a-z0-9][a-z0-9._:-]*(/[a-z0-9._-]+)*")
_PLATFORM: Final = re.compile(r"[a-z0-9]+(/[a-z0-9.]+)+")
_REGION: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: The exceptions that are raised if a driver isn't the dotted path of a class.
_NO_DRIVER: Final = (ImportError, AttributeError, TypeError, ValueError)


class DeployProblem(NamedTuple):
    """An error in the setting: its message, and a hint that says how to correct it."""

    message: str
    hint: str


@dataclass(frozen=True)
class DeployEnvironment:
    """An environment in the setting, such as staging. ``options`` has the environment's options, including defaults."""

    name: str
    options: Mapping[str, Any]

    @property
    def driver(self) -> DriverClass:
        """Returns the class of the environment's driver."""
        return driver_class(self.options["DRIVER"])

    @property
    def base_url(self) -> str:
        """Returns the URL that acceptance tests call, without a trailing slash."""
        return str(self.options["BASE_URL"]).rstrip("/")

    @property
    def variables(self) -> dict[str, str]:
        """Returns the environment variables for commands that are run for this environment.

        These are PyMacaron's ``PYM_ENV``, the variables in ``VARIABLES``, and the region. The region is included so
        that commands create tables in the region where the version is released.
        """
        region = self.options["REGION"]
        return {"PYM_ENV": self.name, **({"AWS_REGION": region} if region else {}), **self.options["VARIABLES"]}


def deploy_environments() -> list[DeployEnvironment]:
    """Returns the environments, in the order of their releases."""
    defaults: dict[str, Any] = {
        "ACCEPTANCE_TESTS": None,
        "REGION": None,
        "TABLES": ("synctables",),
        "TIMEOUT": _TIMEOUT,
        "VARIABLES": {},
    }
    return [DeployEnvironment(name, {**defaults, **options}) for name, options in settings.DEPLOY.ENVIRONMENTS.items()]


def deploy_problems() -> Iterator[DeployProblem]:
    """Yields the errors in ``MACARON["DEPLOY"]``."""
    given = settings.DEPLOY
    environments = given.ENVIRONMENTS
    if not isinstance(environments, Mapping):
        yield _problem("['ENVIRONMENTS']", f"is {environments!r}", "Map each name, such as 'live', to a dictionary.")
        environments = {}
    makes: set[str] = set()
    for name, options in environments.items():
        yield from _name_problems(name)
        where = f"['ENVIRONMENTS'][{name!r}]"
        if not isinstance(options, Mapping):
            yield _problem(
                where, f"is {options!r}", "It must be a dictionary with DRIVER, BASE_URL and the driver's keys."
            )
            continue
        yield from _environment_problems(where, options)
        makes |= _made_for(options.get("DRIVER"))
    repository = given.REPOSITORY
    if "image" in makes and repository is None:
        hint = "Add the repository for images, such as '123456789012.dkr.ecr.eu-west-1.amazonaws.com/notes'."
        yield _problem("['REPOSITORY']", "is missing, but an environment is deployed as container images", hint)
    elif repository is not None and not (isinstance(repository, str) and _is_repository(repository)):
        yield _problem(
            "['REPOSITORY']", f"is {repository!r}", "It must be a registry's host and a path, without a tag."
        )
    if given.CONTAINER_ENGINE not in (None, "docker", "podman"):
        yield _problem("['CONTAINER_ENGINE']", f"is {given.CONTAINER_ENGINE!r}", "Use 'docker', 'podman' or None.")
    if given.PLATFORM is not None and not _matches(_PLATFORM, given.PLATFORM):
        yield _problem("['PLATFORM']", f"is {given.PLATFORM!r}", "Write it as 'linux/arm64' or 'linux/amd64'.")
    for key in ("UNIT_TESTS", "ACCEPTANCE_TESTS"):
        yield from _list_problems(f"[{key!r}]", getattr(given, key))


def _problem(where: str, what: str, hint: str) -> DeployProblem:
    return DeployProblem(f"MACARON['DEPLOY']{where} {what}.", hint)


def _name_problems(name: Any) -> Iterator[DeployProblem]:
    is_name = isinstance(name, str) and _NAME.fullmatch(name)
    if not is_name or name in _RESERVED or name.endswith("-acceptance"):
        hint = "Use lower-case letters, digits and hyphens. The name must not be the name of a step or an option."
        yield _problem("['ENVIRONMENTS']", f"has the name {name!r}", hint)


def _environment_problems(where: str, options: Mapping[str, Any]) -> Iterator[DeployProblem]:
    driver = None
    try:
        driver = driver_class(options["DRIVER"]) if options.get("DRIVER") is not None else None
    except _NO_DRIVER as error:
        hint = f"Use one of {', '.join(map(repr, DRIVERS))}, or the dotted path of a class. {error}"
        yield _problem(f"{where}['DRIVER']", f"is {options['DRIVER']!r}", hint)
    required = _REQUIRED | (driver.required if driver else frozenset())
    for key in sorted(key for key in required if options.get(key) is None):
        yield _problem(where, f"has no {key}", "Add it.")
    if driver is not None:
        known = required | _OPTIONAL | driver.optional
        for key in options.keys() - known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(known))}."
            yield _problem(where, f"has no key {key!r}", hint)
    yield from _value_problems(where, options)
    yield from _driver_value_problems(where, options)


def _driver_value_problems(where: str, options: Mapping[str, Any]) -> Iterator[DeployProblem]:
    """Yields the errors in the options of the known drivers. A project's own driver must check its own options."""
    if options.get("DRIVER") not in [*DRIVERS]:
        return
    for key in ("CLUSTER", "CONTAINER", "FUNCTION", "ALIAS", "BUCKET"):
        value = options.get(key)
        if value is not None and not (isinstance(value, str) and value):
            yield _problem(f"{where}[{key!r}]", f"is {value!r}", "It must be a string that isn't empty.")
    services = options.get("SERVICES") or ("",) * ("SERVICES" not in options)
    yield from _list_problems(f"{where}['SERVICES']", services)
    if isinstance(services, list | tuple) and not 0 < len(services) <= MOST_SERVICES:
        yield _problem(f"{where}['SERVICES']", f"has {len(services)} names", f"List 1 to {MOST_SERVICES} services.")
    architecture = options.get("ARCHITECTURE", "arm64")
    if architecture not in [*ARCHITECTURES]:
        hint = f"Use one of {', '.join(map(repr, sorted(ARCHITECTURES)))}."
        yield _problem(f"{where}['ARCHITECTURE']", f"is {architecture!r}", hint)


def _value_problems(where: str, options: Mapping[str, Any]) -> Iterator[DeployProblem]:
    url = options.get("BASE_URL")
    if url is not None and not _is_base_url(url):
        hint = "It must be an http or https URL with a host, but without a user, query, fragment or whitespace."
        yield _problem(f"{where}['BASE_URL']", f"is {url!r}", hint)
    timeout = options.get("TIMEOUT", _TIMEOUT)
    if type(timeout) is not int or timeout < 1:
        yield _problem(f"{where}['TIMEOUT']", f"is {timeout!r}", "It must be a whole number of seconds, 1 or more.")
    region = options.get("REGION")
    if region is not None and not _matches(_REGION, region):
        yield _problem(f"{where}['REGION']", f"is {region!r}", "Write an AWS region, such as 'eu-west-1'.")
    yield from _variable_problems(f"{where}['VARIABLES']", options.get("VARIABLES", {}))
    yield from _list_problems(f"{where}['TABLES']", tables := options.get("TABLES", ()))
    for command in tables if isinstance(tables, list | tuple) else ():
        if isinstance(command, str) and not _is_command(command):
            hint = "Write a command of manage.py in shell notation, such as 'migrate --no-input'."
            yield _problem(f"{where}['TABLES']", f"has {command!r}", hint)
    yield from _list_problems(f"{where}['ACCEPTANCE_TESTS']", options.get("ACCEPTANCE_TESTS") or ())


def _variable_problems(where: str, variables: Any) -> Iterator[DeployProblem]:
    """Yields the errors in variables. Doesn't show their values, which may be secrets."""
    if not isinstance(variables, Mapping) or not all(
        isinstance(each, str) for pair in variables.items() for each in pair
    ):
        hint = "It must map names of environment variables to strings."
        yield _problem(where, "has values that aren't strings", hint)
        return
    for name, value in variables.items():
        if not _matches(_VARIABLE, name):
            hint = "Use letters, digits and '_', and don't begin with a digit."
            yield _problem(where, f"has the name {name!r}", hint)
        elif "\0" in value:
            yield _problem(f"{where}[{name!r}]", "has a null character", "Remove it.")


def _list_problems(where: str, value: Any) -> Iterator[DeployProblem]:
    if (
        isinstance(value, str)
        or not isinstance(value, list | tuple)
        or not all(isinstance(each, str) for each in value)
    ):
        yield _problem(where, f"is {value!r}", "It must be a list of strings.")


def _made_for(driver: Any) -> set[str]:
    try:
        return {driver_class(driver).makes}
    except _NO_DRIVER:
        return set()


def _is_repository(text: str) -> bool:
    # A colon must be before the last slash, where it begins a port. After the last slash, it would begin a tag.
    return _REPOSITORY.fullmatch(text) is not None and ":" not in text.rpartition("/")[2]


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_command(text: str) -> bool:
    try:
        return bool(shlex.split(text)) and "\0" not in text
    except ValueError:  # a quote isn't closed
        return False


def _is_base_url(url: Any) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0  # `port` raises ValueError if it isn't a number
            and not re.search(r"[\s\0]", url)
            and not (parts.username or parts.password or parts.query or parts.fragment)
        )
    except (ValueError, AttributeError, TypeError):
        return False
