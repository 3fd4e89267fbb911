"""Installs a project's requirements into a folder with pip, for Lambda's machines."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

__all__ = ["ARCHITECTURES", "RequirementsNotInstalledError", "compile_modules", "install_requirements"]

#: Files of packages that aren't read at run time: sources of translations, type stubs, and sources of extension
#: modules.
_UNREAD: Final = frozenset({".c", ".h", ".po", ".pot", ".pxd", ".pyi", ".pyx"})

#: Packages that only the server in a container uses. Lambda calls the project without a server.
_SERVERS: Final = ("granian", "gunicorn")

#: pip's name of each architecture that Lambda has.
ARCHITECTURES: Final[Mapping[str, str]] = {"x86-64": "x86_64", "arm64": "aarch64"}
#: The versions of glibc that wheels may require. Lambda's Python 3.12 and newer have glibc 2.34.
_GLIBC: Final = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")


class RequirementsNotInstalledError(RuntimeError):
    """Raised if pip doesn't find a project's requirements, or can't install them."""


def install_requirements(requirements: Path, folder: Path, architecture: str, *, wheels: Path | None = None) -> None:
    """Installs wheels for this version of Python and the given architecture. Raises RequirementsNotInstalledError.

    If there is a folder ``wheels``, pip also looks for wheels there.
    """
    machine = ARCHITECTURES[architecture]
    platforms = [part for version in _GLIBC for part in ("--platform", f"{version}_{machine}")]
    found = ["--find-links", str(wheels)] if wheels is not None and wheels.is_dir() else []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    installed = subprocess.run(  # noqa: S603 (pip, of this environment)
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", version, *platforms),
            *("--target", str(folder), *found, "--requirement", str(requirements)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        raise RequirementsNotInstalledError(f"pip can't install {requirements} for {architecture}: {installed.stderr}")
    shutil.rmtree(folder / "bin", ignore_errors=True)  # the packages' programs, which Lambda doesn't run
    for name in _SERVERS:
        for path in (folder / name, *folder.glob(f"{name}-*.dist-info")):
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.rglob("*"):
        if path.suffix in _UNREAD and path.is_file():
            path.unlink()


def compile_modules(folder: Path) -> None:
    """Compiles the modules of a folder for this version of Python, because processes in Lambda can't store compiled
    modules.

    At run time, Python doesn't check whether a source file is newer than its compiled module. Files that this version
    can't compile are skipped.
    """
    compileall.compile_dir(
        folder, quiet=2, stripdir=str(folder), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, workers=1
    )
