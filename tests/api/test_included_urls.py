"""An API answers wherever its URLs are included: below namespaces, and below paths with parameters."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from django.urls import include, path

from macaron_django.api import build_viewsets, url_patterns
from macaron_django.schemas import Classes

GROUP = {"$ref": "#/components/schemas/Group"}
ONE = {"description": "One.", "content": {"application/json": {"schema": GROUP}}}
ALL = {"description": "All.", "content": {"application/json": {"schema": {"type": "array", "items": GROUP}}}}
BODY = {"required": True, "content": {"application/json": {"schema": GROUP}}}
KEY = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
PATHS = {
    "/groups": {"get": {"responses": {"200": ALL}}, "post": {"requestBody": BODY, "responses": {"201": ONE}}},
    "/groups/{id}": {
        "parameters": [KEY],
        "get": {"responses": {"200": ONE}},
        "patch": {"requestBody": BODY, "responses": {"200": ONE}},
    },
}
PROPERTIES = {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}}
SCHEMAS = {"Group": {"type": "object", "x-model": "auth.Group", "required": ["name"], "properties": PROPERTIES}}


@pytest.mark.django_db
@pytest.mark.parametrize("namespace", [None, "service"])
@pytest.mark.parametrize(("prefix", "base"), [("v1/", "/v1/"), ("<slug:tenant>/", "/blue/")])
def test_generated_operations_are_answered_and_lead_to_their_items(document, namespace, prefix, base):
    described = document(PATHS, SCHEMAS, security=[])
    patterns = url_patterns("test", build_viewsets("test", described, Classes("test", described)))
    included = include((patterns, namespace)) if namespace else include(patterns)
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [path(prefix, included)]})):
        client = Client()
        places = []
        for name in ("a", "b"):
            created = client.post(f"{base}groups", {"name": name}, content_type="application/json")
            assert created.status_code == 201
            places.append(created["Location"])
            assert client.get(places[-1]).json()["name"] == name
        assert [place.rpartition("/")[0] for place in places] == [f"http://testserver{base}groups"] * 2
        assert [group["name"] for group in client.get(f"{base}groups").json()] == ["a", "b"]
        assert client.patch(places[0], {"name": "c"}, content_type="application/json").json()["name"] == "c"
