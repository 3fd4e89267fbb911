"""A project that is deployed for real, by a driver of its own: a server on this machine, restarted for each release."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, free_port

SETTINGS = """
MACARON = {
    "DEPLOY": {
        "ENVIRONMENTS": {
            "live": {"DRIVER": "own_driver.ServerDriver", "PORT": "%(port)d", "BASE_URL": "http://127.0.0.1:%(port)d"}
        },
        "UNIT_TESTS": ["python", "-m", "pytest", "-p", "no:cacheprovider", "test_unit.py"],
    }
}
"""
DRIVER = '''
import os
import signal
import subprocess
import sys
from pathlib import Path

from macaron_django.shipping.deploying import Release


class ServerDriver:
    """Runs each version as a process; the file ``history`` has the versions that were live."""

    makes = "nothing"
    required = frozenset({"PORT"})
    optional = frozenset()

    def __init__(self, options, actions):
        self.port, self.actions = options["PORT"], actions
        self.history = Path(".deploy/history")

    def upload(self, files):
        folder = Path(".deploy", files.version, "pym")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "VERSION").write_text(files.version)
        Path(".deploy/.gitignore").write_text("*")

    def versions(self):
        return self.history.read_text().split() if self.history.exists() else []

    def current(self):
        return Release((self.versions() or [""])[-1])

    def release(self, files):
        return self.serve([*self.versions(), files.version])

    def back(self):
        return self.serve(self.versions()[:-1])

    def serve(self, versions):
        if Path(".deploy/pid").exists():
            os.kill(int(Path(".deploy/pid").read_text()), signal.SIGKILL)
        self.history.write_text("\\n".join(versions))
        server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", self.port],
            env={**os.environ, "LAMBDA_TASK_ROOT": f".deploy/{versions[-1]}"},
            stdout=Path(".deploy/log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        Path(".deploy/pid").write_text(str(server.pid))
        return Release(versions[-1])

    def wait(self, release):
        pass  # the command asks /version afterwards
'''
SPEC = """
openapi: 3.1.0
info: {title: Greetings, version: "1"}
paths:
  /hello:
    get:
      operationId: greetings.hello
      responses:
        "200":
          description: A greeting
          content: {application/json: {schema: {type: object, properties: {said: {type: string}}}}}
"""
ACCEPTANCE = """
from macaron_django.testing import MacaronTestCase


class GreetingTests(MacaronTestCase):
    def test_it_greets(self):
        self.assertGetReturnDict("hello", {"said": "hello"})
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_project_is_released_and_goes_back_by_itself_when_live_fails(tmp_path, projects, whole):
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "tests" / "fixtures" / "project", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in {
        "case_settings.py": SETTINGS % {"port": free_port()},
        "own_driver.py": DRIVER,
        "apis/greetings.yaml": SPEC,
        "greetings.py": "def hello():\n    return {'said': 'hello'}\n",
        "test_unit.py": "import greetings\n\n\ndef test_it():\n    assert greetings.hello()\n",
        "testaccept/test_greetings.py": ACCEPTANCE,
        ".gitignore": "__pycache__\n.pytest_cache\ndb.sqlite3*\n*.lock\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    project = projects(folder)
    skipped = ["--no-check", "--no-unittest", "--no-local-acceptance", "--no-tables"]
    try:
        done = project.manage("deploy", *([] if whole else skipped))
        assert "live-acceptance took" in done.stdout
        assert done.stdout.count("Acceptance tests passed") == 1 + whole
        good = (folder / ".deploy" / "history").read_text("utf-8")
        if not whole:
            return
        (folder / "greetings.py").write_text("def hello():\n    return {'said': 'hullo'}\n", "utf-8")
        git(folder, "commit", "--quiet", "--all", "--message", "second")
        failed = project.manage("deploy", "--back-on-failure", *skipped, code=1)
        assert "live-acceptance failed after" in failed.stderr
        assert "live serves the previous release again." in failed.stderr
        assert f"live goes back to {good}." in failed.stdout
        assert (folder / ".deploy" / "history").read_text("utf-8") == good
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((folder / ".deploy" / "pid").read_text("ascii")), signal.SIGKILL)
