"""A persisted schema with everything that a form can meet, in an admin of its own."""

from __future__ import annotations

import os
import types
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
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
from macaron_django.admin import ItemAdmin, register_items
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
    register_items(site)
    for registered in [*site._registry]:
        site.unregister(registered)  # those of the suite's own APIs
    urls = types.ModuleType("urls_of_shop")

    def make(json: Mapping[str, Any] | Path = PRODUCT, name: str = "Product", **persist: Any) -> Shop:
        if isinstance(json, Path):
            document = spec.load(json)
        else:
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


#: An order with everything that an item can have, and long and foreign texts.
RICH = {
    "tenant_id": "acme",
    "order_id": "rich",
    "status": "paid",
    "updated": "2026-11-11T11:11:11+02:00",
    "customer_email": "ada@example.com",
    "placed": "2026-11-11",
    "pickup": "09:30:00Z",
    "total": 1234567.891,
    "quantity": 7,
    "gift": True,
    "title": "שלום עולם, הזמנה 7 🍵",
    "note": "Line one\n" + "long " * 200,
    "tracking": f"https://example.com/{'p' * 200}",
    "currency": "JPY",
    "categories": ["toys", "books", "🍵"],
    "numbers": [3, 1, 2],
    "photo": b64encode(b"\x89PNG" * 100).decode(),
    "api_token": "hush",
    "payment": {"kind": "Card", "last4": "1234", "pin": "hush"},
    "customer": {
        "name": "Ada مرحبا",
        "home": f"https://example.com/{'x' * 100}",
        "contact": {
            "address": {
                "street": "12 rue des Écoles, bâtiment C, escalier 4",
                "country": {"code": "FR", "name": "France", "map": f"https://example.com/{'y' * 100}"},
            }
        },
    },
    "lines": [{"sku": "TEA-1", "quantity": 2, "price": 9.99, "size": "M"}, {"sku": "BOOK-22"}],
    "labels": {"color": "red"},
    "anything": {"deep": [1, None, {"x": [True, {"y": "z"}]}]},
    "expires": "2100-01-01T00:00:00Z",
}


@pytest.fixture
def orders(make_shop: Callable[..., Shop]) -> Shop:
    """The admin of a rich schema: hash and range key, two indexes, sets, time to live, version, four levels."""
    return make_shop(Path(__file__).parents[1] / "fixtures" / "admin" / "orders.yaml", "Order")


@pytest.fixture
def rich(orders: Shop) -> Any:
    """An order with a value for everything."""
    row = orders.model.from_json(RICH)
    row.save()
    return row


@pytest.fixture
def broken(orders: Shop, rich: Any) -> Any:
    """An order as another program has stored it: values outside their enums and limits, one of another type."""
    item = {**rich._state.item, "order_id": {"S": "broken"}, "status": {"S": "lost"}, "quantity": {"N": "5000"}}
    item["lines"] = {"L": [{"M": {"sku": {"S": "A"}, "size": {"S": "XXL"}}}, {"M": {"quantity": {"N": "2"}}}]}
    item["payment"] = {"M": {"kind": {"S": "Cash"}}}
    item["gift"] = {"S": "perhaps"}
    orders.persistence.put_item(item)
    return orders.model.objects.get(tenant_id="acme", order_id="broken")


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
