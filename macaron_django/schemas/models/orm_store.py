"""Stores the objects of a schema with ``x-model`` in a Django model, through the ORM's public API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property, wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from macaron_django.drivers import Steps
from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.schemas.models.orm_bindings import OrmBinding
from macaron_django.schemas.models.orm_lookups import REFUSALS, is_refused
from macaron_django.schemas.models.stores import Store, Stored
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.values.api_objects import ObjectSpec
from macaron_django.schemas.values.generated_values import generated_values
from macaron_django.schemas.values.merge_patches import merge_patch, with_defaults_for_nulls
from macaron_django.schemas.values.request_violations import blamed

__all__ = ["OrmStore"]

P = ParamSpec("P")
R = TypeVar("R")


def _without_calls(method: Callable[P, R]) -> Callable[P, Steps[R]]:
    """Turns an ordinary method into a generator that yields nothing, because ``Store`` requires generators."""

    @wraps(method)
    def steps(*args: P.args, **kwargs: P.kwargs) -> Steps[R]:
        return method(*args, **kwargs)
        yield

    return steps


class OrmStore(Store):
    """The store of a project's Django model. It saves instances, so signals, routers and transactions work as usual."""

    def serves(self, action: str) -> bool:
        return not hasattr(self.model, "to_json")  # instances are needed for a model's own to_json()

    @cached_property
    def binding(self) -> OrmBinding:
        return OrmBinding(self.model, self.schema, self.classes)

    def narrowed(self, queryset: Any) -> Store | None:
        return None  # unknown, because a query set may yield values instead of instances

    def refuses(self, lookup: str, value: Any) -> bool:
        return is_refused(self.model, lookup, value)

    def queryset(self) -> Any:
        queryset = self.model._default_manager.all()
        joined, beside = self.related
        queryset = queryset.select_related(*joined) if joined else queryset
        return queryset.prefetch_related(*beside) if beside else queryset

    @_without_calls
    def read(self, key: Mapping[str, Any]) -> Stored | None:
        instance = self._instance(key)
        return None if instance is None else Stored(self.binding.to_json(instance))

    @_without_calls
    def create(self, body: Any, key: Mapping[str, Any], request: Any) -> Stored:
        if self._object.generates_writable and isinstance(body, Mapping):
            # The schema may require writable generated values. So these are set before validation, and readOnly values
            # after it.
            made = generated_values(self.schema, self._object.read_only.union(body), True, request)
            body = {**body, **made}
        values = {**self._held_values(self.valid(body)), **key}
        made = generated_values(self.schema, values, True, request, keys=self.binding.keys)
        try:
            instance = self.binding.create({**values, **self._python_values(made)})
        except ValidationFailed as failure:
            raise blamed(failure, self.schema, values.keys(), {*key, *made}) from None
        return Stored(self.binding.to_json(instance))

    @_without_calls
    def replace(self, key: Mapping[str, Any], body: Any) -> Stored | None:
        instance = self._instance(key)
        values = self._held_values(self.valid(body))  # an invalid body is an error even if there is no object
        if instance is None:
            return None
        return self._updated(instance, values, self._writable)

    @_without_calls
    def patch(self, key: Mapping[str, Any], patch: Any) -> Stored | None:
        instance = self._instance(key)
        if instance is None:
            return None
        if not isinstance(patch, Mapping):
            self.valid(patch)  # raises an exception, because a patch must be an object
        patch = cleaner_for(self.schema).without_read_only(patch)
        shown = self.binding.to_json(instance)
        merged = merge_patch(shown, with_defaults_for_nulls(self.schema, patch))
        values = self._held_values(self.valid_patch(shown, merged), patch.keys())
        return self._updated(instance, values, self._writable & patch.keys())

    @_without_calls
    def delete(self, key: Mapping[str, Any]) -> bool:
        instance = self._instance(key)
        if instance is None:
            return False
        instance.delete()
        return True

    def _instance(self, key: Mapping[str, Any]) -> Any:
        lookups = {self.lookup([name]): value for name, value in key.items()}
        try:
            return self.queryset().get(**lookups)
        except (ObjectDoesNotExist, ValidationError):
            return None
        except REFUSALS:
            if any(self.refuses(lookup, value) for lookup, value in lookups.items()):
                return None  # no row can have such a key
            raise

    def _updated(self, instance: Any, values: Mapping[str, Any], names: frozenset[str]) -> Stored:
        changed = {name: value for name, value in values.items() if name in names}
        made = generated_values(self.schema, changed, False)
        changed |= self._python_values(made)
        try:
            self.binding.update(instance, changed, sorted(names - changed.keys()))
        except ValidationFailed as failure:
            raise blamed(failure, self.schema, changed.keys(), made.keys()) from None
        return Stored(self.binding.to_json(instance))

    def _held_values(self, body: Mapping[str, Any], changed: Collection[str] | None = None) -> dict[str, Any]:
        """Returns the Python values of a valid body. Raises ``RequestInvalid`` if the model's fields refuse a value.

        ``changed`` are the properties that the client changes; None means all properties.
        """
        values = self._python_values(body)
        given = values if changed is None else {name: values[name] for name in values.keys() & changed}
        refused = tuple(self.binding.violations(given))
        if refused:
            raise RequestInvalid(violations=refused)
        return values

    def _python_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        # Additional properties have no column.
        return {n: self._object.conversion(n).to_python(v) for n, v in values.items() if n in self._object.properties}

    @cached_property
    def _object(self) -> ObjectSpec:
        return ObjectSpec(self.classes.api, self.schema, self.classes)

    @cached_property
    def _writable(self) -> frozenset[str]:
        return frozenset(self.schema.properties) - self._object.read_only - self.binding.kept
