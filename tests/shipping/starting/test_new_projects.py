"""`python -m macaron_django startproject`: projects that run at once, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from macaron_django import __main__ as program
from macaron_django.management.project_starter import StartProject
from macaron_django.shipping.file_templates import rendered

TENANTS = Path(__file__).parents[3] / "docs" / "how-to" / "tenants.md"
PETSTORE = Path(__file__).parents[2] / "fixtures" / "starting" / "petstore.yaml"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def start(*arguments: str) -> str:
    printed = StringIO()
    call_command(StartProject(stdout=printed, no_color=True), *arguments)
    return printed.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="sample"),
        pytest.param(("--orm",), marks=pytest.mark.soak, id="orm"),
        pytest.param(("--spec", str(PETSTORE)), marks=pytest.mark.soak, id="spec"),
        pytest.param(("--spec", str(PETSTORE), "--orm"), marks=pytest.mark.soak, id="spec-orm"),
        pytest.param(("--spec", "orders.yaml"), id="spec-with-tables"),
    ],
)
def test_a_new_project_passes_its_tests(arguments):
    Path("orders.yaml").write_text(TENANTS.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0], "utf-8")
    printed = start("shop", *arguments)
    assert "What next:\n  cd shop\n  make run " in printed
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    # Its tests call `check` and `handlers --check`, too.
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="],
        cwd="shop", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr
    for command in (["check", "-q"], ["format", "-q", "--check"]):
        linted = subprocess.run([sys.executable, "-m", "ruff", *command, "shop"], check=False)
        assert linted.returncode == 0, command


def test_dry_run_lists_the_files_and_writes_none(tmp_path):
    printed = start("shop", "--dry-run")
    assert "  shop/config/settings.py\n" in printed
    assert "  shop/.github/workflows/ci.yml\n" in printed
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_a_full_one_refused(tmp_path):
    (tmp_path / "shop").mkdir()
    start("shop")
    assert (tmp_path / "shop" / "manage.py").stat().st_mode & 0o100
    assert (tmp_path / "shop" / ".env").stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="already exists and isn't empty"):
        start("shop")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2shop"], "can't be a project's name"),
        (["shop", "--spec", "nowhere.yaml"], r"nowhere\.yaml isn't there"),
        (["shop", "--spec", "brokn.yaml"], "Did you mean broken.yaml"),
        (["shop", "--spec", "."], "is a folder"),
        (["shop", "--spec", "broken.yaml"], r"broken\.yaml:3:1: E004"),
        (["shop", "--spec", "wrong.yaml"], r"wrong\.yaml:5:5: E021"),
        (["shop", "--spec", "wrong.yaml", "--api", "auth"], "'auth' is the name of an app"),
    ],
)
def test_what_it_refuses_leaves_nothing(arguments, message, tmp_path):
    (tmp_path / "broken.yaml").write_text("openapi: 3.0.3\npaths: [\n")
    (tmp_path / "wrong.yaml").write_text(
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a/{b}:\n    get: {}\n"
    )
    with pytest.raises(CommandError, match=message):
        start(*arguments)
    assert not (tmp_path / "shop").exists()


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("macaron_django.shipping.starting.project_files.shutil.move", interrupted)
    with pytest.raises(SystemExit) as ended:
        start("shop")
    assert ended.value.code == 130
    assert list(tmp_path.iterdir()) == []


def test_the_program_says_what_it_can_do(capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["startprojekt", "shop"])
    assert ended.value.code == 2
    assert "did you mean startproject?" in capsys.readouterr().err
    program.main(["--help"])
    assert "startproject NAME" in capsys.readouterr().out


@pytest.mark.parametrize("dynamodb", [True, False])
def test_the_container_s_files_are_what_they_are_meant_to_be(dynamodb):
    files = rendered("container", {"project": "My-Shop", "slug": "my_shop", "python": "3.13", "dynamodb": dynamodb})
    compose = yaml.safe_load(files["compose.yaml"])
    assert ("dynamodb" in compose["services"]) is dynamodb
    assert compose["services"]["app"]["read_only"] is True
    assert compose["services"]["app"]["cap_drop"] == ["ALL"]
    assert "USER 10001:10001" in files["Dockerfile"]
    assert subprocess.run(["sh", "-n"], input=files["start.sh"], text=True, check=False).returncode == 0


def test_the_locks_pin_what_the_project_asks_for():
    start("shop")
    run, dev = (Path("shop", f"requirements{kind}.txt").read_text("utf-8").splitlines() for kind in ("", "-dev"))
    assert run[1].startswith("macaron_django==")
    for name in ("django", "django-environ", "granian", "psycopg", "whitenoise"):
        assert any(line.startswith(f"{name}==") for line in run), name
    assert set(run) <= set(dev)
    assert any(line.startswith("pytest-django==") for line in dev)
