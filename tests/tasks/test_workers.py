"""Workers do what handlers have called, as their caller: with a real broker, real workers and a real engine."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import jwt
import pytest

from macaron_django.tasks.backends.celery_application import application
from tests.tasks.conftest import Service

SECRET = "only-for-tests-only-for-tests-only-for-tests"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(params=["celery", "django"])
def service(request: pytest.FixtureRequest, make_service: Callable[..., Service]) -> Service:
    if request.param == "django":
        made = make_service("django", JOBS_APPS="django_tasks_db")
        made.project.manage("migrate", "--verbosity", "0")
        made.start("db_worker", "--interval", "0.1")
    else:
        made = make_service("celery")
        made.start("macaronworker", "--concurrency", "2")
    return made


def token() -> str:
    return jwt.encode({"sub": "ada", "iss": "https://shop.example", "exp": 2**40, "jti": "7"}, SECRET, "HS256")


def test_a_worker_does_what_a_handler_calls(service: Service) -> None:
    client = service.project.serve_by("wsgi")
    _sees_the_caller(service, client)
    _tries_again(service, client)
    _reports_the_last_failure(service, client)
    _runs_a_failed_one_again(service, client)
    _waits(service, client)
    _calls_at_once_in_a_task(service, client)
    _sends_after_the_transaction(service, client)


def _sees_the_caller(service: Service, client: httpx.Client) -> None:
    sent = token()
    headers = {
        "Authorization": f"Bearer {sent}",
        "X-Request-ID": "request-7",
        "traceparent": TRACE,
        "Accept-Language": "fr",
    }
    body = {"text": "a", "number": 7, "due": "2026-01-31", "price": "1.20"}
    begun = client.post("/jobs/look", json=body, headers=headers)
    assert begun.status_code == 200, begun.text
    seen = service.done(client, "look a")["seen"]
    assert seen.pop("pid") != begun.json()["pid"]
    assert seen == {
        "classes": ["Wish", "Done", "date", "Decimal"],
        "arguments": [body, {"done_id": "row a", "times": 1, "seen": {}}, "2026-01-31", "9.50"],
        "user": "ada",
        "token_of": "ada",
        "path": "/jobs/look",
        "request_id": "request-7",
        "traceparent": TRACE,
        "language": "fr",
        "attempt": 1,
    }
    assert sent not in service.log()


def _tries_again(service: Service, client: httpx.Client) -> None:
    assert client.post("/jobs/fail_twice", json={"text": "b"}).status_code == 200
    assert service.done(client, "end b")["times"] == 1
    assert [service.done(client, f"attempt {attempt} b")["times"] for attempt in (1, 2, 3)] == [1, 1, 1]


def _reports_the_last_failure(service: Service, client: httpx.Client) -> None:
    assert client.post("/jobs/fail", json={"text": "c"}, headers={"Authorization": f"Bearer {token()}"}).is_success
    seen = service.done(client, "report jobs.fail -jobs-fail")["seen"]
    assert (seen["title"], seen["user"], seen["attempt"]) == ("SERVER_ERROR: LookupError", "ada", 2)
    assert (seen["request"]["path"], seen["request"]["method"]) == ("/jobs/fail", "POST")
    assert "in fail\n" in seen["trace"]
    assert "the token ********" in seen["trace"]  # secrets are left out, as in any report
    assert seen["error_id"] in service.log()


FAILED = """
from macaron_django.tasks.backends.chosen_backend import chosen_backend
from macaron_django.tasks.failed_tasks import run_again
from macaron_django.tasks.item_tables import failed_task_model
for row in failed_task_model().objects.filter(status="failed", task="jobs.mend").capped():
    print(run_again(row.pk, chosen_backend()) if RUN else row.user)
"""


def _runs_a_failed_one_again(service: Service, client: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {token()}"}
    assert client.post("/jobs/mend", json={"text": "k"}, headers=headers).is_success

    def told(*, run: bool) -> str:
        return service.project.manage("shell", "-v", "0", "-c", FAILED.replace("RUN", str(run))).stdout

    service.eventually(lambda: told(run=False) == "ada\n", "the failure is kept")
    assert client.post("/jobs/note", json={"text": "mended k"}).is_success
    assert told(run=True) == "sent\n"
    assert service.done(client, "mend k")["seen"]["user"] == "ada"
    assert told(run=True) == ""  # there is no failure any more


def _waits(service: Service, client: httpx.Client) -> None:
    assert client.post("/jobs/later", json={"text": "d"}).is_success
    assert service.done(client, "later d")["seen"]["waited"] >= 0.9


def _calls_at_once_in_a_task(service: Service, client: httpx.Client) -> None:
    assert client.post("/jobs/outer", json={"text": "e"}).is_success
    assert service.done(client, "outer e")["seen"] == service.done(client, "inner e")["seen"]
    assert client.post("/jobs/awaited", json={"text": "e"}).is_success
    assert service.done(client, "awaited e")["times"] == 1
    assert client.post("/jobs/at once", json={}).json() == {"returned": 3}


def _sends_after_the_transaction(service: Service, client: httpx.Client) -> None:
    assert client.post("/jobs/failed transaction", json={"text": "f"}).is_success
    assert client.post("/jobs/transaction", json={"text": "g"}).is_success
    service.done(client, "inner g")
    assert client.get("/done/written g").is_success
    assert client.get("/done/inner f").status_code == 404


def test_what_a_sender_leaves_in_the_outbox_is_sent_by_the_relay(make_service: Callable[..., Service]) -> None:
    service = make_service("celery")
    client = service.project.serve_by("wsgi")
    # The process dies after its transaction, and before it has sent what it named.
    with pytest.raises(httpx.TransportError):
        client.post("/jobs/killed after its transaction", json={"text": "h"})
    service.eventually(lambda: client.get("/done/written h").is_success, "gunicorn has a new process")
    service.start("macaronworker", "--concurrency", "1")
    assert service.done(client, "boxed h")["times"] == 1
    emptied = (
        "from macaron_django.tasks.item_tables import outbox_table as o; print(len(o().scan(consistent=True).items))"
    )
    service.eventually(
        lambda: service.project.manage("shell", "-v", "0", "-c", emptied).stdout.strip() == "0", "the outbox is empty"
    )


RESULTS = """
import jobs
from macaron_django.tasks import TaskFailed
print(jobs.add.apply_async([1, 2]).result(timeout=100))
print(jobs.third_time.apply_async(["x"], countdown=0.1).result(timeout=100))
try:
    jobs.fail.apply_async(["x"]).result(timeout=100)
except TaskFailed:
    print("failed")
"""


@pytest.mark.parametrize("backend", ["celery", "django"])
def test_results_are_had_where_they_are_kept(make_service: Callable[..., Service], broker: str, backend: str) -> None:
    if backend == "django":
        service = make_service("django", JOBS_APPS="django_tasks_db")
        service.project.manage("migrate", "--verbosity", "0")
        service.start("db_worker", "--interval", "0.1")
    else:
        service = make_service("celery", JOBS_RESULTS=broker.replace("/0", "/1"))
        service.start("macaronworker", "--concurrency", "1")
    done = service.project.manage("shell", "-v", "0", "-c", RESULTS)
    assert done.stdout.splitlines() == ["{'sum': 3, 'on': datetime.date(2026, 1, 31)}", "['x', 3]", "failed"]


def test_a_task_that_kills_its_workers_is_given_up_and_reported(make_service: Callable[..., Service]) -> None:
    service = make_service("celery")
    service.start("macaronworker", "--concurrency", "1")
    client = service.project.serve_by("wsgi")
    assert client.post("/jobs/kill_worker", json={"text": "i"}).is_success
    seen = service.done(client, "report jobs.kill_worker -jobs-kill_worker")["seen"]
    assert seen["title"] == "SERVER_ERROR: WorkersKilled"
    assert "10 workers ended before jobs.kill_worker was done" in seen["trace"]
    assert service.done(client, "killing i")["times"] == 10
    assert client.post("/jobs/inner", json={"text": "i"}).is_success
    service.done(client, "inner i")  # others go on


def test_a_project_s_own_celery_application_does_both(make_service: Callable[..., Service]) -> None:
    service = make_service("celery", JOBS_CELERY_APP="own_celery.app")
    service.start("macaronworker", "--concurrency", "1")
    script = "import jobs, own_celery; own_celery.own.delay('j'); jobs.inner.apply_async(['j'])"
    service.project.manage("shell", "-v", "0", "-c", script)
    client = service.project.serve_by("wsgi")
    service.done(client, "own j")
    service.done(client, "inner j")


def test_a_message_of_another_service_is_refused_and_stays_no_longer(make_service: Callable[..., Service]) -> None:
    service = make_service("celery")
    service.start("macaronworker", "--concurrency", "1")
    app = application.__globals__["_made"](service.broker, None, "macaron", 3600)
    app.send_task("macaron_django.tasks.run", args=['{"task": "os.system"}:forged'])
    service.eventually(lambda: "isn't signed with this service's SECRET_KEY" in service.log(), "it is refused")
