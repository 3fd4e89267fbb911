"""Measures the APIs of hooks.py in this process, as a server with one thread would call them.

    python hook_turns.py prepare               # create the tables, in DynamoDB and in SQLite
    python hook_turns.py measure ROUNDS SHARE  # create the tables, and then measure

hook_runs.py starts this script, with the environment that stacks/hook_stack.py reads. The output is JSON: the CPU
seconds of a request by hook, operation and round. The script calls the WSGI application itself. Django's test client
would make requests that no client sends, and would cost more than some of the hooks that are measured.
"""

from __future__ import annotations

import gc
import io
import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from client import Exchange
from hook_requests import EXPECTED, check, exchanges, headers, seeds
from hooks import HOOKS, Place

#: Requests before the counted requests, because the previous turn has filled the processor's caches with its own data.
WARM = 4
#: The APIs that take turns with each other.
TOGETHER = (("get", "absent"), ("list100", "by_index"), ("put", "patch", "view"), ("create", "wrong"))

Application = Callable[[dict[str, Any], Callable[..., object]], Any]


def environ_of(request: Exchange, own: Mapping[str, str]) -> dict[str, Any]:
    """Returns the WSGI environ that a server creates for a request."""
    path, _, query = request.path.partition("?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body or b""),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in own.items()},
    }
    if request.body is not None:
        environ.update(CONTENT_TYPE="application/json", CONTENT_LENGTH=str(len(request.body)))
    return environ


class Caller:
    """Calls the application without a server."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.statuses: list[str] = []
        self.headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], error: object = None) -> None:
        self.statuses.append(status)
        self.headers = headers

    def answer(self, environ: dict[str, Any]) -> bytes:
        answered = self.application(environ, self.start)
        body = b"".join(answered)
        answered.close()
        return body

    def ask(self, request: Exchange, own: Mapping[str, str]) -> tuple[int, Mapping[str, str], Any]:
        body = self.answer(environ_of(request, own))
        return int(self.statuses[-1][:3]), {name.lower(): value for name, value in self.headers}, json.loads(body)

    def cost(self, environs: list[dict[str, Any]], status: int) -> float:
        """Returns the CPU seconds of a request. The engine doesn't count, because it is another process."""
        self.statuses.clear()
        gc.collect()
        for environ in environs[:WARM]:
            self.answer(environ)
        began = time.process_time()
        for environ in environs[WARM:]:
            self.answer(environ)
        seconds = time.process_time() - began
        if wrong := [each for each in self.statuses if not each.startswith(str(status))]:
            sys.exit(
                f"{environs[0]['REQUEST_METHOD']} {environs[0]['PATH_INFO']}: {status} was expected, not {wrong[0]}"
            )
        return seconds / len(environs[WARM:])


def prepare() -> None:
    import hook_stack  # noqa: F401 - sets Django up
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("synctables", stdout=io.StringIO())


def measure(rounds: int, share: float) -> dict[Place, list[float]]:
    """Returns the seconds of each round. All APIs take turns at one operation, and then at the next."""
    import hook_stack
    from django.core.cache import cache

    prepare()
    caller = Caller(hook_stack.application)
    for hook in HOOKS.values():
        own = headers(hook)
        for seed in seeds(hook):
            if caller.ask(seed, own)[0] != 201:
                sys.exit(f"{hook.name} doesn't take {seed.body!r}: {caller.statuses[-1]}")
    check(caller.ask)
    if missing := _HOOKED - hook_stack.called.keys():
        sys.exit(f"never called: {', '.join(sorted(missing))}")
    turns = [
        [
            (hook, name, exchanges(hook, name, WARM + max(2, round(hook.operations[name] * share))), headers(hook))
            for hook in HOOKS.values()
            for name in names
            if name in hook.operations
        ]
        for names in TOGETHER
    ]
    found: dict[Place, list[float]] = {}
    for number in range(1 + rounds):
        if number < 2:  # objects of the first requests stay, so that only objects of turns are collected
            gc.collect()
            gc.freeze()
        for together in turns:
            random.Random(number).shuffle(together)  # the first API after another operation is slower
            for hook, operation, requests, own in together:
                cache.clear()  # a throttle's cost depends on the requests that it remembers
                with hook_stack.subscribed(hook.backend):
                    seconds = caller.cost([environ_of(request, own) for request in requests], EXPECTED[operation])
                if number:
                    found.setdefault((hook.name, operation), []).append(seconds)
        print(f"hooks: round {number} of {rounds}", file=sys.stderr, flush=True)
    return found


#: The hooks that count their calls, in stacks/hook_viewsets.py and hook_stack.py.
_HOOKED = {"permission", "throttled", "queryset", "creating", "updating", "receiver"}


def main() -> None:
    what, *given = sys.argv[1:]
    if what == "prepare":
        prepare()
        return
    found = measure(int(given[0]), float(given[1]))
    print(json.dumps([[*place, seconds] for place, seconds in found.items()]))


if __name__ == "__main__":
    main()
