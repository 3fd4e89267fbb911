"""The list of items, with cursors instead of page numbers.

The page shows the rows, the calls to DynamoDB with their cost, and links to the next and the previous page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, JsonResponse
from django.urls import path, reverse

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.lists.list_filters import PropertyFilter
from macaron_django.admin.lists.search import SearchError, find, hint, remarks, searched, sentence, suggestions
from macaron_django.dynamodb.planning.query_plans import QueryPlan
from macaron_django.exceptions import InvalidCursor, PyMacaronException, UnsupportedQuery

__all__ = ["ChangeListMixin", "ItemChangeList"]

#: URL parameters: the cursor after which the page begins, the cursor before which it ends, and a scan's earlier
#: cursors.
AFTER, BEFORE, TRAIL = "_after", "_before", "_trail"
#: How many pages a user can go back in a scan. A scan can't run backwards, so the URL has the cursors of these pages.
TRAIL_LENGTH = 8
FIRST = "-"  # can't be a cursor


@dataclass(frozen=True)
class PagePosition:
    """The cursors in a page's URL. They say where in the list the page begins or ends."""

    after: str
    before: str
    trail: tuple[str, ...]

    @property
    def is_first(self) -> bool:
        return not (self.after or self.before)

    def links_of_scan(self, next_cursor: str | None) -> tuple[dict[str, str] | None, dict[str, str] | None]:
        """Returns the URL parameters of the next and of the previous page of a scan.

        None means that there is no such page.
        """
        following = None
        if next_cursor:
            trail = (*self.trail, self.after or FIRST)[-TRAIL_LENGTH:]
            following = {AFTER: next_cursor, TRAIL: ".".join(trail)}
        if not self.trail:
            return following, None
        *earlier, last = self.trail
        if last == FIRST:
            return following, {}
        return following, {AFTER: last, **({TRAIL: ".".join(earlier)} if earlier else {})}


@dataclass(frozen=True)
class IndexOffer:
    """An index that could replace a scan.

    ``missing`` is the index's range key. The index omits the items that lack this property.
    """

    index: str
    missing: str
    url: str


class ItemChangeList(ChangeList):
    """A page of items that starts at a cursor.

    DynamoDB can't count items cheaply, and can't jump to a numbered page.
    """

    problem = ""  # why the page shows no items
    plan: QueryPlan | None = None
    read = 0  # the number of items that DynamoDB read to find the shown items
    capacity: float | None = None  # read units
    previous_url: str | None = None
    next_url: str | None = None
    first_url: str | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        # Only the links to the next and previous page have a cursor. All other links lead to the beginning of a list.
        for name in (AFTER, BEFORE, TRAIL):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        self.root_queryset = self.root_queryset.capped()  # type: ignore[attr-defined]
        try:
            return super().get_queryset(request, exclude_parameters)
        except SearchError as problem:
            self.problem = str(problem)
            return self.root_queryset.none()

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        """Returns the requested order if the query set accepts it, or else an empty list.

        If no index has the requested order, ``_planned`` later removes the order from the query set.
        """
        wanted = list(self.model_admin.get_ordering(request) or ())
        if ORDER_VAR in self.params:
            wanted = []
            sign, place = (
                ("-", self.params[ORDER_VAR][1:]) if self.params[ORDER_VAR][:1] == "-" else ("", self.params[ORDER_VAR])
            )
            if place.isascii() and place.isdigit() and int(place) < len(self.list_display):
                field = self.get_ordering_field(self.list_display[int(place)])
                wanted = [f"{sign}{field}"] if field else []
        try:
            queryset.order_by(*wanted)
        except (UnsupportedQuery, ValueError):
            return []
        return wanted

    def get_ordering_field_columns(self) -> Any:
        return super().get_ordering_field_columns() if self.queryset.query.order_by else {}

    def get_results(self, request: HttpRequest) -> None:
        self.result_list = rows = [] if self.problem else self._rows(request)
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = False
        self.paginator = Paginator(rows, self.list_per_page)
        for spec in self.filter_specs:
            if isinstance(spec, PropertyFilter):
                spec.mark(self)

    def _rows(self, request: HttpRequest) -> list[Any]:
        try:
            self.plan = self._planned()
            if request.resolver_match is not None and (request.resolver_match.url_name or "").endswith("_plan"):
                return []
            trail = tuple(filter(None, request.GET.get(TRAIL, "").split(".")))[-TRAIL_LENGTH:]
            place = PagePosition(request.GET.get(AFTER, ""), request.GET.get(BEFORE, ""), trail)
            return self._scanned(place) if self.plan.kind == "scan" else self._queried(place)
        except InvalidCursor as error:
            raise IncorrectLookupParameters(local_error(error)) from error
        except PyMacaronException as error:
            self.problem = local_error(error)
            return []

    def _planned(self) -> QueryPlan:
        """Returns the query's plan. If no index has the requested order, the plan ignores this order."""
        try:
            plan: QueryPlan = self.queryset.plan()
        except UnsupportedQuery:
            if not self.queryset.query.order_by:
                raise
            self.queryset = self.queryset.order_by()
            plan = self.queryset.plan()
        if self.model_admin.sortable_by is None:
            names = {self.queryset.model._spec.field_names.get(plan.ordered_by or "")} - {None}
            self.sortable_by = [one for one in self.list_display if self.get_ordering_field(one) in names]  # type: ignore[misc]
        return plan

    def _scanned(self, place: PagePosition) -> list[Any]:
        page = self._page(self.queryset, place.after)
        following, previous = place.links_of_scan(page.next_cursor)
        self._link(place, following, previous)
        return list(page.rows)

    def _queried(self, place: PagePosition) -> list[Any]:
        if place.before:
            page = self._page(self.queryset.reverse(), place.before)
            if page.next_cursor:
                rows = page.rows[::-1]
                self._link(place, {AFTER: self.queryset.cursor_after(rows[-1])}, {BEFORE: page.next_cursor})
                return list(rows)
            place = PagePosition("", "", ())  # less than a page is before this place: show the first page instead
        page = self._page(self.queryset, place.after)
        previous = None
        if place.after and page.rows:
            previous = {BEFORE: self.queryset.reverse().cursor_after(page.rows[0])}
        self._link(place, {AFTER: page.next_cursor} if page.next_cursor else None, previous)
        return list(page.rows)

    def _page(self, queryset: Any, cursor: str) -> Any:
        page = queryset.page(limit=self.list_per_page, cursor=cursor or None)
        self.read += page.read
        capacity = getattr(page, "capacity", None)
        if capacity is not None:
            self.capacity = (self.capacity or 0.0) + capacity
        return page

    def _link(self, place: PagePosition, following: dict[str, str] | None, previous: dict[str, str] | None) -> None:
        self.next_url = self.get_query_string(following) if following is not None else None
        self.previous_url = self.get_query_string(previous) if previous is not None else None
        self.first_url = None if place.is_first else self.get_query_string()

    # For the template

    @property
    def sentence(self) -> str:
        return sentence(self.plan) if self.plan else ""

    @property
    def remarks(self) -> list[str]:
        return remarks(self.root_queryset, self.query) if self.query else []

    @property
    def suggestions(self) -> list[dict[str, Any]]:
        return suggestions(self.model._spec)  # type: ignore[attr-defined]

    @cached_property
    def offers(self) -> list[IndexOffer]:
        """The indexes that could replace this scan. Each index omits the items that lack its range key."""
        if not self.is_scan:
            return []
        found = []
        for name, index in self._partial_indexes():
            lookup = self._is_there(index.range_key)
            try:
                plan = self.queryset.filter(**{lookup: False}).plan()
            except PyMacaronException:
                continue
            if plan.kind == "query" and plan.index is not None and plan.index.name == name:
                found.append(IndexOffer(name, index.range_key, self.get_query_string({lookup: "False"})))
        return found

    @property
    def taken_offers(self) -> list[IndexOffer]:
        """The offers whose filters are already in the list's URL.

        The ``url`` of such an offer is the list's URL without the offer's filter.
        """
        return [
            IndexOffer(name, index.range_key, self.get_query_string(remove=[self._is_there(index.range_key)]))
            for name, index in self._partial_indexes()
            if self._is_there(index.range_key) in self.params
        ]

    def _partial_indexes(self) -> Iterator[tuple[str, Any]]:
        """Yields the indexes whose range key isn't a required property.

        Such an index omits the items that lack this property.
        """
        persistence = self.model._default_manager.persistence
        for name, index in persistence.options.indexes.items():
            if index.range_key is not None and not persistence.schema.properties[index.range_key].required:
                yield name, index

    def _is_there(self, name: str) -> str:
        return f"{self.model._spec.field_names[name]}__isnull"  # type: ignore[attr-defined]

    @property
    def without_search_url(self) -> str:
        return str(self.get_query_string(remove=[SEARCH_VAR]))

    @property
    def is_scan(self) -> bool:
        return self.plan is not None and self.plan.kind == "scan"

    @property
    def is_interrupted(self) -> bool:
        """Whether the scan for this page reached its read limit before the page was full."""
        return self.is_scan and self.next_url is not None and len(self.result_list) < self.list_per_page


class ChangeListMixin(ItemAdminBase):
    """Adds the page that lists items, with search, filters and cursors. The page shows its calls to DynamoDB."""

    change_list_template = "admin/macaron_django/change_list.html"
    list_per_page = 100
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # to count, DynamoDB would read the whole table

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ItemChangeList

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self.search_fields or searched(self._persistence.model._spec, self._persistence.hash_key)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        return find(queryset, search_term, partial(self.lookup_allowed, request=request)), False

    @property
    def search_help_text(self) -> str:  # type: ignore[override]
        return hint(self._persistence)

    @property
    def _persistence(self) -> Any:
        return self.model._default_manager.persistence

    def get_urls(self) -> Any:
        name = f"{self.opts.app_label}_{self.opts.model_name}_plan"
        return [path("plan/", self.admin_site.admin_view(self.plan_view), name=name), *super().get_urls()]

    def plan_view(self, request: HttpRequest) -> JsonResponse:
        """Returns, as JSON, the calls to DynamoDB that the list would make for these parameters.

        Doesn't make these calls.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist: Any = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            return JsonResponse({"problem": str(error)})
        return JsonResponse(
            {
                "sentence": changelist.sentence,
                "scan": changelist.is_scan,
                "problem": changelist.problem,
                "remarks": changelist.remarks,
            }
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        names = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_plan"
        context = {
            "list_tools": self.list_tools(request),
            "plan_url": reverse(names, current_app=self.admin_site.name),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)
