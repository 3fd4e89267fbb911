"""The engine ``embedded``: Dynoxide, a DynamoDB-compatible server over SQLite in a single binary.

The project's processes share one server. Without a data file, the server keeps everything in memory.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import base_folder, settings
from macaron_django.dynamodb.engines.process_engine import LocalProcessEngine
from macaron_django.dynamodb.engines.shared_processes import SharedProcess, temporary_folder

__all__ = ["DYNOXIDE_VERSION", "EmbeddedEngine", "binary_missing", "data_file", "find_binary", "node_modules"]

#: The tested version, which is also in package.json.
DYNOXIDE_VERSION = "1.2.1"
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def binary_missing() -> str:
    """Returns a message that says how to get the binary on this platform. Only the package for x64 Linux is tested."""
    tested = _platform() == "linux-x64"
    package = f"@dynoxide/linux-x64@{DYNOXIDE_VERSION}" if tested else "dynoxide"
    return (
        f"The embedded DynamoDB engine (Dynoxide) wasn't found: run `npm install --no-save {package}` in the project's "
        "folder, put `dynoxide` on PATH, or name its path in MACARON['DYNAMODB']['BINARY']."
    )


def find_binary() -> Path | None:
    """Returns the path of ``dynoxide``. Searches the settings, then npm's folders, then PATH.

    If the settings have a path, the other places aren't searched. Raises ``ImproperlyConfigured`` if that path isn't an
    executable file.
    """
    if settings.DYNAMODB.BINARY is not None:
        configured = Path(settings.DYNAMODB.BINARY).expanduser().absolute()
        if not _executable(configured):
            raise ImproperlyConfigured(
                f"MACARON['DYNAMODB']['BINARY'] is {configured}, which isn't a file that can be executed."
            )
        return configured
    package = f"@dynoxide/{_platform()}"
    name = "dynoxide.exe" if sys.platform == "win32" else "dynoxide"
    for folder in node_modules():
        if _executable(binary := folder / package / name):
            return binary
    on_path = shutil.which("dynoxide")
    return Path(on_path).absolute() if on_path else None


def node_modules() -> Iterator[Path]:
    """Yields the ``node_modules`` folders in which to look for an engine: those of the project's folder, of its parent
    folders, and of this package's repository.
    """
    base = base_folder().absolute()
    checkout = Path(__file__).parents[3]
    for folder in dict.fromkeys([base, *base.parents, checkout]):
        if (folder / "node_modules").is_dir():
            yield folder / "node_modules"


def data_file() -> Path:
    """Returns the path of the data file: ``MACARON["DYNAMODB"]["PATH"]``, or else ``dynamodb.sqlite3`` in the folder of
    Django's SQLite file. If Django doesn't use an SQLite file, ``dynamodb.sqlite3`` is in the project's base folder.
    """
    if settings.DYNAMODB.PATH is not None:
        return Path(settings.DYNAMODB.PATH).expanduser().absolute()
    database = django_settings.DATABASES.get("default", {})
    name = str(database.get("NAME") or "")
    on_disk = name and ":memory:" not in name and not name.startswith("file:")
    if on_disk and str(database.get("ENGINE", "")).endswith("sqlite3"):
        folder = Path(name).absolute().parent
    else:
        folder = base_folder().absolute()
    return folder / "dynamodb.sqlite3"


class EmbeddedEngine(LocalProcessEngine):
    """Dynoxide with its data in the file ``path``. If ``path`` is ``None``, the data is in memory, and only this
    process can use it.
    """

    name = "embedded"
    returns_refused_items = True

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.keeps_data_in = str(path) if path else None

    @classmethod
    def from_settings(cls) -> EmbeddedEngine:
        return cls(data_file())

    @classmethod
    def is_here(cls) -> bool:
        return find_binary() is not None

    def make_process(self) -> SharedProcess:
        if self.path is not None:
            return SharedProcess(self.name, self.path, self.command, ready="listening on", data_file=self.path)
        folder = temporary_folder()
        return SharedProcess(self.name, folder / "memory", self.command, ready="listening on", temporary=folder)

    def command(self) -> list[str]:
        binary = find_binary()
        if binary is None:
            raise ImproperlyConfigured(binary_missing())
        where = ["--db-path", str(self.path)] if self.path else []
        return [str(binary), "serve", "--host", "{host}", "--port", "{port}", *where]


def _platform() -> str:
    """Returns this platform's name in npm's packages, such as ``linux-x64`` or ``darwin-arm64``."""
    return f"{sys.platform}-{_MACHINES.get(platform.machine().lower(), platform.machine())}"


def _executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
