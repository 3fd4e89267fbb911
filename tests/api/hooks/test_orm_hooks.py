"""What a project does to its models, their managers and their columns counts on either way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, models
from django.db.models.query import QuerySet
from django.db.models.signals import post_init, post_save, pre_init, pre_save
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler

from macaron_django.exceptions import StaleItem
from tests.api.hooks.both_ways import by_rows
from tests.api.hooks.row_models import Thing
from tests.api.hooks.row_requests import SHORT

SIGNALS = {"pre_init": pre_init, "post_init": post_init, "pre_save": pre_save, "post_save": post_save}


@pytest.mark.parametrize("name", SIGNALS)
def test_listeners_are_told_alike(rows, name):
    def told(sender: Any, **about: Any) -> None:
        rows.notes.append(f"{name} {sender.__name__} {about.get('created')} {getattr(about.get('instance'), 'pk', '')}")
        if name in ("post_init", "pre_save"):
            about["instance"].by = name
        if name == "post_save" and about["instance"].name == "stale":
            raise StaleItem("stale")
        if name == "post_save" and about["instance"].name == "bad":
            raise OperationalError("no more")

    SIGNALS[name].connect(told, sender=Thing)
    try:
        more = [(line, {"name": text}) for text in ("stale", "bad") for line in ("PUT /things/1", "POST /things")]
        rows.compare([*SHORT, *more, ("GET /things/1",)], {"GET": 4, "POST": 1}, {"read": 4, "create": 1})
    finally:
        SIGNALS[name].disconnect(told, sender=Thing)
    assert any(name in note for answer in rows.answers for note in answer["seen"])


@contextmanager
def counted(owner: Any, name: str, calls: list[str]) -> Iterator[None]:
    """Count calls of a method that is patched in its owner's place."""
    static, is_own = vars(owner).get(name), name in vars(owner)
    found = getattr(owner, name)
    is_class = isinstance(owner, type)
    function = getattr(found, "__func__", found) if is_class else found

    def patched(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return function(*args, **kwargs)

    setattr(owner, name, classmethod(patched) if is_class and hasattr(found, "__func__") else patched)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, static)
        else:
            delattr(owner, name)


PATCHED = [
    *(
        (Thing, name)
        for name in ("save", "save_base", "_save_table", "__init__", "from_db", "full_clean", "_do_insert")
    ),
    *((QuerySet, name) for name in ("get", "filter", "_chain", "_fetch_all", "create")),
    *((models.Manager, name) for name in ("get_queryset",)),
    *((SQLCompiler, name) for name in ("as_sql", "execute_sql")),
    *((SQLInsertCompiler, name) for name in ("as_sql", "execute_sql")),
    *((None, name) for name in ("all", "create", "get_queryset")),  # of the model's own manager
]


PATCHED_IDS = [f"{owner.__name__ if owner else 'objects'}.{name}" for owner, name in PATCHED]


@pytest.mark.parametrize(("owner", "name"), PATCHED, ids=PATCHED_IDS)
def test_what_is_patched_between_requests_is_called_alike(rows, owner, name):
    counts = []
    for change in (None, by_rows):
        side, calls = rows.side(change), []
        with ExitStack() as stack:
            patch = partial(stack.enter_context, counted(owner or Thing._default_manager, name, calls))
            answers = side.run([*SHORT, patch, *SHORT], rows.tables)  # worked out before it is patched
            asked = [*calls]
        counts.append((asked, [(answer["status"], answer["body"], answer["stored"]) for answer in answers]))
    assert counts[0] == counts[1]
    assert calls or name == "full_clean"


def test_a_model_that_calls_its_own_write_stale_is_saved_again(rows, monkeypatch):
    told: list[Any] = []

    def save_base(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.name == "stale" and not told:
            told.append(self)
            raise StaleItem("stale")
        models.Model.save_base(self, *args, **kwargs)

    monkeypatch.setattr(Thing, "save_base", save_base)
    rows.compare([told.clear, ("PUT /things/1", {"name": "stale"}), ("GET /things/1",)], {"PUT": 1}, {"replace": 1})
