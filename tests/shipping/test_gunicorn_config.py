"""The configuration for gunicorn, read by gunicorn itself, and a server that runs on it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CONFIG = "python:macaron_django.shipping.gunicorn_config"
SHOW = [sys.executable, "-m", "gunicorn", "--print-config", "--config", CONFIG, "served:wsgi"]


def shown(project, **environment):
    chosen = ("PORT", "WEB_CONCURRENCY", "PYM_GUNICORN_WORKERS_COUNT")
    kept = {name: value for name, value in project.environment.items() if name not in chosen}
    done = subprocess.run(
        SHOW, cwd=project.folder, env={**kept, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    lines = (line.partition("=") for line in done.stdout.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in lines} | {
        "code": str(done.returncode),
        "err": done.stderr,
    }


def test_gunicorn_reads_it_and_the_environment_chooses_port_and_workers(case_project):
    project = case_project("bodies")
    usual = shown(project)
    assert usual["code"] == "0", usual["err"]
    assert (usual["bind"], usual["threads"], usual["timeout"]) == ("['127.0.0.1:8080']", "4", "180")
    assert int(usual["workers"]) % 2 == 1
    chosen = shown(project, PORT="9123", WEB_CONCURRENCY="2", PYM_GUNICORN_WORKERS_COUNT="7")
    assert (chosen["bind"], chosen["workers"]) == ("[':9123']", "2")
    assert shown(project, PYM_GUNICORN_WORKERS_COUNT="7")["workers"] == "7"
    assert "PYM_GUNICORN_WORKERS_COUNT is 'x'" in shown(project, PYM_GUNICORN_WORKERS_COUNT="x")["err"]


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_server_runs_on_it_and_logs_no_query(case_project, level):
    project = case_project("bodies", WEB_CONCURRENCY="1")
    client = project.serve(
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        CONFIG,
        "--bind=127.0.0.1:{port}",
        f"--log-level={level}",
        "served:wsgi",
    )
    # gunicorn waits for connections that are kept, even for one that the client closes at the same time
    assert client.get("/ping", params={"key": "a-secret"}, headers={"Connection": "close"}).status_code == 200
    project.kill(how=signal.SIGINT)
    log = project.log()
    assert "GET /ping HTTP/1.1" in log
    assert "a-secret" not in log
    assert "Server is ready. Spawning workers." in log
    assert "Worker spawned" in log
