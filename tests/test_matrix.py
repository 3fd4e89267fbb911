"""The Pythons and Djangos that are tested are the same wherever they are listed, and what a release says of itself."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def of_nox(name: str) -> Any:
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    values = [each.value for each in tree.body if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name]
    return ast.literal_eval(values[0])


def workflow(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8"))


def commands(job: Any) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def matrix_of_nox() -> set[tuple[str, str]]:
    return set(of_nox("MATRIX"))


def test_the_workflow_runs_the_matrix_of_nox():
    jobs = workflow("tests")["jobs"]
    listed = [each for name in ("matrix", "free-threaded") for each in jobs[name]["strategy"]["matrix"]["include"]]
    assert {(each["python"], each["django"]) for each in listed} == matrix_of_nox()
    for name in ("matrix", "free-threaded"):
        assert "--require-hashes --requirement requirements/test.txt" in commands(jobs[name])


def test_the_workflow_makes_the_free_threaded_python_what_nox_makes_it():
    job = workflow("tests")["jobs"]["free-threaded"]
    assert {name: value for step in job["steps"] for name, value in step.get("env", {}).items()} == of_nox(
        "FREE_THREADED"
    )


def test_the_workflow_runs_the_lowest_versions_on_the_lowest_python():
    job = workflow("tests")["jobs"]["lowest"]
    assert job["container"] == f"python:{of_nox('LOWEST')}-bookworm"
    assert of_nox("LOWEST") == min((python for python, _ in matrix_of_nox()), key=as_numbers)
    assert "--require-hashes --requirement requirements/lowest.txt" in commands(job)


def test_a_scheduled_workflow_runs_the_newest_versions_on_the_newest_python():
    newest = workflow("newest")
    assert newest[True]["schedule"]  # YAML 1.1 takes the key `on` for a boolean
    job = newest["jobs"]["newest"]
    assert job["container"] == f"python:{of_nox('NEWEST')}-bookworm"
    assert of_nox("NEWEST") == max((python for python, _ in matrix_of_nox() if python[-1] != "t"), key=as_numbers)
    assert "requirements/" not in commands(job)


def as_numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")] if version[-1] != "t" else as_numbers(version[:-1])


def test_the_package_names_every_python_and_django_of_the_matrix():
    setup = (ROOT / "setup.py").read_text("utf-8")
    classified = set(re.findall(r'"(?:Programming Language :: Python|Framework :: Django) :: (\d+\.\d+)"', setup))
    assert classified == {version.rstrip("t") for pair in matrix_of_nox() for version in pair}


METADATA = """
import sys, setuptools
from distutils.core import run_setup
run_setup("setup.py", stop_after="init").metadata.write_pkg_file(sys.stdout)
"""


@pytest.mark.parametrize(
    ("released_in", "source"),
    [({}, None), ({"RELEASE_REPOSITORY": "https://code.example/us/ours"}, "https://code.example/us/ours")],
)
def test_the_metadata_leads_to_where_a_release_is_built(released_in, source):
    environment = {name: value for name, value in os.environ.items() if name != "RELEASE_REPOSITORY"} | released_in
    done = subprocess.run(
        [sys.executable, "-c", METADATA], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    metadata = message_from_string(done.stdout)
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", []))
    assert urls.get("Source") == source
    assert bool(urls) == bool(source)
    assert all(url.startswith(str(source)) for url in urls.values())
    assert metadata["Home-page"] is None
    assert metadata["Author"]
    (built,) = (step for step in workflow("release")["jobs"]["build"]["steps"] if step.get("run") == "make dist")
    assert built["env"]["RELEASE_REPOSITORY"] == "${{ github.server_url }}/${{ github.repository }}"
    checks = [
        step["run"] for step in workflow("release")["jobs"]["build"]["steps"] if "Project-URL" in step.get("run", "")
    ]
    assert len(checks) == 1
    assert 'Project-URL: Source, $GITHUB_SERVER_URL/$GITHUB_REPOSITORY"' in checks[0]


def test_a_release_is_tried_on_every_python_that_the_package_names():
    jobs = workflow("release")["jobs"]
    listed = set(jobs["try"]["strategy"]["matrix"]["python"])
    assert listed == {python for python, _ in matrix_of_nox() if python[-1] != "t"}
    assert jobs["try"]["needs"] == "build"
    assert jobs["publish"]["needs"] == "try"
    assert jobs["publish"]["permissions"]["id-token"] == "write"  # trusted publishing
    assert "make dist" in commands(jobs["build"])
