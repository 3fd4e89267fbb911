"""A project's own viewsets in the place of generated ones: by settings, by decorator, and too late."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django.api import build_viewsets, url_patterns, viewsets
from macaron_django.schemas import Classes

LISTED = {"type": "array", "items": {"$ref": "#/components/schemas/Group"}}
PATHS = {
    "/groups": {
        "get": {
            "parameters": [{"name": "unheard_of", "in": "query", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": LISTED}}}},
        }
    },
}
SCHEMAS = {"Group": {"type": "object", "x-model": "auth.Group", "properties": {"name": {"type": "string"}}}}


@pytest.fixture
def made(document):
    described = document(PATHS, SCHEMAS, security=[])
    return build_viewsets("test", described, Classes("test", described))


@pytest.fixture
def subclass(made, monkeypatch):
    """A subclass of the generated viewset, importable as tests.api.…own.Groups would be."""
    own = type("Groups", (made["Groups"],), {"__module__": __name__})
    monkeypatch.setattr(viewsets, "Own", own, raising=False)
    return own


DOTTED = "macaron_django.api.viewsets.Own"


def test_the_class_that_the_settings_name_is_served(made, subclass):
    with override_settings(MACARON={"VIEWSETS": [DOTTED]}):
        assert viewsets.in_use(made["Groups"]) is subclass
        (resolver,) = url_patterns("test", made)
        assert resolver.url_patterns[0].callback.cls is subclass
    assert viewsets.in_use(made["Groups"]) is made["Groups"]


def test_settings_come_before_the_decorator(made, subclass):
    decorated = viewsets.register(type("Decorated", (made["Groups"],), {}))
    assert viewsets.in_use(made["Groups"]) is decorated
    with override_settings(MACARON={"VIEWSETS": [DOTTED]}):
        assert viewsets.in_use(made["Groups"]) is subclass


@pytest.mark.parametrize(
    "dotted", ["nowhere.Groups", "rest_framework.viewsets.ViewSet", "macaron_django.api.viewsets.V"]
)
def test_a_class_that_cant_stand_in_stops_everything(made, dotted):
    """To serve the generated class instead would leave out what the project's own demands of its callers."""
    with (
        override_settings(MACARON={"VIEWSETS": [dotted]}),
        pytest.raises(ImproperlyConfigured, match=dotted.rpartition(".")[0]),
    ):
        url_patterns("test", made)


def test_two_classes_in_the_place_of_one_stop_everything(made, subclass, monkeypatch):
    monkeypatch.setattr(viewsets, "Other", type("Other", (made["Groups"],), {}), raising=False)
    with (
        override_settings(MACARON={"VIEWSETS": [DOTTED, "macaron_django.api.viewsets.Other"]}),
        pytest.raises(ImproperlyConfigured, match=r"Groups and .*Other, which both replace viewsets\.test\.Groups"),
    ):
        url_patterns("test", made)
    with override_settings(MACARON={"VIEWSETS": [DOTTED, DOTTED]}):
        assert viewsets.in_use(made["Groups"]) is subclass


def test_a_second_class_may_be_registered_only_as_a_subclass_of_the_first(made, subclass):
    viewsets.register(subclass)
    with pytest.raises(RuntimeError, match=r"both registered for viewsets\.test\.Groups"):
        viewsets.register(type("Other", (made["Groups"],), {}))
    further = viewsets.register(type("Further", (subclass,), {}))
    assert viewsets.in_use(made["Groups"]) is further


def test_a_class_that_is_registered_after_the_urls_were_made_is_refused(made, subclass):
    url_patterns("test", made)
    with pytest.raises(RuntimeError, match="too late"):
        viewsets.register(subclass)


@pytest.mark.django_db
def test_filters_of_a_projects_own_may_read_any_parameter(document, serve, monkeypatch):
    client = serve(document(PATHS, SCHEMAS, security=[]))
    assert client.get("/groups?unheard_of=1").status_code == 501
    assert [finding.id for finding in client.viewsets.findings()] == ["W302"]
    generated = client.viewsets["Groups"]
    monkeypatch.setattr(viewsets, "Own", type("Groups", (generated,), {"filter_backends": []}), raising=False)
    with override_settings(MACARON={"VIEWSETS": [DOTTED]}):
        assert client.viewsets.findings() == []
        monkeypatch.setattr(generated, "filter_backends", [], raising=False)
        assert client.get("/groups?unheard_of=1").status_code == 200
