"""The example project and every other API of the fixtures answer alike by the store and by rows."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from macaron_django.api.mock.samples import NoSample, sample_of
from macaron_django.api.rules.operation_schemas import json_schema
from macaron_django.schemas import validator_for
from tests.api.hooks.item_seeds import NO_TICKET, SEEDS_OF_EXAMPLE
from tests.api.hooks.project_settings import STARTPROJECT, drf

EXAMPLE = {
    "myserver": [
        ("GET /profiles",),
        ("GET /profiles?limit=2",),
        ("GET {next}",),
        ("GET /profiles/ada",),
        ("GET /profiles/eve",),
        ("GET /profiles/nobody",),
        ("POST /profiles", {"name": "New", "email": "n@example.com", "tags": ["a"], "age": 5}),
        ("GET {location}",),
        ("POST /profiles", {"profile_id": "ada", "name": "Taken"}),
        ("POST /profiles", {"profile_id": "zoe", "name": "Zoe", "address": {"zip": "!"}}),
        ("PUT /profiles/ada", {"name": "Ada", "view_count": 2**70}),
        ("PUT /profiles/ada", {"name": "Ada", "view_count": 2**62}),
        ("PUT /profiles/bob", {"profile_id": "bob", "name": "Bob", "address": {"city": "Basel"}}),
        ("PUT /profiles/eve", {"name": "Eve"}),
        ("PATCH /profiles/ada", {"email": "a@example.com"}),
        ("POST /profiles/ada/view",),
        ("DELETE /profiles/bob",),
    ],
    "library": [
        ("POST /library/authors", {"name": "Ada"}),
        ("GET {location}",),
        ("GET /library/authors",),
        ("POST /library/books", {"isbn": "123456789X", "title": "One"}),
        ("GET {location}",),
        ("POST /library/books", {"isbn": "123456789X", "title": "Taken"}),
        ("POST /library/books", {"isbn": "1234567890", "title": "Two", "author_id": NO_TICKET}),
        ("POST /library/books", {"isbn": "1234567891", "title": "", "pages": 0}),
        ("POST /library/books", {"isbn": "1234567892", "title": "Three", "genre": "poetry", "published": "2020-01-01"}),
        ("PUT /library/books/123456789X", {"isbn": "123456789X", "title": "Changed", "pages": 5}),
        ("PUT /library/books/123456789X", {"isbn": "1234567890", "title": "Changed"}),
        ("PATCH /library/books/123456789X", {"pages": None, "available": False}),
        ("GET /library/books",),
        ("GET /library/books?limit=1",),
        ("GET {next}",),
        ("DELETE /library/books/123456789X",),
        ("GET /library/books/123456789X",),
        ("GET /library/authors/nobody",),
    ],
}


SUCCESSES: dict[str, Any] = {
    "myserver": ({"GET": 2, "POST": 2, "PUT": 3, "PATCH": 1, "DELETE": 1}, {"read": 4, "create": 2, "replace": 3}),
    "library": ({"GET": 5, "POST": 3, "PUT": 1, "PATCH": 1, "DELETE": 1}, {"read": 3, "create": 3, "replace": 1}),
}
#: How many requests are answered with 2xx at least, for each permission.
WHO: dict[str, dict[str, int]] = {
    "AllowAny": {"GET": 2, "PUT": 1, "POST": 1},
    "IsAuthenticated": {"GET": 2, "PUT": 1, "POST": 1},
    "IsAuthenticatedOrReadOnly": {"GET": 3, "PUT": 1, "POST": 1},
    "IsAdminUser": {},
}


@pytest.mark.parametrize("name", EXAMPLE)
def test_the_example_project_answers_alike(both_ways, name):
    made = both_ways(name, SEEDS_OF_EXAMPLE)
    made.compare(EXAMPLE[name], *SUCCESSES[name])
    made.compare(samples(made.api.document))


def test_callers_whom_drf_recognises_are_recognised(both_ways):
    """Where a spec says nothing of security, DRF's own authenticators say who asks."""
    client = Client()
    client.force_login(User.objects.create_user("ada", password="ada"))
    session = f"sessionid={client.cookies['sessionid'].value}"
    csrf = "c" * 32
    asked = [
        (f"{line}", body, headers)
        for line, body in (
            ("GET /profiles/ada", None),
            ("GET /profiles", None),
            ("PUT /profiles/ada", {"name": "Ada"}),
            ("POST /profiles", {"profile_id": "new", "name": "New"}),
            ("POST /profiles", {"profile_id": "new", "name": "New"}),
            ("GET /profiles/nobody", None),
        )
        for headers in (
            {},
            {"Authorization": "Basic YWRhOmFkYQ=="},
            {"Authorization": "Basic YWRhOndyb25n"},
            {"Authorization": "Basic"},
            {"Authorization": "Bearer x.y.z"},
            {"Cookie": session},
            {"Cookie": f"{session}; csrftoken={csrf}", "X-CSRFToken": csrf},
            {"Cookie": "sessionid=nobodys"},
        )
    ]
    made = both_ways("myserver", SEEDS_OF_EXAMPLE)
    for permission in WHO:
        settings_ = {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": drf(f"permissions.{permission}")}}
        login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        middleware = [*STARTPROJECT, login] if permission == "AllowAny" else STARTPROJECT
        made.compare(asked, WHO[permission], MIDDLEWARE=middleware, **settings_)
    assert made.statuses() == {"403"}  # Ada is nobody's admin


OTHERS = [
    "items/apis/notes.yaml",
    *(f"{case}/apis/{api}" for case, api in (("handlers", "kinds.yaml"), ("bodies", "bodies.yaml"))),
    "parameters/apis/styles.yaml",
]


def samples(document: Any) -> list[Any]:
    """For each operation of a document a request that it accepts, as far as one can be made up, and worse ones."""
    asked: list[Any] = []
    for operation in document.operations:
        target, query, headers = operation.route, [], {}
        for parameter in operation.parameters:
            value = sampled(parameter.schema)
            text = value if isinstance(value, str) else json.dumps(value)
            if parameter.location == "path":
                target = target.replace(f"{{{parameter.name}}}", text)
            elif parameter.location == "query" and parameter.required:
                query.append(f"{parameter.name}={text}")
            elif parameter.location == "header" and parameter.required:
                headers[parameter.name] = text
        if "{" in target:
            continue
        line = f"{operation.method.upper()} {target}?{'&'.join(query)}"
        body = None
        takes = operation.request_body
        if takes is not None and takes.content:
            schema = json_schema(takes.content)
            body = sampled(schema) if schema is not None else b"text"
            headers["Content-Type"] = next(iter(takes.content))
        asked += [
            (line, body, headers),
            (line, body, {**headers, "Accept": "application/xml;q=0.5"}),
            (line, body, {**headers, "Content-Type": "application/x-unheard-of"}),
            (line, None if body is None else b"{", headers),
            (f"{line}&unknown=%00",),
            *(((f"OPTIONS {target}",), (f"HEAD {target}",)) if operation.method == "get" else ()),
        ]
    return asked


def sampled(schema: Any) -> Any:
    try:
        return sample_of(validator_for(schema, "request"))
    except NoSample:
        return "text"


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")  # a handler is asynchronous
@pytest.mark.parametrize("path", OTHERS)
def test_the_other_fixtures_answer_alike(both_ways, monkeypatch, path):
    monkeypatch.syspath_prepend(str(settings.BASE_DIR / "fixtures" / path.split("/")[0]))
    monkeypatch.delitem(sys.modules, "handlers", raising=False)
    made = both_ways(path)
    notes = [("POST /notes", {"text": "x", "topic": "t", "written": "2020-01-01"}), ("GET {location}",)]
    made.compare(samples(made.api.document))
    if "notes" in path:
        made.compare(notes, {"POST": 1, "GET": 1}, {"create": 1, "read": 1})
    sys.modules.pop("handlers", None)


# ------------------------------------------------------------------ what tests see
