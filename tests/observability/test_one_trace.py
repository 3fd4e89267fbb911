"""One trace leads from a client through both services of the example project to its worker, and to DynamoDB."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Project, eventually
from tests.observability.otlp_receiver import ExportedSpan, OTLPReceiver

TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:{port}", "--workers=1", "--threads=2", "config.wsgi")


def tree(spans: list[ExportedSpan], parent: str = CLIENT) -> list[Any]:
    """The spans below one, by name: each with its service, and those below it."""
    below = sorted((each for each in spans if each.parent == parent), key=lambda one: one.name)
    return [(f"{each.service}: {each.name}", tree(spans, each.id)) for each in below]


@pytest.fixture
def receiver() -> Iterator[OTLPReceiver]:
    made = OTLPReceiver()
    yield made
    made.close()


def test_one_trace_leads_from_a_client_through_both_services_to_the_worker(
    example: Project, projects: Callable[..., Project], broker: str, receiver: OTLPReceiver
) -> None:
    shared = {
        "PYTHONPATH": str(example.folder / "example_project"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TASKS_BACKEND": "celery",
        "CELERY_BROKER_URL": broker,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    profiles = projects(example.folder, SERVE="myserver", OTEL_SERVICE_NAME="profiles", **shared).serve(*GUNICORN)
    greeter = {"SERVE": "greetings", "PROFILES_URL": str(profiles.base_url), **shared}
    greetings = projects(example.folder, OTEL_SERVICE_NAME="greetings", **greeter)
    client = greetings.serve(*GUNICORN)
    with (example.folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "macaronworker", "--concurrency", "1"],
            cwd=example.folder,
            env={**greetings.environment, "OTEL_SERVICE_NAME": "worker"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        headers = {"traceparent": f"00-{TRACE}-{CLIENT}-01"}
        sent = client.post("/greetings", json={"to": "ada", "text": "well done."}, headers=headers)
        assert (sent.status_code, sent.json()["text"]) == (200, "Dear Ada Lovelace, well done.")
        address = f"/greetings/{sent.json()['greeting_id']}"
        eventually(lambda: client.get(address).json().get("delivered"), "the worker delivers the greeting")
        called = [("profiles: GET /profiles/{profile_id}", [("profiles: DynamoDB.GetItem", [])])]
        done = [("worker: DynamoDB.GetItem", []), ("worker: DynamoDB.UpdateItem", [])]
        below_greetings = [
            ("greetings: DynamoDB.PutItem", []),
            ("greetings: GET /profiles/{profile_id}", called),
            ("worker: process greetings.tasks.deliver", done),
        ]
        whole = [("greetings: POST /greetings", below_greetings)]
        eventually(lambda: len(receiver.of_trace(TRACE)) >= 8, "all spans are exported")
        assert tree(receiver.of_trace(TRACE)) == whole

        missing = client.post("/greetings", json={"to": "nobody", "text": "hello."})
        assert (missing.status_code, missing.json()["error"]) == (404, "NOBODY_TO_GREET")
        assert client.post("/greetings", json={"to": "shigeru", "text": "hello."}).status_code == 200
        told = "MissingAddressError: The profile shigeru has no email address"
        eventually(lambda: told in _failed_tasks(client), "the admin lists the failed task")
    finally:
        greetings.kill(worker)
    count = "Permission.objects.filter(codename__endswith='_failedtask').count()"
    code = f"from django.contrib.auth.models import Permission; print({count})"
    assert example.manage("shell", "-v", "0", "-c", code).stdout == "4\n"  # `migrate` has made them


def _failed_tasks(client: httpx.Client) -> str:
    """The admin's list of failed tasks."""
    login = client.get("/admin/login/")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', login.text)
    if found is not None and "sessionid" not in client.cookies:
        as_admin = {"username": "admin", "password": "admin", "csrfmiddlewaretoken": found[1]}
        assert client.post("/admin/login/", data=as_admin).status_code == 302
    return client.get("/admin/macaron_django/failedtask/").text
