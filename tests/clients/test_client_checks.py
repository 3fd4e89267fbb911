"""`manage.py check` says what is wrong with the settings of clients, and with the specs that they name."""

import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from macaron_django.checks import check_clients
from macaron_django.clients.client_names import client_names
from macaron_django.conf import settings
from macaron_django.openapi import load
from macaron_django.registry import registry
from tests.clients.conftest import SPEC


def found(clients, **options):
    """The IDs of the check's messages, and their texts."""
    given = {**django_settings.MACARON, "CLIENTS": clients, "CLIENT_OPTIONS": options}
    with override_settings(MACARON=given):
        return [(each.id.rpartition(".")[2], each.msg) for each in check_clients(None)]


def test_good_settings_have_nothing_wrong_with_them():
    assert found({"parcels": SPEC}) == []
    assert found({"parcels": {"SPEC": str(SPEC), "BASE_URL": "/v2", "CREDENTIALS": {"token": "t"}}}) == []
    assert found({"myserver": {"IN_PROCESS": True}}) == []
    assert found({}, READ_TIMEOUT=-1) == []  # nobody is called


@pytest.mark.parametrize(
    ("clients", "text"),
    [
        ({"parcels": {"SPEC": SPEC, "BASE_URI": "https://a.test"}}, "no key 'BASE_URI'"),
        ({"parcels": {"SPEC": SPEC, "BASE_URL": "ftp://a.test"}}, "['BASE_URL'] can't be used"),
        ({"parcels": {"SPEC": SPEC, "BASE_URL": "https://me:secret@a.test"}}, "['BASE_URL'] can't be used"),
        ({"parcels": {"SPEC": SPEC, "READ_TIMEOUT": 0}}, "['READ_TIMEOUT'] is 0"),
        ({"parcels": {"SPEC": SPEC, "VALIDATE_ANSWERS": "maybe"}}, "['VALIDATE_ANSWERS'] is 'maybe'"),
        ({"parcels": {"SPEC": SPEC, "MAX_ATTEMPTS": True}}, "['MAX_ATTEMPTS'] is True"),
        ({"parcels": {"SPEC": SPEC, "CREDENTIALS": {"tocken": "t"}}}, "'tocken'"),
        ({"parcels": {"BASE_URL": "https://a.test"}}, "has no SPEC"),
        ({"myserver": SPEC}, "'myserver' is already the name of an API"),
        ({"parcels": 7}, "is a int"),
        ([SPEC], "is a list"),
    ],
)
def test_a_setting_that_can_t_be_used_is_an_error(clients, text):
    [(id_, message)] = found(clients)
    assert id_ == "E501"
    assert text in message
    assert "secret" not in message


def test_an_option_of_all_calls_is_checked_too():
    [(id_, message)] = found({"parcels": SPEC}, DEADLINE="soon")
    assert (id_, "CLIENT_OPTIONS']['DEADLINE']" in message) == ("E501", True)


def test_certificates_that_aren_t_verified_are_a_warning():
    [(id_, message)] = found({"parcels": {"SPEC": SPEC, "VERIFY": False}})
    assert (id_, "VERIFY" in message) == ("W503", True)


BROKEN = """
openapi: 3.1.1
info: {title: Broken, version: "1"}
paths:
  /a:
    get: {responses: {"200": {description: ok}}}
    post: {operationId: same, responses: {"200": {description: ok}}}
  /b:
    get: {x-bind-client: same, x-decorate-request: nowhere.nothing, responses: {"200": {description: ok}}}
"""


@pytest.fixture
def client_of_text(tmp_path):
    def write(text):
        path = tmp_path / "called.yaml"
        path.write_text(text)
        return {"called": path}

    yield write
    registry._unserved_classes.pop("called", None)


def test_operations_without_a_name_or_with_another_one_s_are_warnings(client_of_text):
    messages = found(client_of_text(BROKEN))
    assert [id_ for id_, _ in messages] == ["W501", "W502", "E501", "E503"]
    unnamed, shared, nowhere, decorator = (message for _, message in messages)
    assert "GET /a" in unnamed
    assert "POST /a" in shared
    assert "GET /b" in shared
    assert "BASE_URL" in nowhere
    assert "nowhere.nothing" in decorator


@pytest.mark.parametrize("text", ["hello: world", "openapi: 3.1.0\ninfo: [", None])
def test_a_spec_that_can_t_be_read_is_an_error(client_of_text, text):
    clients = client_of_text(text) if text is not None else {"called": "not/there.yaml"}
    messages = found(clients)
    assert {id_ for id_, _ in messages} == {"E502"}
    assert "CLIENTS" in messages[0][1]


def test_names_are_identifiers():
    given = ["getPet", "users/get-by-name", "shop.api.list_all", "class", "2fa", "***", "x.y-z"]
    paths = {
        f"/{n}": {"get": {"operationId": name, "responses": {"200": {"description": "ok"}}}}
        for n, name in enumerate(given)
    }
    document = load({"openapi": "3.1.1", "info": {"title": "t", "version": "1"}, "paths": paths})
    assert list(client_names(document)) == ["getPet", "users_get_by_name", "list_all", "class_", "call_2fa", "x_y_z"]


def test_a_project_that_calls_nobody_imports_nothing_of_it():
    assert settings.CLIENTS == {}
    script = (
        "import sys, django\nfrom django.conf import settings\n"
        "settings.configure(SECRET_KEY='x' * 50, ROOT_URLCONF='macaron_django.urls', MACARON={'APIS': {}}, "
        "INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework', 'macaron_django'])\n"
        "django.setup()\nfrom django.core.management import call_command\ncall_command('check')\n"
        "print([n for n in sys.modules if n in ('httpx', 'tenacity') or n.startswith('macaron_django.clients.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['macaron_django.clients.client_options']"
