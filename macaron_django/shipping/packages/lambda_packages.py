"""Creates the zip file of a Lambda function, within Lambda's limits."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from macaron_django.shipping.packages.installed_requirements import compile_modules, install_requirements
from macaron_django.shipping.packages.packaged_files import WHEELS, packaged_files
from macaron_django.shipping.packages.service_models import leave_out_services

__all__ = ["LambdaPackage", "TooLargePackageError", "make_lambda_package"]

#: The most bytes of a zip file that is uploaded, and of its unpacked content (AWS, "Lambda quotas").
MOST_ZIPPED: Final = 50 * 1024 * 1024
MOST_UNZIPPED: Final = 250 * 1024 * 1024
#: The modification time of all files in the package. With a fixed time, the same content results in the same package.
_CHANGED: Final = (1980, 1, 1, 0, 0, 0)
_NAMED: Final = 5


class TooLargePackageError(ValueError):
    """Raised if a package is larger than Lambda accepts."""


@dataclass(frozen=True)
class LambdaPackage:
    """A finished zip file, with its size and its unpacked size in bytes.

    ``services`` has the AWS services whose botocore descriptions are in the package. ``services`` is None if no
    descriptions were left out.
    """

    file: Path
    zipped: int
    unzipped: int
    services: frozenset[str] | None


def make_lambda_package(
    project: Path,
    requirements: Path,
    file: Path,
    architecture: str,
    prebuild: Callable[[Path], object] = lambda _: None,
    *,
    version: str = "",
    for_s3: bool = False,
    services: Collection[str] | None = None,
) -> LambdaPackage:
    """Packs a project's folder and its requirements into ``file``. Compiles the modules for this version of Python.

    ``prebuild`` is called with the folder of the package's content, and can add or replace files. ``/version`` shows
    ``version`` as the container's version. With ``for_s3``, only the unpacked size is limited.

    Raises RequirementsNotInstalledError, TooLargePackageError, ValueError or OSError. In that case, ``file`` isn't
    changed.
    """
    with tempfile.TemporaryDirectory(prefix="macaron-package-") as made:
        content = Path(made, "content")
        install_requirements(requirements, content, architecture, wheels=project / WHEELS)
        kept = leave_out_services(content, services)
        for path in packaged_files(project):
            target = content / path.relative_to(project)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        prebuild(content)
        compile_modules(content)
        if version:
            (content / "pym").mkdir(exist_ok=True)
            (content / "pym" / "VERSION").write_text(f"{version}\n", "utf-8")
        unzipped = sum(path.stat().st_size for path in content.rglob("*") if path.is_file())
        zipped = Path(made, "package.zip")
        _zip(content, zipped)
        size = zipped.stat().st_size
        if (size > MOST_ZIPPED and not for_s3) or unzipped > MOST_UNZIPPED:
            raise TooLargePackageError(_too_large(content, size, unzipped))
        shutil.move(zipped, file)
    return LambdaPackage(file, size, unzipped, kept)


def _zip(content: Path, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened:
        for path in sorted(each for each in content.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(content).as_posix(), _CHANGED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if ".so" in path.suffixes else 0o644) << 16
            opened.writestr(entry, path.read_bytes(), compresslevel=9)


def _too_large(content: Path, size: int, unzipped: int) -> str:
    sizes: Counter[str] = Counter()
    for path in content.rglob("*"):
        if path.is_file():
            sizes[path.relative_to(content).parts[0]] += path.stat().st_size
    largest = ", ".join(f"{name} ({_megabytes(bytes_)})" for name, bytes_ in sizes.most_common(_NAMED))
    return (
        f"The package is {_megabytes(size)} ({_megabytes(unzipped)} unpacked), but Lambda accepts at most "
        f"{_megabytes(MOST_ZIPPED)} ({_megabytes(MOST_UNZIPPED)} unpacked). The largest parts: {largest}. To make the "
        "package smaller, pass --requirements with a file that lists only the function's requirements, and --services "
        "with the AWS services that the function calls. Or add --for-s3: in S3, only the unpacked size is limited."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
