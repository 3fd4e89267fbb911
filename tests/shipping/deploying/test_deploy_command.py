"""``manage.py deploy``: its order, what it does on failures, dry runs, going on and going back.

Releases go to drivers of the test's own, whose server says what is live. The project's ``manage.py`` only records how
it is called; ``test_deployed_project.py`` has a real one.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from macaron_django.shipping.deploying import deploy_steps, served_versions
from tests.conftest import eventually

RECORDER = """
import json, os, pathlib, sys, time
with open("calls.jsonl", "a") as file:
    print(json.dumps([sys.argv[1:], os.environ.get("PYM_ENV"), os.environ.get("TABLE_PREFIX")]), file=file)
if os.path.exists("failing") and pathlib.Path("failing").read_text() == " ".join(sys.argv[1:2] + sys.argv[3:4]):
    sys.exit(3)
if os.path.exists("waiting") and sys.argv[1] == "check":
    time.sleep(600)
"""
DRIVER = "tests.shipping.deploying.file_drivers.FileDriver"
SECRET = "staging-secret"


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    return subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A server whose /version says what is live in the file that its attribute ``file`` names."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file: Path | None = self.server.file  # type: ignore[attr-defined]
            lines = file.read_text("utf-8").split() if file is not None else [""]
            self.send_response(200 if file is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"container": lines[-1]}).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{found.server_address[1]}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def folder(tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project in git, with staging and live."""
    (tmp_path / "manage.py").write_text(RECORDER, "utf-8")
    (tmp_path / ".gitignore").write_text("calls.jsonl\nfailing\nwaiting\n*.txt\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    server.file = None
    monkeypatch.setattr(deploy_steps, "NOTICED_WITHIN", 0)
    monkeypatch.setattr(served_versions, "INTERVAL", 0)
    variables = {"TABLE_PREFIX": SECRET}
    staging = {"DRIVER": DRIVER, "FILE": "staging.txt", "BASE_URL": f"{server.url}/", "VARIABLES": variables}
    live = {"DRIVER": DRIVER, "FILE": "live.txt", "BASE_URL": server.url, "FAILING": "broken"}
    deploy = {
        "ENVIRONMENTS": {"staging": staging, "live": {**live, "TABLES": ["migrate --no-input", "synctables"]}},
        "UNIT_TESTS": ["python", "manage.py", "unit-tests"],
    }
    with override_settings(BASE_DIR=tmp_path, MACARON={"DEPLOY": deploy}):
        yield tmp_path


def calls() -> list[str]:
    """How manage.py was called, with PYM_ENV before."""
    lines = Path("calls.jsonl").read_text("utf-8").splitlines() if Path("calls.jsonl").exists() else []
    return [" ".join(filter(None, [env, *arguments])) for arguments, env, _ in map(json.loads, lines)]


def revision() -> str:
    return git("rev-parse", "--short", "HEAD")


# ------------------------------------------------------------------ the whole


def test_the_steps_run_in_their_order_and_each_shows_its_time(folder, server, capfd):
    call_command("deploy")
    url = server.url
    assert calls() == [
        "check --deploy --fail-level ERROR",
        "unit-tests",
        "acceptance",
        "staging synctables",
        "live migrate --no-input",
        "live synctables",
        f"staging acceptance --host {url}",
        f"live acceptance --host {url}",
    ]
    printed = capfd.readouterr().out
    names = re.findall(r"^\[\d+/10\] ([a-z-]+): ", printed, re.MULTILINE)
    assert names == [
        *("check", "unittest", "build", "local-acceptance", "push", "tables"),
        *("staging", "staging-acceptance", "live", "live-acceptance"),
    ]
    assert re.findall(r"^([a-z-]+) took \d+\.\d s\.$", printed, re.MULTILINE) == names
    assert re.findall(r"^  ([a-z-]+) +\d+\.\d s$", printed, re.MULTILINE) == [*names, "all"]
    version = Path("live.txt").read_text("utf-8")
    assert re.fullmatch(rf"\d{{6}}-\d{{4}}-{revision()}", version)
    assert printed.index("upload") < printed.index("write staging.txt") < printed.index("write live.txt")
    assert f"{url}/version doesn't say which version it serves." in printed
    assert SECRET not in printed
    assert "$ PYM_ENV=staging TABLE_PREFIX=… python manage.py synctables" in printed


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--no-unittest", "--no-live", "--no-tables"], ["check", "acceptance", "staging acceptance"]),
        (["--no-test", "--no-tables"], ["check", "unit-tests"]),
        (["--no-deploy", "--no-check"], ["unit-tests", "acceptance"]),
        (["--env", "live", "--to", "tables", "--no-test"], ["check", "unit-tests", "live migrate", "live synctables"]),
        (["--from", "live-acceptance"], ["live acceptance"]),
    ],
)
def test_steps_can_be_left_out(folder, options, left):
    call_command("deploy", *options)
    assert [
        " ".join(each.split()[: len(expected.split())]) for each, expected in zip(calls(), left, strict=True)
    ] == left


def test_a_dry_run_shows_each_step_and_changes_nothing(folder, capfd):
    Path("new.py").write_text("", "utf-8")  # nothing that keeps a dry run from being shown
    call_command("deploy", "--dry-run")
    printed = capfd.readouterr()
    assert "aren't committed" in printed.err
    assert "$ python manage.py check --deploy --fail-level ERROR\n" in printed.out
    assert re.search(rf"write live\.txt: \d{{6}}-\d{{4}}-{revision()}-dirty\n", printed.out)
    assert printed.out.endswith("Nothing was changed.\n")
    assert calls() == []
    assert not list(folder.glob("*.txt"))


def test_a_dry_run_goes_on_after_what_would_fail(folder, capfd):
    with pytest.raises(CommandError, match="Nothing was changed; 1 of the steps would fail"):
        call_command("deploy", "--dry-run", "--from", "local-acceptance", "--release", "1-a", *images(folder))
    assert "This would fail" in (printed := capfd.readouterr().out)
    assert "[7/7] live-acceptance" in printed


def images(folder: Path) -> list[str]:
    """Makes staging run images, for which there is no compose.yaml."""
    from django.conf import settings

    settings.MACARON["DEPLOY"]["ENVIRONMENTS"]["staging"]["DRIVER"] = DRIVER.replace("FileDriver", "ImageFileDriver")
    settings.MACARON["DEPLOY"]["REPOSITORY"] = "registry.example.com/notes"
    return []


# ------------------------------------------------------------------ versions


def test_changes_that_are_not_committed_are_refused(folder):
    Path("new.py").write_text("", "utf-8")
    with pytest.raises(CommandError, match=r"aren't committed would be .*: new\.py\. .*--allow-dirty"):
        call_command("deploy")
    call_command("deploy", "--to", "unittest")  # nothing is built
    assert len(calls()) == 2
    call_command("deploy", "--allow-dirty", "--no-test")
    assert Path("live.txt").read_text("utf-8").endswith(f"-{revision()}-dirty")


def test_a_version_is_built_of_its_own_revision_only(folder):
    with pytest.raises(CommandError, match=rf"1-abc can't be built here, because {revision()} is checked out"):
        call_command("deploy", "--release", "1-abc")
    with pytest.raises(CommandError, match="can't be the name of a version"):
        call_command("deploy", "--release", "../1", "--from", "push")
    with pytest.raises(CommandError, match="name the version: --release VERSION"):
        call_command("deploy", "--from", "live")
    call_command("deploy", "--release", "1-abc", "--from", "live", "--no-test")
    assert Path("live.txt").read_text("utf-8") == "1-abc"


def test_a_project_without_git_has_no_version(folder):
    subprocess.run(["mv", ".git", "none"], check=True)
    with pytest.raises(CommandError, match=r"git revision, which can't be read: .*\. Commit the project with git\."):
        call_command("deploy")


def test_the_name_of_a_new_version_can_be_printed(folder, capsys):
    call_command("deploy", "--print-release")
    assert re.fullmatch(rf"\d{{6}}-\d{{4}}-{revision()}\n", capsys.readouterr().out)


# ------------------------------------------------------------------ failures


def test_a_failure_ends_the_run_and_says_how_to_go_on(folder):
    Path("failing").write_text("unit-tests", "utf-8")
    with pytest.raises(CommandError) as failed:
        call_command("deploy", "--no-check", "--to", "staging")
    first, second = str(failed.value).splitlines()
    assert re.match(
        r"unittest failed after \d+\.\d s: `python manage.py unit-tests` ended with exit code 3\. Its output", first
    )
    assert second.startswith(
        "Correct the cause, commit the correction, and deploy again. If the project itself needs no change, go"
    )
    assert re.search(
        rf"python manage.py deploy --from unittest --release \S+-{revision()} --to staging --no-check$", second
    )
    assert calls() == ["unit-tests"]

    Path("failing").unlink()
    call_command("deploy", *second.partition("manage.py deploy ")[2].split())
    assert calls()[1:] == [
        "unit-tests",
        "acceptance",
        "staging synctables",
        "live migrate --no-input",
        "live synctables",
    ]


def test_when_live_fails_its_tests_one_command_goes_back(folder, server, capfd):
    server.file = Path("live.txt").absolute()
    call_command("deploy", "--release", "1-good", "--from", "live", "--no-test")
    Path("failing").write_text(f"acceptance {server.url}", "utf-8")
    with pytest.raises(CommandError) as failed:
        call_command("deploy", "--release", "2-bad", "--from", "live")
    told = str(failed.value).splitlines()
    assert (
        told[1] == "Correct the cause, and go on with: python manage.py deploy --from live-acceptance --release 2-bad"
    )
    assert told[2] == (
        "To go back to what live served before: python manage.py deploy --back --env live --release 2-bad"
    )
    call_command("deploy", *told[2].partition("manage.py deploy ")[2].split())
    assert Path("live.txt").read_text("utf-8") == "1-good"
    assert "live serves 2-bad.\nwrite live.txt: 1-good\nlive goes back to 1-good.\n" in capfd.readouterr().out
    # Given a second time, the command doesn't go back further.
    call_command("deploy", "--back", "--env", "live", "--release", "2-bad")
    assert "live serves 1-good.\nlive doesn't serve 2-bad, so nothing was changed.\n" in capfd.readouterr().out
    assert Path("live.txt").read_text("utf-8") == "1-good"


def test_it_can_go_back_by_itself(folder):
    call_command("deploy", "--release", "1-good", "--from", "live", "--no-test")
    with pytest.raises(CommandError, match=r"It doesn't start\.\n.*\nlive serves the previous release again\."):
        call_command("deploy", "--release", "2-broken", "--from", "live", "--back-on-failure")
    assert Path("live.txt").read_text("utf-8") == "1-good"


def test_a_release_that_never_began_leaves_nothing_to_go_back_from(folder):
    call_command("deploy", "--release", "1-good", "--from", "live", "--no-test")
    with pytest.raises(CommandError) as failed:
        call_command("deploy", "--release", "2-refused", "--from", "live", "--back-on-failure")
    assert str(failed.value).splitlines()[2:] == ["live serves 1-good."]
    assert Path("live.txt").read_text("utf-8") == "1-good"


def test_going_back_needs_an_environment_and_an_earlier_release(folder):
    with pytest.raises(CommandError, match="Name the environment: --back --env live"):
        call_command("deploy", "--back")
    with pytest.raises(CommandError, match="Nothing was released before"):
        call_command("deploy", "--back", "--env", "live")


def test_going_back_that_has_begun_and_failed_warns_of_going_back_further(folder):
    Path("live.txt").write_text("1-broken\n2-b", "utf-8")
    with pytest.raises(CommandError, match=r"doesn't start\. live has begun to go back to 1-broken\. A second --back"):
        call_command("deploy", "--back", "--env", "live")
    assert Path("live.txt").read_text("utf-8") == "1-broken"


def test_going_back_shows_in_a_dry_run_what_it_would_do(folder, capsys):
    Path("live.txt").write_text("1-a\n2-b", "utf-8")
    call_command("deploy", "--back", "--env", "live", "--dry-run")
    assert "write live.txt: 1-a" in (printed := capsys.readouterr().out)
    assert printed.endswith("Nothing was changed.\n")
    assert Path("live.txt").read_text("utf-8") == "1-a\n2-b"


def test_a_server_that_serves_another_version_fails_the_release(folder, server):
    server.file = folder / "other.txt"
    server.file.write_text("0-other", "utf-8")
    with pytest.raises(CommandError, match=r"/version says 0-other, not 1-a\. Check that BASE_URL is the URL"):
        call_command("deploy", "--release", "1-a", "--from", "live")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "nowhere"], "There is no step nowhere. Known: check, unittest, build"),
        (["--env", "moon"], "There is no environment moon. Known: staging, live."),
        (["--from", "live", "--no-live"], "--from names the step live, which the other options leave out"),
        (["--from", "live", "--to", "check"], "The options leave no steps to run"),
        (["--from", "live-acceptance", "--back-on-failure"], "name the version: --release VERSION"),
        (["--back", "--env", "live", "--release", ""], "'' can't be the name of a version. Use at most 128"),
    ],
)
def test_options_that_mean_nothing_are_refused(folder, options, message):
    with pytest.raises(CommandError, match=re.escape(message)):
        call_command("deploy", *options)


@pytest.mark.parametrize(
    ("macaron", "message"),
    [
        (
            {"DEPLOY": {"ENVIRONMENTS": {"live": {"DRIVER": "ecs"}}}},
            "['ENVIRONMENTS']['live'] has no BASE_URL. Add it.",
        ),
        ({}, "['ENVIRONMENTS'] is empty"),
    ],
)
def test_settings_that_are_wrong_are_refused(folder, macaron, message):
    with override_settings(MACARON=macaron), pytest.raises(CommandError, match=re.escape(message)):
        call_command("deploy")


def test_ctrl_c_ends_the_child_and_says_how_to_go_on(folder, capfd):
    Path("waiting").write_text("", "utf-8")

    def interrupt() -> None:
        eventually(lambda: Path("calls.jsonl").exists(), "the first step runs")
        os.kill(os.getpid(), signal.SIGINT)  # this process alone, not its child

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(SystemExit) as ended:
        call_command("deploy")
    thread.join()
    assert ended.value.code == 130
    told = capfd.readouterr().err
    assert re.search(r"check was interrupted\. Go on with: python manage.py deploy --from check --release \S+\n", told)
    assert "Interrupted." in told
    assert calls() == ["check --deploy --fail-level ERROR"]
