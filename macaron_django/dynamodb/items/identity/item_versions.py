"""Decides which version an item must have in DynamoDB so that a write succeeds.

This is the version that was loaded, or a version that the request's If-Match names.
"""

from __future__ import annotations

from typing import Any

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, same_items
from macaron_django.dynamodb.items.identity.row_keys import Row, RowKeys, stored_item
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.exceptions import ItemChanged, PersistenceError
from macaron_django.openapi import Persist
from macaron_django.schemas.models.required_versions import RequiredVersion, required_version
from macaron_django.schemas.values.conversions import UNSET

__all__ = ["ItemVersions", "next_version"]


class ItemVersions(RowKeys):
    """Reads and checks the versions of items. Items have versions only if ``x-persist`` has ``version``."""

    options: Persist
    #: The class of the rows.
    model: Any

    def version_of(self, item: AttributeMap) -> str | None:
        """Returns an item's version. Returns None if the schema has no versions, and "0" if the item was written before
        the schema had versions.
        """
        version = self.options.version
        return None if version is None else str(next(iter(item.get(version, {}).values()), "0"))

    def expected_version(self, row: Row) -> dict[str, AttributeValue | None]:
        """Returns the version that the stored item must have when a row is written, as {attribute: value}. Returns {}
        if the schema has no versions. Raises ItemChanged if no version is known, or if If-Match doesn't allow the row's
        version.
        """
        version = self.options.version
        if version is None:
            return {}
        stored = stored_item(row)
        if stored is not None and not row._state.adding:
            return self.required_values(self.key_of(row), stored) or {version: stored.get(version)}
        given = self._value(row, version) if version in self._properties else UNSET
        if given is UNSET or given is None:
            key = self.key_of(row)
            raise ItemChanged(
                f"{self.schema.name} with {describe_key(key)} already exists and has a version: "
                "load it, change it and save it.",
                schema=self.kind,
                key=key,
            )
        return {version: self.attributes[version].encode(given)}

    def required_version_of(self, key: AttributeMap) -> RequiredVersion | None:
        """Returns the version that the current request's If-Match requires of an item. Returns None if the request
        requires no version, or has already written the item.
        """
        required = required_version.get()
        if required is None or required.is_met:
            return None
        if required.model._meta.concrete_model is not self.model._meta.concrete_model:
            return None
        names = self.key_names
        return required if same_items(self.key(*[required.key[name] for name in names]), key) else None

    def required_values(self, key: AttributeMap, item: AttributeMap) -> dict[str, AttributeValue | None]:
        """Returns the version of ``item``, as {attribute: value}, if the request's If-Match allows this version.

        Returns {} if the request requires no version. Raises ItemChanged if If-Match doesn't allow the version.
        """
        required, version = self.required_version_of(key), self.options.version
        if required is None or version is None:
            return {}
        if required.allows(str(self.version_of(item))):
            return {version: item.get(version)}
        raise ItemChanged(
            f"{self.schema.name} with {describe_key(key)} no longer matches If-Match.",
            schema=self.kind,
            key=key,
        )

    def note_written(self, key: AttributeMap) -> None:
        """Records that the request has written an item. If-Match then doesn't apply to the request's later writes of
        the item.
        """
        required = self.required_version_of(key)
        if required is not None:
            required.is_met = True


def next_version(value: AttributeValue | None) -> AttributeValue:
    """Returns the version that follows ``value``. None means that the item has no version yet."""
    if value is None:
        return {"N": "1"}
    if "N" not in value:
        raise PersistenceError("The stored version isn't a number, so it can't be increased: correct the item.")
    return {"N": str(int(value["N"]) + 1)}
