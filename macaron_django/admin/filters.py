"""The filters beside a list: properties of few values, and dates.

In go a model's properties; out come Django's list filters. Those that DynamoDB finds by an index stand first; the
others say that they scan. Apart from the list because Django keeps them apart, too.
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

from macaron_django.admin.bases import ItemModelAdmin
from macaron_django.admin.secrets import is_secret
from macaron_django.exceptions import PyMacaronException

if TYPE_CHECKING:
    from macaron_django.spec import Property

__all__ = ["DateFilter", "FiltersMixin", "ValueFilter", "filters_of"]

#: An enum with more values than these is a matter for the search box.
MAX_CHOICES = 30


@dataclass(frozen=True)
class Choice:
    """A line of a filter: what its link's parameters are, and what they narrow the list to."""

    label: str
    parameters: dict[str, str]


class PropertyFilter(ListFilter):
    """One property. Subclasses say which choices there are, and what the parameters mean."""

    title = ""
    field = ""
    prop: Property

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.title = self.field_path = self.prop.name  # field filters of Django's have the path, and skins ask for it
        super().__init__(request, params, model, model_admin)
        for name in map(str, self.expected_parameters()):
            if name in params:
                given = params.pop(name)
                self.used_parameters[name] = given[-1] if isinstance(given, list) else given

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        raise NotImplementedError

    def options(self) -> Iterator[Choice]:
        raise NotImplementedError

    def _example(self) -> dict[str, Any]:
        """A lookup as this filter makes them, to ask the planner about."""
        raise NotImplementedError

    def _scans(self, queryset: Any) -> bool:
        try:
            return bool(queryset.capped().filter(**self._example()).plan().kind == "scan")
        except PyMacaronException:
            return True

    def mark(self, changelist: Any) -> None:
        """Say in the title if this filter scans: by itself, and beside what the list is filtered by already."""
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
    """The values of an enum, or yes and no."""

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field}__exact"]

    def options(self) -> Iterator[Choice]:
        (name,) = self.expected_parameters()
        if self.prop.schema.types == ("boolean",):
            yield Choice(_("Yes"), {str(name): "true"})
            yield Choice(_("No"), {str(name): "false"})
            return
        for value in _values(self.prop):
            yield Choice(str(value), {str(name): str(value)})

    def _example(self) -> dict[str, Any]:
        value = True if self.prop.schema.types == ("boolean",) else _values(self.prop)[0]
        return {self.field: value}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**self.used_parameters) if self.used_parameters else queryset


class DateFilter(PropertyFilter):
    """Today, the past week, this month, this year; ``from`` inclusive, ``to`` exclusive."""

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field}__gte", f"{self.field}__lt"]

    def options(self) -> Iterator[Choice]:
        today = timezone.localdate() if timezone.is_aware(timezone.now()) else timezone.now().date()
        tomorrow = today + dt.timedelta(days=1)
        month = today.replace(day=1)
        next_month = (month + dt.timedelta(days=32)).replace(day=1)
        year = today.replace(month=1, day=1)
        yield self._choice(_("Today"), today, tomorrow)
        yield self._choice(_("Past 7 days"), today - dt.timedelta(days=7), tomorrow)
        yield self._choice(_("This month"), month, next_month)
        yield self._choice(_("This year"), year, year.replace(year=year.year + 1))

    def _choice(self, label: str, start: dt.date, end: dt.date) -> Choice:
        return Choice(label, {f"{self.field}__gte": self._text(start), f"{self.field}__lt": self._text(end)})

    def _text(self, day: dt.date) -> str:
        """The day, or the moment at which it begins here, as a text that DynamoDB sorts."""
        if self.prop.schema.format == "date":
            return day.isoformat()
        midnight = timezone.make_aware(dt.datetime.combine(day, dt.time()), timezone.get_current_timezone())
        return midnight.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _example(self) -> dict[str, Any]:
        return {f"{self.field}__gte": self._text(timezone.now().date())}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**self.used_parameters) if self.used_parameters else queryset


class FiltersMixin(ItemModelAdmin):
    """The filters of ``list_filter``, else one for each enum, boolean and date."""

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.list_filter or filters_of(self.model)


def filters_of(model: Any) -> list[type[PropertyFilter]]:
    """The filters of a model's list: those by a key or an index first."""
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
    """The values of an enum of texts or numbers."""
    values = [value for value in prop.schema.enum or () if value is not None]
    return values if all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values) else []
