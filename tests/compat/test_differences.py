"""Each row of the table of differences is so, with ``macaron_django.compat`` in use."""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from django.test import override_settings

from macaron_django import apipool
from macaron_django import openapi as spec
from macaron_django.auth import caller
from macaron_django.dynamodb.boto3_items import attribute_value, normalized_dict, python_item
from macaron_django.exceptions import (
    AnswerInvalid,
    CallOutcomeUnknown,
    PyMacaronException,
    ServiceUnavailable,
    ValidationFailed,
)
from macaron_django.schemas import Classes
from macaron_django.schemas.formats.timestamps import to_epoch
from macaron_django.shipping import gunicorn_config, worker_counts
from macaron_django.testing import MacaronTestCase
from macaron_django.testing.http_assertions import HTTPAssertions
from tests.clients.conftest import SPEC as CALLED
from tests.clients.conftest import Reply, Service, fresh_clients

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "pymacaron-differences.md"
SECRET = "only-for-tests-only-for-tests-only-for-tests"
TESTED: set[str] = set()


def row(name: str) -> Callable[[Any], Any]:
    """Mark the test of a row, by its first cell."""
    TESTED.add(name)
    return lambda test: test


@pytest.fixture(scope="module")
def service(case_server: Callable[..., httpx.Client]) -> httpx.Client:
    return case_server("pymacaron", "wsgi")


@pytest.fixture
def records() -> Any:
    properties = {
        "name": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "datetime"},
        "code": {"type": "string", "format": "record-code"},
    }
    tree = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    with override_settings(MACARON={"COMPAT": True}):
        yield Classes("records", spec.load({**tree, "definitions": {"Record": {"properties": properties}}})).Record


def posted(service: httpx.Client, **record: Any) -> tuple[int, Any]:
    answer = service.post("/record", json=record)
    return answer.status_code, answer.json().get("error", answer.json())


def version_with(service: httpx.Client, **claims: Any) -> int:
    token = jwt.encode({"sub": "7", "exp": time.time() + 60, "iss": "https://myserver.example", **claims}, SECRET)
    return service.get("/auth/version", headers={"Authorization": f"Bearer {token}"}).status_code


@row("Malformed JSON")
def test_malformed_json_is_the_client_s_fault(service: httpx.Client) -> None:
    answer = service.post("/record", content=b'{"name": ', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "MALFORMED_BODY")


@row("`required`")
def test_required_is_enforced(service: httpx.Client) -> None:
    assert posted(service, size=1) == (400, "INVALID_PARAMETER")
    assert posted(service, name="a") == (200, {"name": "a"})


@row("The type of a value")
@pytest.mark.parametrize("wrong", [{"size": "3"}, {"name": 3}])
def test_types_are_not_coerced(service: httpx.Client, wrong: dict[str, Any]) -> None:
    assert posted(service, **{"name": "a", **wrong}) == (400, "INVALID_PARAMETER")


@row("`enum`")
def test_an_enum_allows_what_it_lists(service: httpx.Client) -> None:
    assert posted(service, name="a", kind="b")[0] == 200
    assert posted(service, name="a", kind=None)[0] == 400


@row("null in a body")
def test_null_has_to_be_allowed(service: httpx.Client) -> None:
    assert posted(service, name="a", size=None) == (400, "INVALID_PARAMETER")


@row("Properties that no schema declares")
def test_unknown_properties_are_kept(service: httpx.Client) -> None:
    assert posted(service, name="a", more=[1]) == (200, {"name": "a", "more": [1]})


@row("Setting a property")
def test_assignment_is_checked(records: Any) -> None:
    record = records(name="a")
    with pytest.raises(ValidationFailed):
        record.name = 3


@row("`format: date`")
def test_a_date_is_a_date(records: Any) -> None:
    assert type(records(day="2026-01-31").day) is dt.date


@row("A format that isn't known")
def test_an_unknown_format_is_text(records: Any, service: httpx.Client) -> None:
    assert records(code="x").code == "x"
    assert posted(service, name="a", code="x")[0] == 200


@row("A date-time without an offset")
def test_a_date_time_needs_its_offset(records: Any, service: httpx.Client) -> None:
    assert posted(service, name="a", at="2026-01-31T12:00:00")[0] == 400
    with pytest.warns(RuntimeWarning, match="taken as UTC"):
        assert records(at=dt.datetime(2026, 1, 31)).at.utcoffset() == dt.timedelta(0)  # noqa: DTZ001


@row("How date-times are written")
def test_utc_is_written_as_z_unless_it_was_read_otherwise(records: Any) -> None:
    assert records(at=dt.datetime(2026, 1, 31, tzinfo=dt.timezone.utc)).to_json() == {"at": "2026-01-31T00:00:00Z"}
    assert records(at="2026-01-31T00:00:00+00:00").to_json() == {"at": "2026-01-31T00:00:00+00:00"}
    encoded = records(at="2026-01-31T00:00:00Z").to_json(datetime_encoder=dt.datetime.isoformat)
    assert encoded == {"at": "2026-01-31T00:00:00+00:00"}


@row("`from_json()`")
def test_from_json_leaves_its_argument_alone(records: Any) -> None:
    json = {"name": "a", "day": None}
    assert records.from_json(json).to_json() == {"name": "a"}
    assert json == {"name": "a", "day": None}


@row("`to_bravado()`")
def test_an_object_is_what_bravado_would_be_asked_for(records: Any) -> None:
    class OfBravado:
        def _as_dict(self) -> dict[str, Any]:
            return {"name": "a", "day": None}

    made = records.from_bravado(OfBravado())
    assert made.to_bravado() is made
    assert made.to_json() == {"name": "a"}
    assert records.from_bravado(made) == records.from_bravado({"name": "a"}) == made


@row("The issuer of a token")
def test_the_issuer_is_checked(service: httpx.Client) -> None:
    assert version_with(service) == 200
    assert version_with(service, iss="https://other.example") == 401


@row("An expired token")
def test_an_expired_token_is_refused_soon(service: httpx.Client) -> None:
    assert version_with(service, exp=time.time() - 3) == 200
    assert version_with(service, exp=time.time() - 60) == 401


@row("An unexpected exception")
def test_the_text_of_an_exception_stays_inside(service: httpx.Client) -> None:
    answer = service.get("/failure")
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert answer.json()["error_id"]


@row("`PyMacaronException`")
def test_errors_are_caught_as_exceptions() -> None:
    assert issubclass(PyMacaronException, Exception)


@row("A list of numbers in DynamoDB")
def test_lists_of_numbers_are_read() -> None:
    properties = {"sizes": {"type": "array", "items": {"type": "number"}}}
    assert normalized_dict(None, {}, properties, {"sizes": [Decimal("1.5"), Decimal(2)]}) == {"sizes": [1.5, 2.0]}


@row("Floats in DynamoDB")
def test_floats_are_stored() -> None:
    assert python_item({"n": attribute_value(0.1)}) == {"n": Decimal("0.1")}


@row("`x-persist` refers to a class that has no table")
def test_a_class_without_a_table_gives_its_methods(service: httpx.Client) -> None:
    assert service.put("/draft/a").json() == {"name": "a"}


@row("`get_user_token_data()`")
def test_claims_hold_no_token() -> None:
    caller.remember({"sub": "ada"}, "a.b.c")
    assert (caller.get_user_token_data(), caller.get_user_token()) == ({"sub": "ada"}, "a.b.c")
    caller.forget()
    assert caller.get_user_token_data() == {}


@row("`to_epoch()` of text")
def test_text_of_a_date_is_iso_8601() -> None:
    assert to_epoch("2022-10-01T05:00:00-05:00") == to_epoch("2022-10-01T10:00:00Z")
    with pytest.raises(ValueError, match="ISO 8601"):
        to_epoch("Sat, 1 Oct 2022 10:00:00 GMT")


@row("Importing `pymacaron.log`")
@pytest.mark.usefixtures("old_names")
def test_importing_the_logger_leaves_handlers_alone() -> None:
    before = list(logging.getLogger().handlers)
    importlib.import_module("pymacaron.log")
    assert logging.getLogger().handlers == before


@row("The number of gunicorn's workers")
def test_workers_are_counted_by_usable_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYM_GUNICORN_WORKERS_COUNT", raising=False)
    assert worker_counts.get_gunicorn_worker_count() == 2 * worker_counts.usable_cpus() + 1
    assert worker_counts.get_gunicorn_worker_count(environment={"PYM_GUNICORN_WORKERS_COUNT": "3"}) == 3


@row("gunicorn's access log")
def test_the_access_log_has_no_queries() -> None:
    assert gunicorn_config.accesslog == "-"
    assert not {"%(r)s", "%(q)s", "%(f)s"} & set(re.findall(r"%\(\w\)s", gunicorn_config.access_log_format))


@row("An acceptance test")
def test_a_passing_acceptance_test_prints_nothing(service: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    case = type("Case", (HTTPAssertions,), {"runTest": lambda self: None})()
    case.port = service.base_url.port
    case.assertGetReturnOk("ping")
    assert capsys.readouterr() == ("", "")
    with pytest.raises(AssertionError, match=r"GET http://127.0.0.1:\d+/nothing answered 404: "):
        case.assertGetReturnJson("nothing")


@row("An acceptance test without a server")
def test_a_test_case_starts_its_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYM_SERVER_HOST", raising=False)
    monkeypatch.delenv("PYM_SERVER_PORT", raising=False)
    assert MacaronTestCase._named_target() is None  # tests/testing/test_live_test_case.py has the rest
    monkeypatch.setenv("PYM_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("PYM_SERVER_PORT", "8080")
    assert str(MacaronTestCase._named_target()).startswith("ServerTarget(host='127.0.0.1', port=8080")


@pytest.fixture
def called() -> Any:
    """A service that is called by its spec, and its client under PyMacaron's behaviour."""
    made = Service()
    given = {"SPEC": CALLED, "BASE_URL": made.url, "BACKOFF": 0.001}
    with override_settings(MACARON={"COMPAT": True, "APIS": {}, "CLIENTS": {"parcels": given}}):
        yield made, apipool.parcels.client
    fresh_clients()
    made.stop()


@row("Another API doesn't respond to a call")
def test_only_idempotent_calls_are_sent_again(called: Any) -> None:
    other, client = called
    other.answers(Reply(first=lambda: False))
    with pytest.raises(CallOutcomeUnknown):
        client.send_parcel({"weight": 1})
    assert len(other.received) == 1
    with pytest.raises(ServiceUnavailable):
        client.deleteParcel(parcel_id="p")
    assert len(other.received) == 4


@row("A call that breaks the spec")
def test_a_call_that_breaks_the_spec_is_not_sent(called: Any) -> None:
    other, client = called
    with pytest.raises(ValidationFailed):
        client.send_parcel({"weight": "heavy"})
    assert other.received == []


@row("An answer that breaks the spec")
def test_an_answer_that_breaks_the_spec_is_refused(called: Any) -> None:
    other, client = called
    other.answers(Reply(201, {"weight": "heavy"}))
    with pytest.raises(AnswerInvalid):
        client.send_parcel({"weight": 1})


@row("An exception in a task that is called in another task, or outside of a request")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_called_task_raises_reaches_its_caller(old_names: None) -> None:
    from pymacaron_async import asynctask

    @asynctask()
    def fail() -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        fail()


@row("A row as an argument of a task")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_stored_row_is_sent_by_its_key(old_names: None, dynamodb: Any) -> None:
    from pymacaron_async.serialization import model_to_task_arg, task_arg_to_model

    from macaron_django import apipool

    ada = apipool.myserver.Profile.objects.create(profile_id="ada", name="Ada")
    assert model_to_task_arg(ada).keys() == {"$", "model", "key"}
    assert model_to_task_arg(ada, rows="whole")["v"]["name"] == "Ada"
    assert task_arg_to_model(model_to_task_arg(ada)) == ada


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    rows = re.findall(r"^\| (.+?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert set(rows) - {"What"} == TESTED


@row("`monitor()`")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("old_names")
def test_what_is_measured_goes_to_subscribers(recorded: Any) -> None:
    monitor = importlib.import_module("pymacaron.monitor")
    assert monitor.use_scout is False
    with monitor.monitor(kind="mail", method="send"):
        pass
    assert [(each.kind, each.method) for each in recorded.ended] == [("mail", "send")]


@row("A slow call")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("old_names")
def test_the_arguments_of_a_slow_call_are_not_reported() -> None:
    told: list[Any] = []
    crash = importlib.import_module("pymacaron.crash")
    slow = crash.report_slow(max_ms=-1)(lambda secret: secret)
    with override_settings(MACARON={"ERROR_REPORTER": lambda title, data, exception: told.append((title, data))}):
        slow("hush")
    assert len(told) == 1
    assert "hush" not in str(told)
