"""The version of the container image that serves, which its build has written into a file."""

from __future__ import annotations

from pathlib import Path

__all__ = ["get_container_version"]

#: Where PyMacaron's images have it.
VERSION_FILE = Path("/pym/VERSION")
LOCAL = "local"


def get_container_version(file: Path = VERSION_FILE) -> str:
    """Returns the version in ``file``, or ``"local"`` where there is none: outside of a container."""
    try:
        return file.read_text("utf-8").strip()
    except FileNotFoundError:
        return LOCAL
