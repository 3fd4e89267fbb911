"""The stub has the operations of the APIs that are called, and type checkers find wrong calls by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from macaron_django import apipool
from macaron_django.clients.client_stubs import CLIENT_TYPES, client_lines
from macaron_django.management.commands.apistubs import _stub_of_all
from macaron_django.schemas.stubs.stub_files import stub
from tests.clients.conftest import client_settings

ROOT = Path(__file__).resolve().parent.parent.parent
PYRIGHT = ROOT / "node_modules" / ".bin" / "pyright"

RIGHT = """
from macaron_django import apipool

client = apipool.parcels.client
made: apipool.parcels.Parcel = client.send_parcel({"weight": 1})
again: apipool.parcels.Parcel = client.get_parcel(parcel_id="p", max_attempts=2)
listed: list[apipool.parcels.Parcel] = client.listParcels(states=["sent"], x_trace="t")
status: int = client.send_parcel.answer(apipool.parcels.Parcel(weight=1)).status
client.search(words=["a"])
gone: None = client.deleteParcel(parcel_id="p")


async def awaited() -> apipool.parcels.Parcel:
    return await apipool.parcels.aclient.get_parcel(parcel_id="p")
"""
WRONG = """
from macaron_django import apipool

client = apipool.parcels.client
client.send_parcel()
client.get_parcel(parcel="p")
client.listParcels(states="sent", x_trace=7)
number: int = client.get_parcel(parcel_id="p")
client.nothing()
"""


@pytest.fixture
def checked(tmp_path):
    """The lines of a text that a type checker finds fault with."""
    with client_settings():
        text = stub([apipool.parcels], lambda classes, name_of: client_lines(classes.document, name_of), CLIENT_TYPES)
    typings = tmp_path / "typings" / "macaron_django"
    typings.mkdir(parents=True)
    (typings / "__init__.pyi").write_text(text, "utf-8")
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nmypy_path = typings:{ROOT}\nfollow_imports = silent\n")
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "standard", "extraPaths": [str(ROOT)]})
    )

    def check(checker: str, source: str) -> list[int]:
        (tmp_path / "code.py").write_text(source, "utf-8")
        command = {
            "mypy": [sys.executable, "-m", "mypy", "--no-error-summary", "code.py"],
            "pyright": [str(PYRIGHT), "--pythonpath", sys.executable, "code.py"],
        }[checker]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if "error" in line and "code.py:" in line]
        assert len(lines) or done.returncode == 0, done.stdout + done.stderr
        return sorted({int(line.split("code.py:")[1].split(":")[0]) for line in lines})

    return check


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_know_the_arguments_and_the_answer(checked, checker):
    assert checked(checker, RIGHT) == []
    assert checked(checker, WRONG) == [5, 6, 7, 8, 9]


def test_the_command_writes_the_clients_of_the_apis_that_are_called():
    assert "class _Client:" not in _stub_of_all()
    with client_settings():
        written = _stub_of_all()
    assert written.count("class _Client:") == 1
    assert "class parcels(metaclass=_API):" in written
    assert "def send_parcel(self, body: _apipool.parcels.Parcel |" in written
