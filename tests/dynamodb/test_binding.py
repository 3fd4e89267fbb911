"""``x-persist`` and the class that it names: which options hold, and what is a finding."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from macaron_django import openapi as spec
from macaron_django.dynamodb import (
    Persistence,
    PersistentSwaggerObject,
    graft,
    options_from_class,
    persistence_for,
    persistence_options,
)
from macaron_django.openapi import Index, Persist
from macaron_django.schemas.values.classes import Classes


class PersistentProfile(PersistentSwaggerObject):
    api_name = "shop"
    model_name = "Profile"
    table_name = "of_class"
    primary_key = "profile_id"
    range_key = "age"
    indexes = {"by_name": "name"}
    local_indexes = {"by_score": {"range_key": "score", "projection": ["name"]}}
    ttl_attribute = "age"
    sets = ["tags"]
    billing = {"read": 3, "write": 2}
    tags = {"team": "shop"}
    point_in_time_recovery = True
    deletion_protection = False


class Foreign:
    """A class of the user's own, made in a way of its own."""

    table_name = "foreign"
    primary_key = "profile_id"

    def __init__(self, something: str) -> None:
        self.something = something

    @staticmethod
    def load_from_db(key: str) -> str:
        return f"loaded {key}"

    def save_to_db(self) -> str:
        return "saved"


class Elsewhere:
    """A class that keeps objects in its own way, as PyMacaron lets it."""

    stored: ClassVar[dict[str, Any]] = {}

    @classmethod
    def load_from_db(cls, key: str) -> Any:
        return cls.from_json(cls.stored[key])  # type: ignore[attr-defined]

    def save_to_db(self) -> None:
        self.stored[self.name] = self.to_json()  # type: ignore[attr-defined]

    def to_json(self) -> Any:
        raise AssertionError("the methods of the API object win")


class Odd(Elsewhere):
    def __init__(self, something: str) -> None:
        raise AssertionError("it makes its objects otherwise")


class Half:
    @staticmethod
    def load_from_db(key: str) -> str:
        return key


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> str:
    made = ModuleType("shop_persistence")
    made.PersistentProfile, made.Foreign, made.function = PersistentProfile, Foreign, len  # type: ignore[attr-defined]
    made.Elsewhere, made.Odd, made.Half = Elsewhere, Odd, Half  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_persistence", made)
    return "shop_persistence"


@pytest.fixture
def bind() -> Callable[[Any], tuple[Persistence, tuple[type, ...]]]:
    def bind(persist: Any) -> tuple[Persistence, tuple[type, ...]]:
        properties = {
            "profile_id": {"type": "string"},
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "score": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "address": {"type": "object", "properties": {"zip": {"type": "string"}}},
        }
        profile = {"type": "object", "properties": properties, "x-persist": persist}
        document = spec.load(
            {
                "openapi": "3.1.0",
                "info": {"title": "Shop", "version": "1"},
                "paths": {},
                "components": {"schemas": {"Profile": profile}},
            }
        )
        return persistence_for("shop", document.schemas["Profile"], Classes("shop", document))

    return bind


def test_a_class_sets_options_as_attributes() -> None:
    options = options_from_class(PersistentProfile)
    assert (options.table, options.hash_key, options.range_key, options.ttl) == ("of_class", "profile_id", "age", "age")
    assert options.indexes == {"by_name": Index("by_name", "name")}
    assert options.local_indexes == {"by_score": Index("by_score", "profile_id", "score", ("name",))}
    assert (options.billing, options.capacity, options.sets) == ("provisioned", (3, 2), ("tags",))
    assert (options.tags, options.point_in_time_recovery, options.deletion_protection) == (
        {"team": "shop"},
        True,
        False,
    )
    assert options.version is None
    assert "version" not in options.given


def test_the_spec_wins_over_the_class(module: str) -> None:
    persist = Persist(class_path=f"{module}.PersistentProfile", table="of_spec", given=frozenset({"class", "table"}))
    options, cls = persistence_options(persist)
    assert cls is PersistentProfile
    assert (options.table, options.hash_key) == ("of_spec", "profile_id")


def test_the_class_is_a_base_of_the_rows_and_gets_the_persistence(bind: Any, module: str) -> None:
    persistence, bases = bind(f"{module}.PersistentProfile")
    assert bases == (PersistentProfile,)
    assert PersistentProfile.persistence is persistence
    assert persistence.options.table == "of_class"


def test_a_foreign_class_gives_its_two_methods(bind: Any, module: str) -> None:
    persistence, (base,) = bind(f"{module}.Foreign")
    assert persistence.options.table == "foreign"
    assert base.load_from_db("7") == "loaded 7"
    assert base().save_to_db() == "saved"


@pytest.mark.parametrize(
    ("persist", "finding", "message"),
    [
        ("nowhere.at.All", "E090", "x-persist names nowhere.at.All"),
        ("shop_persistence.function", "E090", "isn't a class"),
        ("shop_of_python_2.Class", "E090", "shop_of_python_2.Class: SyntaxError: invalid syntax (shop_of_python_2.py"),
        ("shop_without_secrets.Class", "E090", "shop_without_secrets.Class: KeyError: 'SHOP_SECRET'"),
        ({"hash_key": "missing"}, "E091", "missing, which isn't a property of Profile"),
        ({"hash_key": "profile_id", "range_key": "nope"}, "E091", "nope"),
    ],
)
def test_what_cannot_be_bound_is_a_finding_with_its_place(
    bind: Any,
    module: str,
    persist: Any,
    finding: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "shop_of_python_2.py").write_text("def save(item, async=True): pass\n")
    (tmp_path / "shop_without_secrets.py").write_text("{}['SHOP_SECRET']\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(spec.SpecError) as refused:
        bind(persist)
    (found,) = refused.value.findings
    assert found.id == finding
    assert message in found.message
    assert found.location.pointer.endswith("x-persist")


@pytest.mark.parametrize(
    ("said", "finding", "message"),
    [
        ({"primary_key": "nope"}, "E042", "hash_key 'nope' isn't a property of Profile"),
        ({"primary_key": "address"}, "E043", "'address' can't be a key: its type is object"),
        ({"indexes": {"by_zip": "address.zip"}}, "E044", "'address.zip' isn't a property"),
        ({"indexes": {f"by_{n:03}": Index(f"by_{n:03}", "name") for n in range(21)}}, "E045", "DynamoDB allows 20"),
        ({"local_indexes": {f"by_{n:03}": "score" for n in range(6)}}, "E045", "DynamoDB allows 5"),
        ({"ttl_attribute": "name"}, "E046", "a string without `format: date-time`"),
        ({"version_attribute": "name"}, "E046", "has the type string"),
        ({"billing": "free"}, "E047", "`billing` can't be 'free'"),
        ({"scan": "always"}, "E047", "`scan` can't be 'always'"),
        ({"sets": {"score"}}, "E047", "'score' can't be a set"),
        ({"tags": {"team": 7}}, "E047", "must be a string"),
        ({"deletion_protection": "yes"}, "E047", "must be true or false"),
    ],
)
def test_what_a_class_says_is_judged_as_what_a_spec_says(
    bind: Any, module: str, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], finding: str, message: str
) -> None:
    attributes = {"api_name": "shop", "model_name": "Profile", "table_name": "of_class", "primary_key": "profile_id"}
    persisted = type("Mistaken", (PersistentSwaggerObject,), attributes | said)
    monkeypatch.setattr(sys.modules[module], "Mistaken", persisted, raising=False)
    with pytest.raises(spec.SpecError) as refused:
        bind(f"{module}.Mistaken")
    (found,) = refused.value.findings
    assert found.id == finding
    assert f"{module}.Mistaken: " in found.message
    assert message in found.message
    assert found.location.pointer.endswith("x-persist")


@pytest.fixture
def grafted() -> Callable[[Any], tuple[bool, Classes]]:
    def make(persist: Any) -> tuple[bool, Classes]:
        named = {"type": "object", "properties": {"name": {"type": "string"}}, "x-persist": persist}
        tree = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {}}
        document = spec.load({**tree, "components": {"schemas": {"Named": named}}})
        classes = Classes("shop", document)
        return graft(document.schemas["Named"], classes), classes

    return make


@pytest.mark.parametrize("persist", ["shop_persistence.Elsewhere", {"class": "shop_persistence.Odd"}])
def test_a_class_that_keeps_objects_itself_gives_them_its_methods(module: str, grafted: Any, persist: Any) -> None:
    is_grafted, classes = grafted(persist)
    assert is_grafted
    named = classes.Named(name="a")
    assert named.save_to_db() is None
    assert Elsewhere.stored["a"] == {"name": "a"}
    assert classes.Named.load_from_db("a") == named
    assert classes.Named.__persistence_class__ == (persist if isinstance(persist, str) else persist["class"])


@pytest.mark.parametrize(
    "persist",
    [
        "shop_persistence.PersistentProfile",
        "shop_persistence.Foreign",  # names a table and a key
        {"class": "shop_persistence.Elsewhere", "hash_key": "name"},
        {"hash_key": "name"},
    ],
)
def test_what_says_where_in_dynamodb_is_kept_there(module: str, grafted: Any, persist: Any) -> None:
    assert not grafted(persist)[0]


@pytest.mark.parametrize(
    ("persist", "message"),
    [("shop_persistence.Half", "has no save_to_db()"), ("nowhere.at.All", "names nowhere.at.All")],
)
def test_half_a_class_is_a_finding(module: str, grafted: Any, persist: str, message: str) -> None:
    with pytest.raises(spec.SpecError) as refused:
        grafted(persist)
    (found,) = refused.value.findings
    assert (found.id, message in found.message) == ("E090", True)
