"""Creates the files of the folder ``PREBUILT``, and finds the files that are out of date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from macaron_django.openapi import SpecError, prebuilt_entries
from macaron_django.registry import registry
from macaron_django.version import __version__

__all__ = ["PrebuiltFolder", "prebuilt_files"]

#: The pattern of the names of prebuilt files. Other files aren't removed.
_OURS: Final = re.compile(r"[0-9a-f]{64}(?:\.sound)?\.json")


def prebuilt_files() -> dict[str, bytes]:
    """Returns the prebuilt files for the specs of all APIs: a mapping of each file's name to its content.

    Raises SpecError if a spec has errors.
    """
    errors = [finding for found in registry.left_out.values() for finding in found if finding.level == "error"]
    if errors:
        raise SpecError(errors)
    return {name: content for api in registry for name, content in prebuilt_entries(api.document, __version__).items()}


@dataclass(frozen=True)
class PrebuiltFolder:
    """A folder with prebuilt files, and the files that it should have. The folder might not exist yet."""

    folder: Path
    files: Mapping[str, bytes]

    def missing(self) -> list[str]:
        """Returns the names of files that don't exist, or that are out of date. May raise OSError."""
        return [name for name, content in self.files.items() if self._content(name) != content]

    def surplus(self) -> list[str]:
        """Returns the names of prebuilt files that are no longer needed."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(path.name for path in found if _OURS.fullmatch(path.name) and path.name not in self.files)

    def update(self) -> None:
        """Writes the missing files, and removes the surplus ones. May raise OSError.

        A server can read the folder while this method runs. So a file appears in the folder only when it is complete.
        If the folder has a symbolic link with the name of a file, the file replaces the link.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in self.missing():
            with TemporaryDirectory(prefix=".", dir=self.folder) as made:
                new = Path(made, name)
                new.write_bytes(self.files[name])
                new.replace(self.folder / name)
        for name in self.surplus():
            (self.folder / name).unlink(missing_ok=True)

    def _content(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
