"""An item's page, for reading.

Apart from the form: whoever may only view an item gets this page in the form's place.
"""

from __future__ import annotations

from macaron_django.admin.bases import ItemModelAdmin

__all__ = ["ReadingMixin"]


class ReadingMixin(ItemModelAdmin):
    """What ``change_view`` shows to those who may view an item and not change it."""
