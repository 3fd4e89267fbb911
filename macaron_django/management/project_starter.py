"""``python -m macaron_django startproject NAME`` creates a project.

The project's API comes from a spec. Without a spec, the project gets a small sample API.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.management.spec_errors import read_or_refused
from macaron_django.management.storage_choices import add_storage_choice
from macaron_django.management.terminals import printable, printing
from macaron_django.shipping.starting.api_files import Storage, api_name, name_problem
from macaron_django.shipping.starting.project_files import (
    NewProject,
    new_project,
    project_name_problem,
    write_project,
)
from macaron_django.version import __version__

__all__ = ["StartProject"]


class StartProject(BaseCommand):
    help = (
        "Starts a project that is ready to run: settings from the environment, an API from an OpenAPI file with a stub "
        "for each handler, tests, a container, CI, and locked versions. Existing files are never overwritten."
    )
    requires_system_checks = []
    #: The command creates a new project, so the settings of another project don't matter.
    suppressed_base_arguments = {"--pythonpath", "--settings", "--traceback", "--verbosity", "--version"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="The name of the project and of its new folder.")
        parser.add_argument(
            "--spec", metavar="FILE", help="An OpenAPI file, in YAML or JSON (default: a sample about notes)."
        )
        parser.add_argument("--api", metavar="API", help="The name of the API (default: the name of the file).")
        add_storage_choice(
            parser,
            "If you use neither --dynamodb nor --orm, comments in your spec mark these schemas, and the sample uses "
            "DynamoDB.",
        )
        parser.add_argument("--dry-run", action="store_true", help="List the files, and write nothing.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        with printing(self):
            self._start(options)

    def _start(self, options: dict[str, Any]) -> None:
        folder = Path(options["name"]).absolute()
        self._refuse(project_name_problem(folder.name))
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise CommandError(f"{folder} already exists and isn't empty: choose another name, or empty it.")
        spec = Path(options["spec"]) if options["spec"] else None
        storage: Storage = options["storage"] or ("none" if spec else "dynamodb")
        api = options["api"] or (api_name(spec, folder.name) if spec else "notes")
        self._refuse(name_problem(api))
        if spec is not None:
            self.stdout.write(f"Reading {printable(str(spec))} …")
        project = read_or_refused(lambda: new_project(folder.name, spec, api, storage, __version__), spec)
        self._describe(project)
        if options["dry_run"]:
            for path in project.files:
                self.stdout.write(f"  {folder.name}/{path}")
            self.stdout.write(f"{len(project.files)} files would be written.")
            return
        write_project(project, folder)
        self.stdout.write(self.style.SUCCESS(f"Wrote {len(project.files)} files to {printable(str(folder))}."))
        self._what_next(project, folder, storage)

    def _refuse(self, problem: str | None) -> None:
        if problem is not None:
            raise CommandError(problem)

    def _describe(self, project: NewProject) -> None:
        api = project.api
        count = len(api.document.operations)
        self.stdout.write(
            f"The API {api.name} has {count} operations: {api.generated} generated, {len(api.stubs)} with handlers."
        )
        for each in () if project.is_sample else api.kept:
            name, key = printable(each.name), printable(each.key)
            self.stdout.write(f"  The schema {name} can be persisted, with the key {key}.")
        for path in api.foreign:
            warning = f"  The spec refers to {printable(path)}, but this code isn't in the project."
            self.stdout.write(self.style.WARNING(warning))

    def _what_next(self, project: NewProject, folder: Path, storage: Storage) -> None:
        try:
            shown = folder.relative_to(Path.cwd())
        except ValueError:
            shown = folder
        api = project.api
        lines = [f"  cd {shown}", "  make run     # http://127.0.0.1:8000/docs/", "  make test"]
        self.stdout.write("\n".join(["", "What next:", *lines]))
        if project.is_sample:
            return
        names = printable(", ".join(each.name for each in api.kept))
        if api.kept and storage == "none":
            self.stdout.write(
                f"  Review these schemas, which could be persisted and are marked in {api.spec}: {names}. "
                "If you uncomment x-persist, also delete x-bind-server from the schema's operations: they need no "
                "handlers."
            )
        elif api.kept:
            self.stdout.write(f"  Review these schemas, which are persisted and are marked in {api.spec}: {names}.")
        if any(path.startswith("apis.") for path in api.verifiers.values()):
            self.stdout.write(
                f"  In apis/{api.name}/verifiers.py, write the functions that verify callers. Until you do, the "
                "API refuses all requests."
            )
        if api.stubs:
            self.stdout.write(f"  Write the {len(api.stubs)} handlers in {api.handlers}: each answers 501 until then.")
