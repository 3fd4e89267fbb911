"""`manage.py showapi`: who answers each operation, with what, of the example project's APIs and of one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets
from macaron_django.dynamodb import Persistence
from macaron_django.management import showapi_rows
from macaron_django.management.commands.showapi import Command
from macaron_django.management.terminals import aligned
from macaron_django.registry import API
from macaron_django.schemas import Classes
from tests.conftest import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "/v1"}],
    "paths": {
        "/a": {
            "get": {"operationId": "bound", "x-bind-server": "shop.api.bound", "x-decorate-server": "shop.api.twice"},
            "post": {"operationId": "nobody"},
            "put": {"operationId": "other", "x-no-bind-server": True},
            "patch": {
                "operationId": "takes",
                "x-bind-server": "shop.api.takes",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {"200": {"description": "", "links": {"next": {}}}},
                "callbacks": {"paid": {}},
            },
        }
    },
    "webhooks": {"restocked": {}},
    "components": {
        "schemas": {"Order": {"type": "object", "properties": {"class": {}, "a-b": {}, "plain": {}, "日本": {}}}}
    },
}


@pytest.fixture
def api():
    document = spec.load(DOCUMENT)
    return API("shop", document, Classes("shop", document), {})


@pytest.fixture
def rows(api):
    return {row.operation: row for row in showapi_rows.operation_rows(api)}


def showapi(*names: str) -> str:
    printed = io.StringIO()
    call_command(Command(stdout=printed, no_color=True), *names)
    return printed.getvalue()


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_handler_is_named_with_its_decorators(rows):
    assert rows["bound"].answered_by == "shop.api.bound @shop.api.twice, by A.bound"
    assert (rows["bound"].path, rows["bound"].method) == ("/v1/a", "GET")


def test_what_nobody_answers_is_said(rows, api, settings):
    assert rows["nobody"].answered_by == "nothing: 501, by A.nobody"
    settings.MACARON = {"MOCK": True}
    assert "MOCK" in next(row for row in showapi_rows.operation_rows(api) if row.operation == "nobody").answered_by


def test_what_is_left_to_somebody_else_is_said(rows):
    assert rows["other"].answered_by == "left to the project (x-no-bind-server)"


def test_the_serializer_is_that_of_the_body(rows):
    assert (rows["takes"].serializer, rows["takes"].model, rows["takes"].manager) == ("Order", "", "")


def test_a_replaced_viewset_is_named(api):
    generated = api.viewsets["A"]
    generated.replacement = type(
        "Mine", (generated,), {"__module__": "shop.views", "nobody": lambda self, request: None}
    )
    rows = {row.operation: row for row in showapi_rows.operation_rows(api)}
    assert rows["nobody"].answered_by == "shop.views.Mine.nobody"


def test_a_serializer_that_only_a_request_tells_is_left_open(api):
    def get_serializer_class(self):
        return self.request.user.serializer_class

    generated = api.viewsets["A"]
    generated.replacement = type("Mine", (generated,), {"get_serializer_class": get_serializer_class})
    assert {row.serializer for row in showapi_rows.operation_rows(api)} == {""}


def test_properties_with_a_field_name_of_their_own_are_listed(api):
    found = [(each.property, each.field) for each in showapi_rows.field_names_of(api)]
    assert found == [("class", "class_field"), ("a-b", "a_b"), ("日本", "u65e5_u672c")]


def test_what_is_described_and_not_served_is_listed(api):
    assert list(showapi_rows.kept_names(api)) == [
        ("webhook", "restocked"),
        ("callback", "PATCH /a: paid"),
        ("link", "PATCH /a: next"),
    ]


def test_the_options_of_x_persist_are_those_in_force():
    schema = {
        "type": "object",
        "x-persist": {
            "table": "orders",
            "hash_key": "id",
            "range_key": "at",
            "keys_from": {"id": "claim:tenant"},
            "indexes": {"by_item": {"hash_key": "item", "range_key": "at", "projection": ["n"]}},
            "billing": {"read": 1, "write": 2},
            "version": "n",
            "tags": {"team": "shop", "cost": "7"},
            "deletion_protection": True,
        },
        "properties": {
            "id": {"type": "string"},
            "at": {"type": "string"},
            "item": {"type": "string"},
            "n": {"type": "integer"},
        },
    }
    document = spec.load({"openapi": "3.1.0", "info": {"title": ""}, "components": {"schemas": {"Order": schema}}})
    order = document.schemas["Order"]
    persistence = Persistence("shop", order, order.extensions.persist, Classes("shop", document))
    assert dict(showapi_rows.options_of(persistence)) == {
        "table": "orders",
        "hash_key": "id",
        "range_key": "at",
        "keys_from": "id: claim:tenant",
        "indexes.by_item": "item, at (projection: n)",
        "billing": "provisioned: 1 read, 2 write",
        "ttl": "none",
        "expired": "shown",
        "version": "n",
        "scan": "forbidden",
        "sets": "none",
        "tags": "cost=7, team=shop",
        "point_in_time_recovery": "left open",
        "deletion_protection": "true",
        "class": "none",
    }


def test_columns_are_as_wide_as_what_is_in_them_takes_on_a_terminal():
    assert list(aligned([("日本", "x"), ("abc", "y")], indent="")) == ["日本  x", "abc   y"]


# ------------------------------------------------------------------ the command


def test_every_api_is_shown_or_those_that_are_named():
    assert "ping: " in showapi()
    assert "macaron_django.api.builtin.ping" in showapi("ping")


def test_an_api_that_there_is_not_is_an_error_with_a_guess():
    with pytest.raises(CommandError, match=r"no API named 'pong'\. Did you mean 'ping'\?"):
        showapi("pong")
    with pytest.raises(CommandError, match=r"no API named 'x'\. The known ones are .*ping"):
        showapi("x")


def test_an_api_that_is_not_served_is_not_said_to_be_missing(tmp_path, settings):
    settings.MACARON = {"APIS": {"shop": tmp_path / "shop.yaml"}}
    with pytest.raises(CommandError, match=r"isn't served because its spec has errors: .*checkspec .*shop\.yaml"):
        showapi("shop")


def test_the_example_projects_apis_are_as_the_how_to_shows_them():
    shown = (ROOT / "docs" / "how-to" / "spec.md").read_text("utf-8")
    shown = shown.partition("$ python manage.py showapi library\n")[2].partition("```")[0]
    done = manage("showapi", "library")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", shown)


def test_a_persisted_schema_shows_its_model_manager_and_table():
    done = manage("showapi", "myserver")
    line = next(line for line in done.stdout.splitlines() if " list_profiles " in line)
    assert "macaron_myserver.Profile  ItemManager (DynamoDB: profiles)" in line
    assert "myserver.db.profile.PersistentProfile" in done.stdout


def test_a_typo_is_no_traceback():
    done = manage("showapi", "libary")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "CommandError: There is no API named 'libary'. Did you mean 'library'?"


def test_viewsets_are_those_that_are_served(api):
    assert isinstance(api.viewsets, type(build_viewsets("shop", api.document, api.classes)))
