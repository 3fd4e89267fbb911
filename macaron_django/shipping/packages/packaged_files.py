"""Chooses which of a project's files to pack: the files that a server needs, without secrets and leftovers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["WHEELS", "packaged_files"]

#: The project's folder of wheels. pip installs requirements from this folder and from the package index.
WHEELS: Final = "wheels"
_LEFT_OUT: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "tests", WHEELS})
#: Endings of file names that are left out: databases and their journals, keys and key stores, Terraform's values, logs,
#: and build results.
_ENDS_LEFT_OUT: Final = (
    *(f"{kind}{part}" for kind in (".db", ".sqlite", ".sqlite3") for part in ("", "-journal", "-shm", "-wal")),
    *(".jks", ".key", ".keystore", ".p12", ".pem", ".pfx", ".ppk"),
    *(".tfstate", ".tfstate.backup", ".tfvars", ".log", ".pyc", ".zip"),
)


def packaged_files(folder: Path) -> Iterator[Path]:
    """Yields the files below a project's folder, in order.

    Leaves out hidden files (such as ``.env`` and ``.git``), tests, databases, keys, logs, virtual environments and
    build results. A symbolic link is packed as a copy of its target. A link is left out if its target is outside of the
    project, or if the target itself is left out.
    """
    return _files_below(folder, folder.resolve())


def _files_below(folder: Path, project: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if _is_left_out(path.name) or (path.is_symlink() and not _may_lead_to(path.resolve(), project)):
            continue
        if path.is_dir():
            if not path.is_symlink() and not (path / "pyvenv.cfg").exists():
                yield from _files_below(path, project)
        elif path.is_file() and not path.name.lower().endswith(_ENDS_LEFT_OUT):
            yield path


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_OUT


def _may_lead_to(target: Path, project: Path) -> bool:
    if not target.is_relative_to(project) or target.name.lower().endswith(_ENDS_LEFT_OUT):
        return False
    return not any(map(_is_left_out, target.relative_to(project).parts))
