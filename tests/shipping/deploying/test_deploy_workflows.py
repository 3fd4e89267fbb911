"""The workflow of GitHub Actions that ``manage.py deploy --workflow github`` writes."""

from __future__ import annotations

import re
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import override_settings

from macaron_django.management.commands.deploy import Command
from macaron_django.shipping.deploying.deploy_environments import deploy_environments
from macaron_django.shipping.deploying.deploy_steps import step_names

COMMON = {"DRIVER": "lambda", "REGION": "eu-west-1", "FUNCTION": "notes", "BASE_URL": "https://example.com"}
ENVIRONMENTS = {name: {**COMMON, "ALIAS": name} for name in ("staging", "demo", "live")}
FILE = ".github/workflows/deploy.yml"


@pytest.fixture
def folder(tmp_path: Path):
    with override_settings(BASE_DIR=tmp_path, MACARON={"DEPLOY": {"ENVIRONMENTS": ENVIRONMENTS}}):
        yield tmp_path


def commands(job: dict[str, Any]) -> list[tuple[str, str]]:
    """The names of a job's steps that deploy, and the command of each."""
    named = [(step["name"], step["run"]) for step in job["steps"] if "--from" in step.get("run", "")]
    assert all(step.keys() <= {"name", "run", "id", "uses", "with"} for step in job["steps"])
    return named


def test_it_runs_the_steps_of_the_command_each_by_itself(folder):
    call_command("deploy", "--workflow", "github")
    workflow = yaml.safe_load((folder / FILE).read_text("utf-8"))
    ran = [pair for job in workflow["jobs"].values() for pair in commands(job)]
    names = step_names(deploy_environments())
    # The tables are each environment's: they come first in its job.
    assert [name for name, _ in ran if name != "tables"] == [name for name in names if name != "tables"]
    assert [name for name, _ in ran].count("tables") == len(ENVIRONMENTS)
    parser = Command().create_parser("manage.py", "deploy")
    assert isinstance(parser, ArgumentParser)
    for name, command in ran:
        words = command.replace('"$RELEASE"', "1-a").removeprefix("python manage.py deploy ").split()
        options = parser.parse_args(words)
        assert (options.first, options.last, options.release) == (name, name, "1-a")


def test_each_environment_waits_for_the_one_before(folder):
    call_command("deploy", "--workflow", "github")
    jobs = yaml.safe_load((folder / FILE).read_text("utf-8"))["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "build": None,
        "staging": ["build"],
        "demo": ["build", "staging"],
        "live": ["build", "demo"],
    }
    assert [jobs[name]["environment"] for name in ENVIRONMENTS] == list(ENVIRONMENTS)
    assert all("--env live " in command for _, command in commands(jobs["live"]))


def test_it_has_a_role_and_no_key(folder):
    call_command("deploy", "--workflow", "github")
    text = (folder / FILE).read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert workflow["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
    for job in workflow["jobs"].values():
        (given,) = (step["with"] for step in job["steps"] if "configure-aws-credentials" in step.get("uses", ""))
        assert given == {"role-to-assume": "${{ vars.AWS_DEPLOY_ROLE }}", "aws-region": "eu-west-1"}
    assert "secrets." not in text
    assert not re.search("access.key", text, re.IGNORECASE)


def test_each_environment_has_its_own_region_and_a_name_that_yaml_would_read_as_nothing(folder):
    environments = {"null": {**COMMON, "ALIAS": "a"}, "on": {**COMMON, "ALIAS": "b", "REGION": "us-east-1"}}
    with override_settings(MACARON={"DEPLOY": {"ENVIRONMENTS": environments}}):
        call_command("deploy", "--workflow", "github")
    jobs = yaml.safe_load((folder / FILE).read_text("utf-8"))["jobs"]
    assert [*jobs] == ["build", "null", "on"]
    assert (jobs["null"]["environment"], jobs["on"]["environment"], jobs["on"]["needs"]) == (
        "null",
        "on",
        ["build", "null"],
    )
    regions = [
        step["with"]["aws-region"] for job in jobs.values() for step in job["steps"] if "aws-region" in str(step)
    ]
    assert regions == ["eu-west-1", "eu-west-1", "us-east-1"]


def test_a_project_that_is_not_on_aws_asks_for_no_credentials(folder):
    own = {"DRIVER": "tests.shipping.deploying.file_drivers.FileDriver", "FILE": "a", "BASE_URL": "https://example.com"}
    with override_settings(MACARON={"DEPLOY": {"ENVIRONMENTS": {"live": own}}}):
        call_command("deploy", "--workflow", "github")
    text = (folder / FILE).read_text("utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "aws" not in text.lower()


def test_steps_that_are_left_out_are_not_in_the_workflow(folder):
    call_command("deploy", "--workflow", "github", "--no-test", "--no-unittest")
    jobs = yaml.safe_load((folder / FILE).read_text("utf-8"))["jobs"]
    assert [name for name, _ in commands(jobs["build"])] == ["check", "build", "push"]
    assert [name for name, _ in commands(jobs["live"])] == ["tables", "live"]


def test_a_project_in_a_folder_of_its_repository_has_its_workflow_where_github_looks(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    project = tmp_path / "services" / "notes"
    project.mkdir(parents=True)
    with override_settings(BASE_DIR=project, MACARON={"DEPLOY": {"ENVIRONMENTS": ENVIRONMENTS}}):
        call_command("deploy", "--workflow", "github")
    workflow = yaml.safe_load((tmp_path / FILE).read_text("utf-8"))
    assert workflow["defaults"] == {"run": {"working-directory": "services/notes"}}
    assert not (project / ".github").exists()


def test_a_workflow_that_was_changed_is_kept_unless_forced(folder, capsys):
    call_command("deploy", "--workflow", "github")
    (folder / FILE).write_text("name: mine\n", "utf-8")
    with pytest.raises(CommandError, match=r"deploy\.yml differs from the new text: add --force"):
        call_command("deploy", "--workflow", "github")
    capsys.readouterr()
    call_command("deploy", "--workflow", "github", "--dry-run")
    printed = capsys.readouterr().out
    assert (folder / FILE).read_text("utf-8") == "name: mine\n"
    call_command("deploy", "--workflow", "github", "--force")
    assert (folder / FILE).read_text("utf-8") == printed
