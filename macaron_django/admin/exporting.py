"""Items out of the admin and into it: no way yet."""

from __future__ import annotations

from macaron_django.admin.bases import ItemModelAdmin

__all__ = ["ExchangeMixin"]


class ExchangeMixin(ItemModelAdmin):
    """Links, addresses and actions of export and import."""

    actions = None
