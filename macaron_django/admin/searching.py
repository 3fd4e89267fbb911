"""The search box: what a person types → a filter, and what DynamoDB will be asked → one line.

In goes text such as ``email=ada@example.com created>=2026-01-01``; out comes a ``Q`` for the query set, or
``SearchError`` with a sentence that says what to write instead. Apart from the list because it reads no items.

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
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from macaron_django.admin.secrets import is_secret
from macaron_django.exceptions import PyMacaronException

if TYPE_CHECKING:
    from macaron_django.dynamodb.plans import Plan
    from macaron_django.schemas.objects import ObjectSpec

__all__ = ["SearchError", "find", "hint", "searched", "sentence"]


class SearchError(ValueError):
    """The text in the search box means nothing here; the message says why."""


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
_MAX_LENGTH = 2000  # characters


def find(queryset: Any, text: str) -> Any:
    """``queryset`` narrowed to what ``text`` says; SearchError where that can't be.

    Nothing is read.
    """
    spec: ObjectSpec = queryset.model._spec
    terms = list(_terms(text))
    conditions = [_condition(queryset, spec, term) for term in terms]
    try:
        found = queryset.filter(reduce(and_, conditions, Q()))
        found.order_by().plan()  # whether it has the order asked for is a matter of the list
    except FieldError:
        raise SearchError(_unknown(spec, terms)) from None
    except (ValueError, TypeError, PyMacaronException) as error:
        raise SearchError(str(error)) from error
    return found


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
    """A day where a moment is wanted means its beginning."""
    if operator in ("startswith", "contains"):
        return text
    spec: ObjectSpec = queryset.model._spec
    name = spec.property_names.get(lookup)
    is_moment = name is not None and spec.properties[name].schema.format == "date-time"
    if is_moment and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"{text}T00:00:00Z"
    return text


def _anywhere(queryset: Any, spec: ObjectSpec, text: str) -> Q:
    """A word without a name: what ``x-admin: {search: […]}`` says, else the hash key."""
    persistence = queryset.persistence
    hash_keys = {persistence.hash_key, *(index.hash_key for index in persistence.options.indexes.values())}
    conditions = []
    for name in searched(spec, persistence.hash_key):
        exact = name in hash_keys or "string" not in spec.properties[name].schema.types
        conditions.append(Q(**{f"{spec.field_names[name]}__{'exact' if exact else 'contains'}": text}))
    return reduce(or_, conditions)


def searched(spec: ObjectSpec, hash_key: str) -> list[str]:
    """The names of the properties that a word alone is looked for in."""
    chosen = (spec.schema.extensions.admin or {}).get("search")
    names = [name for name in chosen if name in spec.properties] if isinstance(chosen, list) else []
    return [name for name in names if not is_secret(spec.properties[name])] or [hash_key]


def _lookup_name(spec: ObjectSpec, name: str) -> str:
    first, *rest = [name] if name in spec.properties else name.split(".")
    if first not in spec.properties:
        raise SearchError(_unknown_name(spec, first))
    prop = spec.properties[first]
    for step in ("", *rest):
        if step:
            inner = prop.schema.properties.get(step)
            if inner is None:
                continue
            prop = inner
        if is_secret(prop):
            raise SearchError(_("%(name)s is secret and can't be searched.") % {"name": name})
    return "__".join((spec.field_names[first], *rest))


def _unknown_name(spec: ObjectSpec, name: str) -> str:
    known = ", ".join(name for name, prop in spec.properties.items() if not is_secret(prop))
    return _("There is no property “%(name)s”. There are: %(known)s.") % {"name": name, "known": known}


def _unknown(spec: ObjectSpec, terms: list[re.Match[str]]) -> str:
    names = ", ".join(_unquoted(term["subject"] or term["name"] or term["word"]) for term in terms)
    return _("The schema doesn't say what is meant by %(names)s.") % {"names": names}


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def sentence(plan: Plan) -> str:
    """What DynamoDB will be asked, in one line.

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
    """What a Query needs: of an index, too, that its range key is there, because it leaves out the other items."""
    properties = persistence.schema.properties
    yield f"{persistence.hash_key}=…"
    for index in persistence.options.indexes.values():
        name = index.range_key
        is_sure = name is None or name == persistence.hash_key or properties[name].required
        yield f"{index.hash_key}=…" if is_sure else f"{index.hash_key}=… {name}!=null"


def hint(persistence: Any) -> str:
    """What the search box understands, and what of it needs no scan."""
    quick = ", ".join(dict.fromkeys(_quick(persistence)))
    signs = "=  !=  <  <=  >  >=  ^= (begins with)  ~ (contains)  =null"
    return _("Found at once by %(quick)s; anything else is looked for by a scan. Signs: %(signs)s") % {
        "quick": quick,
        "signs": signs,
    }
