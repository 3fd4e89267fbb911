"""The Lambda handler: requests in events of each kind, shaped as AWS documents them, tasks, and SnapStart."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
import snapshot_restore_py
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from macaron_django import aws
from macaron_django.aws.lambda_handlers import LambdaHandler, get_lambda_handler
from macaron_django.aws.snapshots import drop_connections, import_botocore, renew_random_state
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.clients import clients
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.registry import registry
from macaron_django.tasks import asynctasks
from macaron_django.tasks.definitions import UnknownTask
from macaron_django.tasks.failures import TaskFailed

CONTEXT = SimpleNamespace(aws_request_id=str(uuid4()), function_name="service", memory_limit_in_mb="1024")
CALLER = "203.0.113.9"
Event = dict[str, Any]


def _gateway_1(method: str, path: str, query: str, headers: Mapping[str, str], body: str | None) -> Event:
    pairs = parse_qsl(query, keep_blank_values=True)
    multi: dict[str, list[str]] = {}
    for name, value in pairs:
        multi.setdefault(name, []).append(value)
    forwarded = f"10.9.9.9, {CALLER}"
    sent = {"Host": "api.example.com", "X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https", **headers}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": multi or None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "path": f"/live{path}",
            "stage": "live",
            "protocol": "HTTP/1.1",
            "identity": {"sourceIp": CALLER, "userAgent": "test"},
            "accountId": "123456789012",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _gateway_2(method: str, path: str, query: str, headers: Mapping[str, str], body: str | None) -> Event:
    sent = {"host": "api.example.com", "x-forwarded-for": f"10.9.9.9, {CALLER}", "x-forwarded-proto": "https"}
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {**sent, **{name.lower(): value for name, value in headers.items()}},
        "requestContext": {
            "accountId": "123456789012",
            "domainName": "api.example.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": CALLER,
                "userAgent": "test",
            },
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1767225600000,
        },
        "isBase64Encoded": False,
    }
    return event if body is None else {**event, "body": body}


def _function_url(method: str, path: str, query: str, headers: Mapping[str, str], body: str | None) -> Event:
    event = _gateway_2(method, path, query, headers, None)
    event["requestContext"]["domainName"] = "abcdefg.lambda-url.eu-west-1.on.aws"
    event["cookies"] = ["a=1", "b=2"]
    if body is not None:
        event |= {"body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}
    return event


def _load_balancer(method: str, path: str, query: str, headers: Mapping[str, str], body: str | None) -> Event:
    sent = {"host": "api.example.com", "x-forwarded-for": f"10.9.9.9, {CALLER}", "x-forwarded-proto": "https"}
    target = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/service/6d0ecf831eec9f09"
    return {
        "requestContext": {"elb": {"targetGroupArn": target}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&") if pair),  # still encoded
        "headers": {**sent, **{name.lower(): value for name, value in headers.items()}},
        "body": body or "",
        "isBase64Encoded": False,
    }


MakeEvent = Callable[[str, str, str, Mapping[str, str], str | None], Event]
KINDS: dict[str, MakeEvent] = {
    "API Gateway 1": _gateway_1,
    "API Gateway 2": _gateway_2,
    "function URL": _function_url,
    "load balancer": _load_balancer,
}


@pytest.fixture(params=KINDS)
def event(request: pytest.FixtureRequest) -> MakeEvent:
    return KINDS[request.param]


@pytest.fixture
def handler() -> Iterator[LambdaHandler]:
    before = len(snapshot_restore_py._before_snapshot_registry), len(snapshot_restore_py._after_restore_registry)
    yield get_lambda_handler()
    del snapshot_restore_py._before_snapshot_registry[before[0] :]
    del snapshot_restore_py._after_restore_registry[before[1] :]


def _answer(handler: LambdaHandler, event: Event) -> tuple[int, Any, Mapping[str, str]]:
    answered = handler(event, CONTEXT)
    json.dumps(answered)  # as Lambda does with it
    headers = answered.get("headers") or {}
    headers |= {name: values[0] for name, values in (answered.get("multiValueHeaders") or {}).items()}
    body = answered["body"]
    if answered.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    return answered["statusCode"], json.loads(body) if body else None, {n.lower(): v for n, v in headers.items()}


@pytest.mark.django_db
@pytest.mark.usefixtures("dynamodb")
def test_items_are_made_read_listed_and_deleted(handler: LambdaHandler, event: MakeEvent) -> None:
    json_type = {"Content-Type": "application/json"}
    body = json.dumps({"profile_id": "ada", "name": "Ada ü"})
    status, made, headers = _answer(handler, event("POST", "/profiles", "", json_type, body))
    assert (status, made["name"]) == (201, "Ada ü")
    assert headers["location"] == "https://api.example.com/profiles/ada"
    assert _answer(handler, event("GET", "/profiles/ada", "", {}, None))[:2] == (200, made)
    status, page, _ = _answer(handler, event("GET", "/profiles", "limit=1", {}, None))
    assert (status, page) == (200, [made])
    assert _answer(handler, event("GET", "/profiles", "limit=x%20y", {}, None))[0] == 400
    assert _answer(handler, event("DELETE", "/profiles/ada", "", {}, None))[0] == 204
    assert _answer(handler, event("GET", "/profiles/ada", "", {}, None))[0] == 404


def test_an_application_is_given_the_callers_own_address_and_no_ambiguous_header(event: MakeEvent) -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen = WSGIRequest(environ)
        said = {"from": seen.META["REMOTE_ADDR"], "user": seen.headers.get("X-User"), "q": seen.GET.getlist("q")}
        response = HttpResponse(json.dumps(said), content_type="application/json")
        start_response("200 OK", list(response.items()))
        return [response.content]

    handler = get_lambda_handler(application)
    made = event("GET", "/x", "q=a%26b", {"X-Forwarded-For": f"1.1.1.1, {CALLER}", "X_User": "root"}, None)
    assert _answer(handler, made)[1] == {"from": CALLER, "user": None, "q": ["a&b"]}


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9:5555", "203.0.113.9"),
        ("10.9.9.9:1, 203.0.113.9:5555", "203.0.113.9"),
        ("[2001:db8::9]:5555", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("10.9.9.9:1, [2001:db8::9]", "2001:db8::9"),
    ],
)
def test_the_callers_address_has_no_port_where_a_load_balancer_preserves_it(forwarded: str, address: str) -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(environ["REMOTE_ADDR"]).encode()]

    made = _load_balancer("GET", "/x", "", {"X-Forwarded-For": forwarded}, None)
    assert _answer(get_lambda_handler(application), made)[1] == address


# -- tasks -------------------------------------------------------------------------------------------------------------

done: list[Any] = []


@asynctasks.asynctask()
def tidy(*args: Any, **kwargs: Any) -> None:
    if args == ("fail",):
        raise ArithmeticError
    done.append((args, kwargs))


TIDY = f"{__name__}.tidy"


def test_a_schedule_has_a_task_done(handler: LambdaHandler) -> None:
    done.clear()
    handler({"task": TIDY, "args": [1], "kwargs": {"deep": True}}, CONTEXT)
    assert done == [((1,), {"deep": True})]
    with pytest.raises(TaskFailed):
        handler({"task": TIDY, "args": ["fail"]}, CONTEXT)


def test_what_is_no_request_and_no_task_is_refused(handler: LambdaHandler) -> None:
    scheduled = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    for event in (scheduled, {}, {"task": 1}, {"task": TIDY, "other": 1}):
        with pytest.raises(ValueError, match="doesn't name a task"):
            handler(event, CONTEXT)
    with pytest.raises((UnknownTask, TaskFailed)):
        handler({"task": "os.system", "args": ["true"]}, CONTEXT)


# -- SnapStart ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.usefixtures("dynamodb")
def test_a_snapshot_has_no_connections_and_a_restored_process_makes_its_own(handler: LambdaHandler) -> None:
    def functions(listed: Any) -> list[Any]:
        return [each[0] if isinstance(each, tuple) else getattr(each, "func", each) for each in listed]

    assert {drop_connections, import_botocore} <= {*functions(snapshot_restore_py._before_snapshot_registry)}
    assert renew_random_state in functions(snapshot_restore_py._after_restore_registry)
    get = _gateway_2("GET", "/profiles/ada", "", {}, None)
    assert _answer(handler, get)[0] == 404
    assert clients.present() is not None
    _ = registry.clients
    drop_connections()
    assert clients.present() is None
    random.seed(1)
    snapshot = random.getstate()
    renew_random_state()
    assert random.getstate() != snapshot
    assert _answer(handler, get)[0] == 404


def test_the_package_has_one_handler_which_lambda_looks_up() -> None:
    assert aws.lambda_handler is aws.lambda_handler
    with pytest.raises(AttributeError):
        _ = aws.other


# -- the start of a process --------------------------------------------------------------------------------------------

BARE = """
import io, json, sys
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="only for a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
    MIDDLEWARE=[],
)
urlpatterns = [path("ping", lambda request: HttpResponse(b"{}"))]
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/ping", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
environ |= {"wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http"}
assert b"".join(get_wsgi_application()(environ, lambda *_: None)) == b"{}"
bare = {*sys.modules}
import rest_framework.generics
print(json.dumps([sorted(bare), sorted(sys.modules)]))
"""
START = """
import json, sys, types
from django.conf import settings

given = json.loads(sys.argv[1])
settings.configure(
    SECRET_KEY="only for a test" * 4,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="macaron_django.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "macaron_django"],
    MIDDLEWARE=[],
    MACARON={
        "APIS": {"notes": given["spec"]},
        "DYNAMODB": {"ENGINE": "endpoint", "ENDPOINT": given["endpoint"]},
    },
)
from macaron_django.aws import lambda_handler

statuses = [lambda_handler(event, types.SimpleNamespace())["statusCode"] for event in given["events"]]
print(json.dumps([statuses, sorted(sys.modules)]))
"""
UNNEEDED = (
    *("macaron_django.api.front.asgi_front", "macaron_django.api.docs.pages", "macaron_django.admin"),
    *("macaron_django.management", "macaron_django.tasks.runs", "macaron_django.clients.sending.channels"),
    *("macaron_django.shipping.infrastructure", "macaron_django.dynamodb.tables.table_models"),
    *("macaron_django.dynamodb.calls.connection", "macaron_django.dynamodb.calls.fast_lane.lane"),
    *("drf_spectacular", "moto", "httpx", "jsonschema", "jwt", "cryptography", "importlib.metadata"),
    *("boto3", "botocore.client", "botocore.session", "botocore.httpsession", "pynamodb.connection", "pynamodb.models"),
)
NOTES = """
openapi: 3.1.0
info: {title: Notes, version: "1"}
security: []
paths:
  /notes:
    post: &post
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
      responses: {"201": {content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}}
  /notes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      responses: {"200": {content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}}
components:
  schemas:
    Note:
      type: object
      x-persist: {table: first_notes, hash_key: id}
      required: [id]
      properties: {id: {type: string}, text: {type: string}}
"""


def _modules_of(code: str, *arguments: str) -> Any:
    """Returns what a new process prints whose environment is as plain as Lambda's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BOTO", "DD_", "OTEL_")) and not name.lower().endswith("_proxy")
    }
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=kept)
    return json.loads(done.stdout)


@pytest.mark.usefixtures("dynamodb")
def test_a_first_answer_from_dynamodb_imports_little_more_than_a_view_does(tmp_path: Path) -> None:
    """Two fresh processes, neither of which is timed: what is imported costs what a start costs."""
    key = {"AttributeName": "id", "AttributeType": "S"}
    connection().client.create_table(
        TableName="first_notes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[key],
        BillingMode="PAY_PER_REQUEST",
    )
    spec = tmp_path / "notes.yaml"
    spec.write_text(NOTES)
    sent = {"Content-Type": "application/json"}
    events = [
        _gateway_2("POST", "/notes", "", sent, json.dumps({"id": "a", "text": "first"})),
        _gateway_2("GET", "/notes/a", "", {}, None),
    ]
    given = {"spec": str(spec), "endpoint": engines.current().endpoint_url, "events": events}
    statuses, imported = _modules_of(START, json.dumps(given))
    assert statuses == [201, 200]
    bare, with_rest_framework = map(set, _modules_of(BARE))
    # What Django REST framework imports depends on what else is installed.
    counted = {*imported} - (with_rest_framework - bare)
    assert counted & {*UNNEEDED} == set()
    assert len(counted) <= 1.85 * len(bare)
