"""Compares the two ways through an API: by the store, and by rows and serializers where a hook wants to see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest import mock

import pytest
from django.test import override_settings
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from macaron_django.api.views.actions import ACTIONS
from macaron_django.api.views.operation_viewsets import DATA, OperationViewSet
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.dynamodb.item_store import ItemStore
from macaron_django.dynamodb.querysets.queryset import ItemQuerySet
from macaron_django.overrides import Hooks
from macaron_django.registry import API
from macaron_django.schemas.models.orm_store import OrmStore
from tests.api.hooks.recorded_sides import Side, Tables
from tests.api.hooks.wsgi_requests import Ask, send

#: DRF's settings that its classes copy when they are imported: where a project's would be by then.
COPIED = {
    "DEFAULT_AUTHENTICATION_CLASSES": "authentication_classes",
    "DEFAULT_PARSER_CLASSES": "parser_classes",
    "DEFAULT_PERMISSION_CLASSES": "permission_classes",
    "DEFAULT_RENDERER_CLASSES": "renderer_classes",
    "DEFAULT_THROTTLE_CLASSES": "throttle_classes",
    "DEFAULT_VERSIONING_CLASS": "versioning_class",
}
_STORED = ("read", "create", "replace", "patch", "delete")


def by_rows(viewset: type[Any]) -> type[Any]:
    """The viewset with an override that changes nothing, and that has to be shown each row."""

    def get_serializer(self: Any, *args: Any, **kwargs: Any) -> Any:
        return super(changed, self).get_serializer(*args, **kwargs)

    # A project's class is of a project's module.
    members = {"get_serializer": get_serializer, "__doc__": viewset.__doc__, "__module__": __name__}
    changed: type[Any] = type(viewset.__name__, (viewset,), members)
    return changed


@contextmanager
def counting_stores() -> Iterator[Counter[str]]:
    """Counts what viewsets have the stores do."""
    calls: Counter[str] = Counter()

    def counted(owner: type, name: str, as_name: str) -> Any:
        method = getattr(owner, name)

        @wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            calls[as_name] += 1
            return method(*args, **kwargs)

        return mock.patch.object(owner, name, call)

    with ExitStack() as stack:
        for store in (ItemStore, OrmStore):
            for name in _STORED:
                stack.enter_context(counted(store, name, name))
        stack.enter_context(counted(ItemQuerySet, "as_json", "list"))
        yield calls


class BothWays:
    """An API, its tables, and what differs between its two ways."""

    send = staticmethod(send)

    def __init__(self, api: API, seeds: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.api, self.monkeypatch = api, monkeypatch
        self.tables: Any = Tables(api.persistences, seeds)
        self.notes: list[str] = []
        #: What the store's way answered, and what stores did on either way, from the last comparison.
        self.answers: list[dict[str, Any]] = []
        self.asked: list[Ask] = []
        self.stored: list[Counter[str]] = []

    def side(self, change: Callable[[type], type] | None = None) -> Side:
        """One way through the API; of viewsets as generated, or as ``change`` makes them."""
        made = Side(self.api, change)
        made.notes = self.notes
        return made

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Gives DRF's classes what they copy from settings when they are imported."""
        for name in settings.get("REST_FRAMEWORK", {}):
            if name in COPIED:
                attribute, value = COPIED[name], getattr(api_settings, name)
                self.monkeypatch.setattr(APIView, attribute, value)
                ours = vars(OperationViewSet).get(attribute)
                if hasattr(ours, "configured"):
                    self.monkeypatch.setattr(ours, "configured", list(value))
        # Or they would count as patched.
        mixins = [mixin for _, mixin in ACTIONS.values()]
        self.monkeypatch.setattr(OperationViewSet, "hooks", Hooks(OperationViewSet, data=DATA))
        self.monkeypatch.setattr(ResourceViewSet, "hooks", Hooks(ResourceViewSet, *mixins, data=DATA))

    def differences(self, asked: Sequence[Ask], **settings: Any) -> list[str]:
        """Each thing that the two ways answer differently, in a line."""
        found = []
        self.stored = []
        with override_settings(**settings):
            self.configure(settings)
            for change in (None, by_rows):
                side = self.side(change)
                side.front = change is None
                with counting_stores() as calls:
                    found.append(side.run(asked, self.tables))
                self.stored.append(calls)
        self.asked = [one for one in asked if not callable(one)]
        self.answers, others = found
        return [
            f"{str((*one,))[:300]}: {what}\n{told_apart(answer[what], wanted[what])}"
            for one, answer, wanted in zip(self.asked, self.answers, others, strict=True)
            for what in wanted
            if answer[what] != wanted[what]
        ]

    def succeeded(self) -> Counter[str]:
        """How many requests of each method were answered with 2xx."""
        answered = zip(self.asked, self.answers, strict=True)
        return Counter(one[0].split(" ")[0] for one, answer in answered if answer["status"][0] == "2")

    def statuses(self) -> set[str]:
        return {answer["status"][:3] for answer in self.answers}

    def compare(
        self,
        asked: Sequence[Ask],
        successes: Mapping[str, int] | None = None,
        stored: Mapping[str, int] | None = None,
        **settings: Any,
    ) -> None:
        """Fails where the ways differ, where fewer requests succeed or where stores do less than is said."""
        differences = self.differences(asked, **settings)
        assert not differences, report(differences)
        succeeded, (by_store, of_rows) = self.succeeded(), self.stored
        assert all(succeeded[method] >= count for method, count in (successes or {}).items()), succeeded
        assert all(by_store[name] >= count for name, count in (stored or {}).items()), by_store
        assert not of_rows, f"what is compared with it came from the store, too: {of_rows}"


def told_apart(found: Any, wanted: Any) -> str:
    """Both, from a little before where they begin to differ."""
    texts = str(found), str(wanted)
    start = max(0, next((n for n, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), 0) - 60)
    return "\n".join(
        f"  {name} {text[start : start + 300]}" for name, text in zip(("by store", "by rows "), texts, strict=True)
    )


def report(differences: Sequence[str]) -> str:
    return f"{len(differences)} differences:\n" + "\n".join(each[:2000] for each in differences[:40])
