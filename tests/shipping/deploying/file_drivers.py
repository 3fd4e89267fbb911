"""Drivers of a project's own: their environment is a file with the versions that were released, the last one last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macaron_django.shipping.deploying import DeployActions, DeployError, Release, ReleaseFiles


class FileDriver:
    """Serves the last line of FILE. A release of FAILING begins, and fails while it is waited for."""

    makes = "nothing"
    required = frozenset({"FILE"})
    optional = frozenset({"FAILING"})

    def __init__(self, options: Mapping[str, Any], actions: DeployActions) -> None:
        self.file, self.failing, self.actions = Path(options["FILE"]), options.get("FAILING"), actions

    def _lines(self) -> list[str]:
        return self.file.read_text("utf-8").split() if self.file.exists() else []

    def _written(self, lines: list[str]) -> None:
        self.actions.write(f"write {self.file.name}: {' '.join(lines)}")
        if not self.actions.dry_run:
            self.file.write_text("\n".join(lines), "utf-8")

    def upload(self, files: ReleaseFiles) -> None:
        self.actions.write(f"upload {files.version} for {self.file.name}")

    def current(self) -> Release:
        return Release((self._lines() or [""])[-1])

    def release(self, files: ReleaseFiles) -> Release:
        if "refused" in files.version:
            raise DeployError("It can't be released.")
        self._written([*self._lines(), files.version])
        return Release(files.version)

    def wait(self, release: Release) -> None:
        if self.failing is not None and self.failing in release.version:
            raise DeployError("It doesn't start.")

    def back(self) -> Release:
        lines = self._lines()[:-1]
        if not lines:
            raise DeployError("Nothing was released before.")
        self._written(lines)
        return Release(lines[-1])


class ImageFileDriver(FileDriver):
    """The same, for images."""

    makes = "image"
