"""Creates the files of a new project for an API. Writes either all files into the project's folder, or none."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from macaron_django.shipping.file_templates import rendered
from macaron_django.shipping.starting.api_files import APIFiles, Storage, api_files

__all__ = ["NewProject", "new_project", "project_name_problem", "write_project"]

#: The Python version for the image, CI and the locked requirements.
PYTHON = "3.13"
_SAMPLE = "notes"


@dataclass(frozen=True)
class NewProject:
    """A new project: its API, and its files by their paths."""

    api: APIFiles
    files: Mapping[str, str]
    is_sample: bool


def project_name_problem(name: str) -> str | None:
    """Returns an error message if a project can't have this name; otherwise None.

    The project's folder, image and database get their names from the project.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        return None
    return f"{name!r} can't be a project's name: use letters, digits, dashes and underscores, and begin with a letter."


def new_project(name: str, spec: Path | None, api: str, storage: Storage, version: str) -> NewProject:
    """Returns the files of a new project: a sample project if ``spec`` is None. Raises SpecError for an invalid spec.

    ``version`` is the version of macaron_django that the project requires.
    """
    if spec is None:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / f"{_SAMPLE}.yaml"
            source.write_text(rendered("sample", {})[source.name], "utf-8")
            made = api_files(source, api, storage)
            made = replace(made, files={path: _as_sample(text) for path, text in made.files.items()})
    else:
        made = api_files(spec, api, storage)
    context = _context(name, made, storage, version, is_sample=spec is None)
    files = {**rendered("container", context), **rendered("project", context), **made.files}
    files |= _locks(version, needs_moto=storage != "orm")
    if spec is None:
        sample = rendered("sample", context)
        files |= {made.handlers: sample["handlers.py"], "tests/test_notes.py": sample["test_notes.py"]}
    return NewProject(made, dict(sorted(files.items())), spec is None)


def _locks(version: str, *, needs_moto: bool) -> dict[str, str]:
    """Returns the requirements files for servers and developers.

    They pin the versions that this package was tested with.
    """
    locks = rendered("locks", {})
    head = f"# Written by startproject; `make lock` renews it.\nmacaron_django=={version}\n"
    return {
        "requirements.txt": head + locks["requirements.txt"],
        "requirements-dev.txt": head + locks["requirements-moto.txt" if needs_moto else "requirements-dev.txt"],
    }


def _as_sample(text: str) -> str:
    """Removes the comments that ask for a review, because the sample doesn't need a review."""
    return re.sub(r"  # proposed: .*", "", text)


def _context(name: str, api: APIFiles, storage: Storage, version: str, *, is_sample: bool) -> dict[str, object]:
    return {
        "project": name,
        "slug": re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"),
        "api": api.name,
        "spec": api.spec,
        "title": " ".join(api.document.title.split())[:80],
        "document_version": _literal(str(api.document.info.get("version", ""))),
        "app": api.app,
        "handlers": api.handlers,
        "verifiers": [(_literal(name), path) for name, path in api.verifiers.items()],
        "has_handlers": bool(api.stubs),
        "stubs": len(api.stubs),
        "models": api.models,
        "kept": [
            {"name": " ".join(each.name.split()), "literal": _literal(each.name), "key": " ".join(each.key.split())}
            for each in api.kept
        ],
        "store": storage,
        "dynamodb": storage != "orm",
        "is_sample": is_sample,
        "has_root": any(operation.route in {"", "/"} for operation in api.document.operations),
        "secret_key": secrets.token_urlsafe(50),
        "version": version,
        "python": PYTHON,
    }


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def write_project(project: NewProject, folder: Path) -> None:
    """Writes the files into a folder that is empty or doesn't exist.

    After an error or an interrupt, no file is left.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        made = Path(temporary) / folder.name
        for path, text in project.files.items():
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8", newline="")
        (made / "manage.py").chmod(0o755)
        (made / "start.sh").chmod(0o755)
        (made / ".env").chmod(0o600)
        if project.api.app is not None:
            _make_migration(made, project.api)
        if folder.is_dir():
            folder.rmdir()  # the caller has checked that it is empty
        shutil.move(made, folder)


#: A script that creates the first migration of one app. It doesn't use the project's settings, because packages that
#: they need may not be installed here.
_MAKE_MIGRATION = """
import sys
import django
from django.conf import settings
from django.core.management import call_command
settings.configure(INSTALLED_APPS=[sys.argv[1]], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()
call_command("makemigrations", sys.argv[2], verbosity=0)
"""


def _make_migration(folder: Path, api: APIFiles) -> None:
    done = subprocess.run(  # noqa: S603 (this Python, with a name that was checked)
        [sys.executable, "-B", "-c", _MAKE_MIGRATION, str(api.app), api.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The models of {api.name} can't be migrated:\n{done.stderr[-2000:]}")
