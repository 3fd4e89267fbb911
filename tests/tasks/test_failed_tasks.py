"""Tasks that failed are kept with their reports, and are run again once for each failure."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks import Abilities, Message, TaskBackend, asynctask
from macaron_django.tasks.backends.immediate import ImmediateBackend
from macaron_django.tasks.failed_tasks import run_again
from macaron_django.tasks.failures import TaskFailed
from macaron_django.tasks.item_tables import failed_task_model, failed_tasks_table, own_tables
from macaron_django.tasks.runs import run

HERE = "tests.tasks.test_failed_tasks"
DAY = 24 * 3600


class Full(TaskBackend):
    """Takes nothing."""

    name = "full"
    abilities = Abilities(delays=True, results=False, survives_workers=True)

    def send(self, message: Message) -> str:
        raise TaskNotSent("The broker is away.")


class Queue(Full):
    """Takes messages, and does nothing."""

    taken: list[Message] = []

    def send(self, message: Message) -> str:
        self.taken.append(message)
        return message.id


mended: list[str] = []
done: list[str] = []


@asynctask(retries=1)
def mend(name: str, password: str = "") -> None:
    if name not in mended:
        raise LookupError(f"{name} isn't mended, and the password is {password}")
    done.append(name)


@asynctask(retries=0)
def fail(*_: object) -> None:
    raise LookupError("It fails.")


@pytest.fixture(autouse=True)
def kept(dynamodb: Any, settings: Any) -> Iterator[Any]:
    """The model of failed tasks, with its table."""
    settings.MACARON = {**settings.MACARON, "TASKS": {"KEEP_FAILURES_DAYS": 7}}
    (table,) = own_tables()
    create_table(table.table)
    mended.clear()
    done.clear()
    return failed_task_model()


def failed(name: str = "a", **named: str) -> Any:
    """Have a task fail; what is kept of it."""
    task_id = mend.apply_async([name], named).id
    return failed_task_model().objects.get(pk=task_id)  # type: ignore[attr-defined]


def status(row: Any) -> str:
    row.refresh_from_db()
    return str(row.status)


def test_the_last_failure_is_kept_with_the_report_that_the_reporter_gets(settings: Any) -> None:
    reports: list[Any] = []
    settings.MACARON = {**settings.MACARON, "ERROR_REPORTER": lambda title, data, exception: reports.append(data)}
    before = datetime.now(timezone.utc)
    row = failed(password="hush")
    assert (row.task, row.status, row.attempts) == (f"{HERE}.mend", "failed", 2)
    assert row.error == "LookupError: a isn't mended, and the password is hush"  # a text of the project's own
    assert before <= row.failed_at <= datetime.now(timezone.utc)
    assert 7 * DAY - 60 < row.ttl - time.time() <= 7 * DAY
    (report,) = reports
    assert json.loads(row.report) == json.loads(json.dumps(report))
    assert (row.error_id, row.request_id) == (report["error_id"], report["task"]["request_id"])
    assert "in mend\n" in "".join(report["trace"])


def test_what_cannot_be_kept_is_reported_and_what_was_never_signed_is_kept(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[Any] = []
    settings.MACARON = {**settings.MACARON, "ERROR_REPORTER": lambda title, data, exception: reports.append(data)}
    settings.MACARON["TASKS"]["MAX_MESSAGE_SIZE"] = 1
    message = Message(f"{HERE}.fail", [], {})  # as a schedule's event begins it
    with pytest.raises(TaskFailed):
        run(message, ImmediateBackend())
    assert "message" not in failed_task_model().objects.get(pk=message.id)  # type: ignore[attr-defined]
    monkeypatch.setattr("macaron_django.tasks.failed_tasks.keep_failure", fail)
    with pytest.raises(TaskFailed):
        run(message, ImmediateBackend())
    assert [each["task"]["id"] for each in reports] == [message.id] * 2


def test_it_is_kept_without_a_reporter_and_not_where_the_setting_is_0(settings: Any) -> None:
    assert json.loads(failed().report)["response"]["error_code"] == "SERVER_ERROR"
    settings.MACARON["TASKS"]["KEEP_FAILURES_DAYS"] = 0
    mend.apply_async(["b"])
    assert len(failed_task_model().objects.all()) == 1  # type: ignore[attr-defined]
    assert own_tables() == []


def test_a_long_report_is_cut_and_a_message_that_leaves_no_room_is_left_out(settings: Any) -> None:
    settings.MACARON["TASKS"]["MAX_MESSAGE_SIZE"] = 1024 * 1024
    row = failed("x" * 300_000)
    assert len(row.report) < 64 * 1024
    assert json.loads(row.report)["response"]["error_description"].startswith("xxx")
    assert status(row) == "failed"
    row = failed("y" * 500_000)
    assert "message" not in row
    assert run_again(row.pk, ImmediateBackend()) == "unreadable"


def test_it_is_run_again_once_for_each_failure() -> None:
    row = failed()
    assert run_again(row.pk, ImmediateBackend()) == "sent"
    assert (status(row), row.attempts, done) == ("failed", 2, [])  # it has failed again, after as many attempts
    mended.append("a")
    assert run_again(row.pk, ImmediateBackend()) == "sent"
    assert (status(row), done) == ("done", ["a"])
    assert run_again(row.pk, ImmediateBackend()) == "done"
    assert done == ["a"]
    row.delete()
    assert run_again(row.pk, ImmediateBackend()) == "gone"


def test_one_that_is_running_again_is_not_sent_twice_until_its_worker_must_be_gone(settings: Any) -> None:
    Queue.taken = []
    row = failed()
    assert run_again(row.pk, Queue()) == "sent"
    assert run_again(row.pk, Queue()) == "running"
    (message,) = Queue.taken
    assert (message.id, message.attempt, message.due, message.again) == (row.pk, 1, None, 1)
    long_ago = (datetime.now(timezone.utc) - timedelta(seconds=3601)).isoformat()
    table = failed_tasks_table()
    table.update_item(table.key(row.pk), {"run_again_at": {"S": long_ago}})
    assert run_again(row.pk, Queue()) == "sent"
    assert len(Queue.taken) == 2


def test_of_two_who_run_it_again_at_once_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    Queue.taken = []
    row, table = failed(), failed_tasks_table()
    read = type(table).get_item

    def overtaken(self: Any, *args: Any, **named: Any) -> Any:
        item = read(self, *args, **named)
        monkeypatch.undo()
        assert run_again(row.pk, Queue()) == "sent"
        return item

    monkeypatch.setattr(type(table), "get_item", overtaken)
    assert run_again(row.pk, Queue()) == "running"
    assert len(Queue.taken) == 1


def test_a_broker_that_is_away_leaves_it_as_it_was() -> None:
    row = failed()
    with pytest.raises(TaskNotSent):
        run_again(row.pk, Full())
    assert status(row) == "failed"
    mended.append("a")
    assert run_again(row.pk, ImmediateBackend()) == "sent"
    assert status(row) == "done"


def test_a_message_that_somebody_else_has_written_is_not_run() -> None:
    row, table = failed(), failed_tasks_table()
    table.update_item(table.key(row.pk), {"message": {"S": '{"task":"os.abort"}:forged'}})
    assert run_again(row.pk, ImmediateBackend()) == "unreadable"
    assert status(row) == "failed"
