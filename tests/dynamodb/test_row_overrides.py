"""Which methods of a class's own, and which receivers of signals, make rows necessary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.signals import post_init, post_save, pre_init, pre_save

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.codec.row_overrides import (
    ROW_METHODS,
    has_init_receivers,
    is_loaded_plainly,
    is_saved_plainly,
    is_shown_plainly,
    is_stored_plainly,
)

MakeRows = Callable[..., Persistence]
PURPOSES = {
    "loaded": is_loaded_plainly,
    "shown": is_shown_plainly,
    "stored": is_stored_plainly,
    "saved": is_saved_plainly,
}
LOADING = {"__getattribute__", "__init__", "__new__", "__setattr__", "from_db"}
SHOWING = {"__getitem__", "__iter__", "to_json"}
STORING = {"__setitem__", "_store"}


def _plain_for(model: Any) -> set[str]:
    return {purpose for purpose, is_plain in PURPOSES.items() if is_plain(model)}


def test_a_class_that_says_nothing_of_its_own_needs_no_rows(make_rows: MakeRows, embedded: object) -> None:
    class Greeting:
        greeting = "Hello"

        def greet(self) -> str:
            return f"{self.greeting} {self.name}"  # type: ignore[attr-defined]

    for bases in ((), (Greeting,)):
        assert _plain_for(make_rows(bases=bases).model) == PURPOSES.keys()


@pytest.mark.parametrize("name", ROW_METHODS)
def test_a_method_of_its_own_needs_rows_for_what_it_changes(make_rows: MakeRows, embedded: object, name: str) -> None:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(super(own, self), name)(*args, **options)

    attribute: Any = {"from_db": classmethod(method), "_additional": property(lambda _self: {})}.get(name, method)
    own = type("Own", (), {name: attribute})
    needed = {"saved"}
    if name in LOADING:
        needed = set(PURPOSES)
    elif name == "_additional":
        needed |= {"shown", "stored"}
    elif name in SHOWING | STORING:
        needed |= {"shown"} if name in SHOWING else {"stored"}
    assert _plain_for(make_rows(bases=(own,)).model) == PURPOSES.keys() - needed


def test_a_property_in_the_place_of_a_field_needs_rows(
    make_rows: MakeRows, embedded: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_rows().model
    monkeypatch.setattr(model, "name", property(lambda _self: "somebody", lambda _self, _value: None))
    assert _plain_for(model) == set()


def test_a_class_that_reads_its_properties_in_a_way_of_its_own_is_asked(make_rows: MakeRows, embedded: object) -> None:
    class Loud:
        def __getitem__(self, name: str) -> Any:
            value = super().__getitem__(name)  # type: ignore[misc]
            return value.upper() if name == "name" else value

    persistence = make_rows(bases=(Loud,))
    assert persistence.typed_items is None
    assert persistence.json_of({"profile_id": {"S": "a"}, "name": {"S": "Ada"}})["name"] == "ADA"


@pytest.mark.parametrize("signal", [pre_init, post_init, pre_save, post_save])
def test_receivers_of_a_models_signals_are_known_while_they_are_connected(
    make_rows: MakeRows, embedded: object, signal: Any
) -> None:
    def receive(**_: Any) -> None:
        """Nothing to do: that it is there counts."""

    model, other = make_rows().model, make_rows().model
    assert not has_init_receivers(model)
    signal.connect(receive, sender=model)
    try:
        assert has_init_receivers(model) is (signal in (pre_init, post_init))
        assert not has_init_receivers(other)
    finally:
        signal.disconnect(receive, sender=model)
    assert not has_init_receivers(model)
    assert is_saved_plainly(model)
