"""Reads the version of the container's image, or of the package for Lambda, from a file that the build has written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["LOCAL", "get_container_version"]

#: The file with the version in PyMacaron's images.
VERSION_FILE = Path("/pym/VERSION")
LOCAL = "local"


def get_container_version(file: Path | None = None) -> str:
    """Returns the version in ``file``, by default the version of the container's image or of the package for Lambda.

    If there is no version, for example outside of a container, returns ``"local"``.
    """
    files = _version_files() if file is None else [file]
    return next((each.read_text("utf-8").strip() for each in files if each.is_file()), LOCAL)


def _version_files() -> Iterable[Path]:
    unpacked = os.environ.get("LAMBDA_TASK_ROOT")  # where AWS Lambda unpacks a package
    return [VERSION_FILE, *([Path(unpacked, "pym", "VERSION")] if unpacked else [])]
