"""Defines the filters of an admin list. There are filters for dates, and for properties that have few values.

The filters that use a key or an index come first. All other filters need a scan, and their titles say so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ListFilter
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.admin.display.redaction import is_secret
from macaron_django.exceptions import PyMacaronException

if TYPE_CHECKING:
    from macaron_django.openapi import Property

__all__ = ["DateFilter", "FiltersMixin", "ValueFilter", "filters_of"]

#: An enum with more values gets no filter. The search box finds these values.
MAX_CHOICES = 30


@dataclass(frozen=True)
class FilterChoice:
    """One choice of a filter: its label, and the URL parameters of its link."""

    label: str
    parameters: dict[str, str]


class PropertyFilter(ListFilter):
    """Filters by one property. Subclasses define the choices and the URL parameters."""

    title = ""
    field = ""
    prop: Property

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.title = self.field_path = self.prop.name  # Django's filters have field_path, and admin themes read it
        super().__init__(request, params, model, model_admin)
        for name in map(str, self.expected_parameters()):
            if name in params:
                given = params.pop(name)
                self.used_parameters[name] = given[-1] if isinstance(given, list) else given

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        raise NotImplementedError

    def options(self) -> Iterator[FilterChoice]:
        raise NotImplementedError

    def _example(self) -> dict[str, Any]:
        """Returns an example of this filter's lookups: {lookup: value}. ``_scans`` plans a query with this lookup."""
        raise NotImplementedError

    def _scans(self, queryset: Any) -> bool:
        try:
            return bool(queryset.capped().filter(**self._example()).plan().kind == "scan")
        except PyMacaronException:
            return True

    def mark(self, changelist: Any) -> None:
        """Adds "(scan)" to the title if the filter needs a scan in both cases: alone, and combined with the other
        filters that are in use.
        """
        if self._scans(changelist.root_queryset) and self._scans(changelist.queryset):
            self.title = _("%(name)s (scan)") % {"name": self.prop.name}

    def choices(self, changelist: Any) -> Iterator[Any]:
        names = [str(name) for name in self.expected_parameters()]
        yield {
            "selected": not self.used_parameters,
            "query_string": changelist.get_query_string(remove=names),
            "display": _("All"),
        }
        for choice in self.options():
            yield {
                "selected": self.used_parameters == choice.parameters,
                "query_string": changelist.get_query_string(choice.parameters, remove=names),
                "display": choice.label,
            }


class ValueFilter(PropertyFilter):
    """Filters by the values of an enum, or by the two values of a boolean."""

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field}__exact"]

    def options(self) -> Iterator[FilterChoice]:
        (name,) = self.expected_parameters()
        if self.prop.schema.types == ("boolean",):
            yield FilterChoice(_("Yes"), {str(name): "true"})
            yield FilterChoice(_("No"), {str(name): "false"})
            return
        for value in _values(self.prop):
            yield FilterChoice(str(value), {str(name): str(value)})

    def _example(self) -> dict[str, Any]:
        value = True if self.prop.schema.types == ("boolean",) else _values(self.prop)[0]
        return {self.field: value}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**self.used_parameters) if self.used_parameters else queryset


class DateFilter(PropertyFilter):
    """Filters by today, the past week, this month or this year."""

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field}__gte", f"{self.field}__lt"]

    def options(self) -> Iterator[FilterChoice]:
        today = timezone.localdate() if timezone.is_aware(timezone.now()) else timezone.now().date()
        tomorrow = today + dt.timedelta(days=1)
        month = today.replace(day=1)
        next_month = (month + dt.timedelta(days=32)).replace(day=1)
        year = today.replace(month=1, day=1)
        yield self._choice(_("Today"), today, tomorrow)
        yield self._choice(_("Past 7 days"), today - dt.timedelta(days=7), tomorrow)
        yield self._choice(_("This month"), month, next_month)
        yield self._choice(_("This year"), year, year.replace(year=year.year + 1))

    def _choice(self, label: str, start: dt.date, end: dt.date) -> FilterChoice:
        return FilterChoice(label, {f"{self.field}__gte": self._text(start), f"{self.field}__lt": self._text(end)})

    def _text(self, day: dt.date) -> str:
        """Returns a day in the form that DynamoDB compares.

        For a date-time property, that is the day's first moment in the current time zone.
        """
        if self.prop.schema.format == "date":
            return day.isoformat()
        midnight = timezone.make_aware(dt.datetime.combine(day, dt.time()), timezone.get_current_timezone())
        return midnight.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _example(self) -> dict[str, Any]:
        return {f"{self.field}__gte": self._text(timezone.now().date())}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**self.used_parameters) if self.used_parameters else queryset


class FiltersMixin(ItemAdminBase):
    """Shows the filters of ``list_filter``, or else one filter for each enum, boolean and date."""

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.list_filter or filters_of(self.model)


def filters_of(model: Any) -> list[type[PropertyFilter]]:
    """Returns the filters for the list of a model's items. The filters that use a key or an index come first."""
    spec, persistence = model._spec, model._default_manager.persistence
    options = persistence.options
    keys = {persistence.hash_key, persistence.range_key}
    for index in (*options.indexes.values(), *options.local_indexes.values()):
        keys |= {index.hash_key, index.range_key}
    found: list[type[PropertyFilter]] = []
    for name, prop in spec.properties.items():
        kind = None if is_secret(prop) else _kind(prop)
        if kind is not None:
            found.append(type(f"{kind.__name__}Of", (kind,), {"field": spec.field_names[name], "prop": prop}))
    return sorted(found, key=lambda one: one.prop.name not in keys)


def _kind(prop: Property) -> type[PropertyFilter] | None:
    schema = prop.schema
    if schema.types == ("boolean",) or 0 < len(_values(prop)) <= MAX_CHOICES:
        return ValueFilter
    return DateFilter if schema.types == ("string",) and schema.format in ("date", "date-time") else None


def _values(prop: Property) -> list[Any]:
    """Returns the values of an enum of texts or numbers; [] for any other property."""
    values = [value for value in prop.schema.enum or () if value is not None]
    return values if all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values) else []
