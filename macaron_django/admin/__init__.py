"""Items in the Django admin: `ItemAdmin`, and its registration for each persisted schema.

Django's autodiscovery imports this package. A model that the project has registered itself is left alone.
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.sites import AdminSite

from macaron_django.admin.items import ItemAdmin

__all__ = ["ItemAdmin", "register_items"]


def register_items(site: AdminSite) -> None:
    """Register the model of every persisted schema that isn't registered on ``site`` yet."""
    from macaron_django.registry import registry

    for api in registry:
        for model in api.models:
            if not site.is_registered(model):
                site.register(model, ItemAdmin)


register_items(admin.site)
