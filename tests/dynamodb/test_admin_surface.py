"""Rows in Django's own admin and in DRF's own generics, on the installed Django and on real engines."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client, override_settings
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ModelViewSet

from macaron_django.dynamodb import ItemManager, Persistence
from macaron_django.schemas.models.row_models import build_model

#: An installed app without models of its own: the admin asks for the app of what it shows.
LABEL = "messages"
PROFILE = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "active": {"type": "boolean"},
    },
}
EVENT = {
    "type": "object",
    "required": ["id", "number", "name"],
    "properties": {
        "id": {"type": "string"},
        "number": {"type": "integer"},
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "active": {"type": "boolean"},
    },
}


class RowSerializer(serializers.Serializer):
    """As plain as DRF has it; the package's own serializers are tested elsewhere."""

    id = serializers.CharField()
    number = serializers.IntegerField(required=False)
    name = serializers.CharField()
    age = serializers.IntegerField(required=False, allow_null=True)

    def create(self, validated_data: dict[str, Any]) -> Any:
        return self.context["view"].queryset.model.objects.create(**validated_data)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save()
        return instance


class RowAdmin(admin.ModelAdmin):
    list_display = ("id", "name", "age")
    list_per_page = 5
    list_filter = ("active",)
    fields = ("id", "name", "age")
    show_full_result_count = True


@pytest.fixture(params=[(PROFILE, None), (EVENT, "number")], ids=["hash key", "both keys"])
def model(request: pytest.FixtureRequest, engine: object, make_table: Callable[..., Persistence]) -> Iterator[Any]:
    """A row class registered under an installed app, with a table on the engine."""
    json, range_key = request.param
    persistence = make_table(json, hash_key="id", range_key=range_key, scan="allowed")
    made = build_model(
        persistence.schema,
        api="shop",
        label=LABEL,
        classes=persistence.classes,
        manager=ItemManager(persistence),
        hash_key="id",
        range_key=range_key,
        module=__name__,
    )
    persistence.bind(made)
    yield made
    del apps.all_models[LABEL][made._meta.model_name]
    apps.clear_cache()
    ContentType.objects.clear_cache()


@pytest.fixture
def client(model: Any, db: None) -> Iterator[Client]:
    """A superuser's client of a project with Django's admin and DRF's views over the rows."""

    class Collection(generics.ListCreateAPIView):
        queryset = model.objects.all()
        serializer_class = RowSerializer

    class Item(generics.RetrieveUpdateDestroyAPIView):
        queryset = model.objects.all()
        serializer_class = RowSerializer

    class Rows(ModelViewSet):
        queryset = model.objects.all()
        serializer_class = RowSerializer

    site = admin.AdminSite()
    site.register(model, RowAdmin)
    router = SimpleRouter()
    router.register("viewset", Rows, basename="rows")
    urls = types.ModuleType("urls_of_rows")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("admin/", site.urls),
        path("rows/", Collection.as_view()),
        path("rows/<str:pk>/", Item.as_view()),
        *router.urls,
    ]
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    with override_settings(ROOT_URLCONF=urls):
        yield client


def make_row(model: Any, number: int = 1, **values: Any) -> Any:
    keys = {"number": number} if "number" in model._spec.properties else {}
    return model.objects.create(id=f"id{number:02}", name=f"name {number}", **keys, **values)


def admin_url(model: Any, *parts: str) -> str:
    return "/".join(["/admin", LABEL, str(model._meta.model_name), *parts, ""])


def quoted(row: Any) -> str:
    return str(admin.utils.quote(row.pk))


def test_the_admins_list_shows_every_row_page_by_page(client: Client, model: Any) -> None:
    for number in range(12):
        make_row(model, number, age=number % 2)

    shown: set[str] = set()
    for page in (1, 2, 3):
        answer = client.get(admin_url(model), {"p": page})
        assert answer.status_code == 200
        shown |= {row.id for row in answer.context["cl"].result_list}
    assert len(shown) == 12
    assert answer.context["cl"].result_count == 12
    assert "name 1" in client.get(admin_url(model)).content.decode()
    assert client.get("/admin/").status_code == 200


def test_the_admins_filters_ask_dynamodb(client: Client, model: Any) -> None:
    for number in range(4):
        make_row(model, number, active=number % 2 == 1)

    answer = client.get(admin_url(model), {"active__exact": "1"})
    assert answer.context["cl"].result_count == 2
    assert client.get(admin_url(model), {"o": ""}).status_code == 200


def test_an_empty_list_is_shown(client: Client, model: Any) -> None:
    assert client.get(admin_url(model)).context["cl"].result_count == 0


def test_the_admin_shows_one_row_changes_it_and_keeps_its_history(client: Client, model: Any) -> None:
    row = make_row(model, 7, age=3)
    url = admin_url(model, quoted(row), "change")
    assert "name 7" in client.get(url).content.decode()

    answer = client.post(url, {"id": row.id, "name": "changed", "age": "4"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors if answer.context else answer
    changed = model.objects.get(pk=row.pk)
    assert (changed.name, changed.age) == ("changed", 4)
    assert LogEntry.objects.get().object_id == row.pk
    assert client.get(admin_url(model, quoted(row), "history")).status_code == 200
    assert client.get(admin_url(model, "nobody", "change")).status_code == 302


def test_the_admin_deletes_one_row_after_asking(client: Client, model: Any) -> None:
    row = make_row(model, 1)
    url = admin_url(model, quoted(row), "delete")

    assert "Are you sure" in client.get(url).content.decode()
    assert model.objects.count() == 1
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert model.objects.count() == 0


def test_the_admin_deletes_many_rows_by_its_action(client: Client, model: Any) -> None:
    rows = [make_row(model, number) for number in range(4)]
    action = {"action": "delete_selected", "_selected_action": [row.pk for row in rows[:3]]}

    page = client.post(admin_url(model), action).content.decode()
    assert "Are you sure" in page
    assert client.post(admin_url(model), {**action, "post": "yes"}).status_code == 302
    assert [row.id for row in model.objects.all()] == ["id03"]
    assert LogEntry.objects.count() == 3


def test_the_admin_adds_a_row(client: Client, model: Any) -> None:
    if model._meta.pk.name != "id":
        RowAdmin.fields = ("id", "number", "name", "age")
    try:
        assert client.get(admin_url(model, "add")).status_code == 200
        answer = client.post(admin_url(model, "add"), {"id": "new", "number": "5", "name": "New", "age": "1"})
        assert answer.status_code == 302, answer.context["adminform"].form.errors
    finally:
        RowAdmin.fields = ("id", "name", "age")
    assert model.objects.get(id="new").name == "New"


@pytest.mark.parametrize("base", ["/rows/", "/viewset/"])
def test_drfs_views_list_create_retrieve_update_and_destroy(client: Client, model: Any, base: str) -> None:
    assert client.get(base).json() == []
    answer = client.post(base, {"id": "a", "number": 1, "name": "Ada"}, "application/json")
    assert answer.status_code == 201

    listed = client.get(base).json()
    assert [row["name"] for row in listed] == ["Ada"]
    url = f"{base}{model.objects.get(id='a').pk}/"
    assert client.get(url).json()["name"] == "Ada"
    assert client.put(url, {"id": "a", "number": 1, "name": "Eve"}, "application/json").json()["name"] == "Eve"
    assert client.patch(url, {"age": 9}, "application/json").json()["age"] == 9
    assert (model.objects.get(id="a").name, model.objects.get(id="a").age) == ("Eve", 9)
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert client.get(f"{base}nobody/").status_code == 404
    assert client.get(base).json() == []
