"""Renders the files of a project's container: Dockerfile, start.sh, compose.yaml and .dockerignore."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from macaron_django.shipping.file_templates import rendered

__all__ = [
    "ContainedProject",
    "container_files",
    "differing_files",
    "dockerfile_python",
    "missing_requirements",
    "write_files",
]

#: The packages that the image needs in addition to the project.
SERVER = ("granian", "whitenoise")


@dataclass(frozen=True)
class ContainedProject:
    """The properties of a project that determine the files of its container.

    ``wsgi`` is the application in granian's notation, ``config.wsgi:application``. With ``worker``, Celery runs tasks.
    ``extra`` is the text of the project's ``Dockerfile.extra``, which becomes a part of the Dockerfile.
    """

    project: str
    python: str
    wsgi: str
    dynamodb: bool
    worker: bool
    without_static: bool
    extra: str = ""

    @property
    def slug(self) -> str:
        """The project's name in a form that is allowed for images and databases."""
        return re.sub(r"[^a-z0-9]+", "_", self.project.lower()).strip("_") or "app"


def container_files(project: ContainedProject) -> dict[str, str]:
    """Returns the texts of the files, by their paths in the project."""
    return rendered("container", {**asdict(project), "slug": project.slug})


def dockerfile_python(folder: Path) -> str | None:
    """Returns the Python version of the base image in the folder's Dockerfile.

    None if the Dockerfile has no such line.
    """
    file = folder / "Dockerfile"
    text = file.read_text("utf-8") if file.is_file() else ""
    found = re.search(r"^ARG BASE=docker\.io/library/python:(\d+\.\d+)-slim$", text, re.MULTILINE)
    return found and found[1]


def differing_files(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Returns the existing files that ``write_files`` would change: their paths and their current texts."""
    there = {path: (folder / path).read_text("utf-8") for path in files if (folder / path).exists()}
    return {path: text for path, text in there.items() if text != files[path]}


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Writes the files, and makes scripts executable."""
    for path, text in files.items():
        target = folder / path
        target.write_text(text, "utf-8", newline="")
        if text.startswith("#!"):
            target.chmod(0o755)


def missing_requirements(text: str) -> list[str]:
    """Returns the packages that the image needs, but that requirements.txt doesn't name."""
    named = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^\s*([A-Za-z0-9._-]+)", text, re.MULTILINE)}
    return [name for name in SERVER if name not in named]
