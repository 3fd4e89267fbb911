"""The engine ``container``: Dynoxide's image, run by Podman or Docker, with its data in a volume.

Use this engine on machines that have no Dynoxide binary. The container publishes its port on the address that the
supervisor has chosen. The supervisor sends SIGTERM to ``podman run`` or ``docker run``, which ends the container.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb.engines.embedded import data_file
from macaron_django.dynamodb.engines.process_engine import LocalProcessEngine
from macaron_django.dynamodb.engines.shared_processes import SharedProcess

__all__ = ["ContainerEngine", "find_runtime"]

RUNTIMES = ("podman", "docker")
RUNTIME_MISSING = (
    "The engine 'container' needs Podman or Docker: `podman info` or `docker info` must succeed. Install and start "
    "one of them, or choose another engine."
)


def find_runtime() -> str | None:
    """Returns the path of Podman. If Podman doesn't work, returns the path of Docker; None if neither works. For
    example, Docker doesn't work if its daemon isn't running.
    """
    found = (shutil.which(name) for name in RUNTIMES)
    return next((runtime for runtime in found if runtime and _works(runtime)), None)


@cache
def _works(runtime: str) -> bool:
    try:
        return subprocess.run([runtime, "info"], capture_output=True, check=False, timeout=30).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False


class ContainerEngine(LocalProcessEngine):
    """Dynoxide in a container. ``path`` is the file that the engine ``embedded`` would use for the project's data.

    The data is in a volume that is named after ``path``. If the data were in a folder of the project, the container
    could read more than it needs. SQLite also needs file locks, which the shared folders of virtual machines may lack.
    """

    name = "container"
    returns_refused_items = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.volume = f"macaron-dynamodb-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
        self.keeps_data_in = f"volume {self.volume}"

    @classmethod
    def from_settings(cls) -> ContainerEngine:
        return cls(data_file())

    @classmethod
    def is_here(cls) -> bool:
        return find_runtime() is not None

    def make_process(self) -> SharedProcess:
        stem = self.path.with_name(f"{self.path.name}-container")
        return SharedProcess(self.name, stem, self.command, ready="listening on")

    def command(self) -> list[str]:
        runtime = find_runtime()
        if runtime is None:
            raise ImproperlyConfigured(RUNTIME_MISSING)
        # The container has the volume's name, so that a second container with the same data can't start.
        run = [runtime, "run", "--rm", "--name", self.volume, "--publish", "{host}:{port}:8000"]
        confined = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/tmp"]  # noqa: S108
        serve = ["serve", "--host", "0.0.0.0", "--port", "8000", "--db-path", "/data/dynamodb.sqlite3"]  # noqa: S104
        return [*run, *confined, "--volume", f"{self.volume}:/data", str(settings.DYNAMODB.IMAGE), *serve]
