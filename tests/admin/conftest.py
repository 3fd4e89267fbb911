"""A persisted schema with everything that a form can meet, in an admin of its own."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client, override_settings
from django.urls import path

from macaron_django import openapi as spec
from macaron_django.admin import ItemAdmin
from macaron_django.dynamodb import ItemManager, Persistence, persistence_options
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas.models.row_models import build_model
from macaron_django.schemas.values.classes import Classes

#: An installed app without models of its own: the admin asks for the app of what it shows.
LABEL = "messages"
PRODUCT = {
    "type": "object",
    "description": "What the shop sells.",
    "required": ["id", "name"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1, "description": "As customers read it."},
        "note": {"type": ["string", "null"]},
        "price": {"type": "number"},
        "stock": {"type": "integer", "minimum": 0, "default": 0},
        "state": {"type": "string", "enum": ["draft", "on sale", "gone"]},
        "active": {"type": "boolean"},
        "since": {"type": "string", "format": "date"},
        "changed": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "maker": {"$ref": "#/components/schemas/Maker"},
        "sizes": {"type": "array", "items": {"$ref": "#/components/schemas/Size"}},
        "parcel": {
            "oneOf": [{"$ref": "#/components/schemas/Letter"}, {"$ref": "#/components/schemas/Box"}],
            "discriminator": {"propertyName": "kind"},
        },
        "anything": {},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "token": {"type": "string", "writeOnly": True},
        "created": {"type": "string", "format": "date-time", "readOnly": True, "x-generated": "now"},
    },
}
OTHERS = {
    "Maker": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "country": {"type": "string", "minLength": 2, "maxLength": 2}},
    },
    "Size": {
        "type": "object",
        "required": ["label"],
        "properties": {"label": {"type": "string"}, "grams": {"type": "integer"}},
    },
    "Letter": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["Letter"]}, "stamps": {"type": "integer"}},
    },
    "Box": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["Box"]}, "litres": {"type": "number"}},
    },
}


class Shop:
    """The admin of one persisted schema: its model, its addresses, and who uses it."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.persistence: Persistence = model.objects.persistence
        self.root = f"/admin/{LABEL}/{model._meta.model_name}/"

    def url(self, row: Any, view: str = "change") -> str:
        return f"{self.root}{quote(row.pk)}/{view}/"

    def stored(self, *keys: Any) -> dict[str, Any] | None:
        return self.persistence.get_item(self.persistence.key(*keys), consistent=True)

    def client(self, *permissions: str) -> Client:
        """A client of staff with these permissions (view, add, change, delete); of a superuser without any."""
        client = Client()
        name = "-".join(permissions) or "root"
        if not permissions:
            root, _ = User.objects.get_or_create(username=name, is_staff=True, is_superuser=True)
            client.force_login(root)
            return client
        user, _ = User.objects.get_or_create(username=name, is_staff=True)
        content_type = ContentType.objects.get_for_model(self.model)
        for permission in permissions:
            codename = f"{permission}_{self.model._meta.model_name}"
            made, _ = Permission.objects.get_or_create(codename=codename, content_type=content_type)
            user.user_permissions.add(made)
        client.force_login(user)
        return client


@pytest.fixture
def make_shop(dynamodb: Any, db: None) -> Iterator[Callable[..., Shop]]:
    """Make the admin of a schema, at /admin/ of a project that has nothing else."""
    made: list[Any] = []
    site = admin.AdminSite()
    urls = types.ModuleType("urls_of_shop")

    def make(json: Mapping[str, Any] = PRODUCT, name: str = "Product", **persist: Any) -> Shop:
        options = {"hash_key": "id", "scan": "allowed", **persist}
        document = spec.load(
            {
                "openapi": "3.1.0",
                "info": {"title": "Shop", "version": "1"},
                "paths": {},
                "components": {"schemas": {name: {**json, "x-persist": options}, **OTHERS}},
            }
        )
        schema = document.schemas[name]
        described = schema.extensions.persist
        assert described is not None
        persistence = Persistence("shop", schema, persistence_options(described)[0], Classes("shop", document))
        model = build_model(
            schema,
            api="shop",
            label=LABEL,
            classes=persistence.classes,
            manager=ItemManager(persistence),
            hash_key=persistence.hash_key,
            range_key=persistence.range_key,
            module=__name__,
        )
        persistence.bind(model)
        made.append(model)
        create_table(persistence.table)
        site.register(model, ItemAdmin)
        urls.urlpatterns = [path("admin/", site.urls)]  # type: ignore[attr-defined]
        return Shop(model)

    with override_settings(ROOT_URLCONF=urls):
        yield make
    for model in made:
        del apps.all_models[LABEL][model._meta.model_name]
    apps.clear_cache()
    ContentType.objects.clear_cache()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A Chromium for the tests of a module; while it runs, Playwright's loop does so in this thread, too."""
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Open an address of the site in a browser where ``client`` is logged in; errors of its scripts fail the test."""
    contexts: list[Any] = []
    errors: list[str] = []

    def open_(client: Client, address: str, **options: Any) -> Any:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []
