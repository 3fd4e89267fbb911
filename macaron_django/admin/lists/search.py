"""Parses the text of the search box, such as ``email=ada@example.com created>=2026-01-01``, into a filter.

The module also describes, in one line, the call to DynamoDB that a search needs. It doesn't read items.

=============================  =====================================================================
``name=x``, ``name!=x``        is x, is not x; ``name=a,b`` means is a or b
``name:x``                     is x; if the property is a list, contains x
``name<x`` ``<=`` ``>`` ``>=`` is less than x, at most x, more than x, at least x
``name^=x``                    begins with x; also ``begins_with(name, x)``
``name~x``                     contains x; also ``contains(name, x)``
``name between x and y``       is from x to y, both included; also ``between(name, x, y)``
``name=null``, ``name!=null``  is not set, is set
``x``                          a property in ``x-admin: {search: […]}``, or else the hash key, matches x
=============================  =====================================================================

Terms with a space between them are joined by "and", which binds more strongly than the word ``or``. If a text has
spaces, put quotes around it. ``address.city`` means the property ``city`` of the object ``address``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from itertools import islice
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.display.redaction import is_secret
from macaron_django.dynamodb.querysets.field_lookups import filters_of
from macaron_django.exceptions import PyMacaronException

if TYPE_CHECKING:
    from macaron_django.dynamodb.planning.query_plans import QueryPlan
    from macaron_django.openapi import Property
    from macaron_django.schemas.values.api_objects import ObjectSpec

__all__ = ["SearchError", "find", "hint", "quoted", "remarks", "searched", "sentence", "suggestions"]


class SearchError(ValueError):
    """Raised if the text in the search box can't be used. The message says why."""


_TEXT = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_VALUE = rf"(?:{_TEXT}|[^\s,()\"'][^\s,]*)"
_NAME = rf"(?:{_TEXT}|[^\s<>=!~^,()\"']+)"  # a word with other characters needs quotes
_ARGUMENT = rf"(?:{_TEXT}|[^\s,)]+)"
_TERM = re.compile(
    rf"""\s*(?:
      (?P<function>begins_with|contains)\s*\(\s*(?P<subject>{_NAME})\s*,\s*(?P<argument>{_ARGUMENT})\s*\)
    | between\s*\(\s*(?P<called>{_NAME})\s*,\s*(?P<first>{_ARGUMENT})\s*,\s*(?P<last>{_ARGUMENT})\s*\)
    | (?P<ranged>{_NAME})\s+(?i:between)\s+(?P<start>{_VALUE})\s+(?i:and)\s+(?P<end>{_VALUE})
    | (?P<name>{_NAME})\s*(?P<sign>!=|<=|>=|\^=|=|<|>|~)\s*(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)
    | (?P<labelled>(?P<label>{_TEXT}|[^\s<>=!~^,:()\"']+):(?P<given>{_VALUE}(?:,{_VALUE})*))
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
#: Words that join conditions, unless they are in quotes.
_WORDS = {"and", "or", "null"}
#: Words that other search boxes accept after a property's name, and what to write instead.
_SPOKEN: Mapping[str, str] = {
    "is": "{0}=… {0}=null {0}!=null",
    "equals": "{0}=…",
    "in": "{0}=a,b",
    "not": "{0}!=…",
    "like": "{0}~… {0}^=…",
    "contains": "{0}~…",
    "between": "{0} between … and …",
}
_MAX_LENGTH = 2000  # characters
#: The most remarks about a search. To find one, a value is compared with all known values.
_REMARKS = 10
#: The most values of an enum that a message lists.
_LISTED = 20
#: The most suggestions (of names, or of values of one name), and the most parts of a nested name.
_SUGGESTED, _DEEPEST = 200, 3


@dataclass(frozen=True)
class _Comparison:
    """A condition on one property: the property's name, the lookup, the operator, and the texts to compare with."""

    name: str
    lookup: str
    operator: str
    texts: list[str]
    negated: bool = False


def find(queryset: Any, text: str, is_allowed: Callable[[str, Any], bool]) -> Any:
    """Returns ``queryset``, filtered by the search ``text``. Reads no items.

    Raises SearchError if the text can't be used.

    Like ``ModelAdmin.lookup_allowed``, ``is_allowed(lookup, value)`` returns whether a filter with this lookup and
    value is allowed.
    """
    spec: ObjectSpec = queryset.model._spec
    alternatives = _alternatives(spec, text)
    either = []
    for terms in alternatives:
        conditions = [_condition(queryset, spec, term) for term in terms]
        for condition, term in zip(conditions, terms, strict=True):
            if not all(is_allowed(*lookup) for lookup in _lookups_in(condition)):
                raise SearchError(_("%(name)s is secret and can't be searched.") % {"name": _named(term)})
        either.append(reduce(and_, conditions, Q()))
    try:
        found = queryset.filter(reduce(or_, either))
        found.order_by().plan()  # raises if DynamoDB can't run this query; the list checks the order later
    except FieldError:
        raise SearchError(_unknown(spec, [term for terms in alternatives for term in terms])) from None
    except (ValueError, TypeError, PyMacaronException) as error:
        raise SearchError(local_error(error)) from error
    return found


def remarks(queryset: Any, text: str) -> list[str]:
    """Returns remarks about values in a search that aren't in the schema's ``enum``. Such a search is valid, but it is
    probably a mistake.
    """
    spec: ObjectSpec = queryset.model._spec
    filters = filters_of(queryset.persistence)
    found: list[str] = []
    try:
        terms = [term for terms in _alternatives(spec, text) for term in terms]
        compared = [each for term in terms if (each := _comparison(spec, term)) is not None]
        for each in compared:
            schema = filters.resolve(each.lookup)[0].schema
            if each.operator == "contains" and schema is not None and schema.items is not None:
                schema = schema.items
            if schema is not None and schema.enum is not None and each.operator in ("exact", "in", "contains"):
                known = [str(value) for value in schema.enum if value is not None]
                found += islice(_foreign_values(each, known), _REMARKS - len(found))
    except (SearchError, FieldError, PyMacaronException):
        return []  # `find` raises the reason
    return found


def _foreign_values(compared: _Comparison, known: list[str]) -> Iterator[str]:
    for text in compared.texts:
        if compared.operator == "contains" and any(text in value for value in known):
            continue
        if text not in known and text != "null":
            told = _("“%(value)s” isn't one of the values of %(name)s: %(known)s.") % {
                "value": text,
                "name": compared.name,
                "known": ", ".join(known[:_LISTED]) + (" …" if len(known) > _LISTED else ""),
            }
            yield told + _did_you_mean(text, known)


def _lookups_in(condition: Q) -> Iterator[tuple[str, Any]]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _lookups_in(child)
        else:
            yield child  # type: ignore[misc]


def _alternatives(spec: ObjectSpec, text: str) -> list[list[re.Match[str]]]:
    """Splits a search at each ``or``, and returns a list of terms for each part.

    An item is found if it matches all terms of at least one part.
    """
    found: list[list[re.Match[str]]] = [[]]
    before = ""
    for term in _terms(text):
        word = (term["word"] or "").lower()
        if before in spec.properties and word in _SPOKEN:
            examples = _SPOKEN[word].format(quoted(before))
            raise SearchError(
                _("“%(word)s” isn't understood here. Write: %(examples)s") % {"word": word, "examples": examples}
            )
        before = term["word"] or ""
        if word == "or":
            found.append([])
        elif word != "and":
            found[-1].append(term)
    if len(found) > 1 and not all(found):
        raise SearchError(_("“or” needs a condition before and after it: a=1 or b=2"))
    return found


def _terms(text: str) -> Iterator[re.Match[str]]:
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        raise SearchError(_("This is too long to search for."))
    place = 0
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None:
            rest = text[place:].strip()[:40]
            told = _("The search can't be understood from “%(rest)s” onward.") % {"rest": rest}
            raise SearchError(told + " " + _("Write conditions as name=value, with spaces or “or” between them."))
        place = term.end()
        yield term


def _named(term: re.Match[str]) -> str:
    """Returns the property name in a term. If the term has none, returns its word."""
    groups = ("subject", "called", "ranged", "name", "label", "word")
    return _unquoted(next(term[group] for group in groups if term[group]))


def _condition(queryset: Any, spec: ObjectSpec, term: re.Match[str]) -> Q:
    compared = _comparison(spec, term)
    if compared is None:
        return _anywhere(queryset, spec, _unquoted(term["labelled"] or term["word"]))
    lookup, operator, texts = compared.lookup, compared.operator, compared.texts
    if operator == "isnull":
        return Q(**{f"{lookup}__isnull": not compared.negated})
    if operator == "range":
        low, high = (_value(queryset, lookup, "gte", text) for text in texts)
        return Q(**{f"{lookup}__gte": low}) & Q(**{f"{lookup}__lte": high})
    value = texts if operator == "in" else _value(queryset, lookup, operator, texts[0])
    condition = Q(**{f"{lookup}__{operator}": value})
    return ~condition if compared.negated else condition


def _comparison(spec: ObjectSpec, term: re.Match[str]) -> _Comparison | None:
    """Returns the comparison in a term. Returns None if the term is only a word to look for."""
    if term["word"] or (term["label"] and not _labels(spec, term)):
        return None
    name = _named(term)
    lookup = _lookup_name(spec, name)
    for group, end in (("first", "last"), ("start", "end")):
        if term[group]:
            return _Comparison(name, lookup, "range", [_unquoted(term[group]), _unquoted(term[end])])
    sign = term["function"] or term["sign"] or ":"
    given = [term["argument"]] if term["function"] else re.findall(_VALUE, term["values"] or term["given"])
    texts = [_unquoted(value) for value in given]
    negated = sign == "!="
    if sign in ("=", "!=") and given == ["null"]:
        return _Comparison(name, lookup, "isnull", texts, negated)
    if sign == ":":
        first = spec.properties.get(name)
        sign = "~" if first is not None and first.schema.types == ("array",) else "="
    if len(texts) > 1 and sign not in ("=", "!="):
        raise SearchError(_("Only = and != accept several values (%(name)s).") % {"name": name})
    return _Comparison(name, lookup, "in" if len(texts) > 1 else _LOOKUPS[sign], texts, negated)


def _labels(spec: ObjectSpec, term: re.Match[str]) -> bool:
    """Returns whether the text before the colon is the name of a property.

    Otherwise, the term is a word with a colon, such as the key ``user:12``.

    Raises SearchError if the text before the colon looks like a misspelt name of a property.
    """
    label = _unquoted(term["label"])
    if label in spec.properties or label.split(".")[0] in spec.properties:
        return True
    near = _nearest(label, _names(spec), 0.75)  # stricter than elsewhere, because keys with colons are common
    if near:
        told = _(
            "There is no property “%(name)s”. Did you mean “%(near)s”? If a key has a colon, put the key in quotes."
        )
        raise SearchError(told % {"name": label, "near": near})
    return False


def _value(queryset: Any, lookup: str, operator: str, text: str) -> Any:
    """Returns the value to look for.

    If the property is a date-time and the text is a date, returns the date's first moment.
    """
    if operator in ("startswith", "contains"):
        return text
    spec: ObjectSpec = queryset.model._spec
    name = spec.property_names.get(lookup)
    is_moment = name is not None and spec.properties[name].schema.format == "date-time"
    if is_moment and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"{text}T00:00:00Z"
    return text


def _anywhere(queryset: Any, spec: ObjectSpec, text: str) -> Q:
    """Returns the condition that finds a word in the properties that ``x-admin: {search: […]}`` names. If ``x-admin``
    names none, the condition compares the word with the hash key.
    """
    persistence = queryset.persistence
    hash_keys = {persistence.hash_key, *(index.hash_key for index in persistence.options.indexes.values())}
    conditions = []
    for name in searched(spec, persistence.hash_key):
        exact = name in hash_keys or "string" not in spec.properties[name].schema.types
        conditions.append(Q(**{f"{spec.field_names[name]}__{'exact' if exact else 'contains'}": text}))
    return reduce(or_, conditions)


def searched(spec: ObjectSpec, hash_key: str) -> list[str]:
    """Returns the names of the properties that a search for a single word looks in."""
    chosen = (spec.schema.extensions.admin or {}).get("search")
    names = [name for name in chosen if name in spec.properties] if isinstance(chosen, list) else []
    return [name for name in names if not is_secret(spec.properties[name])] or [hash_key]


def _lookup_name(spec: ObjectSpec, name: str) -> str:
    first, *rest = [name] if name in spec.properties else name.split(".")
    if first not in spec.properties:
        raise SearchError(_unknown_name(spec, first))
    return "__".join((spec.field_names[first], *rest))


def _names(spec: ObjectSpec) -> list[str]:
    return [name for name, prop in spec.properties.items() if not is_secret(prop)]


def _nearest(text: str, known: Iterable[str], cutoff: float = 0.65) -> str:
    """Returns the known name that is most like a text; "" if no known name is like it."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(text.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else ""


def _did_you_mean(text: str, known: Iterable[str]) -> str:
    near = _nearest(text, known)
    return " " + _("Did you mean “%(near)s”?") % {"near": near} if near else ""


def _unknown_name(spec: ObjectSpec, name: str) -> str:
    names = _names(spec)
    text = _("There is no property “%(name)s”. The known ones are %(known)s.")
    return text % {"name": name, "known": ", ".join(names)} + _did_you_mean(name, names)


def _unknown(spec: ObjectSpec, terms: list[re.Match[str]]) -> str:
    names = [_named(term) for term in terms]
    told = _("The schema doesn't describe %(names)s.") % {"names": ", ".join(names)}
    known = [one["name"] for one in suggestions(spec)]
    return told + "".join(_did_you_mean(name, known) for name in names if name not in known)


def suggestions(spec: ObjectSpec) -> list[dict[str, Any]]:
    """Returns the names that can be searched, including nested names.

    The values of an enum or a boolean are also returned.
    """
    found: list[dict[str, Any]] = []
    todo: list[tuple[tuple[str, ...], Property]] = [((name,), prop) for name, prop in spec.properties.items()]
    while todo and len(found) < _SUGGESTED:
        path, prop = todo.pop(0)
        if is_secret(prop):
            continue
        schema = prop.schema.items or prop.schema
        values = (
            ["true", "false"]
            if schema.types == ("boolean",)
            else [str(one) for one in schema.enum or () if one is not None]
        )
        found.append({"name": quoted(".".join(path)), "values": [quoted(value) for value in values[:_SUGGESTED]]})
        if prop.schema.is_object and len(path) < _DEEPEST:
            todo += [((*path, name), inner) for name, inner in prop.schema.properties.items()]
    return found


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def quoted(text: str) -> str:
    """Returns a name or value in the form that the search box accepts: in quotes, unless it is a plain word.

    >>> quoted("acme"), quoted('say "hi"')
    ('acme', '"say \\\\"hi\\\\""')
    """
    if re.fullmatch(r"[\w.@+-]+", text) and text.lower() not in _WORDS:
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def sentence(plan: QueryPlan) -> str:
    """Describes in one line the call to DynamoDB that a query needs.

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
    return _("Scan, at most %(count)s items read") % {
        "count": formats.number_format(plan.read_limit, force_grouping=True)
    }


def _quick(persistence: Any) -> Iterator[str]:
    """Yields the searches that a Query can answer.

    If a search uses an index that leaves out items, adds ``name!=null`` to it.
    """
    properties = persistence.schema.properties
    yield f"{persistence.hash_key}=…"
    for index in persistence.options.indexes.values():
        name = index.range_key
        is_sure = name is None or name == persistence.hash_key or properties[name].required
        yield f"{index.hash_key}=…" if is_sure else f"{index.hash_key}=… {name}!=null"


def hint(persistence: Any) -> str:
    """Returns the help text of the search box: the operators, and the searches that need no scan."""
    quick = ", ".join(dict.fromkeys(_quick(persistence)))
    signs = "=  !=  <  <=  >  >=  ^= (begins with)  ~ (contains)  =null  between … and …  or"
    return _("Quick searches: %(quick)s. Any other search is a scan. Signs: %(signs)s") % {
        "quick": quick,
        "signs": signs,
    }
