"""When a task is sent: in a request, after transactions, with an outbox; and what a call does elsewhere."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction as orm_transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from macaron_django import apipool, dynamodb, events
from macaron_django.auth import caller as auth_caller
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks import (
    Abilities,
    Message,
    TaskBackend,
    TaskFailed,
    UnsendableArgument,
    UnsupportedByBackend,
    asynctask,
    current_task,
    is_task,
)
from macaron_django.tasks.definitions import UnknownTask, task_named
from macaron_django.tasks.item_tables import marks_table, outbox_table, own_tables
from macaron_django.tasks.messages.argument_json import argument_of_json
from macaron_django.tasks.outbox import GRACE, relay
from macaron_django.tasks.runs import run

HERE = "tests.tasks.test_asynctasks"


class Broker(TaskBackend):
    """Keeps what it is given, or refuses it."""

    name = "kept"
    abilities = Abilities(delays=True, results=False, survives_workers=True)
    messages: list[Message] = []
    refuses = False

    def send(self, message: Message) -> str:
        if self.refuses:
            raise TaskNotSent("The broker is away.")
        self.messages.append(message)
        return message.id


@pytest.fixture
def sent(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Message]]:
    """What was sent to a broker of the test's own."""
    settings.MACARON = {**settings.MACARON, "TASKS": {"BACKEND": f"{HERE}.Broker", "OUTBOX": True}}
    monkeypatch.setattr(Broker, "messages", [])
    monkeypatch.setattr(Broker, "refuses", False)
    return Broker.messages


@pytest.fixture
def tables(dynamodb: Any, sent: list[Message]) -> None:
    for table in own_tables():
        create_table(table.table)


calls: list[Any] = []


@asynctask()
def note(*args: Any, **kwargs: Any) -> str:
    calls.append((args, kwargs, is_task()))
    return "noted"


@asynctask(delay=60)
def note_later(what: str) -> None:
    calls.append(what)


@asynctask()
async def note_awaited(what: str) -> str:
    calls.append(what)
    return what


@asynctask(outbox=True, queue="important")
def note_boxed(what: str) -> None:
    calls.append(what)


@asynctask(once=True, retries=1)
def count_visit(profile_id: str) -> None:
    calls.append(profile_id)
    profile = apipool.myserver.Profile.objects.get(pk=profile_id)
    profile.view_count += 1
    profile.save()


@pytest.fixture(autouse=True)
def no_calls() -> None:
    calls.clear()


def view(request: Any) -> HttpResponse:
    returned = note("from a view", number=7)
    return HttpResponse(f"{returned} {len(calls)}")


async def async_view(request: Any) -> HttpResponse:
    await note.aapply_async(["awaited"])
    return HttpResponse("sent")


urlpatterns = [path("view", view), path("async", async_view)]


def test_outside_of_a_request_a_call_is_a_call(sent: list[Message]) -> None:
    assert note("here", x=1) == "noted"
    assert async_to_sync(_awaiting)() == "noted"
    assert calls == [(("here",), {"x": 1}, False), (("loop",), {}, False)]
    assert note_awaited("a") == "a"
    assert sent == []


async def _awaiting() -> Any:
    return note("loop")


def test_outside_of_a_request_a_call_can_send_it(sent: list[Message], settings: Any) -> None:
    settings.MACARON["TASKS"]["OUTSIDE_REQUESTS"] = "send"
    assert note("here") is None
    assert [message.args for message in sent] == [["here"]]


@pytest.mark.urls(HERE)
def test_in_a_plain_view_a_call_is_sent_with_what_is_known_of_the_request(sent: list[Message]) -> None:
    answer = Client().get("/view?secret=1", headers={"X-Request-ID": "r7", "Authorization": "Bearer x"})
    assert answer.content == b"None 0"
    (message,) = sent
    assert (message.task, message.args, message.kwargs) == (f"{HERE}.note", ["from a view"], {"number": 7})
    assert message.caller["request"]["path"] == "/view"
    assert message.caller["request_id"] == "r7"
    assert "Bearer" not in str(message)
    assert note("afterwards") == "noted"  # the request is over


@pytest.mark.urls(HERE)
def test_an_asynchronous_view_sends_without_blocking(sent: list[Message], async_client: Any) -> None:
    async_to_sync(async_client.get)("/async")
    assert [message.args for message in sent] == [["awaited"]]


def test_apply_async_sends_from_anywhere(sent: list[Message]) -> None:
    before = time.time()
    made = note.apply_async(["x"], {"y": dt.date(2026, 1, 31)})
    note_later.apply_async(["a"])
    note_later.apply_async(["b"], countdown=0)
    note.apply_async(countdown=dt.timedelta(minutes=2))
    eta = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=3)
    note.apply_async(eta=eta, queue="slow")
    assert sent[0].id == made.id
    assert argument_of_json(sent[0].kwargs) == {"y": dt.date(2026, 1, 31)}
    assert sent[0].due is sent[2].due is None
    assert before + 60 <= (sent[1].due or 0) <= time.time() + 60
    assert before + 120 <= (sent[3].due or 0) <= time.time() + 120
    assert (sent[4].due, sent[4].queue) == (eta.timestamp(), "slow")
    with pytest.raises(UnsupportedByBackend, match="The task backend kept keeps no results"):
        made.result()


def test_what_cant_be_sent_is_refused_where_it_is_called(sent: list[Message]) -> None:
    @asynctask()
    def hidden() -> None:
        """No worker finds this."""

    with pytest.raises(TypeError, match=r"<locals>.hidden is defined inside a function"):
        hidden.apply_async()
    with pytest.raises(UnsendableArgument, match=r"argument 1 of tests.tasks.test_asynctasks.note is of the class"):
        note.apply_async([object()])
    with pytest.raises(UnsendableArgument, match=r"the argument x of tests.tasks.test_asynctasks.note\[0\] is"):
        note.apply_async(kwargs={"x": [object()]})
    with dynamodb.transaction(), pytest.raises(UnsendableArgument, match="MAX_MESSAGE_SIZE"):
        note.apply_async(["x" * 1_000_000])
    with pytest.raises(ValueError, match="a countdown or an eta, not both"):
        note.apply_async(countdown=1, eta=dt.datetime.now(dt.timezone.utc))
    with pytest.raises(ValueError, match="aware datetime"):
        note.apply_async(eta=dt.datetime(2026, 1, 31))  # noqa: DTZ001
    with pytest.raises(ValueError, match="wait for a year"):
        note.apply_async(countdown=10**9)
    assert sent == []


@pytest.mark.parametrize("options", [{"retries": -1}, {"delay": -1}, {"backoff": -1}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be 0 or more"):
        asynctask(**options)
    with pytest.raises(TypeError, match=r"write @asynctask\(\) above"):
        asynctask(lambda: None)  # type: ignore[arg-type]


def test_in_a_transaction_a_task_is_sent_when_it_has_been_committed(sent: list[Message], tables: None) -> None:
    with dynamodb.transaction():
        apipool.myserver.Profile(profile_id="ada", name="Ada").save()
        note.apply_async(["ada"])
        assert sent == []
    assert [message.args for message in sent] == [["ada"]]
    with pytest.raises(LookupError), dynamodb.transaction():  # noqa: PT012 (all of it is one transaction)
        note.apply_async(["bo"])
        note_boxed.apply_async(["bo"])
        raise LookupError
    assert len(sent) == 1
    assert outbox_table().scan(consistent=True).items == []


@pytest.mark.django_db(transaction=True)
def test_the_outbox_waits_for_a_transaction_of_the_orm(sent: list[Message], tables: None) -> None:
    with pytest.raises(LookupError), orm_transaction.atomic():  # noqa: PT012 (all of it is one transaction)
        note_boxed.apply_async(["x"])
        raise LookupError
    assert outbox_table().scan(consistent=True).items == []
    Broker.refuses = True
    with orm_transaction.atomic():
        note_boxed.apply_async(["y"])
    assert len(outbox_table().scan(consistent=True).items) == 1


@pytest.mark.django_db(transaction=True)
def test_in_a_transaction_of_the_orm_too(sent: list[Message]) -> None:
    with orm_transaction.atomic():
        note.apply_async(["x"])
        assert sent == []
    assert len(sent) == 1
    with pytest.raises(LookupError), orm_transaction.atomic():  # noqa: PT012 (as above)
        note.apply_async(["y"])
        raise LookupError
    assert len(sent) == 1


def test_a_broker_that_is_away_is_told_of_unless_there_is_an_outbox(sent: list[Message], tables: None) -> None:
    Broker.refuses = True
    with pytest.raises(TaskNotSent):
        note.apply_async()
    note_boxed.apply_async(["x"])
    (item,) = outbox_table().scan(consistent=True).items
    assert item["task"] == {"S": f"{HERE}.note_boxed"}
    Broker.refuses = False
    assert relay(Broker()) == 0  # the process that wrote it has its time, first
    Broker.refuses = True
    assert relay(Broker(), now=lambda: time.time() + GRACE + 1) == 0
    Broker.refuses = False
    assert relay(Broker(), now=lambda: time.time() + 2 * GRACE + 2) == 1
    assert [(message.args, message.queue) for message in sent] == [(["x"], "important")]
    assert outbox_table().scan(consistent=True).items == []


def test_a_message_is_in_the_outbox_with_the_items_and_gone_when_it_is_sent(sent: list[Message], tables: None) -> None:
    held: list[Any] = []
    with dynamodb.transaction():
        dynamodb.on_commit(lambda: held.extend(outbox_table().scan(consistent=True).items))
        apipool.myserver.Profile(profile_id="ada", name="Ada").save()
        note_boxed.apply_async(["ada"])
    assert [item["task"] for item in held] == [{"S": f"{HERE}.note_boxed"}]
    assert [message.args for message in sent] == [["ada"]]
    assert outbox_table().scan(consistent=True).items == []


def test_two_relays_share_the_work(sent: list[Message], tables: None) -> None:
    Broker.refuses = True
    for number in range(3):
        note_boxed.apply_async([number])
    Broker.refuses = False

    class Nested(Broker):
        def send(self, message: Message) -> str:
            assert relay(Broker(), now=later) in (0, 1, 2)  # another relay, at the same moment
            return super().send(message)

    def later() -> float:
        return time.time() + GRACE + 1

    relay(Nested(), now=later)
    assert sorted(message.args[0] for message in sent) == [0, 1, 2]


def test_a_message_that_cant_be_sent_doesnt_hold_up_the_outbox(
    sent: list[Message], tables: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    Broker.refuses = True
    for text in ("x" * 1000, "y"):
        note_boxed.apply_async([text])
    Broker.refuses = False

    class Signing(Broker):
        def send(self, message: Message) -> str:
            message.signed()
            return super().send(message)

    settings.MACARON["TASKS"]["MAX_MESSAGE_SIZE"] = 1000  # lower than when it was written
    assert relay(Signing(), now=lambda: time.time() + GRACE + 1) == 1
    assert [message.args for message in sent] == [["y"]]
    assert len(outbox_table().scan(consistent=True).items) == 1
    assert "stays in the outbox" in caplog.text


def test_the_tables_need_a_setting(sent: list[Message], settings: Any) -> None:
    settings.MACARON["TASKS"]["OUTBOX"] = False
    assert own_tables() == []
    with pytest.raises(ImproperlyConfigured, match=r"outbox=True needs tables in DynamoDB"):
        note_boxed.apply_async(["x"])


# -- what a worker does ----------------------------------------------------------------------------


def done(message: Message) -> Any:
    return run(message, Broker())


def test_a_worker_calls_the_function_and_knows_that_it_is_in_a_task(sent: list[Message]) -> None:
    note.apply_async(["x"], {"y": dt.date(2026, 1, 31)})
    done(sent.pop())
    assert calls == [(("x",), {"y": dt.date(2026, 1, 31)}, True)]
    assert (is_task(), current_task()) == (False, None)


def test_a_task_that_comes_before_its_time_is_sent_again(sent: list[Message]) -> None:
    note_later.apply_async(["x"])
    first = sent.pop()
    done(first)
    assert (calls, sent) == ([], [first])


def test_a_caller_that_cant_be_restored_is_a_failure_of_the_task(
    sent: list[Message], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MACARON["JWT"] = {}  # this worker lacks the key that the sender has
    message = Message(f"{HERE}.note", ["x"], caller={"claims": {"sub": "ada"}, "token": None})
    with pytest.raises(TaskFailed, match="ImproperlyConfigured"):
        done(message)
    assert f"Task {HERE}.note [{message.id}] failed at attempt 1" in caplog.text
    assert calls == []
    assert (current_task(), auth_caller.current_request()) == (None, None)


def test_only_tasks_can_be_named(sent: list[Message], caplog: pytest.LogCaptureFixture) -> None:
    for path_ in ("os.system", f"{HERE}.done", "nothing.here", f"{HERE}.Broker.send", "builtins.eval"):
        with pytest.raises(UnknownTask):
            task_named(path_)
        with pytest.raises(TaskFailed):
            done(Message(path_, ["true"]))
    assert "There is no task os.system here" in caplog.text


def test_a_tasks_writes_are_made_once(sent: list[Message], tables: None) -> None:
    apipool.myserver.Profile(profile_id="ada", name="Ada", view_count=0).save()
    count_visit.apply_async(["ada"])
    message = sent.pop()
    for _ in range(3):
        done(message)
    assert apipool.myserver.Profile.objects.get(pk="ada").view_count == 1
    assert calls == ["ada"]
    count_visit.apply_async(["ada"])
    done(sent.pop())
    assert apipool.myserver.Profile.objects.get(pk="ada").view_count == 2


def test_two_runs_of_one_task_at_once_write_once(sent: list[Message], tables: None, monkeypatch: Any) -> None:
    apipool.myserver.Profile(profile_id="ada", name="Ada", view_count=0).save()
    count_visit.apply_async(["ada"])
    message = sent.pop()
    function = task_named(message.task).function

    def meanwhile(profile_id: str) -> None:
        monkeypatch.undo()
        monkeypatch.setattr(Broker, "messages", sent)
        # As another worker, which isn't in this one's transaction.
        import contextvars

        contextvars.Context().run(done, message)
        function(profile_id)

    monkeypatch.setitem(task_named(message.task).__dict__, "function", meanwhile)
    done(message)
    assert apipool.myserver.Profile.objects.get(pk="ada").view_count == 1
    assert sent == []


def test_a_task_once_that_fails_writes_nothing_and_is_tried_again(sent: list[Message], tables: None) -> None:
    count_visit.apply_async(["nobody"])
    message = sent.pop()
    done(message)
    (again,) = sent
    assert (again.id, again.attempt) == (message.id, 2)
    apipool.myserver.Profile(profile_id="nobody", name="Nobody", view_count=0).save()
    done(again)
    done(message)
    assert apipool.myserver.Profile.objects.get(pk="nobody").view_count == 1
    assert marks_table().get_item(marks_table().key(message.id), consistent=True) is not None


def test_events_tell_how_a_task_ends(sent: list[Message], tables: None) -> None:
    told: list[Any] = []

    class Seen(events.Observation[events.TaskEnded]):
        def end(self, ended: events.TaskEnded) -> None:
            told.append((ended.name.rpartition(".")[2], ended.attempt, ended.outcome, type(ended.exception).__name__))

    class Subscriber(events.Subscriber):
        def task(self, began: events.TaskBegan) -> Seen:
            told.append((began.attempt, began.id == sent_id))
            return Seen()

    subscriber = Subscriber()
    events.subscribe(subscriber)
    try:
        sent_id = count_visit.apply_async(["nobody"]).id
        done(sent.pop())
        with pytest.raises(TaskFailed):
            done(replace(sent.pop(), due=None))
        sent_id = note.apply_async().id
        done(sent.pop())
    finally:
        events.unsubscribe(subscriber)
    assert told == [
        (1, True),
        ("count_visit", 1, "retried", "DoesNotExist"),
        (2, True),
        ("count_visit", 2, "failed", "DoesNotExist"),
        (1, True),
        ("note", 1, "succeeded", "NoneType"),
    ]


def test_the_immediate_backend_does_it_after_the_transaction_and_reports_failures(
    sent: list[Message], tables: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MACARON["TASKS"]["BACKEND"] = "immediate"
    with dynamodb.transaction():
        note.apply_async(["x"])
        note_later.apply_async(["y"])
        assert calls == []
    assert calls == [(("x",), {}, True), "y"]
    count_visit.apply_async(["nobody"])
    assert "Task tests.tasks.test_asynctasks.count_visit" in caplog.text
    assert "failed at attempt 1 and will be tried again in 0.0 s" in caplog.text
    assert "failed at attempt 2 (error_id" in caplog.text


def test_a_backend_that_isnt_one_is_said(settings: Any) -> None:
    for name in ("selery", f"{HERE}.done", "nothing.Here", 7):
        with (
            override_settings(MACARON={"TASKS": {"BACKEND": name}}),
            pytest.raises(ImproperlyConfigured, match=r"MACARON\['TASKS'\]\['BACKEND'\] is"),
        ):
            note.apply_async()
