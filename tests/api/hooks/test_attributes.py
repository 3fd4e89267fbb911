"""Every attribute that DRF documents counts on a viewset's class, on a view, as as_view() is given it, and patched."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from rest_framework import (
    authentication,
    exceptions,
    filters,
    metadata,
    negotiation,
    pagination,
    parsers,
    permissions,
    renderers,
    serializers,
    throttling,
    versioning,
)
from rest_framework.response import Response

from tests.api.hooks.kinds import Kinds, subclass


class Nobody(permissions.BasePermission):
    message = "Nobody may."

    def has_permission(self, request, view):
        return False


class NotB(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return obj.pk != "b"


class Never(throttling.BaseThrottle):
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 30


class Refusing(authentication.BaseAuthentication):
    def authenticate(self, request):
        raise exceptions.AuthenticationFailed("Not you.")

    def authenticate_header(self, request):
        return "Refusing"


class OnlyB(filters.BaseFilterBackend):
    def filter_queryset(self, request, queryset, view):
        return queryset.filter(id="b")


class OneAPage(pagination.BasePagination):
    def paginate_queryset(self, queryset, request, view=None):
        return list(queryset)[:1]

    def get_paginated_response(self, data):
        return Response(data, headers={"X-Page": "1"})


class Shouting(renderers.BaseRenderer):
    media_type = "text/shouting"
    format = "shouting"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return b"SHOUTING"


class Fixed(parsers.BaseParser):
    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        return {"id": "new", "text": "parsed"}


class First(negotiation.BaseContentNegotiation):
    def select_parser(self, request, parsers):
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return Shouting(), Shouting.media_type


class NoVersion(versioning.BaseVersioning):
    def determine_version(self, request, *args, **kwargs):
        raise exceptions.NotFound("No such version.")


class Own(serializers.Serializer[Any]):
    text = serializers.CharField()

    def to_representation(self, instance):
        return {"text": "own"}


class Little(metadata.BaseMetadata):
    def determine_metadata(self, request, view):
        return {"little": True}


LIST, GET, GET_B, POST, OPTIONS = "GET /plain", "GET /plain/a", "GET /plain/b", "POST /plain", "OPTIONS /plain/a"
#: attribute → its value, a request, and the status and part of the body of the answer
ATTRIBUTES: dict[str, tuple[str, Any, str, int, str]] = {
    "permission": ("permission_classes", [Nobody], GET, 403, ""),
    "object permission": ("permission_classes", [NotB], GET_B, 403, ""),
    "combined permission": ("permission_classes", [permissions.AllowAny & NotB], GET_B, 403, ""),
    "other object's permission": ("permission_classes", [NotB], GET, 200, ""),
    "throttle": ("throttle_classes", [Never], GET, 429, "30 seconds"),
    "authentication": ("authentication_classes", [Refusing], GET, 401, "Not you."),
    "filter of a list": ("filter_backends", [OnlyB], LIST, 200, '[{"id":"b"'),
    "filter of an item": ("filter_backends", [OnlyB], GET, 404, ""),
    "pagination": ("pagination_class", OneAPage, LIST, 200, '[{"id":"a","text":"x"}]'),
    "no pagination": ("pagination_class", None, LIST, 200, '"id":"b"'),
    "renderer": ("renderer_classes", [Shouting], GET, 200, "SHOUTING"),
    "parser": ("parser_classes", [Fixed], POST, 201, "parsed"),
    "negotiation": ("content_negotiation_class", First, GET, 200, "SHOUTING"),
    "version": ("versioning_class", NoVersion, GET, 404, "No such version."),
    "serializer of an item": ("serializer_class", Own, GET, 200, '{"text":"own"}'),
    "serializer of a list": ("serializer_class", Own, LIST, 200, '[{"text":"own"},{"text":"own"}]'),
    "metadata": ("metadata_class", Little, OPTIONS, 200, '{"little":true}'),
}


def check(kinds: Kinds, name: str) -> None:
    for key in ("a", "b"):
        kinds.has("plain", id=key, text="x")
    _, _, line, status, part = ATTRIBUTES[name]
    answer = kinds.ask(line, {"id": "new"} if line == POST else None)
    assert answer.status_code == status
    assert part in answer.content.decode()
    if status == 401:
        assert answer["WWW-Authenticate"] == "Refusing"
    if status == 429:
        assert answer["Retry-After"] == "30"


def cases(faults: Any = (), mark: Any = (), but: Any = ()) -> Any:
    names = [each for each in ATTRIBUTES if each not in but]
    return pytest.mark.parametrize("name", [pytest.param(each, marks=mark if each in faults else ()) for each in names])


@cases()
def test_an_attribute_of_a_subclass_counts(kinds, name):
    attribute, value, *_ = ATTRIBUTES[name]
    kinds.serve("plain", lambda viewset: subclass(viewset, **{attribute: value}))
    check(kinds, name)


@cases()
def test_an_attribute_that_a_test_patches_counts_until_it_is_taken_back(kinds, name):
    attribute, value, line, *_ = ATTRIBUTES[name]
    viewset = kinds.serve("plain")
    before = kinds.ask(line, {"id": "new"} if line == POST else None).status_code
    with mock.patch.object(viewset, attribute, value):
        for key in ("a", "b", "new"):
            kinds.api.persistences["Plain"].delete_item(kinds.api.persistences["Plain"].key(key))
        check(kinds, name)
    for key in ("a", "b", "new"):
        kinds.api.persistences["Plain"].delete_item(kinds.api.persistences["Plain"].key(key))
    assert kinds.ask(line, {"id": "new"} if line == POST else None).status_code == before


@cases()
def test_an_attribute_that_as_view_is_given_counts(kinds, name):
    attribute, value, *_ = ATTRIBUTES[name]

    def change(viewset):
        def as_view(cls, actions=None, **initkwargs):
            return super(made, cls).as_view(actions, **{attribute: value}, **initkwargs)

        made = subclass(viewset, as_view=classmethod(as_view))
        return made

    kinds.serve("plain", change)
    check(kinds, name)


#: DRF itself has read these by then.
TOO_LATE = {"authentication", "parser", "negotiation"}


@cases(set(), (), TOO_LATE)
def test_an_attribute_of_a_view_counts_when_its_own_initial_sets_it(kinds, name):
    attribute, value, *_ = ATTRIBUTES[name]

    def change(viewset):
        def initial(self, request, *args, **kwargs):
            setattr(self, attribute, value)
            super(made, self).initial(request, *args, **kwargs)

        made = subclass(viewset, initial=initial)
        return made

    kinds.serve("plain", change)
    check(kinds, name)


class Maybe(permissions.BasePermission):
    def has_permission(self, request, view):
        return view.action == "retrieve"


def test_a_permission_that_depends_on_the_action_is_asked_each_time(kinds):
    kinds.serve("plain", lambda viewset: subclass(viewset, permission_classes=[Maybe]))
    kinds.has("plain", id="a", text="x")
    assert [kinds.ask(line).status_code for line in (GET, LIST, GET, "DELETE /plain/a", GET)] == [
        200,
        403,
        200,
        403,
        200,
    ]


def test_a_property_in_an_attributes_place_is_asked_for_each_request(kinds):
    asked: list[str] = []

    def permission_classes(self):
        asked.append(self.request.method)
        assert self.request.user.is_anonymous
        return [Nobody] if self.request.method == "DELETE" else []

    kinds.serve("plain", lambda viewset: subclass(viewset, permission_classes=property(permission_classes)))
    kinds.has("plain", id="a", text="x")
    assert [kinds.ask(line).status_code for line in (GET, "DELETE /plain/a", GET)] == [200, 403, 200]
    assert asked.count("GET") >= 2
