"""Nothing of the admin is reachable without Django's permissions: every address, every kind of person."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

#: The pages that the right to view is enough for.
READING = {"changelist", "plan", "tables", "view", "download", "change", "history"}


def addresses(model) -> dict[str, str]:
    """Every address of the model's admin, by what follows ``<app>_<model>_`` in its name."""
    prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
    found: dict[str, str] = {}

    def walk(patterns, route):
        for pattern in patterns:
            path = route + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and (pattern.name or "").startswith(prefix):
                found[pattern.name.removeprefix(prefix)] = "/" + path.replace("<path:object_id>", "a")

    walk(get_resolver().url_patterns, "")
    return found


@pytest.fixture
def pages(shop):
    shop.model.objects.create(id="a", name="Keep this to yourself")
    return addresses(shop.model)


def test_anonymous_people_are_sent_to_the_login_from_every_address(shop, pages):
    assert len(pages) >= 10
    for name, address in pages.items():
        for answer in (Client().get(address), Client().post(address, {"_json": "{}"})):
            assert answer.status_code in (302, 403), name
            assert "login" in answer.headers.get("Location", "login"), name
            assert "Keep this" not in answer.content.decode(), name


def test_staff_without_rights_get_no_page(shop, pages):
    client = Client()
    client.force_login(User.objects.create_user("staff", is_staff=True))
    for name, address in pages.items():
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code in (403, 404, 405), name
            assert b"Keep this" not in answer.content, name


def test_people_who_aren_t_staff_get_no_page_whatever_their_rights(shop, pages):
    client = shop.client("view", "add", "change", "delete")
    User.objects.update(is_staff=False)
    for name, address in pages.items():
        assert client.get(address).status_code in (302, 403), name


def test_who_may_view_sees_pages_and_changes_nothing(shop, pages):
    client = shop.client("view")
    before = shop.stored("a")
    for name, address in pages.items():
        answer = client.get(address)
        if name in READING:
            assert answer.status_code in (200, 404), name  # nothing of this item can be downloaded
        posted = client.post(address, {"name": "Eve", "post": "yes", "item": '{"id": "a", "name": "Eve"}'})
        assert posted.status_code in (200, 302, 403, 404, 405), name
        assert shop.stored("a") == before, name
    assert shop.model.objects.all().count() == 1


def test_read_only_by_schema_or_setting_holds_for_superusers(make_shop, settings):
    shop = make_shop({"type": "object", "properties": {"id": {"type": "string"}}, "x-admin": {"read_only": True}})
    shop.model.objects.create(id="a")
    client = shop.client()
    for view in ("add/", "a/delete/"):
        assert client.get(shop.root + view).status_code == 403
        assert client.post(shop.root + view, {"post": "yes"}).status_code == 403
    assert client.get(f"{shop.root}a/change/").templates[0].name == "admin/macaron_django/item.html"


def test_a_post_without_a_token_is_refused(shop, pages):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    for name in ("add", "change", "delete", "changelist"):
        assert client.post(pages[name], {"post": "yes"}).status_code == 403, name
    assert shop.stored("a") is not None
