"""Shows and edits items in the Django admin. ``ItemAdmin`` is registered for every persisted schema.

Django's autodiscovery imports this package, which registers the models that the project hasn't registered itself. The
folders and modules:

- ``lists``: the list of items
- ``forms``: adding, changing and deleting items
- ``import_export``: importing and exporting files
- ``pages``: the read-only pages
- ``display``: how values are displayed
- ``failed_task_admin``: failed tasks
- ``permissions``: what each user may do
"""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import AdminSite

from macaron_django.admin.item_admin import ItemAdmin
from macaron_django.admin.pages.table_pages import with_tables
from macaron_django.conf import settings

__all__ = ["ItemAdmin", "register_items"]


def register_items(site: AdminSite) -> None:
    """Registers the models of persisted schemas and of failed tasks on ``site``.

    Skips models that are already registered.

    If the site doesn't set its own index templates, the site gets templates that extend Django's index
    templates and also show the schemas' descriptions. The index and the sidebar also link to the pages about tables.
    """
    from macaron_django.registry import registry

    site.index_template = site.index_template or "admin/macaron_django/index.html"
    site.app_index_template = site.app_index_template or "admin/macaron_django/app_index.html"
    site.get_app_list = with_tables(site.get_app_list)  # type: ignore[method-assign]

    for api in registry:
        for model in api.models:
            if not site.is_registered(model):
                site.register(model, ItemAdmin)
    if settings.TASKS.KEEP_FAILURES_DAYS:
        from macaron_django.admin.failed_task_admin import register_failed_tasks

        register_failed_tasks(site)


# Django imports this package for its template tags even if the admin isn't installed.
if apps.is_installed("django.contrib.admin"):
    register_items(admin.site)
