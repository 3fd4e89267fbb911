"""Measures the time from the start of a server's process to its first response, and the memory after this response.

    python benchmarks/start_up.py [--rounds N] [SPEC …]

A new process serves each spec alone, with Django and DRF, one WSGI server and no database. The rows are a project
without this package, the built-in spec alone, the example's spec, and the specs that the command line names.
benchmarks/README.md explains the measurement.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
EXAMPLE = str(ROOT / "example_project" / "apis" / "myserver.yaml")
PLAIN, BUILT_IN = "without macaron_django", "only the built-in spec"
_TICK = os.sysconf("SC_CLK_TCK")


class Started(NamedTuple):
    """Figures of one process: seconds to its first response, CPU seconds until then, and memory in MiB."""

    wall: float
    cpu: float
    rss: float
    pss: float
    status: int


# The server ----------------------------------------------------------------------------------------------------------


def serve(spec: str, port: int) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from django.conf import settings

    with_package = spec != PLAIN
    settings.configure(
        SECRET_KEY="only-for-measuring" * 4,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="macaron_django.urls" if with_package else __name__,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            *(["macaron_django"] if with_package else []),
        ],
        MACARON={
            "APIS": {} if spec in (PLAIN, BUILT_IN) else {"measured": spec},
            "MOCK": True,
            "JWT": {"SECRET": "only-for-measuring" * 4},
        },
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    )
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_request(self, *arguments: object) -> None:
            pass

    application = get_wsgi_application()
    if not with_package:
        from django.urls import path
        from rest_framework.response import Response
        from rest_framework.views import APIView

        class Ping(APIView):
            def get(self, request: object) -> Response:
                return Response({})

        globals()["urlpatterns"] = [path("ping", Ping.as_view())]
    make_server("127.0.0.1", port, application, handler_class=Quiet).serve_forever()


# The client ----------------------------------------------------------------------------------------------------------


def first_path(spec: str) -> str:
    """Returns the first path with a GET and without variables, if the spec has one."""
    if spec in (PLAIN, BUILT_IN):
        return "/ping"
    from macaron_django.openapi import load

    paths = [operation.route for operation in load(spec).operations if operation.method == "get"]
    path = next((path for path in paths if "{" not in path), paths[0])
    return re.sub(r"\{[^}]*\}", "1", path)


def started(spec: str, path: str, environment: dict[str, str]) -> Started:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    command = [sys.executable, __file__, "--serve", str(port), spec]
    process = subprocess.Popen(command, env=environment)
    try:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                break
            except ConnectionRefusedError:
                if process.poll() is not None:
                    raise SystemExit(f"the server ended with {process.returncode}") from None
                time.sleep(0.002)
            finally:
                connection.close()
        wall = time.perf_counter() - begun
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        memory = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        rss, pss = (int(re.search(rf"^{name}:\s+(\d+)", memory, re.MULTILINE)[1]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[index]
        return Started(wall, (int(fields[11]) + int(fields[12])) / _TICK, rss, pss, response.status)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long a server takes to start.")
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.specs[0], arguments.serve)
        return
    print(f"{'wall s':>7} {'CPU s':>7} {'warm':>7} {'RSS':>6} {'PSS':>6} {'status':>6}  spec  (MiB; medians)")
    for spec in (PLAIN, BUILT_IN, EXAMPLE, *arguments.specs):
        cold, warm = [], []
        with tempfile.TemporaryDirectory() as cache:
            if spec == EXAMPLE:  # its tables would need an engine
                spec = str(Path(cache, Path(EXAMPLE).name))
                Path(spec).write_text(Path(EXAMPLE).read_text().replace("x-persist:", "x-unused:"))
            path = first_path(spec)
            environment = {**os.environ, "XDG_CACHE_HOME": cache, "PYTHONPYCACHEPREFIX": str(Path(cache, "bytecode"))}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            started(spec, path, environment)  # leaves bytecode, as installing a package does
            for _ in range(arguments.rounds):
                shutil.rmtree(Path(cache, "macaron_django"), ignore_errors=True)
                cold.append(started(spec, path, environment))
                warm.append(started(spec, path, environment))
        wall, cpu, rss, pss, status = (statistics.median(column) for column in zip(*cold, strict=True))
        again = statistics.median(each.cpu for each in warm)
        print(f"{wall:7.2f} {cpu:7.2f} {again:7.2f} {rss:6.0f} {pss:6.0f} {status:6.0f}  {Path(spec).name} {path}")


if __name__ == "__main__":
    main()
