"""``manage.py deploy`` checks, tests and builds the project.

Then it releases the project to each environment in turn.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from macaron_django.conf import base_folder, settings
from macaron_django.management.terminals import aligned, printing
from macaron_django.shipping.child_processes import ending_on_sigterm
from macaron_django.shipping.container_files import differing_files
from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError, shown_command
from macaron_django.shipping.deploying.deploy_environments import (
    STEPS_BEFORE,
    DeployEnvironment,
    deploy_environments,
    deploy_problems,
)
from macaron_django.shipping.deploying.deploy_steps import Deployment, DeployStep, deploy_steps, step_names
from macaron_django.shipping.deploying.deploy_workflows import github_workflow
from macaron_django.shipping.deploying.git_revisions import (
    new_version,
    place_in_repository,
    require_version_of_revision,
)
from macaron_django.shipping.deploying.release_drivers import is_version
from macaron_django.shipping.deploying.step_runs import StepFailedError, StepRun, chosen_steps, run_steps

__all__ = ["Command"]

#: Steps that don't need the name of a version. The acceptance tests of environments don't need it, either.
NAMELESS = frozenset({"check", "unittest", "tables"})


class Command(BaseCommand):
    help = (
        "Deploys the project as MACARON['DEPLOY'] says. The steps are: checks, unit tests, image or package, "
        "acceptance tests on this machine, push, and tables; then, for each environment, the release and "
        "acceptance tests. The first step that fails ends the deployment."
    )
    requires_system_checks = []  # the first step runs the checks

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--env", metavar="NAME", help="Deploy to this environment only (default: to all environments, in order)."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Show the commands and calls of each step, and change nothing."
        )
        parser.add_argument("--from", metavar="STEP", dest="first", help="Begin with this step.")
        parser.add_argument("--to", metavar="STEP", dest="last", help="End after this step.")
        parser.add_argument(
            "--release",
            metavar="VERSION",
            help="The version (default: a new one, named after the date, the time and the git revision). With --back: "
            "go back only if this version is served.",
        )
        parser.add_argument("--allow-dirty", action="store_true", help="Also deploy changes that aren't committed.")
        parser.add_argument(
            "--back-on-failure",
            action="store_true",
            help="If a release or its acceptance tests fail, go back to the previous version.",
        )
        instead = parser.add_argument_group("instead of deploying").add_mutually_exclusive_group()
        instead.add_argument(
            "--back",
            action="store_true",
            help="Release the version that the environment served before (needs --env).",
        )
        instead.add_argument("--print-release", action="store_true", help="Print the name of a new version.")
        instead.add_argument(
            "--workflow",
            choices=["github"],
            help="Write a CI workflow that runs the same steps as this command; with --dry-run, only print it.",
        )
        parser.add_argument(
            "--force", action="store_true", help="With --workflow: overwrite an existing file that differs."
        )
        left_out = parser.add_argument_group("steps to leave out")
        for name in _known_names():
            left_out.add_argument(f"--no-{name}", action="append_const", dest="without", const=name)
        left_out.add_argument("--no-test", action="store_true", help="All acceptance tests.")
        left_out.add_argument(
            "--no-deploy",
            action="store_true",
            help="The tables, and each environment's release and acceptance tests.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        if problems := list(deploy_problems()):
            raise CommandError("\n".join(f"{each.message} {each.hint}" for each in problems))
        environments = _chosen_environments(options["env"])
        if (given := options["release"]) is not None and not is_version(given):
            raise CommandError(
                f"{given!r} can't be the name of a version. Use at most 128 characters: letters, digits, '.', '_' "
                "and '-'. The name must begin with a letter, a digit or '_'."
            )
        actions = DeployActions(self._written, base_folder().absolute(), dry_run=options["dry_run"])
        with printing(self), ending_on_sigterm():
            try:
                if options["workflow"]:
                    self._write_workflow(environments, actions, options)
                elif options["print_release"]:
                    self.stdout.write(new_version(actions, allow_dirty=options["allow_dirty"]))
                elif options["back"]:
                    self._back(environments, actions, options)
                else:
                    self._deploy(environments, actions, options)
            except DeployError as error:
                raise CommandError(str(error)) from error

    def _deploy(
        self, environments: Sequence[DeployEnvironment], actions: DeployActions, options: Mapping[str, Any]
    ) -> None:
        deployment = Deployment(options["release"] or "", environments, actions)
        steps = _chosen_steps(deployment, options)
        deployment.version = self._version(steps, actions, options)
        names = " and ".join(each.name for each in environments)
        self._written(f"Version {deployment.version or '(none)'}, to {names}")
        done: list[StepRun] = []
        try:
            for run in run_steps(steps, self._begun, dry_run=actions.dry_run):
                done.append(run)
                if not actions.dry_run:
                    self._written(self.style.SUCCESS(f"{run.step.name} took {run.seconds:.1f} s."))
        except StepFailedError as failure:
            raise CommandError("\n".join(self._what_to_do(failure, deployment, options))) from failure
        except (KeyboardInterrupt, SystemExit):
            for step in steps[len(done) : len(done) + 1]:
                self.stderr.write(f"\n{step.name} was interrupted. Go on with: {_resuming(step, deployment, options)}")
            raise
        if actions.dry_run:
            self._end_dry_run(len(steps) - len(done))
            return
        rows = [(run.step.name, f"{run.seconds:.1f} s") for run in done]
        for line in aligned([*rows, ("all", f"{sum(run.seconds for run in done):.1f} s")]):
            self.stdout.write(line)

    def _end_dry_run(self, failures: int) -> None:
        if failures:
            raise CommandError(f"Nothing was changed; {failures} of the steps would fail.")
        self.stdout.write("Nothing was changed.")

    def _version(self, steps: Sequence[DeployStep], actions: DeployActions, options: Mapping[str, Any]) -> str:
        """Returns the version that the steps build or release. "" if no step needs a version."""
        given, names = options["release"], {step.name for step in steps}
        allow_dirty = options["allow_dirty"]
        if "build" in names:
            try:
                if given is not None:
                    require_version_of_revision(actions, given, allow_dirty=allow_dirty)
                return given or new_version(actions, allow_dirty=allow_dirty)
            except DeployError as error:
                if allow_dirty or not actions.dry_run:
                    raise
                version = given or new_version(actions, allow_dirty=True)
                self.stderr.write(self.style.WARNING(str(error)))
                return version
        needing = [step for step in steps if _needs_version(step) or (options["back_on_failure"] and step.releases)]
        if given is None and needing:
            raise CommandError("The step `build` is left out, so name the version: --release VERSION.")
        return given or ""

    def _what_to_do(self, failure: StepFailedError, deployment: Deployment, options: Mapping[str, Any]) -> list[str]:
        """Returns lines that say what failed, what to do next, and which version is served now."""
        step = failure.step
        told = [str(failure), _go_on(step, deployment, options)]
        environment = next((each for each in deployment.environments if each.name == step.releases), None)
        if environment is None:
            return told
        try:
            current = deployment.driver(environment).current()
        except DeployError as error:
            told.append(f"The version that {environment.name} serves now isn't known: {error}")
        else:
            if current.version != deployment.version:
                return [*told, f"{environment.name} serves {current.version or 'what it served before'}."]
        command = ["python", "manage.py", "deploy", "--back", "--env", environment.name]
        command += ["--release", deployment.version] if deployment.version else []
        if not options["back_on_failure"]:
            return [*told, f"To go back to what {environment.name} served before: {shown_command(command)}"]
        try:
            deployment.back(environment)
        except DeployError as error:
            return [*told, f"Going back failed: {error} Try again with: {shown_command(command)}"]
        return [*told, f"{environment.name} serves the previous release again."]

    def _back(
        self, environments: Sequence[DeployEnvironment], actions: DeployActions, options: Mapping[str, Any]
    ) -> None:
        if options["env"] is None:
            raise CommandError(f"Name the environment: --back --env {environments[-1].name}.")
        try:
            Deployment(options["release"] or "", environments, actions).back(environments[0])
        except (KeyboardInterrupt, SystemExit):
            name = environments[0].name
            self.stderr.write(
                f"\nInterrupted. {name} might already have started to go back to the previous version. A second "
                "--back would go back one more version. To go back only if a certain version is served, add --release "
                "VERSION."
            )
            raise
        if actions.dry_run:
            self._end_dry_run(0)

    def _write_workflow(
        self, environments: Sequence[DeployEnvironment], actions: DeployActions, options: Mapping[str, Any]
    ) -> None:
        steps = {step.name for step in _chosen_steps(Deployment("", environments, actions), options)}
        root, inside = place_in_repository(actions)
        files = github_workflow(environments, steps, inside)
        if actions.dry_run:
            self.stdout.write("".join(files.values()), ending="")
            return
        if not options["force"] and (differing := differing_files(root, files)):
            raise CommandError(f"{', '.join(differing)} differs from the new text: add --force to overwrite it.")
        for name, text in files.items():
            path: Path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")
            self.stdout.write(f"Wrote {path}")

    def _begun(self, line: str) -> None:
        self._written(self.style.MIGRATE_HEADING(line))

    def _written(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()  # so that this line comes before the output of a child process


def _known_names() -> list[str]:
    """Returns the names of all steps, even if the setting ``DEPLOY`` has errors."""
    environments = settings.DEPLOY.ENVIRONMENTS
    names = [each for each in environments if isinstance(each, str)] if isinstance(environments, Mapping) else []
    known = step_names([DeployEnvironment(name, {}) for name in names])
    return list(dict.fromkeys(name for name in known if name not in ("color", "test", "deploy")))


def _chosen_environments(name: str | None) -> list[DeployEnvironment]:
    environments = deploy_environments()
    if not environments:
        raise CommandError("MACARON['DEPLOY']['ENVIRONMENTS'] is empty: docs/how-to/deploy.md shows what to set.")
    chosen = [each for each in environments if name in (None, each.name)]
    if not chosen:
        raise CommandError(f"There is no environment {name}. Known: {', '.join(each.name for each in environments)}.")
    return chosen


def _chosen_steps(deployment: Deployment, options: Mapping[str, Any]) -> list[DeployStep]:
    steps = deploy_steps(deployment)
    names = [step.name for step in steps]
    for given in filter(None, [options["first"], options["last"]]):
        if given not in names:
            raise CommandError(f"There is no step {given}. Known: {', '.join(names)}.")
    without = set(options["without"] or ())
    if options["no_test"]:
        without |= {name for name in names if name.endswith("acceptance")}
    if options["no_deploy"]:
        without |= {"tables", *names[len(STEPS_BEFORE) :]}
    if options["first"] in without:
        raise CommandError(f"--from names the step {options['first']}, which the other options leave out.")
    chosen = chosen_steps(steps, without=frozenset(without), first=options["first"], last=options["last"])
    if not chosen:
        raise CommandError("The options leave no steps to run.")
    return chosen


def _needs_version(step: DeployStep) -> bool:
    return step.name not in NAMELESS and (step.releases is None or step.releases == step.name)


def _go_on(step: DeployStep, deployment: Deployment, options: Mapping[str, Any]) -> str:
    """Returns the sentence that says what to do after this step has failed."""
    again = f"go on with: {_resuming(step, deployment, options)}"
    if step.name in STEPS_BEFORE[: STEPS_BEFORE.index("push")]:
        return (
            "Correct the cause, commit the correction, and deploy again. "
            f"If the project itself needs no change, {again}"
        )
    return f"Correct the cause, and {again}"


def _resuming(step: DeployStep, deployment: Deployment, options: Mapping[str, Any]) -> str:
    """Returns the command that continues the deployment at this step, with this run's options."""
    command = ["python", "manage.py", "deploy", "--from", step.name]
    command += ["--release", deployment.version] if deployment.version else []
    command += ["--env", options["env"]] if options["env"] else []
    command += ["--to", options["last"]] if options["last"] else []
    command += [f"--no-{name}" for name in options["without"] or ()]
    flags = ("no_test", "no_deploy", "allow_dirty", "back_on_failure")
    return shown_command([*command, *(f"--{flag.replace('_', '-')}" for flag in flags if options[flag])])
