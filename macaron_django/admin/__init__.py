"""Items in the Django admin: `ItemAdmin`, and its registration for each persisted schema.

Django's autodiscovery imports this package. A model that the project has registered itself is left alone.
It is also imported for its tags wherever Django looks for template tags: without the admin, nothing is registered.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import AdminSite

from macaron_django.admin.items import ItemAdmin

__all__ = ["ItemAdmin", "register_items"]


def register_items(site: AdminSite) -> None:
    """Register the model of every persisted schema that isn't registered on ``site`` yet.

    A site without index pages of its own gets those that describe the schemas; they extend the stock ones.
    """
    from macaron_django.registry import registry

    site.index_template = site.index_template or "admin/macaron_django/index.html"
    site.app_index_template = site.app_index_template or "admin/macaron_django/app_index.html"

    for api in registry:
        for model in api.models:
            if not site.is_registered(model):
                site.register(model, ItemAdmin)


if apps.is_installed("django.contrib.admin"):
    register_items(admin.site)
