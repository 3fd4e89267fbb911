"""Dynoxide in a container: by a stand-in for Podman in `make test`, by Podman itself in `make soak`."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from django.test import override_settings

from macaron_django.dynamodb.engines.container import ContainerEngine
from macaron_django.dynamodb.engines.embedded import find_binary
from macaron_django.dynamodb.engines.supervisor import answers, ask

#: Runs the engine itself, at the address that it would be published at, with the volume as a file.
STAND_IN = """\
#!{python}
import os, sys
if sys.argv[1:] == ["info"]:
    sys.exit(0)
published = sys.argv[sys.argv.index("--publish") + 1]
host, port, inside = published.split(":")
volume, folder = sys.argv[sys.argv.index("--volume") + 1].split(":")
serve = sys.argv[sys.argv.index("serve"):]
assert serve[serve.index("--port") + 1] == inside, serve
data = serve[-1]
assert data.startswith(folder + "/"), data
data = os.path.join({volumes!r}, volume + ".sqlite3")
os.execv({binary!r}, [{binary!r}, "serve", "--host", host, "--port", port, "--db-path", data])
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    text = STAND_IN.format(python=sys.executable, volumes=str(tmp_path), binary=str(find_binary()))
    (programs / "podman").write_text(text, "utf-8")
    (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))


def check_that_it_keeps_data(tmp_path, make_table):
    engine = ContainerEngine(tmp_path / "dynamodb.sqlite3")
    engine.start()
    try:
        assert engine.running
        assert engine.volume in engine.status()
        address = engine.process.address
        make_table(address)
    finally:
        engine.stop()
    assert engine.wait_for_end(30)
    assert not answers(address)
    again = ContainerEngine(tmp_path / "dynamodb.sqlite3")
    again.start()
    try:
        assert ask(again.process.address, "ListTables", {}) == {"TableNames": ["things"]}
    finally:
        again.stop()
    assert again.wait_for_end(30)


@pytest.mark.usefixtures("stand_in")
def test_it_starts_ends_with_its_last_user_and_keeps_its_data(tmp_path, make_table):
    check_that_it_keeps_data(tmp_path, make_table)


def test_each_project_has_a_volume_of_its_own(tmp_path):
    one, other = (ContainerEngine(tmp_path / name / "dynamodb.sqlite3") for name in ("one", "other"))
    assert one.volume != other.volume


@pytest.mark.soak
def test_podman_runs_it(tmp_path, make_table):
    assert shutil.which("podman"), "podman isn't here: apt-get install podman crun iptables"
    binary = find_binary()
    assert binary is not None
    shutil.copy(binary, tmp_path / "dynoxide")
    containerfile = 'FROM scratch\nCOPY dynoxide /dynoxide\nENTRYPOINT ["/dynoxide"]\n'
    (tmp_path / "Containerfile").write_text(containerfile, "utf-8")
    image = "localhost/macaron-dynoxide:test"
    subprocess.run(["podman", "build", "--tag", image, str(tmp_path)], check=True)
    volume = ContainerEngine(tmp_path / "dynamodb.sqlite3").volume
    try:
        with override_settings(MACARON={"DYNAMODB": {"IMAGE": image}}):
            check_that_it_keeps_data(tmp_path, make_table)
    finally:
        subprocess.run(["podman", "volume", "rm", "--force", volume], check=False)
