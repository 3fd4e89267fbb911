"""Merges the options in ``x-persist`` with the options of the class that ``x-persist`` names.

The class provides only the options that the spec leaves out. If an option is a mapping, this rule applies to each key
of the mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from django.utils.module_loading import import_string

from macaron_django.openapi import Index, Persist

__all__ = ["checkable", "mapping_from_class", "options_from_class", "persistence_options"]

#: The class attributes for each option. Some names are PyMacaron's, and others are this package's.
_ATTRIBUTES: Final[Mapping[str, str]] = {
    "table_name": "table",
    "primary_key": "hash_key",
    "ttl_attribute": "ttl",
    "version_attribute": "version",
    **{
        name: name
        for name in (
            *("range_key", "indexes", "local_indexes", "billing", "expired", "scan", "sets"),
            *("tags", "point_in_time_recovery", "deletion_protection", "keys_from"),
        )
    },
}


def mapping_from_class(cls: type) -> dict[str, Any]:
    """Returns the options that are set as attributes of a class. The mapping's keys are the option names in a spec's
    ``x-persist``.
    """
    said: dict[str, Any] = {}
    for attribute, option in _ATTRIBUTES.items():
        value = getattr(cls, attribute, None)
        if value is not None and not callable(value) and not isinstance(value, property):
            said[option] = value
    return said


def checkable(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of ``mapping_from_class`` in the form of a spec: mappings instead of ``Index`` objects, and
    lists instead of tuples and sets.
    """
    return {name: _plain(value, local=name == "local_indexes") for name, value in said.items()}


def _plain(value: Any, *, local: bool) -> Any:
    if isinstance(value, Index):
        hash_key = None if local else value.hash_key
        described = {"hash_key": hash_key, "range_key": value.range_key, "projection": value.projection}
        value = {name: part for name, part in described.items() if part is not None}
    if isinstance(value, Mapping):
        return {name: _plain(part, local=local) for name, part in value.items()}
    return list(value) if isinstance(value, tuple | set | frozenset) else value


def options_from_class(cls: type) -> Persist:
    """Returns the options that are set as attributes of a class. ``given`` has the names of these options."""
    said = mapping_from_class(cls)
    if "sets" in said:
        said["sets"] = tuple(said["sets"])
    for option, of_table in (("indexes", None), ("local_indexes", said.get("hash_key"))):
        if option in said:
            said[option] = {name: _index(name, index, of_table) for name, index in said[option].items()}
    if isinstance(said.get("billing"), Mapping):
        units = said["billing"]
        said |= {"billing": "provisioned", "capacity": (units["read"], units["write"])}
    return Persist(**said, given=frozenset(said))


def persistence_options(persist: Persist) -> tuple[Persist, type | None]:
    """Returns a schema's merged options, and the class that its ``x-persist`` names; None if ``x-persist`` names no
    class.

    Raises ImportError, with the spec's file and line, if the class can't be imported.
    """
    if persist.class_path is None:
        return persist, None
    try:
        cls = import_string(persist.class_path)
    except Exception as error:  # importing runs the application's code, which may raise anything
        kind = "" if isinstance(error, ImportError) else f"{type(error).__name__}: "
        raise ImportError(f"{persist.location}: x-persist names {persist.class_path}: {kind}{error}") from error
    if not isinstance(cls, type):
        raise ImportError(f"{persist.location}: x-persist names {persist.class_path}, which isn't a class")  # noqa: TRY004
    of_class = options_from_class(cls)
    filled = {
        field.name: getattr(of_class, field.name)
        for field in fields(Persist)
        if field.name in of_class.given - persist.given
    }
    merged = replace(persist, **filled, given=persist.given | of_class.given)
    if merged.hash_key is not None:
        merged = replace(
            merged,
            local_indexes={
                name: replace(index, hash_key=merged.hash_key) for name, index in merged.local_indexes.items()
            },
        )
    return merged, cls


def _index(name: str, described: Any, of_table: str | None) -> Index:
    if isinstance(described, Index):
        return described
    if isinstance(described, str):
        described = {"range_key" if of_table else "hash_key": described}
    projection = described.get("projection", "all")
    return Index(
        name,
        of_table or described.get("hash_key", ""),
        described.get("range_key"),
        projection if isinstance(projection, str) else tuple(projection),
    )
