"""``manage.py dockerize``: what it writes and keeps. `test_containers.py` builds and runs it."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import override_settings

from macaron_django.shipping.container_files import ContainedProject, container_files, missing_requirements

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "containers.md").read_text("utf-8")
PROJECT = ContainedProject(
    project="My Notes", python="3.13", wsgi="mysite.wsgi:app", dynamodb=True, worker=True, without_static=False
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "requirements.txt").write_text("granian==2.8\nWhiteNoise\n", "utf-8")
    with override_settings(
        BASE_DIR=tmp_path, WSGI_APPLICATION="mysite.wsgi.application", STATIC_ROOT=tmp_path / "static"
    ):
        yield tmp_path


def instructions(text: str) -> list[str]:
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def test_it_writes_the_files_and_says_how_to_build_them(folder, capsys):
    call_command("dockerize")
    assert {path.name for path in folder.iterdir()} == {
        ".dockerignore",
        "Dockerfile",
        "compose.yaml",
        "requirements.txt",
        "start.sh",
    }
    assert (folder / "start.sh").stat().st_mode & stat.S_IXUSR
    assert "mysite.wsgi:application" in (folder / "start.sh").read_text("utf-8")
    printed = capsys.readouterr()
    assert "docker build --build-arg VERSION=" in printed.out
    assert printed.err == ""


def test_it_writes_nothing_in_a_dry_run(folder, capsys):
    call_command("dockerize", "--dry-run")
    assert [path.name for path in folder.iterdir()] == ["requirements.txt"]
    assert "Dockerfile: new" in capsys.readouterr().out


def test_the_how_to_shows_what_it_prints(folder, capsys):
    (shown,) = re.findall(r"^\$ python manage.py dockerize --dry-run\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    call_command("dockerize", "--dry-run")
    assert capsys.readouterr().out == shown


def test_the_how_to_names_what_the_files_read():
    text = container_files(PROJECT)["start.sh"]
    variables = set(re.findall(r"\$\{(\w+):-", text))
    assert variables == set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))


def test_a_changed_file_is_kept_unless_forced_and_then_all_are(folder, capsys):
    call_command("dockerize")
    (folder / "start.sh").write_text("#!/bin/sh\nexec mine\n", "utf-8")
    (folder / "compose.yaml").unlink()
    with pytest.raises(CommandError, match=r"Nothing was written: start\.sh would change"):
        call_command("dockerize")
    assert not (folder / "compose.yaml").exists()
    assert "-exec mine" in capsys.readouterr().out
    call_command("dockerize", "--force")
    assert "exec mine" not in (folder / "start.sh").read_text("utf-8")
    assert (folder / "compose.yaml").exists()
    call_command("dockerize")  # nothing differs


def test_the_python_of_an_image_stays_unless_another_is_named(folder):
    call_command("dockerize", "--python", "3.12")
    call_command("dockerize")  # nothing differs, whatever Python runs this
    assert "python:3.12-slim" in (folder / "Dockerfile").read_text("utf-8")
    call_command("dockerize", "--python", "3.13", "--force")
    assert "python:3.13-slim" in (folder / "Dockerfile").read_text("utf-8")


def test_what_the_image_needs_is_missed_before_it_is_built(folder, capsys):
    (folder / "requirements.txt").write_text("# granian\nwhitenoise[brotli]>=6\n", "utf-8")
    call_command("dockerize", "--dry-run")
    assert "requirements.txt lacks granian" in capsys.readouterr().err
    (folder / "requirements.txt").unlink()
    with pytest.raises(CommandError, match="pip freeze"):
        call_command("dockerize")
    assert missing_requirements("Granian>=2\nwhitenoise @ file:///whitenoise.whl\n") == []


def test_dockerfile_extra_is_a_part_of_the_image_and_runs_as_root_the_image_does_not(folder):
    (folder / "Dockerfile.extra").write_text("RUN apt-get update && apt-get install -y libmagic1\n", "utf-8")
    call_command("dockerize")
    lines = instructions((folder / "Dockerfile").read_text("utf-8"))
    extra = lines.index("RUN apt-get update && apt-get install -y libmagic1")
    assert lines.index("USER 10001:10001") > extra > max(i for i, line in enumerate(lines) if line.startswith("FROM"))
    assert not [line for line in lines[lines.index("USER 10001:10001") :] if line.startswith(("RUN", "COPY", "ADD"))]


def test_the_dockerfile_has_two_stages_a_health_check_and_a_version():
    text = container_files(PROJECT)["Dockerfile"]
    lines = instructions(text)
    assert [line.split()[1] for line in lines if line.startswith("FROM")] == ["${BASE}", "${BASE}"]
    assert "ARG BASE=docker.io/library/python:3.13-slim" in lines
    assert "/ready" in next(line for line in lines if line.startswith("HEALTHCHECK"))
    assert "/pym/VERSION" in text  # what `macaron_django.shipping.get_container_version()` reads
    assert "collectstatic" in text


def test_without_a_folder_for_static_files_none_are_collected():
    files = container_files(ContainedProject("notes", "3.13", "mysite.wsgi:application", False, False, True))
    assert "collectstatic" not in files["Dockerfile"]


@pytest.mark.parametrize("dynamodb", [False, True])
@pytest.mark.parametrize("worker", [False, True])
def test_the_compose_file_has_the_services_that_the_project_needs(dynamodb, worker):
    files = container_files(ContainedProject("My-Notes", "3.13", "mysite.wsgi:application", dynamodb, worker, False))
    compose = yaml.safe_load(files["compose.yaml"])
    optional = {"dynamodb"} if dynamodb else set()
    optional |= {"worker", "redis"} if worker else set()
    assert set(compose["services"]) == {"app", "setup", "db"} | optional
    for name in {"app", "setup", "worker"} & set(compose["services"]):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["image"] == "my_notes"
    assert set(compose["volumes"]) == {"db"} | ({"dynamodb"} if dynamodb else set())
    assert all(port.startswith("127.0.0.1:") for each in compose["services"].values() for port in each.get("ports", []))


def test_secrets_and_data_stay_out_of_the_image():
    ignored = container_files(PROJECT)[".dockerignore"].splitlines()
    # Without **/ a pattern is about the project's own folder alone.
    assert {"**/.env", "**/.env.*", ".git", "**/*.sqlite3*", "**/*.key", "**/*.pem"} <= set(ignored)


def test_the_script_is_one_for_any_shell():
    shell = shutil.which("dash") or shutil.which("sh")
    assert shell is not None
    script = container_files(PROJECT)["start.sh"]
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert Path(script.splitlines()[0].removeprefix("#!")) == Path("/bin/sh")
