"""Messages: signed by this service, of a bounded size, read as they were written."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.signing import Signer

from macaron_django.tasks import BadMessage, Message, UnsendableArgument
from macaron_django.tasks.messages.task_messages import read_message


def test_a_message_is_read_as_it_was_written() -> None:
    message = Message("jobs.add", [1, {"$": "date", "v": "2026-01-31"}], {"x": None}, {"language": "fr"}, due=7.5)
    assert read_message(message.signed()) == message
    assert message.next_attempt(9.0).attempt == 2
    assert message.next_attempt(9.0).id == message.id


def test_ids_are_in_the_order_of_time() -> None:
    assert uuid.UUID(Message("a").id).version == 7


def test_a_changed_or_foreign_message_is_refused(settings: Any) -> None:
    text = Message("jobs.add", [1]).signed()
    for changed in (text.replace("jobs.add", "jobs.sub"), text[:-1], "", "{}", "a:b"):
        with pytest.raises(BadMessage, match="isn't signed with this service's SECRET_KEY"):
            read_message(changed)
    settings.SECRET_KEY, before = "another key" * 5, settings.SECRET_KEY
    with pytest.raises(BadMessage):
        read_message(text)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert read_message(text).args == [1]


@pytest.mark.parametrize("given", [[], {"task": "a", "later": 1}, {"id": "7", "task": "a"}, "x"])
def test_a_signed_text_of_another_form_is_refused(given: Any) -> None:
    text = Signer(salt="macaron_django.tasks.message").sign(json.dumps(given))
    with pytest.raises(BadMessage, match="doesn't have this version's format"):
        read_message(text)


def test_a_message_has_a_size() -> None:
    with pytest.raises(UnsendableArgument, match="more than MACARON\\['TASKS'\\]\\['MAX_MESSAGE_SIZE'\\] allows"):
        Message("jobs.add", ["x" * 300_000]).signed()


def test_a_message_that_was_sent_can_be_sent_again(settings: Any) -> None:
    message = Message("jobs.add", ["x"])
    settings.MACARON = {**settings.MACARON, "TASKS": {"MAX_MESSAGE_SIZE": len(message.signed())}}
    for again in (message.next_attempt(1_800_000_000.123456), message.next_delivery()):
        assert read_message(again.signed()) == again
