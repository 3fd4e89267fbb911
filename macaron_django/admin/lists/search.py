"""Parses the text of the search box, such as ``email=ada@example.com created>=2026-01-01``, into a filter.

Also describes in one line what DynamoDB will be asked. Reads no items.

=============================  =======================================================
``name=x``, ``name!=x``        is, is not; ``name=a,b`` is one of them
``name<x`` ``<=`` ``>`` ``>=`` is before or after
``name^=x``                    begins with; also ``begins_with(name, x)``
``name~x``                     contains; also ``contains(name, x)``
``name=null``, ``name!=null``  isn't there, is there
``x``                          the hash key, or what ``x-admin: {search: […]}`` names
=============================  =======================================================

Spaces mean "and"; quotes hold text with spaces; ``address.city`` looks inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from macaron_django.admin.display.redaction import is_secret
from macaron_django.exceptions import PyMacaronException

if TYPE_CHECKING:
    from macaron_django.dynamodb.planning.query_plans import QueryPlan
    from macaron_django.schemas.values.api_objects import ObjectSpec

__all__ = ["SearchError", "find", "hint", "quoted", "searched", "sentence"]


class SearchError(ValueError):
    """The text in the search box can't be used; the message says why."""


_TEXT = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_VALUE = rf"(?:{_TEXT}|[^\s,()\"'][^\s,]*)"
_NAME = rf"(?:{_TEXT}|[^\s<>=!~^,()\"']+)"  # what holds more than these needs quotes
_TERM = re.compile(
    rf"""\s*(?:
      (?P<function>begins_with|contains)\s*\(\s*(?P<subject>{_NAME})\s*,\s*(?P<argument>{_TEXT}|[^\s,)]+)\s*\)
    | (?P<name>{_NAME})\s*(?P<sign>!=|<=|>=|\^=|=|<|>|~)\s*(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)
    | (?P<word>{_NAME})
    )(?=\s|$)""",
    re.VERBOSE,
)
_LOOKUPS: Mapping[str, str] = {
    "=": "exact",
    "!=": "exact",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
    "^=": "startswith",
    "~": "contains",
    "begins_with": "startswith",
    "contains": "contains",
}
#: Words that mean something between conditions, unless they are quoted.
_WORDS = {"and", "or", "null"}
_MAX_LENGTH = 2000  # characters


def find(queryset: Any, text: str, is_allowed: Callable[[str, Any], bool]) -> Any:
    """``queryset`` narrowed to what ``text`` says; SearchError where that can't be.

    ``is_allowed``: whether a lookup may be used with a value, as ``ModelAdmin.lookup_allowed``. Nothing is read.
    """
    spec: ObjectSpec = queryset.model._spec
    terms = list(_terms(text))
    conditions = [_condition(queryset, spec, term) for term in terms]
    for condition, term in zip(conditions, terms, strict=True):
        if not all(is_allowed(*lookup) for lookup in _lookups_in(condition)):
            name = _unquoted(term["subject"] or term["name"] or term["word"])
            raise SearchError(_("%(name)s is secret and can't be searched.") % {"name": name})
    try:
        found = queryset.filter(reduce(and_, conditions, Q()))
        found.order_by().plan()  # raises if DynamoDB can't do it; the order is the list's matter
    except FieldError:
        raise SearchError(_unknown(spec, terms)) from None
    except (ValueError, TypeError, PyMacaronException) as error:
        raise SearchError(str(error)) from error
    return found


def _lookups_in(condition: Q) -> Iterator[tuple[str, Any]]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _lookups_in(child)
        else:
            yield child  # type: ignore[misc]


def _terms(text: str) -> Iterator[re.Match[str]]:
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        raise SearchError(_("This is too long to search for."))
    place = 0
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None:
            raise SearchError(_("Nothing can be read from “%(rest)s” on.") % {"rest": text[place:].strip()[:40]})
        place = term.end()
        if not (term["word"] and term["word"].lower() == "and"):
            yield term


def _condition(queryset: Any, spec: ObjectSpec, term: re.Match[str]) -> Q:
    if term["word"]:
        return _anywhere(queryset, spec, _unquoted(term["word"]))
    name = _unquoted(term["subject"] or term["name"])
    sign = term["function"] or term["sign"]
    values = [term["argument"]] if term["function"] else re.findall(_VALUE, term["values"])
    lookup = _lookup_name(spec, name)
    if sign in ("=", "!=") and values == ["null"]:
        return Q(**{f"{lookup}__isnull": sign == "="})
    if len(values) > 1 and sign not in ("=", "!="):
        raise SearchError(_("Only = and != take several values (%(name)s).") % {"name": name})
    given: Any = [_unquoted(value) for value in values]
    operator = "in" if len(given) > 1 else _LOOKUPS[sign]
    condition = Q(
        **{f"{lookup}__{operator}": given if operator == "in" else _value(queryset, lookup, operator, given[0])}
    )
    return ~condition if sign == "!=" else condition


def _value(queryset: Any, lookup: str, operator: str, text: str) -> Any:
    """Returns the value to look for; a date for a date-time property means its first moment."""
    if operator in ("startswith", "contains"):
        return text
    spec: ObjectSpec = queryset.model._spec
    name = spec.property_names.get(lookup)
    is_moment = name is not None and spec.properties[name].schema.format == "date-time"
    if is_moment and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"{text}T00:00:00Z"
    return text


def _anywhere(queryset: Any, spec: ObjectSpec, text: str) -> Q:
    """Looks for a word in the properties of ``x-admin: {search: […]}``, else in the hash key."""
    persistence = queryset.persistence
    hash_keys = {persistence.hash_key, *(index.hash_key for index in persistence.options.indexes.values())}
    conditions = []
    for name in searched(spec, persistence.hash_key):
        exact = name in hash_keys or "string" not in spec.properties[name].schema.types
        conditions.append(Q(**{f"{spec.field_names[name]}__{'exact' if exact else 'contains'}": text}))
    return reduce(or_, conditions)


def searched(spec: ObjectSpec, hash_key: str) -> list[str]:
    """Returns the names of the properties in which a word without a name is looked for."""
    chosen = (spec.schema.extensions.admin or {}).get("search")
    names = [name for name in chosen if name in spec.properties] if isinstance(chosen, list) else []
    return [name for name in names if not is_secret(spec.properties[name])] or [hash_key]


def _lookup_name(spec: ObjectSpec, name: str) -> str:
    first, *rest = [name] if name in spec.properties else name.split(".")
    if first not in spec.properties:
        raise SearchError(_unknown_name(spec, first))
    return "__".join((spec.field_names[first], *rest))


def _unknown_name(spec: ObjectSpec, name: str) -> str:
    known = ", ".join(name for name, prop in spec.properties.items() if not is_secret(prop))
    return _("There is no property “%(name)s”. The known ones are %(known)s.") % {"name": name, "known": known}


def _unknown(spec: ObjectSpec, terms: list[re.Match[str]]) -> str:
    names = ", ".join(_unquoted(term["subject"] or term["name"] or term["word"]) for term in terms)
    return _("The schema doesn't say what is meant by %(names)s.") % {"names": names}


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def quoted(text: str) -> str:
    """Returns a name or value as the search box reads it: in quotes, unless it is a plain word.

    >>> quoted("acme"), quoted('say "hi"')
    ('acme', '"say \\\\"hi\\\\""')
    """
    if re.fullmatch(r"[\w.@+-]+", text) and text.lower() not in _WORDS:
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def sentence(plan: QueryPlan) -> str:
    """Describes in one line what DynamoDB will be asked.

    >>> sentence(profiles.filter(name="Ada").capped().plan())  # doctest: +SKIP
    'Scan, at most 1,000 items read'
    """
    if plan.kind == "empty":
        return _("No call: nothing can match")
    if plan.kind == "get":
        return _("GetItem by the whole key")
    if plan.kind == "batch_get":
        return _("BatchGetItem of %(count)s keys") % {"count": len(plan.keys)}
    if plan.kind == "query":
        where = _("index %(name)s") % {"name": plan.index.name} if plan.index else _("the table")
        times = len(plan.partitions)
        return ngettext("Query on %(where)s", "%(times)s Queries on %(where)s", times) % {
            "where": where,
            "times": times,
        }
    if plan.read_limit is None:
        return _("Scan of the table, page by page")
    return _("Scan, at most %(count)s items read") % {"count": f"{plan.read_limit:,}"}


def _quick(persistence: Any) -> Iterator[str]:
    """Yields the searches that need only a Query. An index leaves out items that lack its range key."""
    properties = persistence.schema.properties
    yield f"{persistence.hash_key}=…"
    for index in persistence.options.indexes.values():
        name = index.range_key
        is_sure = name is None or name == persistence.hash_key or properties[name].required
        yield f"{index.hash_key}=…" if is_sure else f"{index.hash_key}=… {name}!=null"


def hint(persistence: Any) -> str:
    """Returns the help text of the search box: its signs, and which searches need no scan."""
    quick = ", ".join(dict.fromkeys(_quick(persistence)))
    signs = "=  !=  <  <=  >  >=  ^= (begins with)  ~ (contains)  =null"
    return _("Found at once by %(quick)s; anything else is looked for by a scan. Signs: %(signs)s") % {
        "quick": quick,
        "signs": signs,
    }
