"""Values of items as a person reads them: short in a cell, whole on an item's page.

In go Python values with their schemas; out come ``Shown`` trees, which templates write and escape, and short texts.
Apart from the pages because list and item page agree on how a value looks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils import formats, timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from macaron_django.admin.secrets import MASK, is_secret
from macaron_django.schemas.conversions import json_value

if TYPE_CHECKING:
    from macaron_django.spec import Property, Schema

__all__ = ["Shown", "cell", "shown", "shown_property"]

_CELL_LENGTH = 80
_LINKED = ("http", "https", "mailto")


def cell(value: Any) -> Any:
    """What stands in one cell of a list: never longer than a line."""
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
class Shown:
    """A value for the templates. ``kind`` chooses how it is written."""

    kind: str
    text: str = ""
    name: str = ""
    type: str = ""
    description: str = ""
    detail: str = ""
    href: str = ""
    pointer: str = ""
    unknown: bool = False
    children: tuple[Shown, ...] = field(default_factory=tuple)

    @property
    def is_nested(self) -> bool:
        return self.kind in ("object", "array")


def shown_property(name: str, prop: Property | None, value: Any, pointer: str = "") -> Shown:
    """A property as the item's page shows it; ``prop`` is None for one that the schema doesn't name."""
    pointer = _below(pointer, name)
    schema = None if prop is None else prop.schema
    described: dict[str, Any] = {
        "name": name,
        "type": type_of(schema),
        "description": schema.description if schema else "",
    }
    if prop is not None and is_secret(prop):
        return Shown("secret", MASK, pointer=pointer, **described)
    return shown(value, schema, pointer, unknown=prop is None, **described)


def shown(value: Any, schema: Schema | None, pointer: str = "", **described: Any) -> Shown:
    """A value of any kind; what it is decides, not what the schema wanted."""
    described["pointer"] = pointer
    if value is None:
        return Shown("null", "null", **described)
    if isinstance(value, bool):
        return Shown("boolean", _("Yes") if value else _("No"), **described)
    if isinstance(value, (bytes, bytearray)):
        return Shown("binary", size_text(len(value)), **described)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return _moment(value, described)
    if isinstance(value, (dt.date, dt.time)):
        return Shown("date", formats.localize(value), detail=str(json_value(value)), **described)
    properties = schema.properties if schema is not None else {}
    if hasattr(value, "to_json") and hasattr(value, "_spec"):
        value = {name: value[name] for name in value}
    if isinstance(value, Mapping):
        closed = bool(properties)
        children = [
            shown_property(str(name), properties.get(str(name)), inner, pointer)
            if closed
            else shown(inner, _additional(schema), _below(pointer, str(name)), name=str(name))
            for name, inner in value.items()
        ]
        text = ngettext("%(count)s property", "%(count)s properties", len(children)) % {"count": len(children)}
        return Shown("object", text, children=tuple(children), **described)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _array(value, schema, described)
    return _scalar(json_value(value), schema, described)


def _array(value: Any, schema: Schema | None, described: dict[str, Any]) -> Shown:
    members = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
    inner = schema.items if schema is not None else None
    pointer = described["pointer"]
    children = [shown(member, inner, f"{pointer}/{place}", name=str(place)) for place, member in enumerate(members)]
    text = ngettext("%(count)s entry", "%(count)s entries", len(children)) % {"count": len(children)}
    return Shown("array", text, children=tuple(children), **described)


def _scalar(plain: Any, schema: Schema | None, described: dict[str, Any]) -> Shown:
    text = str(plain)
    if isinstance(plain, str):
        if schema is not None and schema.format in ("uri", "url", "email") and (href := _href(text, schema.format)):
            return Shown("link", text, href=href, **described)
        return Shown("text" if text else "empty", text, **described)
    return Shown("number", text, **described)


def _href(text: str, format: str) -> str:  # noqa: A002 (JSON Schema's word)
    """Where a link leads; nowhere but to the web and to mail: ``javascript:`` is a URI, too."""
    if format == "email":
        return f"mailto:{text}"
    try:
        return text if urlsplit(text).scheme.lower() in _LINKED else ""
    except ValueError:
        return ""


def _moment(value: dt.datetime, described: dict[str, Any]) -> Shown:
    local = _local(value)
    text = f"{formats.localize(local)} ({local.tzname()})"
    return Shown(
        "moment", text, detail=value.astimezone(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"), **described
    )


def _local(value: dt.datetime) -> dt.datetime:
    """The moment on the clocks of Django's current time zone."""
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def _additional(schema: Schema | None) -> Schema | None:
    additional = schema.additional_properties if schema is not None else None
    return additional if additional is not None and not isinstance(additional, bool) else None


def type_of(schema: Schema | None) -> str:
    """The schema's type in a word or two.

    >>> type_of(None)
    ''
    """
    if schema is None:
        return ""
    types = " / ".join(schema.types)
    return f"{types} ({schema.format})" if schema.format else types


def size_text(octets: int) -> str:
    """Bytes, in the unit that reads best; as `filesizeformat`, and exact below a kilobyte."""
    if octets < 1024:
        return ngettext("%(count)s byte", "%(count)s bytes", octets) % {"count": octets}
    return f"{formats.number_format(octets / 1024, 1)} KB"
