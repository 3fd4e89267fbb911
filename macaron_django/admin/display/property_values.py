"""Formats the values of items for people: shortened for the cells of a list, and complete for an item's page.

The complete form is a tree of ``ShownValue`` objects, which the templates render and escape.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils import formats, timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from macaron_django.admin.display.local_texts import local_text
from macaron_django.admin.display.redaction import MASK
from macaron_django.openapi import json_pointers
from macaron_django.schemas.values.conversions import json_value

if TYPE_CHECKING:
    from macaron_django.openapi import Schema
    from macaron_django.schemas.validation.validators import Violation
    from macaron_django.schemas.values.applied_schemas import AppliedSchemas

__all__ = ["ShownValue", "cell", "shown", "shown_property", "web_address", "with_problems"]

_CELL_LENGTH = 80
_LINKED = ("http", "https", "mailto")
#: JSON Schema's type for each ``kind`` of ``ShownValue`` that isn't itself the name of a type.
_TYPES = {"text": "string", "empty": "string", "moment": "string", "date": "string", "link": "string"}


def cell(value: Any) -> Any:
    """Returns the text of one cell of a list. The text is at most one line long."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value is None:
        return "null"
    if isinstance(value, (bytes, bytearray)):
        return size_text(len(value))
    if isinstance(value, dt.datetime):
        return formats.localize(_local(value))
    if isinstance(value, (dt.date, dt.time)):
        return formats.localize(value)
    plain = json_value(value)
    if isinstance(plain, list):
        count = len(plain)
        return ngettext("%(count)s entry", "%(count)s entries", count) % {"count": count}
    if isinstance(plain, dict):
        return Truncator(", ".join(plain)).chars(_CELL_LENGTH)
    return Truncator(str(plain)).chars(_CELL_LENGTH)


@dataclass(frozen=True)
class ShownValue:
    """A value that a template shows. The template chooses the markup by ``kind``."""

    kind: str
    text: str = ""
    name: str = ""
    type: str = ""
    description: str = ""
    detail: str = ""
    href: str = ""
    pointer: str = ""
    unknown: bool = False
    problems: tuple[str, ...] = ()
    children: tuple[ShownValue, ...] = field(default_factory=tuple)

    @property
    def is_nested(self) -> bool:
        return self.kind in ("object", "array", "set")

    @property
    def shown_type(self) -> str:
        """The type from the schema, or the value's own type if the schema has none."""
        return self.type or ("" if self.kind == "secret" else _TYPES.get(self.kind, self.kind))


def with_problems(properties: Iterable[ShownValue], violations: Iterable[Violation]) -> list[ShownValue]:
    """Returns the properties, with each violation attached to the value that breaks the schema.

    If the page doesn't show that value, the violation is attached to the closest enclosing value on the page.
    """
    found = list(violations)
    return [_with_problems(each, [one for one in found if _is_at(one.pointer, each)]) for each in properties]


def _with_problems(node: ShownValue, violations: list[Violation]) -> ShownValue:
    if not violations:
        return node
    children = with_problems(node.children, violations)
    own = [one for one in violations if not any(_is_at(one.pointer, child) for child in children)]
    problems = [f"{one.pointer[len(node.pointer) + 1 :]} {local_text(one.message)}".strip() for one in own]
    if node.kind == "secret":  # the violated rule may reveal something about the secret
        problems = [_("doesn't match the schema")]
    return replace(node, problems=tuple(problems), children=tuple(children))


def _is_at(pointer: str, node: ShownValue) -> bool:
    return f"{pointer}/".startswith(f"{node.pointer}/")


def shown_property(name: str, applied: AppliedSchemas, value: Any, pointer: str = "") -> ShownValue:
    """Returns the ``ShownValue`` of a property. ``applied`` is empty for a property outside the schema."""
    pointer = json_pointers.child(pointer, name)
    schema = applied.schema
    described: dict[str, Any] = {
        "name": name,
        "type": type_of(schema),
        "description": schema.description if schema else "",
    }
    if applied.is_secret:
        return ShownValue("secret", MASK, pointer=pointer, **described)
    return shown(value, applied, pointer, unknown=schema is None, **described)


def shown(value: Any, applied: AppliedSchemas, pointer: str = "", **described: Any) -> ShownValue:
    """Returns the ``ShownValue`` of any value. Its ``kind`` depends on the value's own type, not on the schema."""
    described["pointer"] = pointer
    if value is None:
        return ShownValue("null", "null", **described)
    if isinstance(value, bool):
        return ShownValue("boolean", _("Yes") if value else _("No"), **described)
    if isinstance(value, (bytes, bytearray)):
        return ShownValue("binary", size_text(len(value)), **described)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return _moment(value, described)
    if isinstance(value, (dt.date, dt.time)):
        return ShownValue("date", formats.localize(value), detail=str(json_value(value)), **described)
    if hasattr(value, "to_json") and hasattr(value, "_spec"):
        value = {name: value[name] for name in value}
    if isinstance(value, Mapping):
        names_some = any(schema.properties for schema in applied.schemas)
        children = [
            shown_property(name, inside, inner, pointer)
            if names_some or inside.is_secret
            else shown(inner, inside, json_pointers.child(pointer, name), name=name, type=type_of(inside.schema))
            for name, inside, inner in ((str(name), applied.member(str(name)), inner) for name, inner in value.items())
        ]
        text = ngettext("%(count)s property", "%(count)s properties", len(children)) % {"count": len(children)}
        return ShownValue("object", text, children=tuple(children), **described)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _array(value, applied.element, described)
    return _scalar(json_value(value), applied.schema, described)


def _array(value: Any, inner: AppliedSchemas, described: dict[str, Any]) -> ShownValue:
    is_set = isinstance(value, (set, frozenset))
    members = sorted(value, key=str) if is_set else value
    pointer = described["pointer"]
    children = [
        shown(member, inner, f"{pointer}/{place}", name="" if is_set else str(place), type=type_of(inner.schema))
        for place, member in enumerate(members)
    ]
    text = ngettext("%(count)s entry", "%(count)s entries", len(children)) % {"count": len(children)}
    if is_set:
        return ShownValue("set", text, children=tuple(children), **{**described, "type": "set"})
    return ShownValue("array", text, children=tuple(children), **described)


def _scalar(plain: Any, schema: Schema | None, described: dict[str, Any]) -> ShownValue:
    text = str(plain)
    if isinstance(plain, str):
        if schema is not None and schema.format in ("uri", "url", "email") and (href := _href(text, schema.format)):
            return ShownValue("link", text, href=href, **described)
        return ShownValue("text" if text else "empty", text, **described)
    return ShownValue("number", text, **described)


def _href(text: str, format: str) -> str:  # noqa: A002 (JSON Schema's word)
    return f"mailto:{text}" if format == "email" else web_address(text)


def web_address(text: str) -> str:
    """Returns the text if it is a web or mail address; "" for any other text, such as ``javascript:…``."""
    try:
        return text if urlsplit(text).scheme.lower() in _LINKED else ""
    except ValueError:
        return ""


def _moment(value: dt.datetime, described: dict[str, Any]) -> ShownValue:
    local = _local(value)
    text = f"{formats.localize(local)} ({local.tzname()})"
    return ShownValue(
        "moment", text, detail=value.astimezone(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"), **described
    )


def _local(value: dt.datetime) -> dt.datetime:
    """Returns the date-time in Django's current time zone."""
    return timezone.localtime(value) if timezone.is_aware(value) else value


def type_of(schema: Schema | None) -> str:
    """Returns the types and the format of a schema as text.

    >>> type_of(None)
    ''
    """
    if schema is None:
        return ""
    types = " / ".join(schema.types)
    return f"{types} ({schema.format})" if schema.format else types


def size_text(octets: int) -> str:
    """Returns a size as ``filesizeformat`` formats it, but in exact bytes if it is less than a kilobyte."""
    if octets < 1024:
        return ngettext("%(count)s byte", "%(count)s bytes", octets) % {"count": octets}
    return _("%(size)s KB") % {"size": formats.number_format(octets / 1024, 1)}
