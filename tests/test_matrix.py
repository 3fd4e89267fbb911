"""The Pythons and Djangos that are tested are the same wherever they are listed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def matrix_of_nox() -> set[tuple[str, str]]:
    text = (ROOT / "noxfile.py").read_text("utf-8")
    return set(ast.literal_eval(re.findall(r"^MATRIX = (\[.*?^\])", text, re.MULTILINE | re.DOTALL)[0]))


def test_the_workflow_runs_the_matrix_of_nox():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    listed = workflow["jobs"]["matrix"]["strategy"]["matrix"]["include"]
    assert {(each["python"], each["django"]) for each in listed} == matrix_of_nox()


def test_the_package_names_every_python_and_django_of_the_matrix():
    setup = (ROOT / "setup.py").read_text("utf-8")
    classified = set(re.findall(r'"(?:Programming Language :: Python|Framework :: Django) :: (\d+\.\d+)"', setup))
    assert classified == {version for pair in matrix_of_nox() for version in pair}
