"""The deploy check warns of generated writes that anybody may call, whoever forgot to forbid them."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from rest_framework.permissions import AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.settings import api_settings

from macaron_django.api.checks.public_write_checks import public_writes

ITEM = {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Group"}}}}}
BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Group"}}}}
SCHEMAS = {
    "Group": {
        "type": "object",
        "x-model": "auth.Group",
        "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}},
    }
}


@pytest.fixture
def exposed(document, serve):
    """The operations that are warned of, with a ``security`` on all of them, or none."""

    def find(security=None, permission_classes=None):
        root = {} if security is None else {"security": security}
        schemes = {"securitySchemes": {"jwt": {"type": "http", "scheme": "bearer"}}}
        one = {
            "get": {"responses": ITEM},
            "put": {"requestBody": BODY, "responses": ITEM},
            "delete": {"responses": {"204": {"description": ""}}},
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        }
        viewsets = serve(document({"/groups/{id}": one}, SCHEMAS, components=schemes, **root)).viewsets
        if permission_classes is not None:
            for viewset in viewsets.values():
                viewset.permission_classes = permission_classes
        found = list(public_writes(viewsets.served()))
        assert {finding.id for finding in found} <= {"W401"}
        return sorted(finding.message.partition(" is generated")[0] for finding in found)

    return find


WRITES = ["DELETE /groups/{id}", "PUT /groups/{id}"]


@pytest.mark.parametrize(
    ("security", "warned"), [(None, WRITES), ([], WRITES), ([{"jwt": []}, {}], WRITES), ([{"jwt": []}], [])]
)
def test_what_the_spec_says_of_who_may(exposed, security, warned):
    assert exposed(security) == warned


@pytest.mark.parametrize(
    ("default", "warned"), [(AllowAny, WRITES), (IsAuthenticated, []), (IsAuthenticatedOrReadOnly, [])]
)
def test_where_it_is_silent_the_projects_defaults_count(exposed, default, warned, monkeypatch):
    monkeypatch.setattr(api_settings, "DEFAULT_PERMISSION_CLASSES", [default])
    assert exposed() == warned


def test_a_viewsets_own_permissions_count(exposed):
    assert exposed([], [IsAuthenticated]) == []
    assert exposed(None, [AllowAny]) == WRITES
    assert exposed([{"jwt": []}], [AllowAny]) == []


def test_it_is_said_before_a_deployment_only():
    assert "macaron_django.W401" not in {message.id for message in run_checks(tags=["macaron_django"])}
    deployed = run_checks(tags=["macaron_django"], include_deployment_checks=True)
    assert any("POST /profiles" in message.msg for message in deployed if message.id == "macaron_django.W401")


@pytest.mark.parametrize("reporter", ["nowhere.to.be.found", "macaron_django.conf.DEFAULTS", "print"])
def test_a_reporter_that_cannot_be_called_is_an_error(reporter):
    with override_settings(MACARON={"ERROR_REPORTER": reporter}):
        assert "macaron_django.E102" in {message.id for message in run_checks(tags=["macaron_django"])}
