"""The manager: what Django does with managers works with this one, and needs no table for it."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest
from django.db import models
from django.db.migrations.writer import MigrationWriter

from macaron_django.dynamodb import ItemManager, ItemQuerySet, Persistence
from macaron_django.exceptions import UnsupportedQuery
from macaron_django.schemas.models.row_models import build_model


class AdultQuerySet(ItemQuerySet):
    def adults(self) -> AdultQuerySet:
        return self.filter(age__gte=18)


class AdultManager(ItemManager.from_queryset(AdultQuerySet)):  # type: ignore[misc]
    pass


def model_of(persistence: Persistence, manager: ItemManager) -> Any:
    model = build_model(
        persistence.schema,
        api="shop",
        label=f"shop_{uuid.uuid4().hex[:8]}",
        classes=persistence.classes,
        manager=manager,
        hash_key=persistence.hash_key,
        module=__name__,
    )
    persistence.bind(model)
    return model


def test_it_is_the_models_default_and_base_manager_and_knows_the_persistence(make_persistence: Any) -> None:
    persistence = make_persistence()
    model = model_of(persistence, ItemManager(persistence))

    assert isinstance(model.objects, models.Manager)
    assert model._default_manager is model.objects
    assert type(model._base_manager) is ItemManager
    assert model.objects.persistence is model._base_manager.persistence is persistence
    assert (model.objects.db, model.objects.all().db) == ("default", "default")
    assert isinstance(model.objects.all(), ItemQuerySet)
    assert isinstance(model.objects.db_manager("default").all(), ItemQuerySet)


def test_a_copy_keeps_the_persistence_and_managers_of_two_tables_differ(make_persistence: Any) -> None:
    manager = ItemManager(make_persistence())

    assert copy.copy(manager) == manager
    assert copy.copy(manager).persistence is manager.persistence
    assert ItemManager(make_persistence()) != manager
    assert len({manager, ItemManager(make_persistence())}) == 2


def test_it_stays_out_of_migrations_and_can_be_deconstructed(make_persistence: Any) -> None:
    manager = ItemManager()

    assert not manager.use_in_migrations
    assert manager.deconstruct() == (False, "macaron_django.dynamodb.querysets.manager.ItemManager", None, (), {})
    assert "ItemManager" in MigrationWriter.serialize(manager)[0]


def test_without_a_table_it_says_who_has_one(make_persistence: Any) -> None:
    model = model_of(make_persistence(), ItemManager())

    with pytest.raises(RuntimeError, match="only models made from x-persist"):
        model.objects.all()


def test_a_users_query_set_adds_methods(make_persistence: Any) -> None:
    persistence = make_persistence()
    model = model_of(persistence, AdultManager(persistence))

    assert "age >= 18" in model.objects.filter(profile_id="a").adults().explain()
    assert "age >= 18" in model.objects.adults().filter(profile_id="a").explain()
    assert type(copy.copy(model.objects.adults())) is AdultQuerySet


def test_what_the_orm_would_insert_by_itself_is_refused(make_persistence: Any) -> None:
    persistence = make_persistence()
    model = model_of(persistence, ItemManager(persistence))

    with pytest.raises(UnsupportedQuery, match=r"with save\(\) or create\(\)"):
        model.objects._insert([])
    with pytest.raises(UnsupportedQuery, match="can't aggregate"):
        model.objects.aggregate()


def test_each_public_method_of_djangos_query_set_is_there(make_persistence: Any) -> None:
    missing = [
        name
        for name in dir(models.QuerySet)
        if not name.startswith("_") and not hasattr(ItemQuerySet, name) and name != "as_manager"
    ]
    assert missing == []


@pytest.mark.parametrize("stranger", [object(), None, {"profile_id": "a"}])
def test_what_is_no_row_of_its_model_is_refused_by_name(make_persistence: Any, stranger: object) -> None:
    persistence = make_persistence()
    objects = model_of(persistence, ItemManager(persistence)).objects
    with pytest.raises(
        TypeError, match=rf"bulk_create\(\) takes instances of Profile, not of {type(stranger).__name__}"
    ):
        objects.bulk_create([stranger])
    with pytest.raises(TypeError, match=r"bulk_update\(\) takes instances of Profile"):
        objects.bulk_update([stranger], ["name"])
