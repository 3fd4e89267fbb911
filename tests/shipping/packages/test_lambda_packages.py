"""Packages for Lambda, made by pip of wheels for other machines, and of a project with what has to stay out of them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from macaron_django.shipping import get_container_version
from macaron_django.shipping.packages import lambda_packages
from macaron_django.shipping.packages.installed_requirements import RequirementsNotInstalledError
from macaron_django.shipping.packages.lambda_packages import (
    MOST_UNZIPPED,
    MOST_ZIPPED,
    TooLargePackageError,
    make_lambda_package,
)
from macaron_django.shipping.packages.service_models import leave_out_services
from macaron_django.shipping.prebuilt_files import prebuilt_files

ROOT = Path(__file__).parents[3]
PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"
SECRETS = (
    *(".env", ".git/config", "server.key", "Server.PFX", "db.sqlite3", "db.sqlite3-wal", "terraform.tfstate"),
    *("tests/test_it.py", "venv/pyvenv.cfg", "venv/lib.py"),
)


def _make_wheel(folder: Path, machine: str) -> None:
    """A wheel of ``needed`` for one machine, which says which."""
    tag = f"{PYTHON}-{PYTHON}-manylinux_2_17_{machine}"
    with zipfile.ZipFile(folder / f"needed-1.0-{tag}.whl", "w") as wheel:
        wheel.writestr("needed/__init__.py", f"MACHINE = {machine!r}\n")
        wheel.writestr("needed/__init__.pyi", "MACHINE: str\n")
        wheel.writestr("granian/server.py", "")
        wheel.writestr("needed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n")
        wheel.writestr("needed-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        wheel.writestr("needed-1.0.dist-info/RECORD", "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that requires a package, and has wheels of it for both of Lambda's machines."""
    folder = tmp_path / "shop"
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for machine in ("x86_64", "aarch64"):
        _make_wheel(wheels, machine)
    monkeypatch.delenv("PYTHONDEVMODE", raising=False)  # in which pip takes twice as long
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    for name in ("config/settings.py", "apis/shop.yaml", *SECRETS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("SAID = 1\n", "utf-8")
    (folder / "requirements.txt").write_text("needed\n", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.py").write_text("", "utf-8")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "environment").symlink_to(folder / ".env")
    (folder / "config" / "secret.py").symlink_to(tmp_path / "elsewhere" / "secret.py")
    (folder / "config" / "shop.yaml").symlink_to("../apis/shop.yaml")
    return folder


@pytest.mark.parametrize(
    ("architecture", "machine"),
    [("arm64", "aarch64"), pytest.param("x86-64", "x86_64", marks=pytest.mark.soak)],
)
def test_a_package_has_the_project_and_the_wheels_of_its_machine_and_no_secrets(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architecture: str, machine: str
) -> None:
    output, file = StringIO(), tmp_path / "made.zip"
    with override_settings(BASE_DIR=project):
        call_command("package", "--lambda", architecture=architecture, release="v1", out=file, stdout=output)
    assert f"Wrote {file}: 0.0 MB" in output.getvalue()
    with zipfile.ZipFile(file) as opened:
        names = {name for name in opened.namelist() if "__pycache__" not in name and "dist-info" not in name}
        compiled = [name for name in opened.namelist() if name.endswith(".pyc")]
        assert opened.read("needed/__init__.py").decode() == f"MACHINE = {machine!r}\n"
        opened.extractall(tmp_path / "task")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path / "task"))  # as Lambda sets it
    assert get_container_version() == "v1"
    # The specs of the APIs that this process serves; the files in the folder would be those of another project.
    prebuilt = {name for name in names if name.startswith("macaron_prebuilt/")}
    assert prebuilt == {f"macaron_prebuilt/{name}" for name in prebuilt_files()}
    assert names - prebuilt == {
        "config/settings.py",
        "config/shop.yaml",
        "apis/shop.yaml",
        "needed/__init__.py",
        "pym/VERSION",
        "requirements.txt",
    }
    assert len(compiled) == 2
    # The compiled modules are what is imported, although the sources of this machine are newer.
    (tmp_path / "task" / "needed" / "__init__.py").write_text("MACHINE = 'other'\n", "utf-8")
    imported = [sys.executable, "-c", "import config.settings, needed; print(needed.MACHINE)"]
    done = subprocess.run(imported, cwd=tmp_path / "task", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == machine


def test_what_cannot_be_packed_is_said(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "made.zip"
    with override_settings(BASE_DIR=tmp_path), pytest.raises(CommandError, match=r"no .*requirements\.txt"):
        call_command("package", "--lambda", out=file)
    requirements = project / "others.txt"
    requirements.write_text("no-such-package\n", "utf-8")
    with pytest.raises(RequirementsNotInstalledError, match="no-such-package"):
        make_lambda_package(project, requirements, file, "arm64")
    monkeypatch.setattr(lambda_packages, "MOST_ZIPPED", 100)
    with pytest.raises(TooLargePackageError, match=r"The largest parts: needed.*\. To make .* Or add --for-s3"):
        make_lambda_package(project, project / "requirements.txt", file, "arm64")
    assert not file.exists()
    make_lambda_package(project, project / "requirements.txt", file, "arm64", for_s3=True)
    assert file.exists()


def _install(folder: Path, *names: str) -> Path:
    for name in ("botocore/data/dynamodb/2012-08-10/x.gz", "botocore/data/ec2/x.gz", "botocore/data/s3/x.gz", *names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("", "utf-8")
    (folder / "botocore" / "data" / "endpoints.json").write_text("{}", "utf-8")
    return folder


def _known(folder: Path) -> set[str]:
    return {path.name for path in (folder / "botocore" / "data").iterdir()}


def test_services_that_a_project_does_not_call_are_left_out(tmp_path: Path) -> None:
    alone = _install(tmp_path / "alone")
    assert leave_out_services(alone, None) == {"dynamodb"}
    assert _known(alone) == {"dynamodb", "endpoints.json"}
    named = _install(tmp_path / "named", "boto3/__init__.py")
    assert leave_out_services(named, None) is None  # boto3 is for other services
    assert leave_out_services(named, ["all"]) is None
    with pytest.raises(ValueError, match="botocore has no service s4: use botocore's names"):
        leave_out_services(named, ["s4"])
    assert _known(named) == {"dynamodb", "ec2", "s3", "endpoints.json"}
    assert leave_out_services(named, ["s3"]) == {"dynamodb", "s3"}
    assert _known(named) == {"dynamodb", "s3", "endpoints.json"}
    assert leave_out_services(tmp_path, None) is None  # no botocore


@pytest.mark.soak
@pytest.mark.parametrize("architecture", ["x86-64", "arm64"])
def test_this_package_and_all_that_it_requires_fit_into_a_function(tmp_path: Path, architecture: str) -> None:
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(wheel, check=True)
    (built,) = tmp_path.glob("macaron_django-*.whl")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"macaron_django[aws] @ {built.as_uri()}\n", "utf-8")
    project = tmp_path / "project"
    project.mkdir()
    made = make_lambda_package(project, requirements, tmp_path / "made.zip", architecture)
    print(f"{architecture}: {made.zipped:,} bytes, {made.unzipped:,} unpacked")
    assert made.zipped <= MOST_ZIPPED
    assert made.unzipped <= MOST_UNZIPPED
