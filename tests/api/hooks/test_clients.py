"""Whatever client asks, and by whatever interface, the answers are those of the same plan."""

from __future__ import annotations

import json
import re
from typing import Any

from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.test import AsyncClient, override_settings
from django.urls import include, path
from django.utils.functional import lazy
from django.utils.translation import gettext
from rest_framework.test import APIClient

from tests.api.hooks.both_ways import by_rows, counting_stores
from tests.api.hooks.item_requests import reading
from tests.api.hooks.item_seeds import JSON, MOMENT, READING


def test_the_store_answers_over_asgi_too(everything_api):
    asked = [
        ("get", "/v1/parts/p1", None),
        ("post", "/v1/parts", {"id": "new", "value": 1.5}),
        ("put", "/v1/parts/p1", {"value": 2.5}),
        ("put", "/v1/parts/p1", {"value": "x"}),
        ("get", "/v1/sensors/8/readings?limit=7", None),
        ("get", "/v1/counters/404", None),
    ]
    answers = []
    stored = []
    for side in (everything_api.side(), everything_api.side(by_rows)):
        everything_api.tables.reset()
        normal = side.normal()
        with override_settings(ROOT_URLCONF=side.urls), counting_stores() as calls:
            client = AsyncClient(raise_request_exception=False)
            for method, path, body in asked:
                response = async_to_sync(getattr(client, method))(path, body, content_type=JSON)
                found = (response.status_code, sorted(response.items()), normal(response.content.decode()))
                answers.append((found, list(map(normal, everything_api.tables.changes()))))
        stored.append(calls)
    assert answers[:6] == answers[6:]
    assert stored == [{"read": 2, "create": 1, "replace": 2, "list": 1}, {}]
    assert [status for ((status, _, _), _) in answers[:6]] == [200, 201, 200, 400, 200, 404]


def test_an_items_address_is_in_the_language_of_the_request(everything_api):
    side = everything_api.side()
    side.urls.urlpatterns = i18n_patterns(*side.urls.urlpatterns)
    middleware = ["django.middleware.locale.LocaleMiddleware"]
    asked = [(f"POST /{language}/v1/counters", {"number": n}) for n, language in enumerate(("en", "de", "en"), 100)]
    asked += [(f"POST /{language}/v1/parts", {"id": language}) for language in ("en", "de", "fr")]
    with override_settings(MIDDLEWARE=middleware):
        answers = side.run(asked, everything_api.tables)
    assert [answer["status"] for answer in answers] == ["201 Created"] * 6
    for one, answer in zip(asked, answers, strict=True):
        (address,) = [header for header in answer["headers"] if header.startswith("Location")]
        assert address.startswith(f"Location: http://testserver{one[0].removeprefix('POST ')}/")


def test_drfs_test_client_is_answered_by_the_store_and_sees_the_same(everything_api):
    def seen(side):
        found = []
        everything_api.tables.reset()
        with override_settings(ROOT_URLCONF=side.urls), counting_stores() as calls:
            client = APIClient(raise_request_exception=False)
            for method, path, body in (
                ("get", READING, None),
                ("get", "/v1/sensors/8/readings?limit=2", None),
                ("get", "/v1/tickets?queue=inbox", None),
                ("get", "/v1/counters/404", None),
                ("get", "/v1/settings/a", None),
                ("post", "/v1/counters", {"number": 5}),
                ("post", "/v1/counters", {"number": "x"}),
                ("put", "/v1/counters/5", {"number": 5, "count": 3}),
                ("put", READING, reading(MOMENT, big=2**60, labels=["a"])),
                ("delete", READING, None),
            ):
                response = getattr(client, method)(path, body, format="json")
                data = re.sub(
                    r"(?<=error_id\": \")[^\"]+|(?<=changed\": \")[^\"]+", "", json.dumps(response.data, default=str)
                )
                match, request = response.resolver_match, response.wsgi_request
                found.append(
                    {
                        "asked": f"{method} {path}",
                        "status": (response.status_code, response.status_text),
                        "data": data,
                        "kind": type(response),
                        "renderer": (response.accepted_renderer.media_type, response.accepted_media_type),
                        "context": sorted(response.renderer_context),
                        "action": response.renderer_context["view"].action,
                        "name": type(response.renderer_context["view"]).__name__,
                        "request": type(response.renderer_context["request"]).__name__,
                        "exception": response.exception,
                        "match": (match.view_name, match.kwargs, match.func.cls.__name__, match.func.actions),
                        "user": str(getattr(request, "user", None)),
                    }
                )
        return found, calls

    (by_store, stored), (of_rows, none) = seen(everything_api.side()), seen(everything_api.side(by_rows))
    assert by_store == of_rows
    assert (stored, none) == ({"read": 2, "create": 2, "replace": 2, "delete": 1, "list": 2}, {})


def test_an_items_address_is_translated_as_its_route_is(everything_api: Any) -> None:
    side = everything_api.side()
    side.urls.urlpatterns = [path(lazy(lambda: f"{gettext('Monday')}/", str)(), include(side.urls.urlpatterns))]
    days = [("en", "Monday"), ("de", "Montag"), ("en", "Monday")]
    asked = [
        (f"POST /{day}/v1/parts", {"id": f"part-{number}"}, {"Accept-Language": language})
        for number, (language, day) in enumerate(days, 100)
    ]
    with override_settings(MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"]):
        answers = side.run(asked, everything_api.tables)
    for (verb, _, _), answer in zip(asked, answers, strict=True):
        (address,) = [header for header in answer["headers"] if header.startswith("Location")]
        assert address.startswith(f"Location: http://testserver{verb.removeprefix('POST ')}/")
