"""Operations of a resource as a DRF viewset, over the ORM: every verb, every hook, every refusal."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef
from django.test import RequestFactory, override_settings
from django.utils import timezone
from rest_framework import permissions, throttling
from rest_framework.generics import GenericAPIView
from rest_framework.viewsets import ViewSetMixin

from macaron_django.api import viewsets
from macaron_django.api.requests.operation_requests import RequestHeaders
from macaron_django.api.served_apis import Catalogue, ServedAPI
from macaron_django.exceptions import PyMacaronException

HERE = __name__
JSON = "application/json"
GROUP = {"$ref": "#/components/schemas/Group"}
USER = {"$ref": "#/components/schemas/User"}


def answer(schema=None, status="200", **more):
    content = {JSON: {"schema": schema}} if schema else {}
    return {"responses": {status: {"description": "", "content": content}, **more}}


def body(schema, **more):
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}, **more}


def parameter(name, location="query", type_="string", **more):
    return {"name": name, "in": location, "schema": {"type": type_}, "required": location == "path", **more}


ID = [parameter("id", "path", "integer")]
SCHEMAS = {
    "Group": {
        "type": "object",
        "x-model": "auth.Group",
        "required": ["name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "minLength": 1, "maxLength": 150},
        },
    },
    "User": {
        "type": "object",
        "x-model": "auth.User",
        "required": ["username"],
        "properties": {
            "username": {"type": "string"},
            "email": {"type": "string"},
            "first_name": {"type": "string"},
            "password": {"type": "string", "writeOnly": True},
            "is_active": {"type": "boolean"},
            "date_joined": {"type": "string", "format": "date-time"},
            "groups": {"type": "array", "items": {"type": "integer"}, "readOnly": True},
        },
    },
    "NewUser": {"type": "object", "properties": {"username": {"type": "string"}, "email": {"type": "string"}}},
}
GROUPS = {
    "/groups": {
        "get": {"operationId": "list_groups", **answer({"type": "array", "items": GROUP})},
        "post": {"operationId": "create_group", **body(GROUP), **answer(GROUP, "201")},
    },
    "/groups/{id}": {
        "parameters": ID,
        "get": {"operationId": "get_group", **answer(GROUP)},
        "put": {"operationId": "replace_group", **body(GROUP), **answer(GROUP)},
        "patch": {"operationId": "patch_group", **body(GROUP), **answer(GROUP)},
        "delete": {"operationId": "delete_group", **answer(status="204")},
    },
}
USERS = {
    "/users": {
        "get": {
            "operationId": "list_users",
            "parameters": [
                parameter("email"),
                parameter("joined_after", **{"x-lookup": "date_joined__gte"}),
                parameter("is_active", type_="boolean"),
                parameter("sort", **{"x-lookup": "ordering"}),
                parameter("offset"),
            ],
            **answer(
                {
                    "type": "object",
                    "required": ["items", "next"],
                    "properties": {
                        "items": {"type": "array", "items": USER},
                        "next": {"type": ["string", "null"]},
                        "next_cursor": {"type": "string"},
                        "has_more": {"type": "boolean"},
                        "total": {"type": "integer"},
                    },
                }
            ),
        },
        "post": {
            "operationId": "create_user",
            **body({"$ref": "#/components/schemas/NewUser"}),
            **answer(USER, "201"),
        },
    },
    "/users/{username}": {
        "parameters": [parameter("username", "path")],
        "get": {"operationId": "get_user", **answer(USER)},
        "put": {
            "operationId": "put_user",
            **body(USER),
            **answer(USER, **{"201": {"description": "", "content": {JSON: {"schema": USER}}}}),
        },
        "patch": {"operationId": "patch_user", **body(USER), **answer(USER)},
        "delete": {"operationId": "delete_user", **answer(USER)},
    },
}
PUBLIC = {"security": []}


@pytest.fixture
def client(document, serve):
    return serve(document({**GROUPS, **USERS}, SCHEMAS, servers=[{"url": "/v1"}], **PUBLIC))


@pytest.fixture
def handled(document, serve):
    """Serve one operation that a function of this module answers."""

    def make(name, route="get /x", components=None, **described):
        method, path = route.split(" ")
        described.setdefault("responses", {"200": {"description": "", "content": {JSON: {}}}})
        operation = {"x-bind-server": f"{HERE}.{name}", "operationId": name, **described}
        return serve(document({path: {method: operation}}, SCHEMAS, **PUBLIC, components=components or {}))

    return make


# ------------------------------------------------------------------ generated CRUD


@pytest.mark.django_db
def test_create_answers_201_with_the_item_and_its_location(client):
    response = client.post("/v1/groups", {"name": "a", "id": 99}, content_type=JSON)
    group = Group.objects.get()
    assert (response.status_code, response.json()) == (201, {"id": group.pk, "name": "a"})
    assert group.pk != 99
    assert response["Location"] == f"http://testserver/v1/groups/{group.pk}"
    assert client.get(response["Location"]).json() == response.json()


@pytest.mark.django_db
def test_a_taken_unique_value_is_409(client):
    client.post("/v1/groups", {"name": "a"}, content_type=JSON)
    response = client.post("/v1/groups", {"name": "a"}, content_type=JSON)
    assert (response.status_code, response.json()["error"]) == (409, "ITEM_EXISTS")


@pytest.mark.django_db
def test_a_bad_body_names_each_field_and_stores_nothing(client):
    response = client.post("/v1/groups", {"name": ""}, content_type=JSON)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["/name"]
    assert client.post("/v1/groups", [], content_type=JSON).status_code == 400
    assert client.post("/v1/groups", "{", content_type=JSON).status_code == 400
    assert client.post("/v1/groups", "", content_type=JSON).status_code == 400
    assert not Group.objects.exists()


@pytest.mark.django_db
def test_retrieve_replace_patch_and_destroy(client):
    user = User.objects.create(username="ann", email="a@x.org", first_name="Ann", password="secret")
    assert client.get("/v1/users/ann").json()["email"] == "a@x.org"
    assert "password" not in client.get("/v1/users/ann").json()
    assert client.patch("/v1/users/ann", {"first_name": "Anna"}, content_type=JSON).json()["first_name"] == "Anna"
    replaced = client.put("/v1/users/ann", {"username": "ann", "email": "b@x.org"}, content_type=JSON)
    assert replaced.status_code == 200
    user.refresh_from_db()
    assert (user.email, user.first_name, user.username) == ("b@x.org", "", "ann")
    gone = client.delete("/v1/users/ann")
    assert (gone.status_code, gone.json()["email"]) == (200, "b@x.org")
    assert client.delete("/v1/users/ann").status_code == 404


@pytest.mark.django_db
def test_put_on_an_absent_item_is_404_or_201_where_declared(client):
    assert client.put("/v1/groups/7", {"name": "a"}, content_type=JSON).status_code == 404
    response = client.put("/v1/users/ann", {"username": "ann", "email": "a@x.org"}, content_type=JSON)
    assert (response.status_code, response["Location"]) == (201, "http://testserver/v1/users/ann")
    assert User.objects.get().username == "ann"


@pytest.mark.django_db
def test_a_key_that_the_body_has_to_give_isnt_taken_from_the_path(client):
    User.objects.create(username="ann")
    response = client.put("/v1/users/ann", {"email": "a@x.org"}, content_type=JSON)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/username")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_key_in_the_body_unlike_the_paths_is_400(client, method):
    User.objects.create(username="ann")
    response = getattr(client, method)("/v1/users/ann", {"username": "bob"}, content_type=JSON)
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/username"
    assert getattr(client, method)("/v1/users/ann", {"username": "ann"}, content_type=JSON).status_code == 200


@pytest.mark.django_db
def test_null_in_a_merge_patch_removes(client):
    User.objects.create(username="ann", email="a@x.org")
    assert client.patch("/v1/users/ann", {"email": None}, content_type=JSON).status_code == 200
    assert User.objects.get().email == ""
    assert client.patch("/v1/users/ann", {"username": None}, content_type=JSON).status_code == 400


@pytest.mark.django_db
def test_an_input_schema_may_know_less_than_the_answer(client):
    response = client.post("/v1/users", {"username": "ann"}, content_type=JSON)
    assert response.status_code == 201
    assert response.json()["is_active"] is True


@pytest.mark.django_db
def test_destroy_is_204_without_a_body(client):
    group = Group.objects.create(name="a")
    response = client.delete(f"/v1/groups/{group.pk}")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.django_db
def test_the_protocol_around_the_verbs(client):
    group = Group.objects.create(name="a")
    url = f"/v1/groups/{group.pk}"
    assert client.head(url).status_code == 200
    assert client.options(url).json()["actions"]["PUT"]["name"]["max_length"] == 150
    assert client.options("/v1/groups/x").status_code == 200
    refused = client.post(url)
    assert (refused.status_code, refused["Allow"]) == (405, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS")
    assert client.get(url, headers={"accept": "application/xml"}).status_code == 406
    assert client.put(url, b"x", content_type="application/xml").status_code == 415
    assert client.put(url, {"name": "b"}).status_code == 415  # a form, where JSON is declared
    assert client.get("/v1/groups/x").status_code == 400
    assert client.get(f"{url}%00").status_code == 400
    assert client.get(f"{url}/").status_code == 404


# ------------------------------------------------------------------ lists


@pytest.mark.django_db
def test_pages_are_linked_to_the_last(client):
    Group.objects.bulk_create(Group(name=f"g{n}") for n in range(5))
    names, url, pages = [], "/v1/groups?limit=2", 0
    while url:
        response = client.get(url)
        names += [each["name"] for each in response.json()]
        link = response.headers.get("Link", "")
        url, pages = link[1 : link.index(">")] if 'rel="next"' in link else None, pages + 1
    assert names == [f"g{n}" for n in range(5)]
    assert pages == 3


@pytest.mark.django_db
@pytest.mark.parametrize(("total", "limit", "pages"), [(0, 2, 1), (1, 2, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2)])
def test_page_edges(client, total, limit, pages):
    User.objects.bulk_create(User(username=f"u{n}") for n in range(total))
    seen, cursor, count = [], "", 0
    while cursor is not None:
        response = client.get("/v1/users", {"limit": limit, "cursor": cursor}).json()
        seen += [each["username"] for each in response["items"]]
        assert (response["next"] is None) == ("next_cursor" not in response) == (not response["has_more"])
        assert response["total"] == total
        cursor, count = response.get("next_cursor"), count + 1
    assert (len(seen), len(set(seen)), count) == (total, total, pages)


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["first_name", "-first_name", "-date_joined,username"])
def test_an_order_with_equal_values_is_continued_exactly(client, sort):
    User.objects.bulk_create(User(username=f"u{n}", first_name="ab"[n % 2]) for n in range(7))
    expected = list(User.objects.order_by(*sort.split(","), "pk").values_list("username", flat=True))
    seen, cursor = [], ""
    while cursor is not None:
        response = client.get("/v1/users", {"limit": 2, "cursor": cursor, "sort": sort}).json()
        seen += [each["username"] for each in response["items"]]
        cursor = response.get("next_cursor")
    assert seen == expected


@pytest.mark.django_db
def test_filters_narrow(client):
    User.objects.create(username="ann", email="a@x.org", is_active=True)
    User.objects.create(username="bob", email="b@x.org", is_active=False)

    def found(**query):
        return [each["username"] for each in client.get("/v1/users", query).json()["items"]]

    assert found(email="a@x.org") == ["ann"]
    assert found(is_active="false") == ["bob"]
    assert found(joined_after="2100-01-01T00:00:00Z") == []
    assert found(joined_after="2000-01-01T00:00:00Z") == ["ann", "bob"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": "0"}, 400),
        ({"limit": "x"}, 400),
        ({"limit": "100000000"}, 200),
        ({"cursor": "forged"}, 400),
        ({"joined_after": "yesterday"}, 400),
        ({"is_active": "maybe"}, 400),
        ({"sort": "nothing"}, 400),
        ({"offset": "1"}, 501),
    ],
)
def test_what_a_list_cant_make_sense_of_is_refused(client, query, status):
    assert client.get("/v1/users", query).status_code == status


@pytest.mark.django_db
def test_a_cursor_belongs_to_its_list(client):
    User.objects.bulk_create(User(username=f"u{n}") for n in range(3))
    cursor = client.get("/v1/users", {"limit": 1}).json()["next_cursor"]
    assert client.get("/v1/users", {"limit": 2, "cursor": cursor}).status_code == 200
    for other in ({"sort": "-username"}, {"email": "x"}):
        refused = client.get("/v1/users", {"cursor": cursor, **other})
        assert (refused.status_code, refused.json()["error"]) == (400, "INVALID_CURSOR")
    assert client.get("/v1/groups", {"cursor": cursor}).status_code == 400


def of_groups(queryset):
    return queryset.filter(groups__in=Group.objects.filter(name__startswith="g"))


def where_exists(queryset):
    return queryset.filter(Exists(Group.objects.filter(user=OuterRef("pk"), name="g")))


def joined_before_now(queryset):
    return queryset.filter(date_joined__lte=timezone.now())


@pytest.mark.django_db
@pytest.mark.parametrize("narrowed", [of_groups, where_exists, joined_before_now])
def test_a_list_that_the_viewset_narrows_is_paged_to_its_end(client, narrowed, monkeypatch):
    group = Group.objects.create(name="g")
    for n in range(5):
        User.objects.create(username=f"u{n}").groups.add(group)
    User.objects.create(username="outside", date_joined="2100-01-01T00:00Z")
    viewset = client.viewsets["Users"]
    base = viewset.get_queryset
    monkeypatch.setattr(viewset, "get_queryset", lambda self: narrowed(base(self)), raising=False)
    seen, cursor = [], ""
    while cursor is not None:
        answer = client.get("/v1/users", {"limit": 2, "cursor": cursor})
        assert answer.status_code == 200, answer.content
        seen += [each["username"] for each in answer.json()["items"]]
        cursor = answer.json().get("next_cursor")
    assert seen == [f"u{n}" for n in range(5)]


@pytest.mark.django_db
def test_the_queries_of_a_list_dont_grow_with_its_length(client, django_assert_num_queries):
    group = Group.objects.create(name="g")
    for n in range(5):
        User.objects.create(username=f"u{n}").groups.add(group)
    with django_assert_num_queries(3):  # the page, its groups, the total
        response = client.get("/v1/users")
    assert response.json()["items"][4]["groups"] == [group.pk]


@pytest.mark.django_db
def test_a_parent_in_the_path_restricts(document, serve):
    paths = {
        "/mail/{email}/users": {
            "parameters": [parameter("email", "path")],
            "get": answer({"type": "array", "items": USER}),
            "post": {**body(USER), **answer(USER, "201")},
        }
    }
    client = serve(document(paths, SCHEMAS, **PUBLIC))
    User.objects.create(username="ann", email="a")
    User.objects.create(username="bob", email="b")
    assert [each["username"] for each in client.get("/mail/a/users").json()] == ["ann"]
    assert client.post("/mail/c/users", {"username": "cy"}, content_type=JSON).json()["email"] == "c"
    assert client.post("/mail/c/users", {"username": "di", "email": "d"}, content_type=JSON).status_code == 400


# ------------------------------------------------------------------ DRF's own ways


def test_viewsets_are_drfs_and_named_after_their_paths(client):
    assert sorted(client.viewsets) == ["Groups", "Users"]
    groups = client.viewsets["Groups"]
    assert issubclass(groups, (ViewSetMixin, GenericAPIView))
    for action in ("list", "create", "retrieve", "update", "partial_update", "destroy"):
        assert callable(getattr(groups, action))


def test_a_viewset_has_only_the_verbs_that_are_declared(document, serve):
    made = serve(document({"/groups": {"get": GROUPS["/groups"]["get"]}}, SCHEMAS, **PUBLIC)).viewsets
    assert not hasattr(made["Groups"], "create")


@pytest.mark.django_db
def test_a_registered_subclass_is_served(document):
    from django.test import Client, override_settings

    from macaron_django.api import build_viewsets, url_patterns
    from macaron_django.schemas import Classes

    described = document(GROUPS, SCHEMAS, **PUBLIC)
    made = build_viewsets("test", described, Classes("test", described))

    class OncePerDay(throttling.SimpleRateThrottle):
        rate = "1/day"
        scope = HERE

        def get_cache_key(self, request, view):
            return HERE if request.method == "DELETE" else None

    @viewsets.register
    class Groups(made["Groups"]):
        throttle_classes = [OncePerDay]

        def get_queryset(self):
            return super().get_queryset().exclude(name="hidden")

        def perform_create(self, serializer):
            serializer.save(name=serializer.validated_data["name"].upper())

        def perform_destroy(self, instance):
            instance.name = "hidden"
            instance.save()

    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": url_patterns("test", made)})):
        client = Client()
        created = client.post("/groups", {"name": "a"}, content_type=JSON)
        assert created.json()["name"] == "A"
        assert client.delete(created["Location"]).status_code == 204
        assert client.get("/groups").json() == []
        assert client.get(created["Location"]).status_code == 404
        throttled = client.delete(created["Location"])
        assert throttled.status_code == 429
        assert int(throttled["Retry-After"]) > 0
    assert Group.objects.get().name == "hidden"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["POST /v1/users", "PUT /v1/users/ann"])
def test_whatever_creates_an_item_calls_perform_create(client, monkeypatch, method):
    made = []

    def perform_create(view, serializer):
        made.append(serializer.validated_data["username"])
        serializer.save(first_name="Ann", **view.path_values())

    monkeypatch.setattr(client.viewsets["Users"], "perform_create", perform_create)
    method, path = method.split(" ")
    body = {"username": "ann", "email": "a@x.org"}
    answer = client.generic(method, path, json.dumps(body), content_type=JSON)
    assert (answer.status_code, made) == (201, ["ann"])
    assert User.objects.get().first_name == "Ann"


def test_only_generated_viewsets_can_be_replaced():
    with pytest.raises(TypeError, match="must subclass a generated viewset"):
        viewsets.register(type("Mine", (GenericAPIView,), {}))


@pytest.mark.django_db
def test_django_model_permissions_work(document, serve):
    document_ = document(GROUPS, SCHEMAS)
    client = serve(document_)
    client.viewsets["Groups"].permission_classes = [permissions.DjangoModelPermissions]
    assert client.get("/groups").status_code == 403
    user = User.objects.create_user("ann", is_superuser=False)
    client.force_login(user)
    assert client.get("/groups").status_code == 200
    assert client.post("/groups", {"name": "a"}, content_type=JSON).status_code == 403


@pytest.mark.django_db
def test_the_browsable_api_shows_lists_items_and_forms(client):
    group = Group.objects.create(name="a")
    html = {"accept": "text/html"}
    listed = client.get("/v1/groups", headers=html)
    assert 'name="name"' in listed.content.decode()
    assert client.get(f"/v1/groups/{group.pk}", headers=html).status_code == 200
    assert client.get("/v1/groups/99", headers=html).status_code == 404
    posted = client.post("/v1/groups", {"name": "from a form"}, headers=html)
    assert posted.status_code == 201
    assert Group.objects.filter(name="from a form").exists()


@pytest.mark.django_db
def test_the_browsable_api_shows_a_form_again_as_it_was_filled_in(client, handled):
    html = {"accept": "text/html"}
    listed = client.post("/v1/groups", {"name": "n" * 151}, headers=html)
    assert listed.status_code == 400
    assert f'value="{"n" * 151}"' in listed.content.decode()
    assert "must not be longer than 150 characters" in listed.content.decode().split("<form", 1)[1]
    described = body({"type": "object", "properties": {"a": {"type": "integer"}}})
    page = handled("takes_body", "post /x", **described).post("/x", {"a": "many"}, headers=html)
    assert page.status_code == 400
    assert 'value="many"' in page.content.decode()


def test_drf_spectacular_describes_the_viewsets(client, settings):
    from drf_spectacular.generators import SchemaGenerator

    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert {"/v1/groups", "/v1/groups/{id}", "/v1/users/{username}"} <= schema["paths"].keys()
    listed = schema["paths"]["/v1/groups"]["get"]
    assert {"limit", "cursor"} <= {each["name"] for each in listed["parameters"]}
    assert schema["components"]["schemas"]["Group"]["properties"]["name"]["maxLength"] == 150


# ------------------------------------------------------------------ handlers


def returns_dict():
    return {"a": 1}


def returns_status():
    return {"a": 1}, 202, {"X-Trace": "t"}


def returns_list():
    return [{"a": 1}]


def returns_none():
    return None


def returns_user():
    return User.objects.get()


def returns_lines():
    yield {"n": 1}
    yield {"n": 2}


async def returns_later():
    await asyncio.sleep(0)
    return {"later": True}


def raises():
    raise PyMacaronException("secret words of ours")


def breaks():
    raise KeyError("secret")


def takes_body(body):
    return {}


def takes_user(user, limit=10, request=None):
    return {"name": user.username, "limit": limit, "method": request.method}


def takes_format(format):  # noqa: A002 (the operation's name for it)
    return {"format": format}


def test_the_browsable_api_shows_the_list_that_a_handler_returns(handled):
    page = handled("returns_list").get("/x", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "&quot;a&quot;: 1" in page.content.decode()


def test_results_of_handlers_become_answers(handled):
    assert handled("returns_dict").get("/x").json() == {"a": 1}
    response = handled("returns_status", **answer({}, "202")).get("/x")
    assert (response.status_code, response.json(), response["X-Trace"]) == (202, {"a": 1}, "t")
    assert handled("returns_later").get("/x").json() == {"later": True}
    assert handled("returns_none", responses={"204": {"description": ""}}).get("/x").status_code == 204


def test_iterators_are_streamed(handled):
    lines = {"200": {"description": "", "content": {"application/x-ndjson": {}}}}
    response = handled("returns_lines", responses=lines).get("/x")
    assert response.streaming
    assert b"".join(response.streaming_content) == b'{"n":1}\n{"n":2}\n'
    array = handled("returns_lines").get("/x")
    assert json.loads(b"".join(array.streaming_content)) == [{"n": 1}, {"n": 2}]


@pytest.mark.django_db
def test_a_model_instance_is_represented_by_the_declared_schema(handled):
    User.objects.create(username="ann", password="secret")
    found = handled("returns_user", **answer(USER)).get("/x").json()
    assert found["username"] == "ann"
    assert "password" not in found


def test_a_handler_gets_its_body_and_parameters(handled):
    client = handled("takes_user", "post /x", **body(USER), parameters=[parameter("limit", type_="integer")])
    response = client.post("/x?limit=5", {"username": "ann"}, content_type=JSON)
    assert response.json() == {"name": "ann", "limit": 5, "method": "POST"}
    assert client.post("/x", {"username": 7}, content_type=JSON).status_code == 400


def test_a_parameter_named_format_is_the_operations(handled):
    client = handled("takes_format", parameters=[parameter("format")])
    assert client.get("/x?format=pdf").json() == {"format": "pdf"}
    assert handled("takes_format", "get /x.{format}", parameters=[parameter("format", "path")]).get(
        "/x.xml"
    ).json() == {"format": "xml"}


def test_what_a_handler_raises_is_answered(handled):
    response = handled("raises").get("/x")
    assert (response.status_code, response.json()["user_message"]) == (500, "secret words of ours")
    response = handled("breaks").get("/x")
    assert response.status_code == 500
    assert "secret" not in response.content.decode()


def test_an_error_is_json_where_the_answer_wouldnt_be(handled):
    text = {"200": {"description": "", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    client = handled("raises", responses=text)
    assert client.get("/x")["Content-Type"] == "application/json"
    assert client.get("/x", headers={"accept": "text/plain"})["Content-Type"] == "application/json"


def test_problems_have_their_media_type(document, serve):
    described = document({"/x": {"get": {"x-bind-server": f"{HERE}.raises"}}}, **PUBLIC)
    client = serve(described, MACARON={"ERROR_FORMAT": "problem"})
    assert client.get("/x")["Content-Type"] == "application/problem+json"


def test_a_handler_below_an_item_belongs_to_its_resource(document, serve):
    paths = {**GROUPS, "/groups/{id}/view": {"parameters": ID, "post": {"operationId": "view", "x-bind-server": "a.b"}}}
    client = serve(document(paths, SCHEMAS, **PUBLIC))
    assert list(client.viewsets) == ["Groups"]
    assert callable(client.viewsets["Groups"].view)


def test_what_nothing_answers_is_501_and_a_finding(document, serve):
    paths = {
        "/x": {"get": {"operationId": "x", **answer({"type": "object"})}},
        "/y": {"get": {"x-bind-server": "nowhere.at_all"}},
        "/z": {"get": {"x-no-bind-server": True}},
        "/list": {"get": {"operationId": "list", "x-bind-server": f"{HERE}.returns_dict", **answer()}},
    }
    client = serve(document(paths, **PUBLIC))
    assert client.get("/x").status_code == 501
    assert client.get("/y").status_code == 501
    assert client.get("/z").status_code == 404
    assert client.get("/list").json() == {"a": 1}
    assert [finding.id for finding in client.viewsets.findings()] == ["W303", "E301"]


def test_what_nothing_answers_is_logged_and_reported_once_an_operation(document, serve, caplog):
    reports: list[str] = []
    paths = {
        "/told-x": {"get": {"operationId": "x", **answer({"type": "object"})}},
        "/told-y": {"get": {"x-bind-server": "nowhere.at_all"}},
    }
    settings = {"ERROR_REPORTER": lambda title, data, exc: reports.append(title)}
    client = serve(document(paths, **PUBLIC), MACARON=settings)
    for path in ("/told-x", "/told-y") * 3:
        assert client.get(path).status_code == 501
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [(r.name, bool(r.exc_info)) for r in errors] == [("macaron_django", True), ("django.request", False)] * 2
    assert len(reports) == 2


def test_the_mock_answers_with_the_specs_examples(document, serve):
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "examples": ["Ann"]}, "age": {"type": "integer", "minimum": 18}},
    }
    paths = {"/x": {"get": answer(schema)}, "/y": {"get": answer({"not": {}})}}
    client = serve(document(paths, **PUBLIC), MACARON={"MOCK": True})
    assert client.get("/x").json() == {"name": "Ann", "age": 18}
    assert client.get("/y").status_code == 501


def test_a_model_that_isnt_there_is_a_finding(document, serve):
    schemas = {
        "Lost": {"type": "object", "x-model": "auth.Lost", "properties": {"id": {"type": "integer"}}},
        "Group": {"type": "object", "x-model": "auth.Group", "properties": {"colour": {"type": "string"}}},
    }
    found = serve(document({}, schemas)).viewsets.findings()
    assert {finding.id for finding in found} == {"E304", "E305"}
    assert "'colour'" in found[1].message


# ------------------------------------------------------------------ security


def test_security_of_the_spec_is_asked_for(document, serve):
    schemes = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    guarded = {"x-bind-server": f"{HERE}.returns_dict", "security": [{"bearer": []}], **answer({"type": "object"})}
    client = serve(
        document({"/x": {"get": guarded}}, components={"securitySchemes": schemes}),
        MACARON={"JWT": {"SECRET": "s" * 64}},
    )
    refused = client.get("/x")
    assert (refused.status_code, refused.json()["error"]) == (401, "AUTHORIZATION_HEADER_MISSING")
    assert refused["WWW-Authenticate"].startswith("Bearer")

    from macaron_django.auth import generate_token

    token = generate_token("ann")
    assert client.get("/x", headers={"authorization": f"Bearer {token}"}).status_code == 200
    client.viewsets["X"].permission_classes = [permissions.AllowAny]
    assert client.get("/x").status_code == 401


# ------------------------------------------------------------------ the catalogue


def test_viewsets_are_found_by_api_and_name(client, monkeypatch):
    catalogue = Catalogue()
    monkeypatch.setattr(viewsets, "catalogue", catalogue)
    with pytest.raises(AttributeError, match="the project has none"):
        viewsets.shop  # noqa: B018
    catalogue.connect(lambda: {"shop": ServedAPI("shop", client.viewsets.document, client.viewsets)})
    assert viewsets.shop.Groups is client.viewsets["Groups"]
    assert "Groups" in dir(viewsets.shop)
    assert list(viewsets.shop) == ["Groups", "Users"]
    with pytest.raises(AttributeError, match="it has: Groups, Users"):
        viewsets.shop.Nothing  # noqa: B018


def test_response_validation(document, serve, caplog):
    paths = {"/x": {"get": {"x-bind-server": f"{HERE}.returns_dict", **answer({"required": ["b"]})}}}
    client = serve(document(paths, **PUBLIC), MACARON={"RESPONSE_VALIDATION": "raise"})
    refused = client.get("/x")
    assert (refused.status_code, refused.json()["error"]) == (500, "INVALID_RESPONSE")
    assert refused.json().keys() == {"status", "error", "error_description", "error_id"}
    assert "/x" not in refused.content.decode()  # nothing of the complaint
    with override_settings(DEBUG=True):
        assert "GET /x responded with 200" in client.get("/x").json()["error_description"]
    client = serve(document(paths, **PUBLIC), MACARON={"RESPONSE_VALIDATION": "log"})
    assert client.get("/x").json() == {"a": 1}
    assert "breaks its schema" in caplog.text


def test_a_view_can_be_called_without_urls(client):
    view = client.viewsets["Groups"].as_view({"get": "list"}, served=client.viewsets["Groups"].routes["/v1/groups"])
    response = view(RequestFactory().options("/v1/groups"))
    assert response.status_code == 200


@pytest.mark.django_db
def test_errors_of_a_list_point_to_parameters_with_slashes_in_their_names(document, serve):
    described = {
        "parameters": [
            parameter("page/size", **{"x-lookup": "limit"}),
            parameter("by/name", **{"x-lookup": "ordering"}),
        ]
    }
    groups = {"get": {"operationId": "list_groups", **described, **answer({"type": "array", "items": GROUP})}}
    client = serve(document({"/groups": groups}, SCHEMAS, **PUBLIC))
    for query, pointer in (("page/size=0", "/page~1size"), ("by/name=nobody", "/by~1name")):
        refused = client.get(f"/groups?{query}")
        assert refused.status_code == 400
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_a_requests_headers_are_djangos():
    made = RequestFactory().get("/x", headers={"X-Some": "one", "Content-Type": "text/plain", "Accept": "*/*"})
    headers = RequestHeaders(made)
    assert dict(headers) == dict(made.headers)
    assert len(headers) == len(made.headers)
    for name in (*made.headers, "x-some", "X_SOME", "CONTENT-TYPE", "none", "http-x-some"):
        assert headers.get(name) == made.headers.get(name)
        assert (name in headers) == (name in made.headers)
    with pytest.raises(KeyError):
        headers["none"]
