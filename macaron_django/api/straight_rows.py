"""Reading, listing, creating and replacing rows of Django models → the answer, with no view or serializer in between.

In go a generated operation and the model behind it; out comes what answers its common request. What is read is asked
by queries that are compiled once (``model_rows``); what is written is saved as instances by the schema's binding, as
the serializer does it: with the project's signals, methods, routers and transactions. Each answer is what the
viewset's action would say; whatever it can't be sure of before the database is asked, it leaves to that (None). What
goes wrong beyond that is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from rest_framework.response import Response

from macaron_django.api.contents import success_status
from macaron_django.api.lookups import Store, Unmatched
from macaron_django.api.model_rows import ModelRows, Rows, Unprepared, model_rows
from macaron_django.api.model_writes import ModelWrites
from macaron_django.api.resource_viewsets import absent
from macaron_django.api.resources import GeneratedOperation
from macaron_django.api.straight_answers import StraightAnswer, StraightBody, StraightCreation, StraightPage
from macaron_django.api.straight_gate import Answer, Context, Gate
from macaron_django.api.viewsets import Served
from macaron_django.exceptions import InvalidCursor, ValidationFailed
from macaron_django.schemas import converter, validator_for
from macaron_django.schemas.generated import generated_values
from macaron_django.schemas.model_bindings import OrmBinding

__all__ = ["row_answer"]


def row_answer(
    served: Served, store: Store, item: GeneratedOperation | None, gate: Gate, context: Context
) -> Answer | None:
    """What answers the operation from its rows; None where the viewset has to be asked.

    ``item`` is an operation on one item's path, where a new item will be found.
    """
    generated = served.generated
    kind = _ANSWERS.get(generated.action) if generated is not None else None
    # A model with a JSON form of its own shows that.
    if kind is None or store.is_row or hasattr(store.model, "to_json"):
        return None
    made = kind(served, store, item, gate, context)
    return made.answer if made.is_possible() else None


class _Straight(StraightAnswer):
    """What the four kinds have in common: how a row is kept, and its JSON."""

    def __init__(
        self, served: Served, store: Store, item: GeneratedOperation | None, gate: Gate, context: Context
    ) -> None:
        super().__init__(served, store, item, gate, context)
        self.binding = OrmBinding(self.model, store.schema, store.classes)


class _Reading(_Straight):
    """What is read, or read before it is written."""

    def is_possible(self) -> bool:
        return super().is_possible() and self.rows is not None

    @cached_property
    def rows(self) -> ModelRows | None:
        return model_rows(self.binding)

    def are_plain(self) -> bool:
        """Whether still nobody else has a say in what is read."""
        return self.rows is not None and self.rows.are_plain()

    def here(self) -> Rows:
        """The rows in the database to be read from: routers are asked once, as ever."""
        assert self.rows is not None  # noqa: S101 (or the operation wasn't possible)
        return self.rows.here()


class _OfOne(_Reading):
    """An operation on the one row that its path names by a unique column."""

    def is_possible(self) -> bool:
        names = [*self.generated.keys.values()]
        field = self.store.field(names[0]) if len(names) == 1 else None
        return field is not None and field.unique and not field.is_relation and super().is_possible()

    @cached_property
    def key(self) -> tuple[str, str]:
        """The path's parameter, and the property whose value it is."""
        ((parameter, name),) = self.generated.keys.items()
        return parameter, name

    @cached_property
    def lookup(self) -> str:
        return self.store.lookup([self.key[1]])

    def named(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Any:
        """The value that the path names the row by; None if the action has to say what is wrong with it."""
        sent = self.parameters(request, kwargs)
        if sent is None:
            return None
        try:
            return self.store.python_value([self.key[1]], sent["path", self.key[0]])
        except Unmatched:
            return None

    def found(self, rows: Rows, value: Any) -> Any:
        row = rows.one(self.lookup, value)
        if row is None:
            raise absent(self.store.schema, {self.key[1]: value})
        return row


class _Retrieve(_OfOne):
    def is_possible(self) -> bool:
        return self.operation.request_body is None and super().is_possible()

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        is_usual = self.are_plain() and not self.is_unusual(request, kwargs)
        value = self.named(request, kwargs) if is_usual else None
        if value is None:
            return None
        rows = self.here()
        try:
            row = self.found(rows, value)
        except Unprepared:
            return None
        return self.answered(request, kwargs, self.shown(rows.json([row])[0]))


class _List(StraightPage, _Reading):
    def is_possible(self) -> bool:
        return self.operation.request_body is None and super().is_possible()

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        asked = self.asked(request, kwargs) if self.are_plain() else None
        if asked is None:
            return None
        rows = self.here()
        try:
            found, next_cursor = rows.page(*asked)
        except InvalidCursor:
            return None
        return self.page(request, kwargs, rows.json(found), next_cursor)


class _Written(StraightBody, _Straight):
    """What is written from a body."""

    def clean(self, value: Mapping[str, Any]) -> dict[str, Any] | None:
        """The Python values of the valid object that is meant, with its defaults and without what is readOnly."""
        try:
            return self.python_values(validator_for(self.store.schema, "request").clean(value))
        except ValidationFailed:
            return None

    def python_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        # What the schema allows without naming it has no column.
        return {name: self.to_python[name](value) for name, value in values.items() if name in self.to_python}

    @cached_property
    def to_python(self) -> Mapping[str, Any]:
        properties = self.store.schema.properties
        return {name: converter(prop.schema, self.store.classes).to_python for name, prop in properties.items()}

    @cached_property
    def writes(self) -> ModelWrites:
        return ModelWrites(self.model)

    def made(self, existing: Mapping[str, Any], *, creating: bool, user: Any) -> dict[str, Any]:
        """The Python values of what the server makes up when a row is saved."""
        keys = self.binding.keys if creating else None
        return self.python_values(generated_values(self.store.schema, existing, creating, user, keys=keys))


class _Create(_Written, StraightCreation):
    def created(self, value: dict[str, Any], user: Any) -> Mapping[str, Any] | None:
        generated = generated_values(self.store.schema, value, True, user)
        # What the schema may require of a client comes before it is judged; what is readOnly, after.
        values = self.clean({**value, **{name: generated[name] for name in generated if name not in self.read_only}})
        if values is None:
            return None
        made = self.made(values, creating=True, user=user)
        return self.binding.to_json(self.binding.create({**values, **made}, insert=self.writes.create))


class _Replace(_Written, _OfOne):
    @cached_property
    def status(self) -> int:  # type: ignore[override]
        return success_status(self.operation, 200, 204)

    def is_possible(self) -> bool:
        return "201" not in self.operation.responses and super().is_possible()  # or an absent row is made

    @cached_property
    def writable(self) -> frozenset[str]:
        return frozenset(self.store.schema.properties) - self.read_only - self.binding.kept

    def with_key(self, value: dict[str, Any], key: Any) -> dict[str, Any] | None:
        """The body with what the path says; None if it says something else, or in another way."""
        name = self.key[1]
        prop = self.store.schema.properties.get(name)
        if prop is None or prop.read_only:
            return value
        as_json = converter(prop.schema, self.store.classes).to_json(key)
        if name not in self.store.schema.required:
            value.setdefault(name, as_json)
        is_other = name in value and (type(value[name]) is not type(as_json) or value[name] != as_json)
        return None if is_other else value

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        # A write that a project's own code calls stale is tried again.
        is_usual = self.writes.are_plain() and self.are_plain() and not self.is_unusual(request, kwargs)
        key = self.named(request, kwargs) if is_usual else None
        value = None if key is None else self.sent(request)
        value = None if value is None else self.with_key(value, key)
        values = None if value is None else self.clean(value)
        if values is None:
            return None
        rows = self.here()
        try:
            instance = rows.instance(self.found(rows, key))
        except Unprepared:
            return None
        values = {name: values[name] for name in values if name in self.writable}
        values.update(self.made(values, creating=False, user=None))
        removed = sorted(self.writable - values.keys())
        self.binding.update(instance, values, removed, save=self.writes.save)
        return self.answered(request, kwargs, self.shown(self.binding.to_json(instance)))


_ANSWERS: Mapping[str, type[_Straight]] = {"retrieve": _Retrieve, "list": _List, "create": _Create, "replace": _Replace}
