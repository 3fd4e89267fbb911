"""Finds a field name for each property, whatever its JSON name is. A field name is safe as an attribute in Python and
Django.

Users' code and admin URLs depend on the field names. So field names depend only on the property names, and the rule
never changes. Further names are reserved only if a newer Django uses them in its models. JSON, item access and DynamoDB
use the property's own name.

The rule, in order:

1. A name stays unchanged if it is an ASCII identifier, has no leading, trailing or double underscore, and isn't
   reserved. Other property names don't matter.
2. Any other name is rewritten. Each run of non-ASCII characters becomes its code points (``日本`` → ``u65e5_u672c``).
   Any other character that isn't allowed in an identifier becomes ``_``. Each run of ``_`` becomes one ``_``, but a run
   at the beginning or end is removed. If nothing is left, the name is ``field``. A leading digit gets ``field_`` before
   it. A reserved word gets ``_field`` after it, or ``field_`` before it if it is like ``get_next_by_…``.
3. A rewritten name that is already taken gets the lowest free number from 2 on, in schema order: ``a_b``, ``a_b_2``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.db import models

__all__ = ["RESERVED", "field_names", "is_usable", "rewritten"]

#: Python's keywords (3.10 to 3.13; soft keywords such as ``match`` and ``type`` are fine as attributes) and
#: ``self``, which can't be a keyword argument of a method.
_PYTHON = frozenset(
    {
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "self", "try", "while", "with", "yield",
    }
)  # fmt: skip
#: Attributes of a Django model class, in 5.2 or 6.x, and names that managers and query sets treat specially.
_DJANGO = frozenset(
    {
        "DoesNotExist", "MultipleObjectsReturned", "NotUpdated", "adelete", "arefresh_from_db", "asave", "check",
        "clean", "clean_fields", "date_error_message", "delete", "from_db", "full_clean", "get_absolute_url",
        "get_constraints", "get_deferred_fields", "is_pk_set", "objects", "pk", "prepare_database_save",
        "refresh_from_db", "save", "save_base", "serializable_value", "unique_error_message", "validate_constraints",
        "validate_unique",
    }
)  # fmt: skip
#: The methods of API objects and rows. Later methods aren't listed, so that no field is renamed because of them. A
#: property with the name of a later method replaces that method.
_API_OBJECT = frozenset(
    {
        "clone", "copy", "from_json", "get", "get_table", "load_from_db", "load_to_db", "persistence", "save_to_db",
        "to_dict", "to_json", "to_model", "update_from_dict",
    }
)  # fmt: skip
#: The names that no field gets. A caller may add more names. The names include the model attributes of the installed
#: Django, so that a field can't break a newer Django.
RESERVED: frozenset[str] = _PYTHON | _DJANGO | _API_OBJECT | frozenset(dir(models.Model))

#: Django adds ``get_<field>_display``, ``get_next_by_<field>`` and ``get_previous_by_<field>`` to models.
_GENERATED = re.compile(r"get_(.+_display|(next|previous)_by_.+)")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


def field_names(names: Iterable[str], reserved: Iterable[str] = ()) -> dict[str, str]:
    """Returns the field name of each property name, in schema order. All field names are different.

    ``reserved`` adds names to :data:`RESERVED`.

    >>> field_names(["class", "a-b", "a_b"])
    {'class': 'class_field', 'a-b': 'a_b_2', 'a_b': 'a_b'}
    """
    given = list(dict.fromkeys(names))
    taken_from_all = RESERVED.union(reserved) if reserved else RESERVED
    fields = {name: name for name in given if is_usable(name, taken_from_all)}
    taken = set(fields)
    numbers: dict[str, int] = {}  # by rewritten name, the number at which the last search ended
    for name in given:
        if name not in fields:
            wanted = rewritten(name, taken_from_all)
            number = numbers.get(wanted, 1)
            fields[name] = wanted if number == 1 else f"{wanted}_{number}"
            while fields[name] in taken or fields[name] in taken_from_all:
                number += 1
                fields[name] = f"{wanted}_{number}"
            numbers[wanted] = number
            taken.add(fields[name])
    return {name: fields[name] for name in given}


def is_usable(name: str, reserved: Collection[str] = RESERVED) -> bool:
    """Returns whether ``name`` can be used unchanged as an attribute and a Django field (see fields.E001 to E003)."""
    return bool(_IDENTIFIER.fullmatch(name)) and name not in reserved and not _GENERATED.fullmatch(name)


def rewritten(name: str, reserved: Collection[str] = RESERVED) -> str:
    """Returns the field name that rule 2 produces for ``name``.

    >>> rewritten("日本"), rewritten("$ref"), rewritten("+1"), rewritten("save")
    ('u65e5_u672c', 'ref', 'field_1', 'save_field')
    """
    ascii_name = "".join(c if c.isascii() else f"_u{ord(c):04x}_" for c in name)
    plain = re.sub(r"[^A-Za-z0-9]+", "_", ascii_name).strip("_") or "field"
    if plain[0].isdigit():
        plain = f"field_{plain}"
    for candidate in (plain, f"{plain}_field"):
        if is_usable(candidate, reserved):
            return candidate
    return f"field_{plain}"  # a suffix wouldn't help a name like get_next_by_…
