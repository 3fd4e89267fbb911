"""``manage.py acceptance PATH …`` runs acceptance tests against a running server, or against one that it starts."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from macaron_django.conf import get_config
from macaron_django.management.terminals import printable, printing
from macaron_django.shipping.child_processes import ending_on_sigterm, wait_for
from macaron_django.testing.server_targets import ServerTarget, target_in_environment

__all__ = ["Command"]

FOLDER = "testaccept"
#: The most seconds to wait until a running server accepts a connection.
CONNECT_TIMEOUT = 30

#: The meaning of pytest's exit codes (``pytest.ExitCode``).
OUTCOMES = {
    0: "passed",
    1: "failed",
    2: "interrupted",
    3: "ended by an error within pytest",
    4: "not run: pytest was called with wrong arguments",
    5: "not run: no tests were found",
}


class Command(BaseCommand):
    help = (
        "Runs acceptance tests with pytest. The tests call a running server. Or the command starts a server of this "
        "project, with empty databases and tables. The tests read PYM_SERVER_HOST, PYM_SERVER_PORT and "
        "PYM_JWT_TOKEN, as macaron_django.testing.MacaronTestCase does. To pass options to pytest, put them "
        "after --."
    )
    requires_system_checks: list[str] = []  # if this command starts a server, the server runs the checks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths",
            metavar="PATH",
            nargs="*",
            help=f"Files or folders of tests, in pytest's notation (default: {FOLDER}).",
        )
        target = parser.add_argument_group("the server (default: one is started)")
        target.add_argument("--host", help="Name or URL of a running server (default: 127.0.0.1 with --port).")
        target.add_argument(
            "--port", help="Port of a running server (default: the URL's port, or else 8080). 443 means HTTPS."
        )
        target.add_argument(
            "--env",
            help="Test the server at the live_url in pym-config.ENV.yaml, and sign the token with that file's keys.",
        )
        target.add_argument("--no-ssl-check", action="store_true", help="Accept any server certificate.")
        token = parser.add_argument_group("the token (default: made by this project, if it has a key to sign tokens)")
        token.add_argument("--user", metavar="USER", help="The user of the token (default: test-jwt-token).")
        token.add_argument("--no-token", action="store_true", help="Don't give the tests a token.")
        token.add_argument("--gen-token", action="store_true", help="Make a token even if PYM_JWT_TOKEN has one.")
        run = parser.add_argument_group("the test run (default: it stops after the first test that fails)")
        run.add_argument("--no-stop", action="store_true", help="Run all tests, even after failures.")
        run.add_argument("--loop", action="store_true", help="Repeat the tests until one fails.")
        run.add_argument("--nocapture", action="store_true", help="Show what the tests print.")

    def handle(self, *args: Any, **options: Any) -> None:
        if importlib.util.find_spec("pytest") is None or importlib.util.find_spec("requests") is None:
            raise CommandError("Acceptance tests need pytest and requests: pip install 'macaron_django[acceptance]'.")
        paths = _checked_paths(options["paths"])
        running = _running_server(options["host"], options["port"], options["env"])
        with printing(self), ending_on_sigterm():
            if running is not None:
                _require_answer(running)
                code = self.run_tests(paths, running, options)
            else:
                self.check(display_num_errors=False)
                with _started_server(options["verbosity"]) as started:
                    code = self.run_tests(paths, started, options)
        if code:
            sys.exit(code)

    def run_tests(self, paths: Sequence[str], target: ServerTarget, options: dict[str, Any]) -> int:
        """Runs pytest and prints the outcome. With ``--loop``, repeats this until a test fails.

        Returns pytest's exit code.
        """
        command = [sys.executable, "-m", "pytest", "-p", "macaron_django.testing.loaded_apps", *paths]
        command += [] if options["no_stop"] else ["-x"]
        command += ["--capture=no"] if options["nocapture"] else []
        token = _token(options)
        environment = {**_clean_environment(), **replace(target, token=None).environment, **token}
        if options["env"]:
            environment["PYM_ENV"] = options["env"]
        if options["no_ssl_check"]:
            environment["NO_SSL_CHECK"] = "1"
        self.stdout.write(f"Acceptance tests against {printable(target.base_url)}")
        if not token and not options["no_token"]:
            self.stdout.write("The tests get no token, because MACARON['JWT'] has no key that can sign tokens.")
        self.stdout.flush()
        while True:
            began = time.monotonic()
            code = wait_for(subprocess.Popen(command, env=environment))  # noqa: S603 (pytest, with the user's arguments)
            outcome = OUTCOMES.get(code, f"ended with exit code {code}")
            told = f"Acceptance tests {outcome} after {time.monotonic() - began:.1f} s."
            self.stdout.write(self.style.SUCCESS(told) if code == 0 else self.style.ERROR(told))
            self.stdout.flush()
            if code or not options["loop"]:
                return code


def _checked_paths(paths: Sequence[str]) -> list[str]:
    """Returns the arguments for pytest. Raises CommandError if a path doesn't exist."""
    if not paths and not Path(FOLDER).is_dir():
        raise CommandError(f"There is no folder {FOLDER} here: name the files or folders of your acceptance tests.")
    options = False
    for path in paths:
        options = options or path.startswith("-")  # words after an option may be its values, so they aren't checked
        place = Path(path.partition("::")[0].partition("[")[0])
        if options or place.exists():
            continue
        beside = [str(each) for each in place.parent.iterdir()] if place.parent.is_dir() else []
        near = difflib.get_close_matches(str(place), beside, 1)
        raise CommandError(f"There is no {path}" + (f": did you mean {near[0]}?" if near else "."))
    return list(paths) or [FOLDER]


def _running_server(host: str | None, port: str | None, env: str | None) -> ServerTarget | None:
    """Returns the server from the command's options. If the options give none, returns the server from environment
    variables.

    Returns None if neither the options nor the variables give a server.
    """
    try:
        if env is not None:
            host = host or _live_url(env)
        if host is None and port is None:
            return target_in_environment()
        return ServerTarget.parse("127.0.0.1" if host is None else host, port)
    except ValueError as error:
        raise CommandError(f"--host and --port: {error}") from error
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


def _live_url(env: str) -> str:
    config = get_config()
    config.load_pym_config(env=env)
    if Path(config.config_path or "").name != f"pym-config.{env}.yaml":
        raise ImproperlyConfigured(f"--env: there is no pym-config.{env}.yaml beside {config.config_path}.")
    url = getattr(config, "live_url", None) or config.live_host
    if not url:
        raise ImproperlyConfigured(f"--env: {config.config_path} has no live_url.")
    return str(url) if "://" in str(url) else f"http://{url}"


def _require_answer(target: ServerTarget) -> None:
    """Raises CommandError if no server answers, because every test would fail."""
    try:
        socket.create_connection((target.host, target.port), CONNECT_TIMEOUT).close()
    except OSError as error:
        raise CommandError(
            f"No server answers at {printable(target.base_url)} ({error}). Start a server there. Or let this "
            "command start one: leave out --host and --port, and unset PYM_SERVER_HOST and PYM_SERVER_PORT."
        ) from error


@contextlib.contextmanager
def _started_server(verbosity: int) -> Iterator[ServerTarget]:
    from macaron_django.testing.served_projects import served_project

    try:
        server = served_project(verbosity=max(verbosity - 1, 0))
        target = server.__enter__()
    except (ImproperlyConfigured, OSError) as error:
        raise CommandError(f"The server can't be started: {error}") from error
    try:
        yield target
    finally:
        server.__exit__(None, None, None)


def _token(options: dict[str, Any]) -> dict[str, str]:
    """Returns a dictionary with the environment variable for the tests' token; {} if they get no token."""
    given = os.environ.get("PYM_JWT_TOKEN", "")
    if options["no_token"]:
        return {}
    if given and not options["gen_token"] and options["user"] is None:
        return {"PYM_JWT_TOKEN": given}
    from macaron_django.testing.served_projects import TEST_USER, token_for_tests

    token = token_for_tests(options["user"] or TEST_USER)
    if token is None and (options["gen_token"] or options["user"]):
        raise CommandError("No token can be made: MACARON['JWT'] has no key that can sign tokens.")
    return {"PYM_JWT_TOKEN": token} if token else {}


def _clean_environment() -> dict[str, str]:
    """Returns this process's environment variables, without the token. Adds its settings module and import path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYM_JWT_TOKEN"}
    if getattr(django_settings, "SETTINGS_MODULE", None):
        environment.setdefault("DJANGO_SETTINGS_MODULE", django_settings.SETTINGS_MODULE)
    path = [sys.path[0] or str(Path.cwd()), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(path)}
